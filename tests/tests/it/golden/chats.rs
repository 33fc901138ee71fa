//! What Slack, both ways, and Discord get from the whole program. People read there what they read in Telegram.

use campanile_tests::fakes::{Bucket, Discord, Slack};
use campanile_tests::{Receiver, World};
use serde_json::{Value, json};

use super::alerts::{Case, URL, cases};
use super::setup::{A_PACE, LANGUAGES, held};
use campanile_tests::markup;

use super::{files, requests};

const ENDPOINTS: [&str; 3] = ["slack_webhook", "slack_bot", "discord"];

/// One for each case, endpoint and language.
pub(super) fn files() -> impl Iterator<Item = String> {
    cases().into_iter().flat_map(|case| {
        LANGUAGES.iter().flat_map(move |(language, _)| {
            ENDPOINTS.map(|endpoint| file(endpoint, &case, language))
        })
    })
}

fn file(endpoint: &str, case: &Case, language: &str) -> String {
    format!("{endpoint}/{}.{language}.http", case.name)
}

/// `URL` as it may stand in a link of Slack's. Discord would take no message with it as a link.
const URL_IN_SLACK: &str = "https://ntopng.example/lua?a=1&b=%22%3C%3E%27&amp;%{x}";

/// When each case's alerts began, in UTC.
fn began(case: &Case) -> &'static str {
    match case.name {
        "blacklisted_flow" => "2024-07-09T09:24:34.000Z",
        "flood_attacker" | "flood_victim" => "2024-07-09T09:23:20.000Z",
        _ => "2026-01-02T03:00:00.000Z",
    }
}

/// What is read in Discord: a link is behind the title, the time beside the last line, and an address that
/// cannot be a link above it.
fn in_discord(case: &Case, text: &str) -> markup::Seen {
    let hostile = case.links.iter().any(|link| link == URL);
    let mut lines: Vec<&str> = text.split('\n').collect();
    if !case.links.is_empty() {
        lines.pop();
    }
    let last = lines.pop().expect("a line");
    let (last, _time) = last.rsplit_once(" \u{B7} ").expect("a time");
    if hostile {
        lines.push(URL);
    }
    lines.push(last);
    markup::Seen {
        text: lines.join("\n"),
        links: if hostile {
            Vec::new()
        } else {
            case.links.clone()
        },
    }
}

fn in_slack(case: &Case, text: &str) -> markup::Seen {
    let links = case.links.iter();
    let written = |link: &String| {
        if link == URL {
            URL_IN_SLACK.to_owned()
        } else {
            link.clone()
        }
    };
    markup::Seen {
        text: text.to_owned(),
        links: links.map(written).collect(),
    }
}

struct Destinations {
    webhook: Slack,
    bot: Slack,
    discord: Discord,
}

impl Destinations {
    async fn start(world: &World) -> Self {
        let bucket = Bucket {
            limit: 5,
            window: 2_000,
        };
        Self {
            webhook: Slack::start(&world.clock, &[]).await,
            bot: Slack::start(&world.clock, &["C1"]).await,
            discord: Discord::start(&world.clock, bucket, &[]).await,
        }
    }

    fn receivers(&self) -> [(&'static str, &Receiver); 3] {
        let all = [
            self.webhook.receiver(),
            self.bot.receiver(),
            self.discord.receiver(),
        ];
        let mut receivers = ENDPOINTS.into_iter().zip(all);
        std::array::from_fn(|_| receivers.next().expect("three of each"))
    }
}

fn desired(all: &[Destinations]) -> Value {
    let (mut endpoints, mut recipients, mut openings) = (Vec::new(), Vec::new(), Vec::new());
    for ((language, time_zone), there) in LANGUAGES.iter().zip(all) {
        for (name, component, params, own) in [
            ("slack-webhook", "slack", there.webhook.webhook(), json!({})),
            (
                "slack-bot",
                "slack",
                there.bot.bot(),
                json!({"channel": "C1"}),
            ),
            ("discord", "discord", there.discord.webhook(), json!({})),
        ] {
            let name = format!("{name}-{language}");
            endpoints.push(json!({"name": name, "component": component, "params": params}));
            recipients.push(json!({"name": name, "endpoint": name, "params": own,
                "language": language, "time_zone": time_zone}));
        }
        let receivers = there.receivers().into_iter();
        openings.extend(receivers.map(|(_, receiver)| receiver.opening()));
    }
    json!({"endpoints": endpoints, "recipients": recipients, "networks": [{"allow": openings}]})
}

#[tokio::test]
async fn slack_and_discord_are_told_in_every_language_what_telegram_is() {
    let world = held().start().await;
    for case in cases() {
        let mut all = Vec::new();
        for _ in LANGUAGES {
            all.push(Destinations::start(&world).await);
        }
        world
            .apply(desired(&all), "en")
            .await
            .expect("it is applied");
        for body in &case.news {
            let token = Some(world.contact.ingest_token.as_str());
            let posted = world.post_raw(case.path, token, body.to_string()).await;
            assert_eq!(posted.status, 202, "{}: {:?}", case.name, posted.body);
            world.wait_until_empty().await;
            world.advance(A_PACE);
        }
        for (at, ((language, _), there)) in LANGUAGES.iter().zip(&all).enumerate() {
            for (endpoint, receiver) in there.receivers() {
                let shown = requests::shown(&receiver.received());
                files::check(&file(endpoint, &case, language), &shown);
            }
            let texts = &case.texts[at];
            let read = |slack: &Slack| -> Vec<_> {
                slack
                    .posted()
                    .iter()
                    .map(|it| markup::slack(&it.payload))
                    .collect()
            };
            let expected: Vec<_> = texts.iter().map(|text| in_slack(&case, text)).collect();
            assert_eq!(
                read(&there.webhook),
                expected,
                "{} in {language}",
                case.name
            );
            assert_eq!(read(&there.bot), expected, "{} in {language}", case.name);
            in_one_thread(&there.bot, texts.len());
            edited(&case, there, texts);
        }
        assert!(world.dead_letters().await.is_empty(), "{}", case.name);
    }
}

/// All later news is in the thread of the first.
fn in_one_thread(slack: &Slack, count: usize) {
    let posted = slack.posted();
    assert_eq!(posted.len(), count);
    assert_eq!(posted[0].thread_ts, None);
    for later in &posted[1..] {
        assert_eq!(later.thread_ts.as_ref(), Some(&posted[0].ts));
    }
}

/// Every request says what its news says, and in the end there is one message.
fn edited(case: &Case, there: &Destinations, texts: &[String]) {
    let requests = there.discord.receiver().received();
    assert_eq!(requests.len(), texts.len(), "{}", case.name);
    for (request, text) in requests.iter().zip(texts) {
        let body = request.json();
        assert_eq!(
            markup::discord(&body),
            in_discord(case, text),
            "{}",
            case.name
        );
        assert_eq!(body["embeds"][0]["timestamp"], began(case));
    }
    let messages = there.discord.messages();
    assert_eq!(messages.len(), 1, "{}", case.name);
    assert_eq!(messages[0].edits, texts.len() - 1);
    assert!(there.discord.refused().is_empty() && there.bot.refused().is_empty());
}
