//! Step 7, on whose behalf: an endpoint's routes and opened secrets, prepared once and used for all of
//! its requests.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use campanile_contract::manifest::{Manifest, ParamKind, ParamSpec, Place};
use campanile_contract::params::Param;
use url::Url;

use super::encoding::{percent_decoded, spellings};
use super::needles::Needles;
use super::route::Routes;
use crate::grant::Permit;
use crate::outcome::Reason;
use crate::secret::{Binding, MacKey, Sealed, Secret, Vault, with_origins};

/// A secret's largest size in bytes, unless its specification says less: what it counts for in a limit,
/// so that no refusal depends on its value.
pub const MAX_SECRET_BYTES: usize = 4 * 1024;

/// Of an endpoint's secrets together, and their pieces, in bytes: as much as [`campanile_contract::params::MOST_ROWS`] of
/// the largest and some more. Answers to who has more are not read, for looking for so much would cost too much.
const MOST_LOOKED_FOR: usize = 512 * 1024;

/// Spellings take a hundred times as much memory as what is spelled: one endpoint's at a time.
static SPELLING: Mutex<()> = Mutex::new(());

/// Sixteen letters to choose from: 128 bits.
const MARKER_LETTERS: usize = 32;

/// On whose behalf something is sent.
#[derive(Debug, Clone, Copy)]
pub struct Owner<'a> {
    /// Whose.
    pub tenant: &'a str,
    /// By which endpoint.
    pub endpoint: &'a str,
    /// To which recipient.
    pub recipient: &'a str,
}

/// Who sends, what it may reach, and its secrets. Does not print.
pub struct Sender {
    tenant: String,
    endpoint: String,
    permit: Permit,
    pub(super) routes: Routes,
    secrets: Vec<Held>,
    /// Every way in which a secret, or a piece of one, is written; none where that is too much. Made for the first
    /// response.
    needles: OnceLock<Option<Needles>>,
    /// In lower case: whom a mail may name.
    addresses: BTreeSet<String>,
    threads: MacKey,
    recipient: String,
    /// Stands for a secret while a request is judged. Drawn at random, so that no text can contain it.
    pub(super) marker: String,
}

/// A secret as `part` names it.
pub(super) struct Held {
    pub(super) name: String,
    pub(super) key: Option<String>,
    pub(super) kind: ParamKind,
    pub(super) uses: Vec<(String, Place)>,
    /// Absent where it does not open: it must be entered again.
    pub(super) value: Option<Secret>,
    pub(super) largest: usize,
    /// What of a secret URL is secret besides the whole: a page that says what it has not found
    /// repeats only the path.
    pieces: Vec<Secret>,
}

/// A path or query that is shorter is no secret: any page may contain it.
const SHORTEST_PIECE: usize = 8;

/// One segment or value of a query, which may be a word, is a secret from this length on.
const SHORTEST_SEGMENT: usize = 16;

/// A number of at most so many digits fits in 64 bits: services number things so, and tell the numbers
/// (Discord names the webhook in every message that it made). It is secret as a part of the whole only.
const LONGEST_NUMBER: usize = 20;

