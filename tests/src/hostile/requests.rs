//! Requests and mails that are more than they seem: refused by name before anything is dialled.

use std::sync::{Arc, Mutex, PoisonError};

use campanile::egress::Resolver;
use campanile::outcome::Reason;
use serde_json::json;

use super::stage::{KEY, OTHER_TOKEN, PASSWORD, Stage, TOKEN, limits};
use super::{Bystander, LIAR, Stopped, told};
use crate::{Behaviour, Receiver, World, wait_for};

/// Each of these is a dead letter for this reason; nobody but the neighbour and the bystander was connected to, and
/// no name was asked for.
pub(super) async fn refused(rows: &[(&str, Reason)]) -> Stopped {
    let hows: Vec<_> = rows.iter().map(|(how, _)| *how).collect();
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let notes = asked.clone();
    let resolver = Resolver::Told(Arc::new(move |name| {
        let mut notes = notes.lock().unwrap_or_else(PoisonError::into_inner);
        notes.push(name.to_owned());
        Vec::new()
    }));
    let builder = World::builder()
        .limits(limits())
        .network(resolver, Vec::new());
    let stage = Stage::with(builder, &hows, Behaviour::status(200)).await;
    let beside = Bystander::beside(&stage.world).await;
    stage.post(&["first"]).await;
    stage.neighbour_has(&["first"]).await;
    let mut letters = Vec::new();
    for (how, reason) in rows {
        let letter = wait_for(how, || async { stage.dead(how).await.pop() }).await;
        assert_eq!(letter.reason, *reason, "{how}: {:?}", letter.detail);
        let said = format!("{letter:?}");
        for secret in [TOKEN, OTHER_TOKEN, PASSWORD, KEY] {
            assert!(!said.contains(secret), "{how}: {said}");
        }
        letters.push(letter);
    }
    assert_eq!(beside.others_dialled(), [stage.neighbour.address()]);
    let asked = asked.lock().unwrap_or_else(PoisonError::into_inner).clone();
    assert!(asked.is_empty(), "{asked:?}");
    beside.stopped(told(&letters)).await
}

pub async fn user_info_in_the_url() -> Stopped {
    refused(&[("a-user-in-the-url", Reason::UserInfo)]).await
}

pub async fn header_with_cr_lf() -> Stopped {
    refused(&[
        ("smuggles-a-header", Reason::HeaderValue),
        ("sets-header-of-two-lines", Reason::HeaderName),
        ("sets-header-with-a-space", Reason::HeaderName),
        ("sets-header-with-a-colon", Reason::HeaderName),
        ("sets-header-without-a-name", Reason::HeaderName),
    ])
    .await
}

pub async fn sets_host_and_content_length() -> Stopped {
    let owned = [
        "sets-the-host",
        "sets-header-content-length",
        "sets-header-transfer-encoding",
        "sets-header-connection",
        "sets-header-te",
        "sets-header-trailer",
        "sets-header-upgrade",
        "sets-header-expect",
        "sets-header-proxy-authorization",
        "sets-header-forwarded",
        "sets-header-x-forwarded-for",
        "sets-header-cookie",
        "sets-header-accept-encoding",
        "sets-header-metadata-flavor",
        "sets-header-x-aws-ec2-metadata-token",
        "sets-header-x-http-method-override",
        "sets-header-x-original-url",
        "sets-header-authorization",
    ];
    refused(&owned.map(|how| (how, Reason::HeaderName))).await
}

pub async fn twenty_kilobytes_of_empty_headers() -> Stopped {
    refused(&[
        ("empty-headers", Reason::RequestTooLarge),
        ("sixty-long-headers", Reason::RequestTooLarge),
    ])
    .await
}

pub async fn secret_in_the_host_name() -> Stopped {
    refused(&[("token-in-the-host", Reason::SecretPlace)]).await
}

pub async fn secret_value_with_dot_dot_slash_query() -> Stopped {
    let receiver = Receiver::ok().await;
    let mut stopped = Vec::new();
    for (token, path) in [
        ("../../admin?x=", Some("..%2F..%2Fadmin%3Fx%3D")),
        ("a/../b#c", Some("a%2F..%2Fb%23c")),
        ("%2e%2e%2fb", Some("%252e%252e%252fb")),
        ("\\..\\b", Some("%5C..%5Cb")),
    ] {
        let world = World::builder()
            .limits(limits())
            .component(LIAR)
            .desired(json!({
                "endpoints": [{"name": "bot", "component": "liar",
                    "params": {"url": receiver.url(""), "token": token}}],
                "recipients": [{"name": "bot", "endpoint": "bot", "language": "en",
                    "time_zone": "UTC", "params": {"how": "token-in-the-path"}}],
                "networks": [{"allow": [receiver.opening()]}],
            }))
            .start()
            .await;
        let beside = Bystander::beside(&world).await;
        world.tell("first").await;
        beside.empty().await;
        let came = receiver.received().pop().map(|request| request.path);
        let expected = path.map(|path| format!("/bot{path}/sendMessage"));
        assert_eq!(came, expected, "{token}");
        let one = format!("sent as one segment, {}", path.unwrap_or_default());
        stopped.push(beside.stopped(one).await);
    }
    Stopped::all(stopped)
}

pub async fn mails_an_address_no_parameter_names() -> Stopped {
    refused(&[
        ("mails-a-stranger", Reason::MailAddress),
        ("mails-a-stranger-a-copy", Reason::MailAddress),
        ("mails-as-a-stranger", Reason::MailAddress),
        ("mails-nobody", Reason::MailAddress),
    ])
    .await
}

pub async fn subject_with_cr_lf_bcc() -> Stopped {
    refused(&[
        ("a-subject-of-two-lines", Reason::HeaderValue),
        ("a-mail-header-of-two-lines", Reason::HeaderValue),
        ("a-blind-copy", Reason::HeaderName),
    ])
    .await
}
