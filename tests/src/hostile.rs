//! The attacks of the list, each by its name: what a hostile component, tenant, destination or process does, and
//! what stops it. Each runs in a program of its own beside a bystander, as a test and for the containment table
//! alike; it panics where it is not stopped.

pub mod addresses;
pub mod answers;
mod beside;
pub mod destinations;
pub mod engine;
pub mod grants;
pub mod loading;
pub mod mail;
#[cfg(target_os = "linux")]
pub mod native;
pub mod people;
pub mod raw;
pub mod requests;
pub mod sealing;
pub mod secrets;
pub mod stage;
pub mod stranger;
pub mod syslog;
pub mod tenants;

use std::collections::BTreeSet;
use std::time::Duration;

use campanile::job::Attempt;
use campanile::store::DeadLetter;
use futures_util::future::LocalBoxFuture;

pub use beside::{Beside, Bystander};

/// An endpoint that misbehaves as its recipient's parameter `how` says.
pub const LIAR: &[u8] = include_bytes!(env!("HOSTILE_LIAR"));

/// A formatter of the kind `faulty` that fails as the alert's field `fault` says.
pub const FORMATTER: &[u8] = include_bytes!(env!("HOSTILE_FORMATTER"));

/// How an attack ended. Only a [`Bystander`] makes one: nobody is attacked alone.
#[derive(Debug)]
pub struct Stopped {
    /// What stopped it, in the host's own words.
    pub by: String,
    /// From when it was set off to when it was stopped.
    pub after: Duration,
    /// What became of the bystander's deliveries meanwhile.
    pub beside: Beside,
}

impl Stopped {
    /// One attack of several parts: the first's words, and the longest that one took.
    ///
    /// # Panics
    ///
    /// Where there are none.
    #[must_use]
    fn all(parts: Vec<Self>) -> Self {
        let mut parts = parts.into_iter();
        let mut all = parts.next().expect("an attack has a part");
        for Self { after, beside, .. } in parts {
            all.after = all.after.max(after);
            all.beside.lost += beside.lost;
            all.beside.repeated += beside.repeated;
            all.beside.times.extend(beside.times);
        }
        all
    }
}

/// How attempts ended, by the names of their reasons.
fn reasons<'a>(attempts: impl IntoIterator<Item = &'a Attempt>) -> String {
    let names = attempts.into_iter().map(|attempt| attempt.reason.as_str());
    names
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect::<Vec<_>>()
        .join(", ")
}

/// Why there are dead letters: the name of each reason, and what is said of the first.
fn told(letters: &[DeadLetter]) -> String {
    let names: BTreeSet<_> = letters
        .iter()
        .map(|letter| letter.reason.as_str())
        .collect();
    let names: Vec<_> = names.into_iter().collect();
    let detail = letters.first().and_then(|letter| letter.detail.as_deref());
    format!("{}: {}", names.join(", "), detail.unwrap_or_default())
}

/// An attack, by its name.
pub struct Attack {
    /// As in the list.
    pub name: &'static str,
    /// Carries it out.
    pub run: fn() -> LocalBoxFuture<'static, Stopped>,
}

/// Hands the list, by module, to a macro: it makes tests of it, and [`attacks`].
#[macro_export]
macro_rules! attacks {
    ($each:ident) => {
        $each! {
            engine:
                spins_in_realloc_while_arguments_are_lowered
                spins_in_every_export
                spins_in_start
                fills_all_memory_again_and_again_in_bulk
                grows_two_memories_to_just_over_the_sum
                grows_a_table_without_end
                makes_a_million_handles_without_the_host
                returns_one_mebibyte_aliased_256_times
                overflows_the_stack_inside_an_import
                floods_the_log;
            loading:
                nests_types_ten_thousand_deep
                compiles_to_two_gibibytes
                is_cut_in_half
                is_a_core_module
                describes_itself_differently_each_call
                describes_itself_in_a_gigabyte
                imports_sockets_but_never_calls_them
                imports_files
                imports_wasi_http
                wants_a_later_contract
                claims_a_kind_that_another_formatter_defines
                declares_interval_max_budget_zero_window_zero;
            answers:
                formatter_traps_on_one_alert
                returns_nothing_for_ever
                names_an_alert_it_was_not_given
                says_sent_and_refused_of_one_alert
                says_delivered_of_a_500
                retries_in_136_years
                follows_up_to_a_second_origin
                follows_up_for_ever
                asks_for_an_unknown_scheme
                ten_thousand_deliveries
                traps_after_dequeuing_half;
            requests:
                twenty_kilobytes_of_empty_headers
                secret_in_the_host_name
                secret_value_with_dot_dot_slash_query
                user_info_in_the_url
                header_with_cr_lf
                sets_host_and_content_length
                mails_an_address_no_parameter_names
                subject_with_cr_lf_bcc;
            secrets:
                writes_the_bot_token_into_the_message
                calls_set_webhook_with_the_right_token
                sends_the_secret_of_A_to_B_both_granted
                password_as_hmac_key
                asks_the_destination_to_echo;
            grants:
                upgrade_turns_secret_into_text
                overrides_the_consent_text_by_locale_key;
            sealing:
                new_url_old_secret_press_test
                imports_an_export_with_another_host
                api_asks_for_env_key_and_file_passwd
                row_of_tenant_A_copied_to_tenant_B;
            addresses:
                one_public_one_nat64_private_answer
                private_in_every_spelling
                rebinds_between_attempts
                redirects_to_metadata
                own_interface_inside_an_opened_cidr
                single_label_and_search_domain
                private_cidr_port_6379
                delivers_to_our_own_intake;
            destinations:
                informational_responses_for_ever
                gzip_bomb_though_identity_was_asked;
            mail:
                starttls_stripped
                line_injected_before_the_handshake;
            syslog:
                local_syslog_as_sshd
                syslog_tcp_that_speaks_redis;
            people:
                host_named_at_everyone_with_a_link
                javascript_and_bidi_in_links
                ansi_in_everything_a_terminal_shows;
            tenants:
                poison_alert_times_out_an_honest_component
                trips_the_breaker_of_a_shared_origin
                same_fingerprint_from_another_token;
            #[cfg(target_os = "linux")]
            native:
                native_opens_socket_file_exec_ptrace
                native_kills_or_starves_the_parent
                native_answers_an_old_nonce;
        }
    };
}

macro_rules! listed {
    ($($(#[$only:meta])? $module:ident: $($name:ident)+;)+) => {
        /// All attacks, in the order in which the containment table has them.
        #[must_use]
        pub fn attacks() -> Vec<Attack> {
            let mut all = Vec::new();
            $($(#[$only])? {
                all.extend([$(Attack {
                    name: stringify!($name),
                    run: || Box::pin($module::$name()),
                }),+]);
            })+
            all
        }
    };
}

attacks!(listed);
