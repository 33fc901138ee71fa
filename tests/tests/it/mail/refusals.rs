//! Servers that want TLS and a login, and what becomes of what they refuse.

use std::time::Duration;

use campanile::demo::smtp::{Login, Settings};
use campanile::outcome::Reason;
use campanile_tests::smtp::{Mailbox, PASSWORD, Security, USER, known};
use campanile_tests::{World, alert, wait_for};
use serde_json::json;

use super::setup::{TO, credentials, desired, held, open, password, tell};

/// Why the recipient is paused, once it is.
async fn pause(world: &World) -> String {
    wait_for("the pause", || async {
        let recipients = world.get("/api/v1/recipients").await.body;
        recipients[0]["paused"].as_str().map(str::to_owned)
    })
    .await
}

#[tokio::test]
async fn every_kind_of_server_and_login_takes_mails_of_whom_it_knows() {
    for security in [Security::Implicit, Security::StartTls, Security::Plain] {
        for (mechanism, right, _) in credentials() {
            let Some(mailbox) = Mailbox::start(known(security, &[mechanism])).await else {
                return;
            };
            let world = held(&mailbox)
                .desired(desired(&mailbox, &right, &json!({})))
                .start()
                .await;
            tell(&world, &alert("flood", &json!({}))).await;
            let mail = &mailbox.wait_for(1).await[0];
            assert_eq!(
                mail.login.as_deref(),
                Some(USER),
                "{security:?} {mechanism}"
            );
            assert_eq!(mail.tls, security != Security::Plain);
            let login = Login {
                mechanism: mechanism.to_owned(),
                user: USER.to_owned(),
                known: true,
            };
            assert_eq!(mailbox.logins(), [login]);
        }
    }
}

#[tokio::test]
async fn a_void_login_pauses_the_endpoint_and_loses_nothing() {
    for (mechanism, right, wrong) in credentials() {
        let Some(mailbox) = Mailbox::start(known(Security::Implicit, &[mechanism])).await else {
            return;
        };
        let world = held(&mailbox)
            .desired(desired(&mailbox, &wrong, &json!({})))
            .start()
            .await;
        let posted = world.post(&alert("flood", &json!({}))).await;
        assert_eq!(posted.status, 202);
        let attempt = &world.wait_for_attempts(1).await[0];
        assert_eq!(attempt.status, Some(535), "{mechanism} {attempt:?}");
        pause(&world).await;
        assert!(mailbox.mails().is_empty());
        world
            .apply(desired(&mailbox, &right, &json!({})), "en")
            .await
            .expect("it is applied");
        world.wait_until_empty().await;
        assert_eq!(mailbox.wait_for(1).await.len(), 1, "{mechanism}");
        assert!(world.dead_letters().await.is_empty());
    }
}

#[tokio::test]
async fn nothing_is_said_to_a_server_whose_certificate_nobody_vouches_for() {
    for security in [Security::Implicit, Security::StartTls] {
        let Some(mailbox) = Mailbox::start(known(security, &["PLAIN"])).await else {
            return;
        };
        let world = World::builder()
            .held_clock()
            .desired(desired(&mailbox, &password(PASSWORD), &json!({})))
            .start()
            .await;
        world.post(&alert("flood", &json!({}))).await;
        let attempt = &world.wait_for_attempts(1).await[0];
        assert_eq!(attempt.reason, Reason::Tls, "{attempt:?}");
        assert!(mailbox.logins().is_empty());
        assert!(mailbox.mails().is_empty());
    }
}

#[tokio::test]
async fn without_tls_a_mail_goes_only_where_that_was_opened() {
    let Some(mailbox) = Mailbox::start(Settings::open(Security::Plain)).await else {
        return;
    };
    let mut shut = desired(&mailbox, &json!({}), &json!({}));
    let other = mailbox.opening().replace("/smtp", "/smtps");
    shut["networks"] = json!([{"allow": [other]}]);
    let world = held(&mailbox).desired(shut).start().await;
    tell(&world, &alert("flood", &json!({}))).await;
    let letters = world.dead_letters().await;
    assert_eq!(letters.len(), 1);
    assert!(mailbox.mails().is_empty());
}

