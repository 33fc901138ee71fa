//! Destinations that answer so that somebody else is hurt: each attempt ends, with its name.

use std::time::Duration;

use campanile::egress::Limits;
use campanile::outcome::Reason;
use campanile_tests::{Behaviour, Receiver, World, alert};
use serde_json::json;

use crate::destinations::{first_attempts, short, webhooks};

/// What becomes of an alert there, while another destination gets its own: outcome, reason and status.
async fn answered(behaviour: Behaviour, limits: Limits) -> (String, Reason, Option<u16>) {
    let hostile = Receiver::start([], behaviour).await;
    let bystander = Receiver::ok().await;
    let urls = [
        ("hostile", hostile.url("/")),
        ("bystander", bystander.url("/")),
    ];
    let allow = [hostile.opening(), bystander.opening()];
    let world = World::builder()
        .held_clock()
        .egress(limits)
        .desired(webhooks(&urls, &allow))
        .start()
        .await;
    assert_eq!(
        world.post(&alert("disk_full", &json!({}))).await.status,
        202
    );
    let mut attempts = first_attempts(&world, 2).await;
    assert_eq!(bystander.received().len(), 1);
    let attempt = attempts.remove("hostile").expect("an attempt");
    (attempt.outcome, attempt.reason, attempt.status)
}

#[tokio::test]
async fn informational_responses_for_ever() {
    for (first, again) in [
        ("", "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n"),
        (
            "HTTP/1.1 100 Continue\r\n\r\n",
            "HTTP/1.1 102 Processing\r\n\r\n",
        ),
    ] {
        let endless = Behaviour::Endless(first.into(), again.into());
        let timeout = (String::from("retry"), Reason::FirstByteTimeout, None);
        assert_eq!(answered(endless, short()).await, timeout, "{again}");
    }
}

#[tokio::test]
async fn gzip_bomb_though_identity_was_asked() {
    for encoding in ["gzip", "br", "deflate, gzip", "identity, zstd"] {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-encoding: {encoding}\r\n\r\n");
        let endless = Behaviour::Endless(head.into_bytes(), vec![0; 64 * 1024]);
        let patient = Limits {
            between_bytes: Duration::from_secs(60),
            ..Limits::default()
        };
        // The head says that it arrived; of the body nothing is read, let alone unpacked.
        let arrived = (String::from("delivered"), Reason::Accepted, Some(200));
        assert_eq!(answered(endless, patient).await, arrived, "{encoding}");
    }
}
