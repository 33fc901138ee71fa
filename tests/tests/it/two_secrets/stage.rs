//! Who is there: destinations that answer well, repeat what they got, redirect, garble and hang up. They stay where
//! they are for both runs, so that no address differs.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use campanile::clock::Clock;
use campanile_tests::fakes::{Bucket, Discord, Slack, Telegram};
use campanile_tests::smtp::{Mailbox, Security, USER, known};
use campanile_tests::{Behaviour, Receiver, Request};
use serde_json::{Value, json};

use super::values::Variant;

/// How destinations answer, by their name.
const BEHAVIOURS: [&str; 6] = ["well", "echo-404", "echo-500", "redirect", "garbled", "cut"];

/// How the liars' destination writes what it got, by the beginning of the path.
const SPELLINGS: [&str; 6] = ["plain", "percent", "form", "json", "html", "base64"];

/// What a component sends rightly, and then tells what it read.
const TELLING: [&str; 3] = [
    "token-in-the-path-and-tells",
    "password-in-its-place-and-tells",
    "key-in-its-place-and-tells",
];

/// Every other way to get at a secret, or to learn of its length: a hole counts at its largest, so that each of the
/// last three is sent or refused whatever the value.
const PRYING: [&str; 29] = [
    "reads-everything",
    "renames-a-secret",
    "other-token-to-its-own-origin",
    "token-to-set-webhook",
    "token-in-another-path",
    "token-to-another-origin",
    "other-token-to-the-first-origin",
    "token-in-the-host",
    "token-in-the-port",
    "token-in-the-scheme",
    "token-as-the-url",
    "token-in-the-fragment",
    "token-in-the-text",
    "token-in-the-json",
    "token-in-a-form",
    "token-in-the-query",
    "token-in-another-header",
    "token-as-authorization",
    "token-as-user",
    "password-as-a-key",
    "token-as-a-webhook-key",
    "key-in-a-header",
    "key-in-the-text",
    "key-signs-into-the-host-header",
    "an-unknown-secret",
    "token-logs-in-to-a-mail-server",
    "token-beside-12276",
    "token-beside-12277",
    "token-beside-16350",
];

/// The liar that reads half a secret: what it tells has to differ, or nothing here could find anything.
pub(super) const LEAK: &str = "half-token-in-the-path-and-tells";

/// What stands before it.
pub(super) const HALF: &str = "half of it: ";

/// What Discord was seen to say.
const BUCKET: Bucket = Bucket {
    limit: 5,
    window: 2_000,
};

/// All destinations.
pub(super) struct Stage {
    telegram: Telegram,
    slack: Slack,
    discord: Discord,
    /// By how they answer.
    pub(super) others: Vec<(&'static str, Receiver)>,
    /// Where liars send what they know.
    pub(super) liars: Receiver,
    pub(super) mailbox: Option<Mailbox>,
}

/// What is configured.
pub(super) struct Wanted {
    pub(super) desired: Value,
    /// The recipients that send one message, which may fail and be tried again.
    pub(super) honest: Vec<String>,
    /// Those that may send a second one, and are done then.
    pub(super) liars: Vec<String>,
}

impl Stage {
    pub(super) async fn start() -> Self {
        // Until a run begins, nobody looks at it.
        let clock = Clock::manual(0);
        let mut others = Vec::new();
        for name in BEHAVIOURS {
            others.push((name, Receiver::start([], behaviour(name)).await));
        }
        Self {
            telegram: Telegram::start(&clock, &[]).await,
            slack: Slack::start(&clock, &[]).await,
            discord: Discord::start(&clock, BUCKET, &[]).await,
            others,
            liars: Receiver::start([], Behaviour::choose(repeated)).await,
            mailbox: Mailbox::start(known(Security::StartTls, &["PLAIN", "LOGIN"])).await,
        }
    }

    /// Everything anew, with these values.
    pub(super) async fn renew(&self, clock: &Clock, variant: Variant) {
        let secret = |name| variant.value(name);
        self.telegram
            .renew(clock, &["-100"], secret("telegram-token"));
        let (token, path) = (secret("slack-token"), secret("slack-path"));
        self.slack.renew(clock, &["C1"], token, path);
        self.discord
            .renew(clock, BUCKET, &[], secret("discord-token"));
        if let Some(mailbox) = &self.mailbox {
            let password = secret("mail-password");
            let login = STANDARD.encode(format!("\0{USER}\0{password}"));
            let refuse = json!({
                "plain@campanile.example": format!("550 5.1.1 You said {password}"),
                "base64@campanile.example": format!("450 4.1.1 You said AUTH PLAIN {login}"),
            });
            mailbox
                .change(&json!({"password": password, "refuse": refuse}))
                .await;
        }
    }

