//! What real receivers get from the whole program.

use campanile_tests::Receiver;
use serde_json::{Value, json};

use super::alerts::{Case, NAME, TEXT_SEEN, cases};
use super::setup::{A_PACE, LANGUAGES, SIGNING_KEY, bot, bot_api, held};
use campanile_tests::html;

use super::{files, requests};

/// One for each case, endpoint and language.
pub(super) fn files() -> impl Iterator<Item = String> {
    cases().into_iter().flat_map(|case| {
        LANGUAGES.iter().flat_map(move |(language, _)| {
            ["telegram", "webhook"].map(|endpoint| file(endpoint, &case, language))
        })
    })
}

fn file(endpoint: &str, case: &Case, language: &str) -> String {
    format!("{endpoint}/{}.{language}.http", case.name)
}

/// A bot and a webhook for one language.
struct Destinations {
    telegram: Receiver,
    webhook: Receiver,
}

fn desired(all: &[Destinations]) -> Value {
    let (mut endpoints, mut recipients, mut openings) = (Vec::new(), Vec::new(), Vec::new());
    for ((language, time_zone), there) in LANGUAGES.iter().zip(all) {
        let (bot_name, hook_name) = (format!("bot-{language}"), format!("hook-{language}"));
        endpoints.push(bot(&bot_name, &there.telegram));
        endpoints.push(
            json!({"name": hook_name, "component": "webhook", "params": {
            "url": there.webhook.url("/hooks/campanile?of=noc"), "alerts_per_request": "1",
            "signing": "standard-webhooks", "signing_key": SIGNING_KEY,
            "headers": {"X-Site": "Pisa"}}}),
        );
        for (endpoint, params) in [
            (&bot_name, json!({"chat": "-1001"})),
            (&hook_name, json!({})),
        ] {
            recipients.push(
                json!({"name": endpoint, "endpoint": endpoint, "params": params,
                "language": language, "time_zone": time_zone}),
            );
        }
        openings.extend([there.telegram.opening(), there.webhook.opening()]);
    }
    json!({"endpoints": endpoints, "recipients": recipients, "networks": [{"allow": openings}]})
}

#[tokio::test]
async fn every_alert_arrives_everywhere_in_every_language_as_it_should() {
    let world = held().start().await;
    for case in cases() {
        let mut all = Vec::new();
        for _ in LANGUAGES {
            all.push(Destinations {
                telegram: bot_api([]).await,
                webhook: Receiver::ok().await,
            });
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
            let telegram = there.telegram.received();
            let webhook = there.webhook.received();
            for (endpoint, requests) in [("telegram", &telegram), ("webhook", &webhook)] {
                files::check(&file(endpoint, &case, language), &requests::shown(requests));
            }
            let texts: Vec<_> = telegram
                .iter()
                .map(|request| html::seen(request.json()["text"].as_str().expect("a text")))
                .collect();
            let expected: Vec<_> = case.texts[at]
                .iter()
                .map(|text| html::Seen {
                    text: text.clone(),
                    links: case.links.clone(),
                })
                .collect();
            assert_eq!(texts, expected, "{} in {language}", case.name);
            says_the_same(&case, &expected, &webhook);
        }
        assert!(world.dead_letters().await.is_empty(), "{}", case.name);
    }
}

/// The webhook's titles and messages are those that people read in Telegram.
fn says_the_same(case: &Case, texts: &[html::Seen], webhook: &[campanile_tests::Request]) {
    assert_eq!(webhook.len(), texts.len(), "{}", case.name);
    for (request, seen) in webhook.iter().zip(texts) {
        let body = request.json();
        assert_eq!(body["version"], "1");
        let alerts = body["alerts"].as_array().expect("alerts");
        assert_eq!(alerts.len(), 1, "{}", case.name);
        let text = |name: &str| alerts[0][name].as_str().expect("a text");
        let read = format!(" {}\n{}\n", text("title"), text("message"));
        assert!(seen.text.contains(&read), "{read:?} is not in {seen:?}");
    }
}

#[tokio::test]
async fn a_webhook_gets_the_producers_own_fields_letter_by_letter() {
    let receiver = Receiver::ok().await;
    let world = held().webhook(&receiver).start().await;
    let hostile = cases()
        .into_iter()
        .find(|case| case.name == "hostile")
        .expect("that case");
    world.post(&hostile.news[0]).await;
    let alert = receiver.wait_for(1).await[0].json()["alerts"][0].clone();
    assert_eq!(alert["title"], TEXT_SEEN);
    assert_eq!(alert["message"], TEXT_SEEN);
    for member in ["entity", "source", "category", "url", "labels", "details"] {
        assert_eq!(alert[member], hostile.news[0][member], "{member}");
    }
    assert_eq!(alert["labels"][NAME], NAME);
}