impl Sender {
    /// Opens the secrets and resolves the routes. `params` are the endpoint's and the recipient's values
    /// in clear, completed; `sealed` are the secrets by parameter and row key; `permit` is what the endpoint
    /// was granted, below its ceiling. A secret that does not open is found out when it is used.
    #[must_use]
    pub fn new(
        owner: Owner<'_>,
        manifest: &Arc<Manifest>,
        params: &[Param],
        sealed: &[(String, Option<String>, Sealed)],
        vault: &Vault,
        permit: Permit,
    ) -> Self {
        let Owner {
            tenant, endpoint, ..
        } = owner;
        let bound = with_origins(params, sealed);
        // Without a marker that nobody can guess, no secret is used.
        let marker = marker();
        let open = |spec: &ParamSpec, key: Option<&str>, sealed: &Sealed| {
            let binding = Binding::of(tenant, endpoint, manifest, spec, key, &bound);
            marker
                .as_ref()
                .and_then(|_| vault.open(&binding, sealed).ok())
        };
        let mut secrets = Vec::new();
        for spec in manifest.params().filter(|spec| spec.kind.is_secret()) {
            let rows: Vec<_> = sealed
                .iter()
                .filter(|(name, ..)| *name == spec.name)
                .collect();
            for (_, key, sealed) in &rows {
                secrets.push(Held::new(
                    spec,
                    key.clone(),
                    open(spec, key.as_deref(), sealed),
                ));
            }
            if rows.is_empty() {
                secrets.push(Held::new(spec, None, None));
            }
        }
        Self {
            tenant: tenant.to_owned(),
            endpoint: endpoint.to_owned(),
            routes: Routes::new(manifest, &bound, &permit),
            permit,
            secrets,
            needles: OnceLock::new(),
            addresses: addresses(manifest, params),
            threads: vault.thread_key(),
            recipient: owner.recipient.to_owned(),
            marker: marker.unwrap_or_else(|| "x".repeat(MARKER_LETTERS)),
        }
    }

    /// Whose.
    #[must_use]
    pub fn tenant(&self) -> &str {
        &self.tenant
    }

    /// Logs and counts what a ceiling would have refused.
    pub(super) fn report(&self, reason: Reason, what: &str) {
        let count = self.permit.ceiling().map(|ceiling| ceiling.report());
        tracing::warn!(
            tenant = self.tenant,
            endpoint = self.endpoint,
            %reason,
            reported = count,
            "sent, as the ceiling only reports: {what}"
        );
    }

    /// Whether a parameter of kind `email` or `emails` holds this address.
    pub(super) fn may_write_to(&self, address: &str) -> bool {
        self.addresses.contains(&address.to_ascii_lowercase())
    }

    /// What names the thread of a condition in this recipient's mails, and tells nothing of it.
    pub(super) fn thread(&self, fingerprint: &str) -> String {
        self.threads
            .name([self.tenant.as_str(), self.recipient.as_str(), fingerprint])
    }

    /// The secret that a part names: a parameter, or `parameter/row`.
    pub(super) fn secret(&self, name: &str) -> Option<&Held> {
        self.secrets.iter().find(|held| match &held.key {
            None => held.name == name,
            Some(key) => {
                name.strip_prefix(held.name.as_str())
                    .and_then(|rest| rest.strip_prefix('/'))
                    == Some(key)
            }
        })
    }

    /// Whether there is a secret parameter of this name, set or not.
    pub(super) fn has(&self, parameter: &str) -> bool {
        self.secrets.iter().any(|held| held.name == parameter)
    }

    /// Whether [`Self::needles`] are there.
    pub(super) fn is_spelled(&self) -> bool {
        self.needles.get().is_some()
    }

    /// What shows a secret, or a piece of one; `None` where there is too much to look for. The first time it takes as
    /// long as the secrets are large.
    pub(super) fn needles(&self) -> Option<&Needles> {
        let made = self.needles.get_or_init(|| {
            let held = self.secrets.iter();
            let values = held.flat_map(|held| held.value.iter().chain(&held.pieces));
            let size: usize = values.clone().map(|value| value.expose().len()).sum();
            (size <= MOST_LOOKED_FOR).then(|| {
                let _alone = SPELLING.lock().unwrap_or_else(PoisonError::into_inner);
                Needles::new(values.flat_map(|value| spellings(value.expose())).collect())
            })
        });
        made.as_ref()
    }
}

impl Held {
    fn new(spec: &ParamSpec, key: Option<String>, value: Option<Secret>) -> Self {
        let value = value.filter(|value| !value.expose().is_empty());
        Self {
            name: spec.name.clone(),
            key,
            kind: spec.kind,
            uses: spec
                .uses
                .iter()
                .map(|entry| (entry.route.clone(), entry.place.clone()))
                .collect(),
            largest: spec
                .max_length
                .map_or(MAX_SECRET_BYTES, |length| length.min(MAX_SECRET_BYTES)),
            pieces: value
                .as_ref()
                .filter(|_| spec.kind == ParamKind::SecretUrl)
                .map(|value| pieces(value.expose()))
                .unwrap_or_default(),
            value,
        }
    }

