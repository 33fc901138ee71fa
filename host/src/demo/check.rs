//! What the receivers must have got, judged without any of the code that made it.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use serde_json::Value;
use sha2::Sha256;

use super::receivers::{Request, SIGNING_KEY, TOKEN};

/// What the texts must say, by language: blacklisted flow, flooder.
pub(super) const PHRASES: [(&str, [&str; 2]); 2] = [
    (
        "en",
        [
            "Blacklisted Flow",
            "is a flow flooder [1,081 > 256 flows sent]",
        ],
    ),
    (
        "it",
        [
            "Flusso in lista nera",
            "sta inondando la rete di flussi [1.081 > 256 flussi inviati]",
        ],
    ),
];

/// The flooder's name, which tries to be markup and must arrive as text.
pub(super) const NAME: &str = "<b>R&D \"lab\"</b>";

/// Everything that is wrong with what the Bot API server got.
pub(super) fn telegram(requests: &[Request]) -> Vec<String> {
    let mut mistakes = Vec::new();
    let mut texts: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut announced: BTreeMap<&str, usize> = BTreeMap::new();
    for (at, request) in requests.iter().enumerate() {
        let number = at + 1;
        let mut wrong =
            |what: String| mistakes.push(format!("Bot API server, request {number}: {what}"));
        if request.method != "POST" || request.path != format!("/bot{TOKEN}/sendMessage") {
            wrong(String::from(
                "not a POST of sendMessage with the bot's token",
            ));
        }
        let Ok(body) = serde_json::from_slice::<Value>(&request.body) else {
            wrong(String::from("the body is not JSON"));
            continue;
        };
        if body["parse_mode"] != "HTML" {
            wrong(String::from("parse_mode is not HTML"));
        }
        let language = match body["chat_id"].as_str() {
            Some("-1001") => "en",
            Some("-1002") => "it",
            other => {
                wrong(format!("chat {other:?} is nobody's"));
                continue;
            }
        };
        match visible(body["text"].as_str().unwrap_or_default()) {
            Ok(text) => {
                if text.contains(NAME) {
                    match (
                        announced.get(language),
                        body["reply_parameters"]["message_id"].as_u64(),
                    ) {
                        (None, None) => {
                            announced.insert(language, number);
                        }
                        (Some(first), Some(reply)) if reply == *first as u64 => {}
                        (first, reply) => {
                            wrong(format!("answers {reply:?}, but {first:?} announced it"));
                        }
                    }
                }
                texts.entry(language).or_default().push(text);
            }
            Err(what) => wrong(what),
        }
    }
    for (language, phrases) in PHRASES {
        let texts = texts.remove(language).unwrap_or_default();
        if texts.len() != 3 {
            mistakes.push(format!(
                "Bot API server: {} messages in {language}, expected 3",
                texts.len()
            ));
        }
        for phrase in phrases {
            if !texts.iter().any(|text| text.contains(phrase)) {
                mistakes.push(format!(
                    "Bot API server: no message in {language} says {phrase:?}"
                ));
            }
        }
    }
    mistakes
}

/// The text that Telegram would show, by its rules for HTML: <https://core.telegram.org/bots/api#html-style>.
fn visible(html: &str) -> Result<String, String> {
    let mut text = String::new();
    let mut open: Vec<&str> = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find(['<', '&', '>']) {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix('&') {
            let (name, after) = after.split_once(';').ok_or("an entity does not end")?;
            text.push(match name {
                "lt" => '<',
                "gt" => '>',
                "amp" => '&',
                "quot" => '"',
                other => return Err(format!("Telegram knows no entity &{other};")),
            });
            rest = after;
        } else if let Some(after) = rest.strip_prefix('<') {
            let (tag, after) = after.split_once('>').ok_or("a tag does not end")?;
            let name = tag
                .trim_start_matches('/')
                .split(' ')
                .next()
                .unwrap_or_default();
            if ![
                "b",
                "strong",
                "i",
                "em",
                "u",
                "s",
                "code",
                "pre",
                "a",
                "blockquote",
            ]
            .contains(&name)
            {
                return Err(format!("Telegram knows no tag <{tag}>"));
            }
            if tag.starts_with('/') {
                if open.pop() != Some(name) {
                    return Err(format!("<{tag}> closes nothing"));
                }
            } else {
                open.push(name);
            }
            rest = after;
        } else {
            return Err(String::from("a > stands alone"));
        }
    }
    text.push_str(rest);
    if open.is_empty() {
        Ok(text)
    } else {
        Err(format!("{open:?} stay open"))
    }
}

