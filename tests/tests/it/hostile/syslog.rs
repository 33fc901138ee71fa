//! Syslog: no host of this version sends it, so none is sent for a component: not to this machine's own log, and
//! not to what listens behind a port that was opened for something else.

use campanile::network::{Opening, OpeningError};
use campanile::outcome::Reason;
use campanile_tests::{Behaviour, wait_for};

use super::stage::Stage;

/// Each is refused by the name of what it asked for, and nobody but the bystander is connected to.
async fn unknown(hows: &[&str]) {
    let stage = Stage::with(
        campanile_tests::World::builder().limits(super::stage::limits()),
        hows,
        Behaviour::status(200),
    )
    .await;
    stage.post(&["first"]).await;
    stage.bystander_has(&["first"]).await;
    for how in hows {
        let letter = wait_for(how, || async { stage.dead(how).await.pop() }).await;
        assert_eq!(letter.reason, Reason::Poison, "{how}");
        let detail = letter.detail.unwrap_or_default();
        let named = "unknown-name: this host knows no message `syslog`";
        assert!(detail.starts_with(named), "{how}: {detail}");
    }
    stage.world.wait_until_empty().await;
    assert_eq!(stage.receiver.connections(), 0);
    assert_eq!(stage.world.app.egress.ledger().account().dialled, 1);
}

#[tokio::test]
async fn local_syslog_as_sshd() {
    unknown(&[
        "logs-as-sshd-by-udp",
        "logs-as-sshd-by-tcp",
        "logs-as-sshd-by-tls",
    ])
    .await;
    // Nor can an operator open it by mistake.
    for protocol in ["syslog", "syslog+udp", "syslog+tcp", "syslog+tls", "udp"] {
        let opening = format!("127.0.0.1:514/{protocol}").parse::<Opening>();
        let refused = OpeningError::Protocol(protocol.to_owned());
        assert_eq!(opening, Err(refused));
    }
}

#[tokio::test]
async fn syslog_tcp_that_speaks_redis() {
    unknown(&["logs-what-redis-obeys"]).await;
}
