//! What Slack and Discord must have got, judged without any of the code that made it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::check::{NAME, PHRASES};
use super::super::receivers::Request;
use super::{BOT_TOKEN, PLACES, WEBHOOK};

/// The id of a message, by its request's number: as Slack writes it.
pub(super) fn ts(number: usize) -> String {
    format!("{}.000{number:03}", 1_720_517_000 + number)
}

/// What one place was told.
#[derive(Default)]
struct Told {
    texts: Vec<String>,
    /// The message that announced the flooder, and whether it told nothing else.
    announced: Option<(usize, bool)>,
}

/// Everything that is wrong with what Slack got.
pub(super) fn slack(requests: &[Request]) -> Vec<String> {
    let (mut mistakes, mut told) = (Vec::new(), BTreeMap::<&str, Told>::new());
    for (at, request) in requests.iter().enumerate() {
        let mut wrong =
            |what: &str| mistakes.push(format!("Slack server, request {}: {what}", at + 1));
        let token = request.headers.get("authorization").map(|it| it.as_bytes());
        if request.method != "POST"
            || request.path != "/api/chat.postMessage"
            || token != Some(format!("Bearer {BOT_TOKEN}").as_bytes())
        {
            wrong("not a POST of chat.postMessage with the bot's token");
        }
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let place = PLACES
            .iter()
            .find(|(_, _, channel, _)| body["channel"] == *channel);
        let Some((language, ..)) = place else {
            wrong("the channel is nobody's");
            continue;
        };
        let blocks = body["blocks"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        if !(1..=50).contains(&blocks.len()) || body["text"].as_str().unwrap_or_default().is_empty()
        {
            wrong("not 1 to 50 blocks with a text for phones");
        }
        let told = told.entry(language).or_default();
        let cards = blocks
            .iter()
            .filter(|block| block["type"] == "header")
            .count();
        let mut text = String::new();
        for block in blocks {
            let limit = if block["type"] == "header" { 150 } else { 3000 };
            let elements = block["elements"]
                .as_array()
                .map(Vec::as_slice)
                .unwrap_or_default();
            for object in elements.iter().chain(block.get("text")) {
                let written = object["text"].as_str().unwrap_or_default();
                if !(1..=limit).contains(&written.chars().count()) {
                    wrong("a text is empty or too long");
                }
                match read_mrkdwn(written, object["type"] == "plain_text") {
                    Ok(read) => text.extend([read.as_str(), "\n"]),
                    Err(what) => wrong(what),
                }
            }
        }
        if text.contains(NAME) {
            let thread = body["thread_ts"].as_str().map(str::to_owned);
            let expected = told.announced.map(|(number, _)| ts(number));
            if thread != expected {
                wrong("not in the thread of the message that announced the condition");
            }
            told.announced.get_or_insert((at + 1, cards == 1));
        }
        told.texts.extend(std::iter::repeat_n(text, cards));
    }
    mistakes.extend(missing("Slack server", &told));
    mistakes
}

/// Everything that is wrong with what Discord got.
pub(super) fn discord(requests: &[Request]) -> Vec<String> {
    let (mut mistakes, mut told) = (Vec::new(), BTreeMap::<&str, Told>::new());
    for (at, request) in requests.iter().enumerate() {
        let mut wrong =
            |what: &str| mistakes.push(format!("Discord server, request {}: {what}", at + 1));
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        let place = PLACES.iter().find(|(_, _, _, thread)| {
            query
                .split('&')
                .any(|field| field == format!("thread_id={thread}"))
        });
        let Some((language, ..)) = place else {
            wrong("the thread is nobody's");
            continue;
        };
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        if body["allowed_mentions"]["parse"]
            .as_array()
            .is_none_or(|all| !all.is_empty())
        {
            wrong("somebody may be called");
        }
        let embeds = body["embeds"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        if !(1..=10).contains(&embeds.len()) {
            wrong("not 1 to 10 embeds");
        }
        let told = told.entry(language).or_default();
        let (mut text, mut characters) = (String::new(), 0);
        for embed in embeds {
            for (written, limit) in [(&embed["title"], 256), (&embed["description"], 4096)] {
                let written = written.as_str().unwrap_or_default();
                let count = written.chars().count();
                characters += count;
                if !(1..=limit).contains(&count) {
                    wrong("a text is empty or too long");
                }
                text.extend([read_markdown(written).as_str(), "\n"]);
            }
            if embed["color"].as_u64().is_none() {
                wrong("an embed has no colour");
            }
        }
        if characters > 6000 {
            wrong("more than 6000 characters");
        }
        let mut expected = (String::from("POST"), WEBHOOK.to_owned());
        if text.contains(NAME) {
            if let Some((number, true)) = told.announced {
                expected = (
                    String::from("PATCH"),
                    format!("{WEBHOOK}/messages/{number}"),
                );
            }
            told.announced.get_or_insert((at + 1, embeds.len() == 1));
        }
        if (request.method.as_str(), path) != (&expected.0, &expected.1) {
            wrong(
                "neither a message of the webhook nor an edit of the one that announced the condition",
            );
        }
        told.texts.extend(std::iter::repeat_n(text, embeds.len()));
    }
    mistakes.extend(missing("Discord server", &told));
    mistakes
}

fn missing(server: &str, told: &BTreeMap<&str, Told>) -> Vec<String> {
    let mut mistakes = Vec::new();
    for (language, phrases) in PHRASES {
        let none = Vec::new();
        let texts = told.get(language).map_or(&none, |told| &told.texts);
        if texts.len() != 3 {
            mistakes.push(format!(
                "{server}: {} alerts in {language}, expected 3",
                texts.len()
            ));
        }
        for phrase in phrases {
            if !texts.iter().any(|text| text.contains(phrase)) {
                mistakes.push(format!("{server}: no alert in {language} says {phrase:?}"));
            }
        }
    }
    mistakes
}

/// The text that Slack would show: <https://docs.slack.dev/messaging/formatting-message-text>.
fn read_mrkdwn(text: &str, plain: bool) -> Result<String, &'static str> {
    if plain {
        return Ok(text.to_owned());
    }
    let escapes = ["&amp;", "&lt;", "&gt;"];
    let bare = escapes
        .iter()
        .fold(text.to_owned(), |text, it| text.replace(it, ""));
    if bare.contains(['<', '>', '&']) {
        return Err("a sign of Slack's markup is not escaped");
    }
    let read = text
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&");
    Ok(read.replace('\u{200b}', ""))
}

/// The text that Discord would show where every sign is escaped.
fn read_markdown(text: &str) -> String {
    let mut read = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        read.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    read
}

#[cfg(test)]
mod tests {
    use axum::body::Bytes;
    use axum::http::{HeaderMap, Method};
    use serde_json::json;

    use super::*;

    fn request(method: &str, path: &str, body: &Value) -> Request {
        let mut headers = HeaderMap::new();
        let token = format!("Bearer {BOT_TOKEN}");
        headers.insert("authorization", token.parse().unwrap());
        Request {
            method: method.parse::<Method>().unwrap(),
            path: path.to_owned(),
            headers,
            body: Bytes::from(body.to_string()),
        }
    }

    /// The flow with the flooder's beginning, and its end.
    fn told(language: usize) -> [Vec<String>; 2] {
        let (_, [flow, flood]) = PHRASES[language];
        [
            vec![flow.to_owned(), format!("{NAME} {flood}")],
            vec![format!("{NAME} is over")],
        ]
    }

    fn to_slack() -> Vec<Request> {
        let mut requests = Vec::new();
        for (language, (_, _, channel, _)) in PLACES.iter().enumerate() {
            for (part, texts) in told(language).iter().enumerate() {
                let mut blocks = Vec::new();
                for text in texts {
                    let text = text
                        .replace('&', "&amp;")
                        .replace('<', "&lt;")
                        .replace('>', "&gt;");
                    blocks.push(
                        json!({"type": "header", "text": {"type": "plain_text", "text": "T"}}),
                    );
                    blocks
                        .push(json!({"type": "section", "text": {"type": "mrkdwn", "text": text}}));
                }
                let mut body = json!({"channel": channel, "text": "T", "blocks": blocks});
                if part == 1 {
                    body["thread_ts"] = ts(requests.len()).into();
                }
                requests.push(request("POST", "/api/chat.postMessage", &body));
            }
        }
        requests
    }

    fn to_discord() -> Vec<Request> {
        let mut requests = Vec::new();
        for (language, (_, _, _, thread)) in PLACES.iter().enumerate() {
            for texts in told(language) {
                let embed = |text: &String| {
                    let text = text.replace('<', "\\<").replace('[', "\\[");
                    json!({"title": "T", "description": text, "color": 1})
                };
                let embeds: Vec<_> = texts.iter().map(embed).collect();
                let body = json!({"embeds": embeds, "allowed_mentions": {"parse": []}});
                let path = format!("{WEBHOOK}?wait=true&thread_id={thread}");
                requests.push(request("POST", &path, &body));
            }
        }
        requests
    }

    fn change(request: &mut Request, from: &str, to: &str) {
        let body = String::from_utf8(request.body.to_vec()).unwrap();
        assert!(body.contains(from), "{body}");
        request.body = Bytes::from(body.replace(from, to));
    }

    type Spoil = fn(&mut Vec<Request>);

    #[test]
    fn what_is_right_for_slack_passes_and_each_thing_that_is_wrong_is_found() {
        assert_eq!(slack(&to_slack()), [""; 0]);
        let rows: [(Spoil, &str); 8] = [
            (|all| all[0].method = Method::GET, "request 1: not a POST"),
            (
                |all| drop(all[1].headers.remove("authorization")),
                "request 2: not a POST",
            ),
            (
                |all| change(&mut all[1], "000001", "000002"),
                "request 2: not in the thread",
            ),
            (
                |all| change(&mut all[3], "thread_ts", "thread"),
                "request 4: not in the thread",
            ),
            (
                |all| change(&mut all[0], "&lt;", "<"),
                "request 1: a sign of Slack's markup",
            ),
            (
                |all| change(&mut all[0], "C0001", "C0003"),
                "request 1: the channel is nobody's",
            ),
            (
                |all| change(&mut all[2], "1.081", "1,081"),
                "no alert in it says \"sta inondando",
            ),
            (|all| drop(all.pop()), "2 alerts in it, expected 3"),
        ];
        for (spoil, said) in rows {
            let mut all = to_slack();
            spoil(&mut all);
            let mistakes = slack(&all).join("\n");
            assert!(mistakes.contains(said), "{said}: {mistakes}");
        }
    }

    #[test]
    fn what_is_right_for_discord_passes_and_each_thing_that_is_wrong_is_found() {
        assert_eq!(discord(&to_discord()), [""; 0]);
        let rows: [(Spoil, &str); 7] = [
            (
                |all| all[0].method = Method::GET,
                "request 1: neither a message",
            ),
            (
                |all| all[1].path = all[1].path.replace("demo", "Demo"),
                "request 2: neither a message",
            ),
            (
                |all| change(&mut all[0], "\"parse\":[]", "\"parse\":[\"users\"]"),
                "request 1: somebody",
            ),
            (
                |all| all[0].path = all[0].path.replace("1001", "1003"),
                "request 1: the thread is nobody's",
            ),
            (
                |all| change(&mut all[0], "\"color\"", "\"colour\""),
                "request 1: an embed has no colour",
            ),
            (
                |all| change(&mut all[2], "lista nera", "lista bianca"),
                "no alert in it says \"Flusso",
            ),
            (|all| drop(all.pop()), "2 alerts in it, expected 3"),
        ];
        for (spoil, said) in rows {
            let mut all = to_discord();
            spoil(&mut all);
            let mistakes = discord(&all).join("\n");
            assert!(mistakes.contains(said), "{said}: {mistakes}");
        }
        // What was announced alone is edited.
        let mut alone = to_discord();
        let both: Value = serde_json::from_slice(&alone[0].body).unwrap();
        for (at, embed) in both["embeds"].as_array().unwrap().iter().enumerate() {
            let body = json!({"embeds": [embed], "allowed_mentions": {"parse": []}});
            let message = request("POST", &alone[0].path.clone(), &body);
            alone.insert(at, message);
        }
        alone.remove(2);
        assert!(
            discord(&alone)
                .join("\n")
                .contains("request 3: neither a message")
        );
        let path = format!("{WEBHOOK}/messages/2?thread_id=1001");
        alone[2] = Request {
            method: Method::PATCH,
            path,
            ..alone[2].clone()
        };
        assert_eq!(discord(&alone), [""; 0]);
    }
}
