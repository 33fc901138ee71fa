//! Requests and mails that are more than they seem: refused by name before anything is dialled.

use std::sync::{Arc, Mutex, PoisonError};

use campanile::egress::Resolver;
use campanile::outcome::Reason;
use campanile_tests::{Behaviour, Receiver, World, alert, wait_for};
use serde_json::json;

use super::LIAR;
use super::stage::{OTHER_TOKEN, Stage, TOKEN, limits};

/// Each of these is a dead letter for this reason; nobody but the bystander was connected to, and no name was
/// asked for.
async fn refused(rows: &[(&str, Reason)]) {
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
    stage.post(&["first"]).await;
    stage.bystander_has(&["first"]).await;
    for (how, reason) in rows {
        let letter = wait_for(how, || async { stage.dead(how).await.pop() }).await;
        assert_eq!(letter.reason, *reason, "{how}: {:?}", letter.detail);
        let said = format!("{letter:?}");
        assert!(
            !said.contains(TOKEN) && !said.contains(OTHER_TOKEN),
            "{said}"
        );
    }
    stage.world.wait_until_empty().await;
    assert_eq!(stage.world.app.egress.ledger().account().dialled, 1);
    assert_eq!(stage.bystander.connections(), 1);
    let asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
    assert!(asked.is_empty(), "{asked:?}");
}

#[tokio::test]
async fn user_info_in_the_url() {
    refused(&[("a-user-in-the-url", Reason::UserInfo)]).await;
}

#[tokio::test]
async fn header_with_cr_lf() {
    refused(&[
        ("smuggles-a-header", Reason::HeaderValue),
        ("sets-header-of-two-lines", Reason::HeaderName),
        ("sets-header-with-a-space", Reason::HeaderName),
        ("sets-header-with-a-colon", Reason::HeaderName),
        ("sets-header-without-a-name", Reason::HeaderName),
    ])
    .await;
}

#[tokio::test]
async fn sets_host_and_content_length() {
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
    refused(&owned.map(|how| (how, Reason::HeaderName))).await;
}

#[tokio::test]
async fn twenty_kilobytes_of_empty_headers() {
    refused(&[
        ("empty-headers", Reason::RequestTooLarge),
        ("sixty-long-headers", Reason::RequestTooLarge),
    ])
    .await;
}

#[tokio::test]
async fn secret_in_the_host_name() {
    refused(&[("token-in-the-host", Reason::SecretPlace)]).await;
}

#[tokio::test]
async fn secret_value_with_dot_dot_slash_query() {
    let receiver = Receiver::ok().await;
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
        assert_eq!(world.post(&alert("first", &json!({}))).await.status, 202);
        world.wait_until_empty().await;
        let came = receiver.received().pop().map(|request| request.path);
        let expected = path.map(|path| format!("/bot{path}/sendMessage"));
        assert_eq!(came, expected, "{token}");
    }
}

#[tokio::test]
async fn mails_an_address_no_parameter_names() {
    refused(&[
        ("mails-a-stranger", Reason::MailAddress),
        ("mails-a-stranger-a-copy", Reason::MailAddress),
        ("mails-as-a-stranger", Reason::MailAddress),
        ("mails-nobody", Reason::MailAddress),
    ])
    .await;
}

#[tokio::test]
async fn subject_with_cr_lf_bcc() {
    refused(&[
        ("a-subject-of-two-lines", Reason::HeaderValue),
        ("a-mail-header-of-two-lines", Reason::HeaderValue),
        ("a-blind-copy", Reason::HeaderName),
    ])
    .await;
}
