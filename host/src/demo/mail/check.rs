//! What the mail server must have got, judged without any of the code that made it. Form is judged by the
//! server's own strict parser before.

use std::collections::{BTreeMap, BTreeSet};

use super::{RECIPIENTS, SENDER, USER};
use crate::demo::check::{NAME, PHRASES};
use crate::demo::smtp::Mail;

/// Everything that is wrong.
pub(in crate::demo) fn mails(mails: &[Mail]) -> Vec<String> {
    let mut mistakes = Vec::new();
    let mut by_recipient: BTreeMap<&str, Vec<&Mail>> = BTreeMap::new();
    let mut ids = BTreeSet::new();
    for (at, mail) in mails.iter().enumerate() {
        let mut wrong = |what: &str| mistakes.push(format!("mail {}: {what}", at + 1));
        mail.mistakes.iter().for_each(|what| wrong(what));
        if !mail.tls || mail.login.as_deref() != Some(USER) {
            wrong("it came without TLS or login");
        }
        if mail.from != [(String::from(SENDER), String::from(USER))] {
            wrong("the sender is another");
        }
        if mail.header("Auto-Submitted") != Some("auto-generated") {
            wrong("it does not say that a program wrote it");
        }
        if !ids.insert(mail.header("Message-ID")) {
            wrong("its Message-ID is another's");
        }
        match mail.recipients.as_slice() {
            [one] if mail.to == [(String::new(), one.clone())] => {
                by_recipient.entry(one).or_default().push(mail);
            }
            _ => wrong("it is not for one recipient"),
        }
        let text = mail.text("text/plain").unwrap_or_default();
        let page = mail.text("text/html").unwrap_or_default();
        if text.contains(NAME) != visible(&page).contains(NAME) || page.contains("<b>R&") {
            wrong("text and page do not show the flooder's name alike");
        }
    }
    for ((address, language, _), (_, phrases)) in RECIPIENTS.iter().zip(PHRASES) {
        let mails = by_recipient.remove(address).unwrap_or_default();
        if mails.len() != 3 {
            mistakes.push(format!("{} mails in {language}, expected 3", mails.len()));
        }
        for phrase in phrases {
            let says = |mail: &Mail, part: &str| {
                let text = mail.text(part).unwrap_or_default();
                text.contains(phrase) || visible(&text).contains(phrase)
            };
            let said = |mail: &&Mail| says(mail, "text/plain") && says(mail, "text/html");
            if !mails.iter().any(said) {
                mistakes.push(format!("no mail in {language} says {phrase:?}"));
            }
        }
        mistakes.extend(threads(language, &mails));
    }
    let strangers: Vec<_> = by_recipient.keys().collect();
    if !strangers.is_empty() {
        mistakes.push(format!("{strangers:?} are nobody's addresses"));
    }
    mistakes
}

/// The flooder's beginning and end are one thread, and the flow, an event, is in none.
fn threads(language: &str, mails: &[&Mail]) -> Option<String> {
    let of = |named: bool| -> Vec<Option<&str>> {
        mails
            .iter()
            .filter(|mail| mail.text("text/plain").unwrap_or_default().contains(NAME) == named)
            .map(|mail| mail.header("References"))
            .collect()
    };
    let (flooder, flow) = (of(true), of(false));
    match (flooder.as_slice(), flow.as_slice()) {
        ([Some(beginning), Some(end)], [None]) if beginning == end => None,
        _ => Some(format!(
            "the threads in {language} are {flooder:?} and {flow:?}"
        )),
    }
}