    /// Every built-in endpoint with every kind of secret at every destination, and the liars.
    pub(super) fn wanted(&self, variant: Variant) -> Wanted {
        let mut wanted = Wanted {
            desired: json!({"tokens": [{"name": "producer", "role": "ingest",
                "value": variant.value("ingest-token")}]}),
            honest: Vec::new(),
            liars: Vec::new(),
        };
        let (mut endpoints, mut recipients) = (Vec::new(), Vec::new());
        let mut add = |name: &str, component: &str, params: Value, own: Value| {
            endpoints.push(json!({"name": name, "component": component, "params": params}));
            recipients.push(json!({"name": name, "endpoint": name, "params": own,
                "language": "it", "time_zone": "Europe/Rome"}));
            name.to_owned()
        };
        for (component, params, own) in [
            ("telegram", self.telegram.bot(), json!({"chat": "-100"})),
            ("slack", self.slack.bot(), json!({"channel": "C1"})),
            ("discord", self.discord.webhook(), json!({})),
        ] {
            wanted.honest.push(add(component, component, params, own));
        }
        let name = add("slack-hook", "slack", self.slack.webhook(), json!({}));
        wanted.honest.push(name);
        for (behaviour, receiver) in &self.others {
            for (at, (component, params, own)) in builtin(receiver, variant).into_iter().enumerate()
            {
                let name = add(
                    &format!("{component}-{at}-{behaviour}"),
                    component,
                    params,
                    own,
                );
                wanted.honest.push(name);
            }
        }
        let spelt = SPELLINGS
            .iter()
            .flat_map(|spelling| TELLING.map(|how| (format!("{spelling}-{how}"), how)));
        let prying = PRYING.map(|how| (format!("plain-{how}"), how));
        let leak = (LEAK.to_owned(), TELLING[0]);
        for (name, how) in spelt.chain(prying).chain([leak]) {
            let secret = |name| variant.value(name);
            let url = self.liars.url(&format!("/{name}"));
            let params = json!({
                "url": url, "other": self.liars.url(""), "token": secret("liar-token"),
                "other_token": secret("liar-other-token"), "password": secret("liar-password"),
                "key": secret("liar-key"),
            });
            wanted
                .liars
                .push(add(&name, "liar", params, json!({"how": how})));
        }
        if let Some(mailbox) = &self.mailbox {
            let password = variant.value("mail-password");
            let wrong = &password[1..];
            for (name, to, password) in [
                ("mail-well", "noc", password),
                ("mail-plain", "plain", password),
                ("mail-base64", "base64", password),
                ("mail-wrong", "noc", wrong),
            ] {
                let params = json!({"server": mailbox.url(), "from": USER, "user": USER,
                    "password": password});
                let own = json!({"to": format!("{to}@campanile.example")});
                let name = add(name, "email", params, own);
                wanted.honest.push(name);
            }
        }
        let receivers = self.others.iter().map(|(_, receiver)| receiver);
        let fakes = [
            self.telegram.receiver(),
            self.slack.receiver(),
            self.discord.receiver(),
            &self.liars,
        ];
        let mut openings: Vec<_> = receivers.chain(fakes).map(Receiver::opening).collect();
        openings.extend(self.mailbox.as_ref().map(Mailbox::opening));
        wanted.desired["endpoints"] = endpoints.into();
        wanted.desired["recipients"] = recipients.into();
        wanted.desired["networks"] = json!([{"allow": openings}]);
        wanted
    }