/// Everything that is wrong with what the webhook's receiver got.
pub(super) fn webhook(requests: &[Request]) -> Vec<String> {
    let mut mistakes = Vec::new();
    let mut titles: Vec<(String, String)> = Vec::new();
    for (at, request) in requests.iter().enumerate() {
        let mut wrong =
            |what: &str| mistakes.push(format!("webhook receiver, request {}: {what}", at + 1));
        if request.method != "POST" || request.path != "/hooks/campanile" {
            wrong("not a POST of the webhook's path");
        }
        if !signed(request) {
            wrong("the signature does not fit");
        }
        let Ok(body) = serde_json::from_slice::<Value>(&request.body) else {
            wrong("the body is not JSON");
            continue;
        };
        for alert in body["alerts"].as_array().into_iter().flatten() {
            let text = |name: &str| alert[name].as_str().unwrap_or_default().to_owned();
            if alert["kind"] == "flows_flood" && alert["entity"]["name"] != NAME {
                wrong("the flooder's name did not arrive as it is");
            }
            titles.push((text("title"), text("message")));
        }
    }
    for (language, phrases) in PHRASES {
        for phrase in phrases {
            if !titles
                .iter()
                .any(|(title, message)| title.contains(phrase) || message.contains(phrase))
            {
                mistakes.push(format!(
                    "webhook receiver: no alert in {language} says {phrase:?}"
                ));
            }
        }
    }
    if titles.len() != 6 {
        mistakes.push(format!(
            "webhook receiver: {} alerts, expected 6",
            titles.len()
        ));
    }
    mistakes
}

