//! A request in text: the URL, header lines, an empty line and a body. `{token}` in it is a hole for that
//! secret, percent-encoded in the URL and as a JSON string elsewhere.

use std::sync::{Arc, LazyLock};

use campanile::egress::{Sender, rehearse, shown};
use campanile::message::{Body, Encoding, HttpRequest, Message, Part, Template};
use campanile_contract::manifest::Place;
use url::Url;

use crate::NOW;
use crate::sender::sender;

const HOST: &str = "api.example";

static SENDER: LazyLock<Arc<Sender>> =
    LazyLock::new(|| sender(&format!("https://{HOST}"), "smtps://mail.example"));

/// What is let through goes to the granted origin and paths, with headers that are a component's to set and
/// secrets where the manifest lets them stand.
///
/// # Panics
///
/// Where that is not so.
#[must_use]
pub fn run(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else {
        return false;
    };
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let (url, lines) = head.split_once('\n').unwrap_or((head, ""));
    let headers: Vec<(&str, &str)> = lines
        .split('\n')
        .filter_map(|line| line.split_once(": "))
        .collect();
    let message = Message::Http(HttpRequest {
        method: String::from("POST"),
        url: template(url, Encoding::Percent),
        query: Vec::new(),
        headers: headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), template(value, Encoding::Raw)))
            .collect(),
        auth: Vec::new(),
        body: Body::Text(template(body, Encoding::JsonString)),
    });
    is_fit_to_print(&shown(&message));
    let Ok(rehearsed) = rehearse(&SENDER, &message, NOW) else {
        return false;
    };
    if !url.starts_with("{hook}") {
        leads_to_what_was_granted(url);
    }
    for (name, value) in headers {
        let name = name.to_ascii_lowercase();
        let owned = [
            "host",
            "content-length",
            "transfer-encoding",
            "connection",
            "cookie",
            "te",
        ];
        assert!(!owned.contains(&name.as_str()), "{name}");
        assert!(
            !name.starts_with("proxy-") && name != "authorization",
            "{name}"
        );
        assert!(!value.contains(['\r', '\0']), "{name}: {value:?}");
    }
    for (name, place) in rehearsed.stands {
        let may = match (name.as_str(), &place) {
            ("token", Place::Path) | ("hook", Place::WholeUrl) => true,
            ("token", Place::Query(name)) => name == "key",
            ("token", Place::Header(name)) => name == "x-token",
            ("token", Place::Json(pointer)) => pointer == "/auth/token",
            _ => false,
        };
        assert!(may, "{name} stands in {place}");
    }
    true
}

/// Nothing in it moves a terminal's cursor or turns text around.
pub(crate) fn is_fit_to_print(shown: &str) {
    let moves = |char: char| char.is_control() && !matches!(char, '\n' | '\t');
    let turns = |char: char| matches!(char, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    assert!(
        !shown.contains(|char| moves(char) || turns(char)),
        "{shown:?}"
    );
}

/// By the parser of browsers, and by the path's own spelling.
fn leads_to_what_was_granted(url: &str) {
    let filled = url.replace("{token}", "x").replace("{hook}", "y");
    let parsed = Url::parse(&filled).expect("what was let through is a URL");
    assert_eq!(parsed.host_str(), Some(HOST), "{url}");
    assert_eq!(parsed.port_or_known_default(), Some(443), "{url}");
    assert_eq!((parsed.username(), parsed.password()), ("", None), "{url}");
    let segments: Vec<&str> = parsed.path_segments().expect("a path").collect();
    let granted = match segments[..] {
        ["send"] => true,
        [bot, "send"] if bot.starts_with("bot") => true,
        ["f", _] => true,
        _ => false,
    };
    assert!(granted, "{url} leads to {}", parsed.path());
}

fn template(text: &str, encoding: Encoding) -> Template {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, name, behind)) = hole(rest) {
        // A URL that is one secret is not encoded.
        let encoding = if name == "hook" {
            Encoding::Raw
        } else {
            encoding
        };
        if !before.is_empty() {
            parts.push(Part::Text(before.to_owned()));
        }
        parts.push(Part::Secret(name.to_owned(), encoding));
        rest = behind;
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest.to_owned()));
    }
    parts
}

fn hole(text: &str) -> Option<(&str, &str, &str)> {
    let holes = ["token", "hook"].map(|name| {
        let written = format!("{{{name}}}");
        let at = text.find(&written)?;
        Some((&text[..at], name, &text[at + written.len()..]))
    });
    holes
        .into_iter()
        .flatten()
        .min_by_key(|(before, ..)| before.len())
}
