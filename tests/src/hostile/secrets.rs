//! Secrets that should leave otherwise than declared: what is refused dials nobody, and no answer tells one.

use campanile::outcome::Reason;

use super::requests::refused;
use super::stage::{OTHER_TOKEN, Stage, TOKEN, limits};
use super::{Bystander, Stopped};
use crate::{Behaviour, World};

pub async fn writes_the_bot_token_into_the_message() -> Stopped {
    refused(&[
        ("token-in-the-text", Reason::SecretPlace),
        ("token-in-the-json", Reason::SecretPlace),
        ("token-in-a-form", Reason::SecretPlace),
        ("token-in-the-query", Reason::SecretPlace),
        ("token-in-another-header", Reason::SecretPlace),
        ("token-as-authorization", Reason::SecretPlace),
        ("token-as-user", Reason::SecretPlace),
    ])
    .await
}

pub async fn password_as_hmac_key() -> Stopped {
    refused(&[
        ("password-as-a-key", Reason::SecretPlace),
        ("token-as-a-webhook-key", Reason::SecretPlace),
        ("key-in-a-header", Reason::SecretPlace),
        ("key-in-the-text", Reason::SecretPlace),
        ("key-signs-into-the-host-header", Reason::HeaderName),
    ])
    .await
}

pub async fn calls_set_webhook_with_the_right_token() -> Stopped {
    refused(&[("token-to-set-webhook", Reason::Route)]).await
}

#[expect(non_snake_case, reason = "A and B are two destinations")]
pub async fn sends_the_secret_of_A_to_B_both_granted() -> Stopped {
    refused(&[
        ("token-to-another-origin", Reason::SecretPlace),
        ("other-token-to-the-first-origin", Reason::SecretPlace),
    ])
    .await
}

pub async fn asks_the_destination_to_echo() -> Stopped {
    let echoes = [
        (
            "in the body",
            Behaviour::Answer(200, Vec::new(), format!("you sent {TOKEN}!").into_bytes()),
        ),
        (
            "in a header",
            Behaviour::Answer(
                200,
                vec![(String::from("x-echo"), String::from(TOKEN))],
                b"harmless".to_vec(),
            ),
        ),
        (
            "percent-encoded",
            Behaviour::Answer(200, Vec::new(), TOKEN.replace(':', "%3A").into_bytes()),
        ),
        (
            "as base64",
            Behaviour::Answer(
                200,
                Vec::new(),
                b"x MTIzNDU2OnRva2VuLW9mLXRoZS1maXJzdA== y".to_vec(),
            ),
        ),
        (
            "escaped in JSON",
            Behaviour::Answer(200, Vec::new(), TOKEN.replace(':', "\\u003a").into_bytes()),
        ),
        (
            "another of the endpoint's",
            Behaviour::Answer(200, Vec::new(), OTHER_TOKEN.as_bytes().to_vec()),
        ),
    ];
    let mut stopped = Vec::new();
    for (name, behaviour) in echoes {
        let stage = Stage::with(
            World::builder().limits(limits()),
            &["asks-for-an-echo"],
            behaviour,
        )
        .await;
        let beside = Bystander::beside(&stage.world).await;
        stage.post(&["first"]).await;
        let requests = stage.receiver.wait_for(2).await;
        assert_eq!(
            requests[0].header("x-token"),
            Some(TOKEN),
            "{name}: the request is sent"
        );
        assert_eq!(
            stage.arrived("asks-for-an-echo")[1],
            "read \"\" false",
            "{name}"
        );
        beside.empty().await;
        let by = "nothing of an answer is read in which a secret shows";
        stopped.push(beside.stopped(by).await);
    }
    let harmless = Behaviour::Answer(200, Vec::new(), b"123456:token-of-the-other".to_vec());
    let stage = Stage::with(
        World::builder().limits(limits()),
        &["asks-for-an-echo"],
        harmless,
    )
    .await;
    stage.post(&["first"]).await;
    stage.receiver.wait_for(2).await;
    let read = &stage.arrived("asks-for-an-echo")[1];
    assert_eq!(
        read, "read \"123456:token-of-the-other\" false",
        "a near miss is read"
    );
    Stopped::all(stopped)
}
