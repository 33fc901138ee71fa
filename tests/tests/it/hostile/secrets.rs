//! Secrets leave only by a declared place, to where they were entered for; what is refused dials nobody.

use campanile::outcome::Reason;
use campanile_tests::wait_for;

use campanile_tests::hostile::stage::{KEY, OTHER_TOKEN, PASSWORD, Stage, TOKEN};

#[tokio::test]
async fn what_a_component_may_not_send_is_refused_by_name_and_nothing_is_dialled() {
    let rows = [
        ("token-to-set-webhook", Reason::Route),
        ("token-in-another-path", Reason::Route),
        ("token-to-another-origin", Reason::SecretPlace),
        ("other-token-to-the-first-origin", Reason::SecretPlace),
        ("token-in-the-port", Reason::Url),
        ("token-in-the-scheme", Reason::SecretPlace),
        ("token-as-the-url", Reason::SecretPlace),
        ("token-in-the-fragment", Reason::Url),
        ("an-unknown-secret", Reason::SecretPlace),
        ("a-parameter-as-a-secret", Reason::SecretPlace),
        ("sets-authorization", Reason::HeaderName),
        ("a-relative-url", Reason::Url),
        ("another-path", Reason::Route),
        ("a-path-upwards", Reason::Route),
        ("an-empty-method", Reason::Route),
        ("a-method-that-was-not-granted", Reason::Route),
        ("mails-by-another-server", Reason::Route),
        ("mails-in-clear", Reason::Route),
        ("token-logs-in-to-a-mail-server", Reason::SecretPlace),
        ("password-logs-in-to-a-mail-server", Reason::SecretPlace),
    ];
    refused(&rows).await;
}

/// Each of them is a dead letter for its reason, nothing is dialled, and the bystander is served.
async fn refused(rows: &[(&str, Reason)]) {
    let hows: Vec<_> = rows.iter().map(|(how, _)| *how).collect();
    let stage = Stage::new(&hows).await;
    stage.post(&["first"]).await;
    stage.neighbour_has(&["first"]).await;
    for &(how, reason) in rows {
        let letter = wait_for(how, || async { stage.dead(how).await.pop() }).await;
        assert_eq!(letter.reason, reason, "{how}: {:?}", letter.detail);
        let said = format!("{letter:?}");
        for secret in [TOKEN, OTHER_TOKEN, PASSWORD, KEY] {
            assert!(!said.contains(secret), "{how}: {said}");
        }
    }
    stage.world.wait_until_empty().await;
    assert!(
        stage.receiver.received().is_empty(),
        "{:?}",
        stage.receiver.received()
    );
    assert!(
        stage.other.received().is_empty(),
        "{:?}",
        stage.other.received()
    );
}

#[tokio::test]
async fn the_same_secrets_leave_by_the_places_that_they_were_declared_for() {
    let hows = [
        "token-in-the-path",
        "other-token-to-its-own-origin",
        "password-in-its-place",
        "key-in-its-place",
    ];
    let stage = Stage::new(&hows).await;
    stage.post(&["first"]).await;
    let requests = stage.receiver.wait_for(3).await;
    let of = |how: &str| {
        let mut found = requests.iter();
        found
            .find(|request| request.path.starts_with(&format!("/{how}/")))
            .unwrap_or_else(|| panic!("{how} sent nothing"))
    };
    let token = of("token-in-the-path");
    assert_eq!(
        token.path,
        format!("/token-in-the-path/bot{TOKEN}/sendMessage")
    );
    assert_eq!(token.header("x-token"), Some(TOKEN));
    let basic = of("password-in-its-place").header("authorization");
    assert_eq!(basic, Some("Basic bWU6Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5"));
    let signature = of("key-in-its-place")
        .header("x-signature")
        .unwrap_or_default();
    // HMAC-SHA256 of no bytes under KEY.
    assert_eq!(signature, SIGNATURE);
    let other = stage.other.wait_for(1).await;
    assert_eq!(other[0].header("x-token"), Some(OTHER_TOKEN));
    stage.world.wait_until_empty().await;
    assert!(stage.world.dead_letters().await.is_empty());
}

/// `printf '' | openssl dgst -sha256 -hmac a-signing-key-of-some-length`
const SIGNATURE: &str = "7d56f44c2b2933fb2c7787d6805ab75b71f0ccf8b2bc21ef9943a4dc4ed31f12";