    /// What each destination got since the first run began.
    pub(super) fn received(&self) -> Vec<(&'static str, Vec<Request>)> {
        let fakes = [
            ("telegram", self.telegram.receiver()),
            ("slack", self.slack.receiver()),
            ("discord", self.discord.receiver()),
            ("liars", &self.liars),
        ];
        let others = self.others.iter().map(|(name, receiver)| (*name, receiver));
        let all = fakes.into_iter().chain(others);
        all.map(|(name, receiver)| (name, receiver.received()))
            .collect()
    }
}

/// An endpoint of each kind with all the secrets that there are, for this destination.
fn builtin(receiver: &Receiver, variant: Variant) -> Vec<(&'static str, Value, Value)> {
    let secret = |name| variant.value(name);
    let at = |name| receiver.url(secret(name));
    let none = || json!({});
    vec![
        (
            "telegram",
            json!({"token": secret("telegram-token"), "api": receiver.url("")}),
            json!({"chat": "-100"}),
        ),
        (
            "slack",
            json!({"token": secret("slack-token"), "api": receiver.url("")}),
            json!({"channel": "C1"}),
        ),
        ("slack", json!({"webhook": at("slack-path")}), none()),
        (
            "discord",
            json!({"webhook": receiver.url(&format!("/api/webhooks/1/{}", secret("discord-token")))}),
            none(),
        ),
        (
            "webhook",
            json!({
                "url": at("url-path"), "bearer": secret("bearer"), "headers": {"X-Key": secret("header")},
                "signing": "standard-webhooks", "signing_key": secret("signing-key"),
            }),
            none(),
        ),
        (
            "webhook",
            json!({
                "url": receiver.url("/basic"), "user": "user", "password": secret("password"),
                "signing": "hmac-sha256", "signing_key": secret("signing-text"),
            }),
            none(),
        ),
        (
            "webhook",
            json!({
                "url": receiver.url("/shared"), "body": "ntopng",
                "shared_secret": secret("shared-secret"),
            }),
            none(),
        ),
    ]
}

fn behaviour(name: &str) -> Behaviour {
    let echo = |status: u16| {
        Behaviour::choose(move |request| {
            let path = vec![(String::from("x-request-path"), request.path.clone())];
            Behaviour::Answer(status, path, whole(request))
        })
    };
    match name {
        // As much of every service's answer as its endpoint looks at.
        "well" => Behaviour::json(
            200,
            &json!({"ok": true, "result": {"message_id": 7}, "ts": "1.2", "id": "9"}),
        ),
        "echo-404" => echo(404),
        "echo-500" => echo(500),
        "redirect" => Behaviour::choose(|request| {
            let to = format!("http://127.0.0.1:1{}", request.path);
            Behaviour::with_header(302, "location", &to)
        }),
        "garbled" => Behaviour::choose(|request| {
            Behaviour::Raw([b"220 you sent ".to_vec(), whole(request)].concat())
        }),
        _ => Behaviour::Close,
    }
}

/// What the liars' destination answers.
fn repeated(request: &Request) -> Behaviour {
    let token = request.header("x-token").unwrap_or_default();
    let spelling = request.path.trim_start_matches('/').split('-').next();
    let text = String::from_utf8_lossy(&whole(request)).into_owned();
    let json = Value::from(text.as_str()).to_string();
    let percent = |space: &str, keep: fn(&u8) -> bool| {
        let one = |byte: u8| match byte {
            b' ' => space.to_owned(),
            byte if keep(&byte) => char::from(byte).to_string(),
            byte => format!("%{byte:02x}"),
        };
        text.bytes().map(one).collect::<String>()
    };
    let body = match spelling {
        Some("percent") => percent("%20", |byte| byte.is_ascii_graphic() && *byte != b'%'),
        Some("form") => percent("+", u8::is_ascii_alphanumeric),
        // As PHP and Python write it.
        Some("json") => json
            .replace('/', "\\/")
            .chars()
            .map(|c| {
                if c.is_ascii() {
                    c.to_string()
                } else {
                    format!("\\u{:04x}", c as u32)
                }
            })
            .collect(),
        Some("html") => text
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
            .replace('"', "&#34;"),
        Some("base64") => STANDARD.encode(&text),
        Some("half") => {
            let half = token.floor_char_boundary(token.len() / 2);
            format!("{HALF}{}", &token[..half])
        }
        _ => text,
    };
    Behaviour::Answer(200, Vec::new(), body.into_bytes())
}

/// All that the destination knows, for a page that repeats it.
pub(super) fn whole(request: &Request) -> Vec<u8> {
    let mut text = format!("{} {}\n", request.method, request.path).into_bytes();
    for (name, value) in &request.headers {
        text.extend(format!("{name}: {value}\n").as_bytes());
    }
    text.push(b'\n');
    text.extend(&request.body);
    text
}
