//! Bodies that producers post, to each producer's parser.

use campanile::alert::Alert;
use campanile::intake::{Arrival, Parsed, alertmanager, grafana, limits, native, ntopng};

use url::Url;

use crate::NOW;

/// Every alert is either accepted or refused, and what is accepted comes out of the store as it went in.
///
/// # Panics
///
/// Where that is not so.
#[must_use]
pub fn run(body: &[u8]) -> bool {
    let arrival = Arrival {
        scope: "token",
        now: NOW,
    };
    let all = [
        native::parse(body, arrival),
        ntopng::parse(body, arrival).map(|webhook| webhook.parsed),
        alertmanager::parse(body, arrival).map(|webhook| webhook.parsed),
        grafana::parse(body, arrival).map(|webhook| webhook.parsed),
    ];
    let mut taken = false;
    for parsed in all.into_iter().flatten() {
        judge(&parsed);
        taken |= !parsed.accepted.is_empty();
    }
    taken
}

fn judge(parsed: &Parsed) {
    let accepted = parsed.accepted.iter().map(|(index, _)| *index);
    let refused = parsed.refused.iter().map(|refused| refused.index);
    let mut positions: Vec<usize> = accepted.chain(refused).collect();
    positions.sort_unstable();
    assert!(
        positions.iter().copied().eq(0..positions.len()),
        "{positions:?}"
    );
    for refused in &parsed.refused {
        assert!(refused.detail.len() <= limits::DETAIL, "{refused}");
    }
    for (_, alert) in &parsed.accepted {
        let document = alert.document();
        let again: Alert = serde_json::from_str(&document).expect("an alert's own document");
        // Numbers may be off by the last digit, as serde_json reads them.
        let exact = |alert: &Alert| Alert {
            threshold: None,
            value: None,
            ..alert.clone()
        };
        assert_eq!(exact(&again), exact(alert), "{document}");
        assert!(alert.labels.len() <= limits::LABELS, "{document}");
        if let Some(url) = &alert.url {
            let url = Url::parse(url).expect("an alert's URL");
            assert!(matches!(url.scheme(), "https" | "http"), "{document}");
        }
    }
}
