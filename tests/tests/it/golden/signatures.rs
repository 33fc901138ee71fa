//! Signatures, as the receivers' own libraries verify them.

use campanile_tests::{Receiver, Request, World, alert};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use standardwebhooks::Webhook;

use super::setup::{SIGNING_KEY, held};

fn headers(request: &Request) -> HeaderMap {
    let header = |(name, value): &(String, String)| {
        (
            HeaderName::try_from(name).expect("a name"),
            HeaderValue::from_str(value).expect("a value"),
        )
    };
    request.headers.iter().map(header).collect()
}

async fn signed(receiver: &Receiver, params: &Value) -> World {
    let mut all = json!({"alerts_per_request": "1"});
    if let (Some(all), Some(params)) = (all.as_object_mut(), params.as_object()) {
        all.extend(params.clone());
    }
    let world = World::builder().webhook_with(receiver, &all).start().await;
    let hostile = alert(
        "x",
        &json!({"title": super::alerts::TEXT, "message": super::alerts::TEXT}),
    );
    assert_eq!(world.post(&hostile).await.status, 202);
    world
}

#[tokio::test]
async fn a_verifier_of_standard_webhooks_takes_what_came_and_nothing_that_was_changed() {
    for key in [SIGNING_KEY, "any text of sixteen characters or more"] {
        let receiver = Receiver::ok().await;
        let params = json!({"signing": "standard-webhooks", "signing_key": key});
        let _world = signed(&receiver, &params).await;
        let request = receiver.wait_for(1).await.remove(0);
        let verifier = match key.starts_with("whsec_") {
            true => Webhook::new(key),
            false => Webhook::from_bytes(key.into()),
        }
        .expect("a key");
        let headers = headers(&request);
        verifier
            .verify(&request.body, &headers)
            .expect("the signature fits");

        let mut longer = request.body.clone();
        longer.push(b' ');
        let mut other = request.body.clone();
        other[0] ^= 1;
        for body in [longer.as_slice(), &other, &request.body[1..], b""] {
            assert!(verifier.verify(body, &headers).is_err(), "a changed body");
        }
        for (name, value) in [
            ("webhook-id", "0192b6f0-0000-7000-8000-000000000001"),
            (
                "webhook-signature",
                "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            ),
        ] {
            let mut headers = headers.clone();
            headers.insert(name, HeaderValue::from_static(value));
            assert!(
                verifier.verify(&request.body, &headers).is_err(),
                "another {name}"
            );
        }
        let seconds: u64 = request
            .header("webhook-timestamp")
            .and_then(|text| text.parse().ok())
            .expect("seconds");
        let mut later = headers.clone();
        later.insert("webhook-timestamp", HeaderValue::from(seconds + 1));
        assert!(
            verifier.verify(&request.body, &later).is_err(),
            "another time"
        );
        let stranger =
            Webhook::from_bytes(b"another key of sixteen or more".to_vec()).expect("a key");
        assert!(
            stranger.verify(&request.body, &headers).is_err(),
            "another key"
        );
        assert_eq!(
            request.header("webhook-id"),
            request.header("idempotency-key")
        );
    }
}

#[tokio::test]
async fn a_retry_has_the_same_id_and_a_signature_of_its_own_time() {
    let receiver = Receiver::start(
        [campanile_tests::Behaviour::status(500)],
        campanile_tests::Behaviour::status(200),
    )
    .await;
    let params = json!({"signing": "standard-webhooks", "signing_key": SIGNING_KEY, "alerts_per_request": "1"});
    let world = held().webhook_with(&receiver, &params).start().await;
    world.post(&alert("x", &json!({}))).await;
    let requests = super::setup::let_all_arrive(&world, &receiver).await;
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0].body, requests[1].body);
    assert_eq!(
        requests[0].header("webhook-id"),
        requests[1].header("webhook-id")
    );
    assert_ne!(
        requests[0].header("webhook-timestamp"),
        requests[1].header("webhook-timestamp")
    );
    let verifier = Webhook::new(SIGNING_KEY).expect("a key");
    for request in &requests {
        let seconds = request.header("webhook-timestamp").expect("a time");
        let signature = verifier.sign(
            request.header("webhook-id").expect("an id"),
            seconds.parse().expect("seconds"),
            &request.body,
        );
        assert_eq!(
            request.header("webhook-signature"),
            signature.ok().as_deref()
        );
    }
}

#[tokio::test]
async fn another_implementation_of_hmac_finds_the_same_digest_of_the_body() {
    let key = "a secret of sixteen characters";
    for (header, params) in [
        ("x-campanile-signature", json!({})),
        (
            "x-hub-signature-256",
            json!({"signature_header": "X-Hub-Signature-256"}),
        ),
    ] {
        let receiver = Receiver::ok().await;
        let mut all = json!({"signing": "hmac-sha256", "signing_key": key});
        if let (Some(all), Some(params)) = (all.as_object_mut(), params.as_object()) {
            all.extend(params.clone());
        }
        let _world = signed(&receiver, &all).await;
        let request = receiver.wait_for(1).await.remove(0);
        let digest = |body: &[u8]| {
            let digest = hmac_sha256::HMAC::mac(body, key.as_bytes());
            let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("sha256={hex}")
        };
        assert_eq!(request.header(header), Some(digest(&request.body).as_str()));
        assert_ne!(request.header(header), Some(digest(b"{}").as_str()));
    }
}

#[tokio::test]
async fn what_is_not_signed_has_no_signature() {
    let receiver = Receiver::ok().await;
    let _world = signed(&receiver, &json!({})).await;
    let request = receiver.wait_for(1).await.remove(0);
    for (name, _) in &request.headers {
        assert!(
            !name.contains("signature") && !name.starts_with("webhook-"),
            "{name}"
        );
    }
}