    /// Whether the manifest lets it stand there, in a request by this route.
    pub(super) fn may_stand(&self, route: &str, place: &Place) -> bool {
        self.uses.iter().any(|(allowed, here)| {
            allowed == route
                && match (here, place) {
                    (Place::HeaderByKey, Place::Header(name)) => self
                        .key
                        .as_ref()
                        .is_some_and(|key| key.eq_ignore_ascii_case(name)),
                    (here, place) => here == place,
                }
        })
    }

    /// The value of a `secret-url`, parsed.
    pub(super) fn url(&self) -> Option<Url> {
        self.value
            .as_ref()
            .and_then(|value| Url::parse(value.expose()).ok())
    }
}

fn addresses(manifest: &Manifest, params: &[Param]) -> BTreeSet<String> {
    let holds = |param: &&Param| {
        manifest.params().any(|spec| {
            spec.name == param.name && matches!(spec.kind, ParamKind::Email | ParamKind::Emails)
        })
    };
    params
        .iter()
        .filter(holds)
        .flat_map(|param| param.value.lines())
        .map(|line| line.trim().to_ascii_lowercase())
        .filter(|line| !line.is_empty())
        .collect()
}

/// A URL's path and query, and of these what is long enough to be a secret alone; as they stand in the
/// URL, and without its escapes.
fn pieces(url: &str) -> Vec<Secret> {
    let Ok(url) = Url::parse(url) else {
        return Vec::new();
    };
    let query = url.query().unwrap_or_default();
    let whole = [url.path(), query].into_iter();
    let segments = url.path().split('/').chain(query.split(['&', '=']));
    let long = whole
        .filter(|piece| piece.len() >= SHORTEST_PIECE)
        .chain(segments.filter(|piece| piece.len() >= SHORTEST_SEGMENT && !is_number(piece)));
    let mut pieces = Vec::new();
    for piece in long {
        pieces.push(Secret::new(piece.to_owned()));
        if piece.contains('%')
            && let Ok(plain) = String::from_utf8(percent_decoded(piece.as_bytes()))
        {
            pieces.push(Secret::new(plain));
        }
    }
    pieces
}

fn is_number(piece: &str) -> bool {
    piece.len() <= LONGEST_NUMBER && piece.bytes().all(|byte| byte.is_ascii_digit())
}

/// `x` begins no escape of JSON and is no hex digit, so that a hole cannot complete an escape that text
/// began; lower-case letters and digits outlive all normalising.
fn marker() -> Option<String> {
    let mut bytes = [0; MARKER_LETTERS];
    getrandom::fill(&mut bytes).ok()?;
    let letter = |byte: &u8| char::from(b'g' + byte % 16);
    Some(
        std::iter::once('x')
            .chain(bytes.iter().map(letter))
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::pieces;

    #[test]
    fn what_of_a_url_is_secret_alone_is_its_path_query_and_long_segments() {
        for (url, expected) in [
            ("https://a.example", &[][..]),
            ("https://a.example/hook", &[]),
            ("https://a.example/services", &["/services"]),
            (
                "https://a.example/b/0123456789abcdef?k=v",
                &["/b/0123456789abcdef", "0123456789abcdef"],
            ),
            (
                "https://a.example/?key=0123456789abcdef",
                &["key=0123456789abcdef", "0123456789abcdef"],
            ),
            ("https://a.example/a%20b%20c", &["/a%20b%20c", "/a b c"]),
            (
                "https://a.example/webhooks/12345678901234567890/0123456789abcdef",
                &[
                    "/webhooks/12345678901234567890/0123456789abcdef",
                    "0123456789abcdef",
                ],
            ),
            (
                "https://a.example/123456789012345678901",
                &["/123456789012345678901", "123456789012345678901"],
            ),
        ] {
            let found = pieces(url);
            let found: Vec<_> = found.iter().map(|piece| piece.expose()).collect();
            assert_eq!(found, expected, "{url}");
        }
    }
}
