//! Step 7, what came back: whether a secret shows in it, looked for where no other delivery waits.
//!
//! Tenant and destination steer both, so here is the worst that they can ask for: 320 KiB of head and body, five
//! times over for its escapes, 16 look-ups a place ([`super::needles`]; no secret is written in more than 64 KiB), are
//! 26 million look-ups or 0.4 s, of one thread for each tenant. Before a sender's first look up to 512 KiB of secrets
//! are spelled within half a second, to some 60 MiB, which are gone when it is over: of a secret at most 16
//! fingerprints stay for each of its 35 spellings and traces.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use zeroize::Zeroizing;

use super::encoding::{form_decoded, html_unescaped, json_unescaped, percent_decoded, spellings};
use super::needles::Needles;
use super::sender::Sender;

/// In bytes: so little is looked through at once, commonly in a fraction of a millisecond and at worst in six.
const AT_ONCE: usize = 4 * 1024;

/// Whether a secret shows in a text, or anything that was `made` of one for this request. Larger texts wait for the
/// tenant's `turn` on a thread that may be busy.
pub(super) async fn shows(
    turn: &Arc<Semaphore>,
    sender: &Arc<Sender>,
    made: Vec<Zeroizing<String>>,
    text: Vec<u8>,
) -> bool {
    let size = text.len() + made.iter().map(|made| made.len()).sum::<usize>();
    if sender.is_spelled() && size <= AT_ONCE {
        return recognised(sender, &made, &text);
    }
    let turn = Arc::clone(turn).acquire_owned().await;
    let sender = Arc::clone(sender);
    let looked = spawn_blocking(move || {
        let _turn = turn;
        recognised(&sender, &made, &text)
    });
    // What nobody could look through is shown to nobody.
    looked.await.unwrap_or(true)
}

/// As any request writes it, or that within base64 or behind the escapes of URLs, forms, JSON or HTML. A secret of one
/// byte or two is in nearly every text: then nothing can be read, which harms less than to show it.
fn recognised(sender: &Sender, made: &[Zeroizing<String>], text: &[u8]) -> bool {
    let Some(known) = sender.needles() else {
        return true;
    };
    let made = Needles::new(made.iter().flat_map(|made| spellings(made)).collect());
    if known.is_empty() && made.is_empty() {
        return false;
    }
    let shows = |text: &[u8]| known.occur_in(text) || made.occur_in(text);
    let behind = |sign: u8, escapes: fn(&[u8]) -> Vec<u8>| {
        text.contains(&sign) && shows(&Zeroizing::new(escapes(text)))
    };
    shows(text)
        || behind(b'%', percent_decoded)
        || behind(b'+', form_decoded)
        || behind(b'\\', json_unescaped)
        || behind(b'&', html_unescaped)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::sender;
    use super::*;

    /// An endpoint with so many secrets of the largest size, `a` throughout but for the last three digits.
    fn with_rows(count: usize) -> Arc<Sender> {
        let rows: Vec<_> = (0..count)
            .map(|row| (format!("X-{row}"), format!("{}{row:03}", "a".repeat(4093))))
            .collect();
        let values: Vec<_> = rows
            .iter()
            .map(|(key, value)| ("rows", Some(key.as_str()), value.as_str()))
            .collect();
        sender("t", "https://a.example", &values)
    }

    #[test]
    fn secrets_and_an_answer_made_to_be_compared_for_ever_are_looked_through() {
        let sender = with_rows(100);
        let answer = format!(r"{}%+\&", "a".repeat(32 * 1024));
        assert!(!recognised(&sender, &[], answer.as_bytes()));
        for end in ["099", "%30%39%39", r"\u0030\u0039\u0039", "&#48;&#57;&#57;"] {
            let shown = format!("{}{end}", "a".repeat(32 * 1024));
            assert!(recognised(&sender, &[], shown.as_bytes()), "{end}");
        }
    }

    #[test]
    fn more_secrets_than_are_looked_for_show_everywhere() {
        assert!(!recognised(&with_rows(125), &[], b"ok"));
        assert!(recognised(&with_rows(129), &[], b"ok"));
    }
}
