//! A program that sends mails to a mail server of these tests.

use campanile::demo::smtp::{Mail, Settings};
use campanile_tests::smtp::{Mailbox, PASSWORD, Security, TOKEN, USER};
use campanile_tests::{World, WorldBuilder};
use serde_json::{Value, json};

/// Whom the recipient `noc` is.
pub(super) const TO: &str = "noc@campanile.example";

/// Puts the members of `change` in place of those of `base`.
fn merged(mut base: Value, change: &Value) -> Value {
    if let (Some(base), Some(change)) = (base.as_object_mut(), change.as_object()) {
        base.extend(change.clone());
    }
    base
}

/// An endpoint `mail` and its recipient `noc`, with these parameters besides what is needed.
pub(super) fn desired(mailbox: &Mailbox, endpoint: &Value, recipient: &Value) -> Value {
    let endpoint = merged(json!({"server": mailbox.url(), "from": USER}), endpoint);
    let recipient = merged(json!({"to": TO}), recipient);
    json!({
        "endpoints": [{"name": "mail", "component": "email", "params": endpoint}],
        "recipients": [{"name": "noc", "endpoint": "mail", "language": "en", "time_zone": "UTC",
            "params": recipient}],
        "networks": [{"allow": [mailbox.opening()]}],
    })
}

/// The parameters of who logs in with a password.
pub(super) fn password(password: &str) -> Value {
    json!({"user": USER, "password": password})
}

/// The parameters of who logs in with a token.
pub(super) fn token(token: &str) -> Value {
    json!({"user": USER, "password": token, "login": "xoauth2"})
}

/// A program with its clock held, that trusts this server.
pub(super) fn held(mailbox: &Mailbox) -> WorldBuilder {
    World::builder()
        .held_clock()
        .trusting(mailbox.certificate())
}

/// An open server without TLS, and a program that sends to it; nothing where the server cannot be had.
pub(super) async fn open(recipient: &Value) -> Option<(Mailbox, World)> {
    let mailbox = Mailbox::start(Settings::open(Security::Plain)).await?;
    let world = held(&mailbox)
        .desired(desired(&mailbox, &json!({}), recipient))
        .start()
        .await;
    Some((mailbox, world))
}

/// Takes alerts in, and waits until they are with everybody or dead.
pub(super) async fn tell(world: &World, alerts: &Value) {
    let posted = world.post(alerts).await;
    assert_eq!(posted.status, 202, "{:?}", posted.body);
    world.wait_until_empty().await;
}

/// The visible text of the mail's page, by a real parser of HTML.
pub(super) fn page_text(mail: &Mail) -> String {
    let page = mail.text("text/html").expect("a page");
    super::page::read(&page).text
}

/// Whom the right password and the right token belong to.
pub(super) fn credentials() -> [(&'static str, Value, Value); 3] {
    [
        ("PLAIN", password(PASSWORD), password("wrong")),
        ("LOGIN", password(PASSWORD), password("wrong")),
        ("XOAUTH2", token(TOKEN), token("ended")),
    ]
}
