//! Destinations that answer so that somebody else is hurt: each attempt ends, with its name.

use std::time::Duration;

use campanile::egress::Limits;
use campanile::outcome::Reason;

use super::{Bystander, Stopped, reasons};
use crate::webhooks::{first_attempts, short, webhooks};
use crate::{Behaviour, Receiver, World};

/// An alert there comes to this outcome, for this reason and with this status.
async fn answered(
    behaviour: Behaviour,
    limits: Limits,
    came: (&str, Reason, Option<u16>),
) -> Stopped {
    let hostile = Receiver::start([], behaviour).await;
    let world = World::builder()
        .held_clock()
        .egress(limits)
        .desired(webhooks(
            &[("hostile", hostile.url("/"))],
            &[hostile.opening()],
        ))
        .start()
        .await;
    let beside = Bystander::beside(&world).await;
    world.tell("disk_full").await;
    let attempts = first_attempts(&world, 1).await;
    let attempt = &attempts["hostile"];
    assert_eq!(
        (attempt.outcome.as_str(), attempt.reason, attempt.status),
        came
    );
    beside.stopped(reasons([attempt])).await
}

pub async fn informational_responses_for_ever() -> Stopped {
    let mut stopped = Vec::new();
    for (first, again) in [
        ("", "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n"),
        (
            "HTTP/1.1 100 Continue\r\n\r\n",
            "HTTP/1.1 102 Processing\r\n\r\n",
        ),
    ] {
        let endless = Behaviour::Endless(first.into(), again.into());
        let timeout = ("retry", Reason::FirstByteTimeout, None);
        stopped.push(answered(endless, short(), timeout).await);
    }
    Stopped::all(stopped)
}

pub async fn gzip_bomb_though_identity_was_asked() -> Stopped {
    let mut stopped = Vec::new();
    for encoding in ["gzip", "br", "deflate, gzip", "identity, zstd"] {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-encoding: {encoding}\r\n\r\n");
        let endless = Behaviour::Endless(head.into_bytes(), vec![0; 64 * 1024]);
        let patient = Limits {
            between_bytes: Duration::from_secs(60),
            ..Limits::default()
        };
        // The head says that it arrived; of the body nothing is read, let alone unpacked.
        let arrived = ("delivered", Reason::Accepted, Some(200));
        stopped.push(answered(endless, patient, arrived).await);
    }
    Stopped::all(stopped)
}
