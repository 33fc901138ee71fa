//! Judged is dialled: every world ends by comparing the two, and the comparison can fail.

use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use campanile::egress::Ledger;
use campanile_tests::{Dialled, Receiver, World, alert};
use serde_json::json;

fn at(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

#[tokio::test]
async fn every_connection_is_in_the_ledger() {
    let receiver = Receiver::ok().await;
    let world = World::builder().webhook(&receiver).start().await;
    assert_eq!(world.app.egress.ledger().account().dialled, []);
    assert_eq!(
        world.post(&alert("disk_full", &json!({}))).await.status,
        202
    );
    world.wait_until_empty().await;
    let account = world.app.egress.ledger().account();
    assert_eq!(account.dialled.len(), receiver.connections());
    assert_eq!((account.dialled.len(), account.strayed.len()), (1, 0));
}

#[test]
fn a_connection_to_what_was_not_judged_fails_its_test() {
    for (judged, dialled, fails) in [
        ("198.41.0.4:443", "198.41.0.4:443", false),
        ("198.41.0.4:443", "198.41.0.5:443", true),
        ("198.41.0.4:443", "198.41.0.4:80", true),
        ("[::1]:443", "127.0.0.1:443", true),
    ] {
        let ledger = Arc::new(Ledger::default());
        let ends = Dialled::by(ledger.clone());
        ledger.enter(at(judged), at(dialled));
        assert_eq!(ledger.account().dialled, [at(dialled)]);
        let ended = catch_unwind(AssertUnwindSafe(|| drop(ends)));
        assert_eq!(ended.is_err(), fails, "{dialled} for {judged}");
    }
}