/// The text that a page shows, roughly: without tags, and with its entities read.
fn visible(page: &str) -> String {
    let mut text = String::new();
    let mut rest = page;
    while let Some((before, tag)) = rest.split_once('<') {
        text.push_str(before);
        rest = tag.split_once('>').map_or("", |(_, after)| after);
    }
    text.push_str(rest);
    for (entity, character) in [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ] {
        text = text.replace(entity, character);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::smtp::Part;

    fn mail(language: usize, number: usize, text: &str) -> Mail {
        let (address, ..) = RECIPIENTS[language];
        let escaped = text.replace('&', "&amp;").replace('<', "&lt;");
        let escaped = escaped.replace('>', "&gt;").replace('"', "&quot;");
        let mut headers = vec![
            (
                String::from("Auto-Submitted"),
                String::from("auto-generated"),
            ),
            (
                String::from("Message-ID"),
                format!("<{language}-{number}@x>"),
            ),
        ];
        if number > 0 {
            headers.push((String::from("References"), format!("<{language}@x>")));
        }
        let part = |kind: &str, text: String| Part(kind.to_owned(), None, Some(text));
        Mail {
            sender: USER.to_owned(),
            recipients: vec![address.to_owned()],
            login: Some(USER.to_owned()),
            tls: true,
            answer: String::from("250 2.0.0 Kept"),
            raw: Vec::new(),
            mistakes: Vec::new(),
            headers,
            from: vec![(SENDER.to_owned(), USER.to_owned())],
            to: vec![(String::new(), address.to_owned())],
            cc: Vec::new(),
            parts: vec![
                part("text/plain", text.to_owned()),
                part("text/html", format!("<p><b>{escaped}</b></p>")),
            ],
        }
    }

    /// What must come: the flow, and the flooder's beginning and end, in both languages.
    fn right() -> Vec<Mail> {
        let mut all = Vec::new();
        for (language, (_, [flow, flood])) in PHRASES.iter().enumerate() {
            let told = [
                (*flow).to_owned(),
                format!("{NAME} {flood}"),
                format!("{NAME} has ended"),
            ];
            for (number, text) in told.iter().enumerate() {
                all.push(mail(language, number, text));
            }
        }
        all
    }

    fn text(mail: &mut Mail, part: usize) -> &mut String {
        mail.parts[part].2.as_mut().expect("a text")
    }

    #[test]
    fn what_is_right_passes_and_each_thing_that_is_wrong_is_found() {
        assert_eq!(mails(&right()), [""; 0]);
        type Spoil = fn(&mut Vec<Mail>);
        let rows: [(Spoil, &str); 14] = [
            (|all| drop(all.pop()), "2 mails in it, expected 3"),
            (
                |all| all[0].mistakes.push("crooked".into()),
                "mail 1: crooked",
            ),
            (|all| all[1].tls = false, "mail 2: it came without TLS"),
            (
                |all| all[1].login = None,
                "mail 2: it came without TLS or login",
            ),
            (
                |all| all[2].from[0].1.clear(),
                "mail 3: the sender is another",
            ),
            (
                |all| all[3].headers[0].1 = String::from("no"),
                "mail 4: it does not say that a program wrote it",
            ),
            (
                |all| all[4].headers[1] = all[3].headers[1].clone(),
                "mail 5: its Message-ID is another's",
            ),
            (
                |all| all[5].recipients.push(RECIPIENTS[0].0.to_owned()),
                "mail 6: it is not for one recipient",
            ),
            (
                |all| all[5].to.clear(),
                "mail 6: it is not for one recipient",
            ),
            (
                |all| *text(&mut all[1], 1) = text(&mut all[1], 1).replace("&lt;", "<"),
                "mail 2: text and page do not show",
            ),
            (
                |all| *text(&mut all[4], 0) = text(&mut all[4], 0).replace("1.081", "1,081"),
                "no mail in it says \"sta inondando",
            ),
            (
                |all| *text(&mut all[0], 1) = String::from("<p>x</p>"),
                "no mail in en says \"Blacklisted",
            ),
            (|all| drop(all[2].headers.pop()), "the threads in en are"),
            (
                |all| {
                    let thread = all[1].headers[2].clone();
                    all[0].headers.push(thread);
                },
                "the threads in en are",
            ),
        ];
        for (spoil, said) in rows {
            let mut all = right();
            spoil(&mut all);
            let mistakes = mails(&all).join("\n");
            assert!(mistakes.contains(said), "{said}: {mistakes}");
        }
        let mut all = right();
        for mail in &mut all[..3] {
            mail.recipients[0] = String::from("x@y.example");
            mail.to[0].1 = String::from("x@y.example");
        }
        assert!(mails(&all).join("\n").contains("are nobody's addresses"));
    }

    #[test]
    fn a_page_is_read_without_its_tags() {
        for (page, text) in [
            ("<p>a &amp;lt; <b>b</b></p>", "a &lt; b"),
            ("&lt;b&gt;R&amp;D &quot;lab&quot;&#39;", "<b>R&D \"lab\"'"),
            ("a <", "a "),
        ] {
            assert_eq!(visible(page), text);
        }
    }
}
