//! What a real mail server gets from the whole program: golden files, beside what a strict parser of mails
//! and one of HTML make of it.

use std::fmt::Write;

use campanile::demo::smtp::{Mail, Settings};
use campanile_tests::smtp::{Mailbox, Security, USER};
use serde_json::{Value, json};

use super::alerts::{Case, cases};
use super::files;
use super::requests::visible;
use super::setup::{A_PACE, LANGUAGES, held};
use crate::mail::page;

/// One for each case and language.
pub(super) fn files() -> impl Iterator<Item = String> {
    let of = |case: Case| LANGUAGES.map(|(language, _)| file(&case, language));
    cases().into_iter().flat_map(of)
}

fn file(case: &Case, language: &str) -> String {
    format!("email/{}.{language}.eml", case.name)
}

fn address(case: &Case, language: &str) -> String {
    format!("{}.{language}@campanile.example", case.name)
}

/// A recipient for each language, whose address names it and the case.
fn desired(case: &Case, mailbox: &Mailbox) -> Value {
    let recipients: Vec<_> = LANGUAGES
        .iter()
        .map(|(language, time_zone)| {
            json!({"name": format!("mail-{language}"), "endpoint": "mail", "language": language,
                "time_zone": time_zone,
                "params": {"to": address(case, language), "subject": "[NOC]", "mails": "single"}})
        })
        .collect();
    json!({
        "endpoints": [{"name": "mail", "component": "email",
            "params": {"server": mailbox.url(), "from": USER}}],
        "recipients": recipients,
        "networks": [{"allow": [mailbox.opening()]}],
    })
}

#[tokio::test]
async fn every_alert_arrives_as_a_mail_in_every_language_as_it_should() {
    let Some(mailbox) = Mailbox::start(Settings::open(Security::Plain)).await else {
        return;
    };
    let world = held().start().await;
    let mut count = 0;
    for case in cases() {
        let desired = desired(&case, &mailbox);
        world.apply(desired, "en").await.expect("it is applied");
        for body in &case.news {
            let token = Some(world.contact.ingest_token.as_str());
            let posted = world.post_raw(case.path, token, body.to_string()).await;
            assert_eq!(posted.status, 202, "{}: {:?}", case.name, posted.body);
            world.wait_until_empty().await;
            world.advance(A_PACE);
        }
        count += case.news.len() * LANGUAGES.len();
        let all = mailbox.wait_for(count).await;
        for (at, (language, _)) in LANGUAGES.iter().enumerate() {
            let to = [address(&case, language)];
            let mails: Vec<_> = all.iter().filter(|mail| mail.recipients == to).collect();
            files::check(&file(&case, language), &shown(&mails));
            assert_eq!(
                mails.len(),
                case.texts[at].len(),
                "{} in {language}",
                case.name
            );
            for (mail, told) in mails.iter().zip(&case.texts[at]) {
                says(mail, told, &case);
            }
        }
        assert!(world.dead_letters().await.is_empty(), "{}", case.name);
    }
}

/// Text and page say what people read in Telegram, but for the emoji, and the page shows no address.
fn says(mail: &Mail, told: &str, case: &Case) {
    let (_, told) = told.split_once(' ').expect("an emoji");
    let mut text = told.to_owned();
    for link in &case.links {
        let _ = write!(text, ": {link}");
    }
    assert_eq!(mail.text("text/plain"), Some(text + "\n"), "{}", case.name);
    let seen = page::read(&mail.text("text/html").expect("a page"));
    let shown = told.replacen("\n\n", "\n", 1) + "\n";
    assert_eq!(
        (seen.text, seen.links),
        (shown, case.links.clone()),
        "{}",
        case.name
    );
    assert_eq!(seen.mistakes, [""; 0], "{}", case.name);
}

/// Mails with their headers as they came and their parts as they read, and names for what differs each time.
fn shown(mails: &[&Mail]) -> String {
    let mails: Vec<_> = mails.iter().map(|mail| one(mail)).collect();
    mails.join("\n======\n\n")
}

fn one(mail: &Mail) -> String {
    let raw = String::from_utf8_lossy(&mail.raw);
    let (head, _) = raw.split_once("\r\n\r\n").expect("a body");
    let mut text = head.replace("\r\n", "\n") + "\n";
    let named = [
        ("Message-ID", "<{id}>"),
        ("References", "<{thread}>"),
        ("In-Reply-To", "<{thread}>"),
    ];
    for (header, name) in named {
        if let Some(value) = mail.header(header) {
            text = text.replace(value.trim(), name);
        }
    }
    let boundary = text
        .split_once("boundary=\"")
        .and_then(|(_, rest)| rest.split_once('"'));
    if let Some(boundary) = boundary.map(|(boundary, _)| boundary.to_owned()) {
        text = text.replace(&boundary, "{boundary}");
    }
    for part in &mail.parts {
        if let (Some(encoding), Some(content)) = (&part.1, &part.2) {
            let _ = write!(
                text,
                "\n[{} {encoding}]\n{}",
                part.0,
                content.replace("\r\n", "\n")
            );
        }
    }
    visible(&text)
}