/// Standard Webhooks 1.0: HMAC-SHA256 over id, timestamp and body.
fn signed(request: &Request) -> bool {
    let header = |name: &str| {
        request
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    let Ok(key) = STANDARD.decode(SIGNING_KEY.trim_start_matches("whsec_")) else {
        return false;
    };
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key) else {
        return false;
    };
    mac.update(format!("{}.{}.", header("webhook-id"), header("webhook-timestamp")).as_bytes());
    mac.update(&request.body);
    let given = header("webhook-signature")
        .strip_prefix("v1,")
        .and_then(|given| STANDARD.decode(given).ok());
    given.is_some_and(|given| mac.verify_slice(&given).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Bytes;
    use axum::http::{HeaderMap, Method};

    #[test]
    fn only_what_telegram_would_show_passes() {
        let rows = [
            ("a <b>b</b> &lt;c&gt; &amp; &quot;", Ok("a b <c> & \"")),
            ("<a href=\"https://x\">x</a>", Ok("x")),
            ("a & b", Err(())),
            ("a > b", Err(())),
            ("<b>a", Err(())),
            ("</b>a", Err(())),
            ("<b><i>a</b></i>", Err(())),
            ("<script>a</script>", Err(())),
            ("&nbsp;", Err(())),
            ("a <", Err(())),
        ];
        for (html, expected) in rows {
            assert_eq!(
                visible(html).map_err(|_| ()),
                expected.map(str::to_owned),
                "{html}"
            );
        }
    }

    fn request(path: &str, headers: HeaderMap, body: &Value) -> Request {
        Request {
            method: Method::POST,
            path: path.to_owned(),
            headers,
            body: Bytes::from(body.to_string()),
        }
    }

    /// What a language's recipients are told: the flow, and the flooder's beginning and end.
    fn told(language: usize) -> [String; 3] {
        let (_, [flow, flood]) = PHRASES[language];
        [
            flow.to_owned(),
            format!("{NAME} {flood}"),
            format!("{NAME} has ended"),
        ]
    }

    fn escaped(text: &str) -> String {
        let text = text.replace('&', "&amp;").replace('<', "&lt;");
        text.replace('>', "&gt;").replace('"', "&quot;")
    }

    /// What the Bot API server must get.
    fn right_messages() -> Vec<Request> {
        let mut requests = Vec::new();
        for (language, chat) in ["-1001", "-1002"].into_iter().enumerate() {
            for (number, text) in told(language).iter().enumerate() {
                let mut body = serde_json::json!({
                    "chat_id": chat, "parse_mode": "HTML", "text": format!("<b>{}</b>", escaped(text)),
                });
                if number == 2 {
                    // The one before announced it; receivers count from 1.
                    body["reply_parameters"]["message_id"] = requests.len().into();
                }
                let path = format!("/bot{TOKEN}/sendMessage");
                requests.push(request(&path, HeaderMap::new(), &body));
            }
        }
        requests
    }

    fn sign(key: &str, body: &Value) -> HeaderMap {
        let key = STANDARD.decode(key.trim_start_matches("whsec_")).unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        mac.update(format!("id.7.{body}").as_bytes());
        let signature = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
        let mut headers = HeaderMap::new();
        headers.insert("webhook-id", "id".parse().unwrap());
        headers.insert("webhook-timestamp", "7".parse().unwrap());
        headers.insert("webhook-signature", signature.parse().unwrap());
        headers
    }

    fn alerts(language: usize) -> Value {
        let alerts = told(language).map(|text| {
            serde_json::json!({"kind": "flows_flood", "entity": {"name": NAME}, "title": text, "message": text})
        });
        serde_json::json!({ "alerts": alerts })
    }

    /// What the webhook's receiver must get.
    fn right_posts() -> Vec<Request> {
        [0, 1]
            .map(|language| {
                let body = alerts(language);
                request("/hooks/campanile", sign(SIGNING_KEY, &body), &body)
            })
            .into()
    }

    fn change(request: &mut Request, from: &str, to: &str) {
        let body = String::from_utf8(request.body.to_vec()).unwrap();
        assert!(body.contains(from), "{body}");
        request.body = Bytes::from(body.replace(from, to));
    }

    #[test]
    fn what_is_right_passes_and_each_thing_that_is_wrong_is_found() {
        assert_eq!(telegram(&right_messages()), [""; 0]);
        type Spoil = fn(&mut Vec<Request>);
        let rows: [(Spoil, &str); 9] = [
            (
                |all| all[3].path = all[3].path.replace("demo", "Demo"),
                "request 4: not a POST of sendMessage with the bot's token",
            ),
            (
                |all| all[0].method = Method::GET,
                "request 1: not a POST of sendMessage",
            ),
            (
                |all| change(&mut all[2], "\"message_id\":2", "\"message_id\":1"),
                "request 3: answers Some(1), but Some(2) announced it",
            ),
            (
                |all| change(&mut all[2], "reply_parameters", "reply"),
                "request 3: answers None, but Some(2) announced it",
            ),
            (
                |all| change(&mut all[1], "&amp;", "&"),
                "request 2: Telegram knows no entity",
            ),
            (
                |all| change(&mut all[5], "-1002", "-1001"),
                "2 messages in it, expected 3",
            ),
            (
                |all| change(&mut all[0], "-1001", "-1003"),
                "request 1: chat Some(\"-1003\") is nobody's",
            ),
            (
                |all| change(&mut all[4], "1.081", "1,081"),
                "no message in it says \"sta inondando",
            ),
            (|all| drop(all.pop()), "2 messages in it, expected 3"),
        ];
        for (spoil, said) in rows {
            let mut all = right_messages();
            spoil(&mut all);
            let mistakes = telegram(&all).join("\n");
            assert!(mistakes.contains(said), "{said}: {mistakes}");
        }

        assert_eq!(webhook(&right_posts()), [""; 0]);
        let rows: [(Spoil, &str); 7] = [
            (
                |all| change(&mut all[0], "Blacklisted", "blacklisted"),
                "request 1: the signature does not fit",
            ),
            (
                |all| {
                    all[1].headers = sign(
                        "whsec_YW5vdGhlci1zaWduaW5nLWtleS1vZi1ub2JvZHkhISE=",
                        &alerts(1),
                    );
                },
                "request 2: the signature does not fit",
            ),
            (
                |all| drop(all[1].headers.remove("webhook-signature")),
                "request 2: the signature does not fit",
            ),
            (
                |all| all[0].path.push('/'),
                "request 1: not a POST of the webhook's path",
            ),
            (
                |all| change(&mut all[0], "<b>R&D", "R&D"),
                "request 1: the flooder's name did not arrive as it is",
            ),
            (
                |all| change(&mut all[1], "lista nera", "lista bianca"),
                "no alert in it says \"Flusso in lista nera\"",
            ),
            (|all| drop(all.pop()), "3 alerts, expected 6"),
        ];
        for (spoil, said) in rows {
            let mut all = right_posts();
            spoil(&mut all);
            let mistakes = webhook(&all).join("\n");
            assert!(mistakes.contains(said), "{said}: {mistakes}");
        }
    }

    #[test]
    fn a_wrong_request_is_found() {
        let request = |path: &str, body: &str| Request {
            method: Method::POST,
            path: path.to_owned(),
            headers: HeaderMap::new(),
            body: Bytes::from(body.to_owned()),
        };
        let sent = format!("/bot{TOKEN}/sendMessage");
        for (path, body, what) in [
            ("/bot1/sendMessage", "{}", "the bot's token"),
            (sent.as_str(), "{", "not JSON"),
            (
                sent.as_str(),
                r#"{"chat_id":"-1001","text":"x"}"#,
                "parse_mode",
            ),
            (
                sent.as_str(),
                r#"{"chat_id":"-1001","text":"<","parse_mode":"HTML"}"#,
                "does not end",
            ),
        ] {
            let mistakes = telegram(&[request(path, body)]).join("\n");
            assert!(mistakes.contains(what), "{body}: {mistakes}");
        }
        assert!(
            webhook(&[request("/hooks/campanile", "{}")])
                .join("\n")
                .contains("signature")
        );
    }
}
