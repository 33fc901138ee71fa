//! What a component returned for two alerts, as the store keeps it: JSON.

use std::sync::{Arc, LazyLock};

use campanile::egress::{Sender, rehearse, shown};
use campanile::message::{Batch, Message};
use campanile::sandbox::{Limits, judge};

use crate::NOW;
use crate::request::is_fit_to_print;
use crate::sender::sender;

/// How many alerts the call was given.
const GIVEN: usize = 2;

static SENDER: LazyLock<Arc<Sender>> =
    LazyLock::new(|| sender("https://api.example", "smtps://mail.example"));

/// What is taken names alerts that were given out, each once; a mail goes to known addresses alone; and what
/// people are shown of it is fit to print.
///
/// # Panics
///
/// Where that is not so.
#[must_use]
pub fn run(data: &[u8]) -> bool {
    serde_json::from_slice(data).is_ok_and(judged)
}

/// Whether `serve` takes it.
pub(crate) fn judged(batch: Batch) -> bool {
    let Ok(batch) = judge(batch, GIVEN, &Limits::default()) else {
        return false;
    };
    let sent = batch
        .deliveries
        .iter()
        .flat_map(|delivery| &delivery.alerts);
    let refused = batch.refused.iter().map(|refusal| &refusal.alert);
    let mut named: Vec<u32> = sent.chain(refused).copied().collect();
    named.sort_unstable();
    assert!(
        named.is_sorted_by(|before, next| before < next),
        "{named:?}"
    );
    assert!(
        named.iter().all(|alert| (*alert as usize) < GIVEN),
        "{named:?}"
    );
    for message in batch
        .deliveries
        .iter()
        .flat_map(|delivery| &delivery.messages)
    {
        is_fit_to_print(&shown(message));
        if let (Ok(_), Message::Mail(mail)) = (rehearse(&SENDER, message, NOW), message) {
            for address in mail.addresses() {
                let known = ["a@a.example", "b@b.example"];
                let address = address.to_ascii_lowercase();
                assert!(known.contains(&address.as_str()) || address == "alerts@a.example");
            }
        }
    }
    true
}