const NOBODY: &str = "550 5.1.1 No such user";

#[tokio::test]
async fn one_refused_address_of_three_costs_the_others_nothing() {
    let to = format!("{TO}\ngone@campanile.example\nduty@campanile.example");
    let Some((mailbox, world)) = open(&json!({"to": to})).await else {
        return;
    };
    mailbox
        .change(&json!({"refuse": {"gone@campanile.example": NOBODY}}))
        .await;
    tell(&world, &alert("flood", &json!({}))).await;
    let mails = mailbox.wait_for(1).await;
    assert_eq!(mails[0].recipients, [TO, "duty@campanile.example"]);
    assert_eq!(mails[0].to.len(), 3);
    assert!(world.dead_letters().await.is_empty());
    let attempts = world.all_attempts().await;
    assert_eq!(attempts.len(), 1);
    let said = format!("{:?}", attempts[0]);
    assert!(said.contains("gone@campanile.example"), "{said}");
}

#[tokio::test]
async fn an_address_that_is_refused_for_a_while_gets_the_same_mail_later() {
    let to = format!("{TO}\nlater@campanile.example");
    let Some((mailbox, world)) = open(&json!({"to": to})).await else {
        return;
    };
    let refuse = |code: &str| json!({"refuse": {"later@campanile.example": code}});
    mailbox.change(&refuse("450 4.2.1 Greylisted")).await;
    world.post(&alert("flood", &json!({}))).await;
    mailbox.wait_for(1).await;
    world.wait_for_attempts(1).await;
    world.wait_until_idle().await;
    mailbox.change(&refuse("")).await;
    world.advance(Duration::from_secs(3_600));
    let mails = mailbox.wait_for(2).await;
    world.wait_until_empty().await;
    assert_eq!(mails[0].recipients, [TO]);
    assert_eq!(mails[1].recipients, ["later@campanile.example"]);
    assert_eq!(mails[0].to, mails[1].to);
    assert_eq!(mails[0].header("Message-ID"), mails[1].header("Message-ID"));
    assert_eq!(mailbox.mails().len(), 2);
}

#[tokio::test]
async fn a_recipient_whose_addresses_are_all_nobodys_is_paused() {
    let Some((mailbox, world)) = open(&json!({})).await else {
        return;
    };
    mailbox.change(&json!({"refuse": {TO: NOBODY}})).await;
    world.post(&alert("flood", &json!({}))).await;
    let attempt = &world.wait_for_attempts(1).await[0];
    assert_eq!(attempt.status, Some(550), "{attempt:?}");
    pause(&world).await;
    assert!(mailbox.mails().is_empty());
}

#[tokio::test]
async fn a_mail_that_is_tried_again_is_the_same_mail() {
    let Some((mailbox, world)) = open(&json!({})).await else {
        return;
    };
    // Refused for a while, then taken with an answer that is lost, then taken.
    mailbox
        .change(&json!({"answers": ["451 4.3.0 Try later", ""]}))
        .await;
    world.post(&alert("flood", &json!({}))).await;
    for attempt in 1..3 {
        world.wait_for_attempts(attempt).await;
        world.wait_until_idle().await;
        world.advance(Duration::from_secs(600));
    }
    world.wait_until_empty().await;
    let mails = mailbox.wait_for(3).await;
    for mail in &mails[1..] {
        assert_eq!(mail.header("Message-ID"), mails[0].header("Message-ID"));
        assert_eq!(mail.text("text/plain"), mails[0].text("text/plain"));
    }
    assert!(world.dead_letters().await.is_empty());
}

#[tokio::test]
async fn a_server_that_refuses_a_mail_for_good_makes_it_a_dead_letter() {
    let Some((mailbox, world)) = open(&json!({})).await else {
        return;
    };
    mailbox
        .change(&json!({"answers": ["554 5.7.1 Looks like spam"]}))
        .await;
    tell(&world, &alert("flood", &json!({}))).await;
    let letters = world.dead_letters().await;
    assert_eq!(letters.len(), 1);
    let said = format!("{:?} {:?}", letters[0], world.all_attempts().await);
    assert!(said.contains("Looks like spam"), "{said}");
}
