//! What is played: every endpoint against destinations that answer well, echo, redirect, garble and hang up;
//! with every way in which anybody looks at it.

use std::collections::BTreeMap;

use campanile_tests::smtp::{Mailbox, Security, USER, known};
use campanile_tests::{Behaviour, Receiver, Request, Variant, World, alert, run, secret_value};
use serde_json::{Value, json};
use tracing_subscriber::layer::SubscriberExt;

use super::seen::{Log, Seen};
use super::settled;

const PROGRAM: &str = env!("CARGO_BIN_EXE_campanile-under-test");

/// How destinations answer, by their name.
const BEHAVIOURS: [&str; 6] = ["well", "echo-404", "echo-500", "redirect", "garbled", "cut"];

/// What came of a run.
pub(super) struct Played {
    /// What anybody saw, by what it is.
    pub(super) outputs: BTreeMap<String, Vec<String>>,
    /// What each destination got.
    pub(super) sent: BTreeMap<String, Vec<u8>>,
}

/// All that the destination knows, for a page that repeats it.
fn whole(request: &Request) -> Vec<u8> {
    let mut text = format!("{} {}\n", request.method, request.path).into_bytes();
    for (name, value) in &request.headers {
        text.extend(format!("{name}: {value}\n").as_bytes());
    }
    text.push(b'\n');
    text.extend(&request.body);
    text
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

/// An endpoint of each kind with all the secrets that there are, for this destination.
fn endpoints(receiver: &Receiver, variant: Variant) -> Vec<(&'static str, Value, Value)> {
    let secret = |name| secret_value(name, variant);
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
        ("discord", json!({"webhook": at("discord-path")}), none()),
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

/// Plays it with these values of all secrets.
pub(super) async fn played(variant: Variant) -> Played {
    let log = Log::default();
    let subscriber = tracing_subscriber::registry()
        .with(campanile::telemetry::filter("debug").expect("a filter"))
        .with(
            tracing_subscriber::fmt::layer()
                .with_ansi(false)
                .without_time()
                .with_writer(log.clone()),
        );
    // The program runs on this thread, but for sandbox and store, which know no secret.
    let logging = tracing::subscriber::set_default(subscriber);

    let mut receivers = Vec::new();
    for name in BEHAVIOURS {
        receivers.push((name, Receiver::start([], behaviour(name)).await));
    }
    let (mut wanted, mut recipients, mut openings) = (Vec::new(), Vec::new(), Vec::new());
    for (behaviour, receiver) in &receivers {
        for (at, (component, params, own)) in endpoints(receiver, variant).into_iter().enumerate() {
            let name = format!("{component}-{at}-{behaviour}");
            wanted.push(json!({"name": name, "component": component, "params": params}));
            recipients.push(json!({"name": name, "endpoint": name, "params": own,
                "language": "it", "time_zone": "Europe/Rome"}));
        }
        openings.push(receiver.opening());
    }
    let mut builder = World::builder().held_clock();
    let password = secret_value("mail-password", variant);
    let mut mail = known(Security::StartTls, &["PLAIN", "LOGIN"]);
    mail.password = password.to_owned();
    let mailbox = Mailbox::start(mail).await;
    if let Some(mailbox) = &mailbox {
        for (name, password) in [("mail-well", password), ("mail-refused", &password[1..])] {
            wanted.push(json!({"name": name, "component": "email", "params": {
                "server": mailbox.url(), "from": USER, "user": USER, "password": password}}));
            recipients.push(json!({"name": name, "endpoint": name, "language": "it",
                "time_zone": "Europe/Rome", "params": {"to": "noc@campanile.example"}}));
        }
        openings.push(mailbox.opening());
        builder = builder.trusting(mailbox);
    }
    let desired = json!({
        "endpoints": wanted, "recipients": recipients, "networks": [{"allow": openings}],
        "tokens": [{"name": "producer", "role": "ingest",
            "value": secret_value("ingest-token", variant)}],
    });
    let names: Vec<String> = recipients
        .iter()
        .map(|recipient| recipient["name"].as_str().expect("a name").to_owned())
        .collect();
    let world = builder.desired(desired.clone()).start().await;
    let mut seen = Seen::default();
    seen.name(world.data().display().to_string(), "DATA");
    seen.name(world.url(""), "SERVER");

    intake(&world, variant, &mut seen).await;
    settled(&world).await;
    // The failed ones are tried again.
    world.advance(std::time::Duration::from_secs(10));
    world.app.wake_all();
    settled(&world).await;
    applied(&world, &desired, &mut seen).await;
    let deliveries = world.deliveries().await;
    assert!(deliveries.len() >= names.len(), "{}", deliveries.len());
    looked_at(
        &world,
        deliveries.iter().map(|one| one.id.as_str()),
        &names,
        &mut seen,
    )
    .await;
    let dead = world.dead_letters().await;
    assert!(dead.len() >= 7, "{}", dead.len());
    seen.add("dead letters as they are stored", &format!("{dead:#?}"));
    drop(logging);
    let logged = log.text();
    assert!(logged.contains("redirect"), "{logged}");
    seen.add("log", &logged);

    let mut sent: BTreeMap<String, Vec<u8>> = receivers
        .iter()
        .map(|(name, receiver)| {
            let bytes = receiver.received().iter().flat_map(whole).collect();
            ((*name).to_owned(), bytes)
        })
        .collect();
    sent.retain(|_, bytes| !bytes.is_empty());
    assert_eq!(
        sent.len(),
        BEHAVIOURS.len(),
        "every destination got something"
    );
    Played {
        outputs: seen.into_outputs(),
        sent,
    }
}

/// A producer posts alerts with its own secret, good ones and bad ones.
async fn intake(world: &World, variant: Variant, seen: &mut Seen) {
    let token = secret_value("ingest-token", variant);
    let posts = [
        (
            "/api/v1/alerts",
            Some(token),
            alert("disk_full", &json!({})).to_string(),
        ),
        ("/api/v1/alerts", Some(token), String::from("[{}]")),
        ("/api/v1/alerts", Some(&token[1..]), String::from("[]")),
        (
            "/ingest/ntopng",
            None,
            format!(r#"{{"sharedsecret":"{token}","alerts":[{{"alert_id":1}}]}}"#),
        ),
        (
            "/ingest/ntopng",
            None,
            format!(r#"{{"sharedsecret":"{token}x","alerts":[]}}"#),
        ),
        (
            "/ingest/ntopng",
            None,
            format!(r#"{{"sharedsecret":["{token}"],"alerts":[]}}"#),
        ),
        (
            "/ingest/ntopng",
            None,
            format!(r#"{{"sharedsecret":"{token}","alerts":[{{}}"#),
        ),
    ];
    for (at, (path, token, body)) in posts.into_iter().enumerate() {
        let answer = world.post_raw(path, token, body).await;
        seen.add(
            &format!("answer {at} to a producer"),
            &format!("{answer:#?}"),
        );
    }
}

/// The same state is applied again, and states with mistakes in their secrets.
async fn applied(world: &World, desired: &Value, seen: &mut Seen) {
    let mut wrong = desired.clone();
    for endpoint in wrong["endpoints"].as_array_mut().expect("endpoints") {
        let params = endpoint["params"].as_object_mut().expect("params");
        for name in ["token", "webhook", "url", "signing_key"] {
            if let Some(Value::String(value)) = params.get_mut(name) {
                value.insert_str(0, "no\u{a0}such ");
            }
        }
    }
    let mut elsewhere = desired.clone();
    for endpoint in elsewhere["endpoints"].as_array_mut().expect("endpoints") {
        endpoint["params"]["unknown"] = endpoint["params"]["token"].clone();
    }
    for (what, desired) in [
        ("again", desired),
        ("wrong", &wrong),
        ("elsewhere", &elsewhere),
    ] {
        for dry_run in [true, false] {
            let asked = json!({"desired": desired, "dry_run": dry_run});
            let answer = world.administer("/api/v1/apply", &asked).await;
            seen.add(
                &format!("apply {what}, dry run {dry_run}"),
                &format!("{answer:#?}"),
            );
        }
    }
}

/// Everything that an operator can ask for.
async fn looked_at<'a>(
    world: &World,
    ids: impl Iterator<Item = &'a str>,
    recipients: &[String],
    seen: &mut Seen,
) {
    let mut paths = vec![
        String::from("/api/v1/deliveries?limit=1000"),
        String::from("/api/v1/dead-letters?limit=1000"),
        String::from("/api/v1/recipients"),
        String::from("/api/v1/components"),
        String::from("/api/v1/components/webhook"),
        String::from("/api/v1/deliveries/none"),
        String::from("/api/v1/recipients/none"),
    ];
    let mut commands: Vec<Vec<String>> = [
        "delivery list --limit 1000",
        "dead-letter list --limit 1000",
        "recipient list",
        "component list",
        "component inspect telegram",
        "delivery show none",
    ]
    .iter()
    .map(|command| command.split(' ').map(str::to_owned).collect())
    .collect();
    for (at, id) in ids.enumerate() {
        paths.push(format!("/api/v1/deliveries/{id}"));
        // The same page each: some of them are enough.
        if at % 8 == 0 {
            commands.push(["delivery", "show", id].map(str::to_owned).into());
        }
    }
    for path in paths {
        let answer = world.get(&path).await;
        let pretty = serde_json::to_string_pretty(&answer.body).expect("JSON");
        seen.add(&path, &format!("{}\n{pretty}", answer.status));
    }
    for recipient in recipients {
        let arguments = ["recipient", "test", recipient.as_str(), "--json"];
        commands.push(arguments.map(str::to_owned).into());
    }
    let data = world.data().display().to_string();
    for command in commands {
        let mut arguments: Vec<&str> = command.iter().map(String::as_str).collect();
        arguments.extend(["--data", data.as_str()]);
        let ran = run(
            PROGRAM,
            &arguments,
            &world.data(),
            &[("CAMPANILE_LOG", "trace")],
            b"",
        )
        .await;
        seen.add(
            &command.join(" "),
            &format!("{:?}\n{}\n{}", ran.code, ran.out, ran.err),
        );
    }
}
