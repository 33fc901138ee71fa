//! A file that somebody brought, judged as an operator who installs it and a tenant who configures it would meet it:
//! its parameters are made up from its manifest, everything that it asks for is granted, and alerts are told to it.

use std::path::Path;
use std::time::Duration;

use campanile::sandbox::Installed;
use campanile_contract::manifest::{ParamKind, ParamSpec};
use regex::Regex;
use serde_json::{Map, Value, json};

use super::{Bystander, Stopped, reasons, told};
use crate::{Behaviour, Receiver, World, alert};

/// What stands in every secret that is made up, and may be seen nowhere but where the manifest declares it.
const CANARY: &str = "canary-Zq7Xw3Kd9Rt5";

/// What texts are made up as, one after the other.
const TEXTS: [&str; 4] = ["text", "1", "-1001", "C0123456789"];

/// Alerts of each kind that it is told.
const ALERTS: usize = 10;

/// How long it is watched, by a clock that is moved: so often by so much. What is paced is sent, and what fails is
/// tried again meanwhile.
const WATCHED: [(u32, Duration); 2] = [
    (60, Duration::from_secs(1)),
    (10, Duration::from_secs(3_600)),
];

/// What became of it. Names are not resolved: it reaches nobody but a destination of ours.
///
/// # Panics
///
/// Where it got out: anything else was dialled, a secret was seen, or the program is not well.
pub async fn judged(file: Vec<u8>) -> Stopped {
    let answer =
        json!({"ok": true, "result": {"message_id": 7}, "ts": "1", "channel": "C1", "id": "7"});
    let receiver = Receiver::start([], Behaviour::json(200, &answer)).await;
    let nobody = campanile::egress::Resolver::fixed(std::collections::HashMap::new());
    let world = World::builder()
        .held_clock()
        .limits(super::stage::limits())
        .network(nobody, Vec::new())
        .start()
        .await;
    let beside = Bystander::beside(&world).await;
    let installed = match world.app.install(file).await {
        Ok(installed) => installed,
        Err(refused) => return beside.stopped(refused.to_string()).await,
    };
    if let Err(said) = configured(&world, &installed, &receiver).await {
        return beside
            .stopped(format!("cannot be configured: {said}"))
            .await;
    }
    let defined = installed.manifest.definitions.iter().map(|one| &*one.kind);
    for kind in defined.chain(["disk_full"]) {
        let alerts = (0..ALERTS).map(|number| {
            alert(
                kind,
                &json!({"fingerprint": format!("{kind}-{number}"), "details": {"n": number}}),
            )
        });
        let posted = world.post(&alerts.collect()).await;
        assert_eq!(posted.status, 202, "{}", posted.body);
    }
    for (times, by) in WATCHED {
        for _ in 0..times {
            beside.step(by).await;
        }
    }
    within_its_grant(&world, &beside, &receiver, &installed).await;
    let by = became(&world, &receiver).await;
    beside.stopped(by).await
}

/// Gives it an endpoint with all that can be made up, or, where that is said to go ill together, with less and with
/// other texts; or says what is wrong.
async fn configured(
    world: &World,
    installed: &Installed,
    receiver: &Receiver,
) -> Result<(), String> {
    if installed.manifest.is_formatter() {
        let applied = world.apply(told_about(receiver), "en").await;
        applied.expect("an honest webhook");
        return Ok(());
    }
    let specs = &installed.manifest.endpoint_params;
    let secrets: Vec<_> = specs.iter().filter(|spec| spec.kind.is_secret()).collect();
    let names: Vec<&str> = secrets.iter().map(|spec| spec.name.as_str()).collect();
    let mut choices = vec![names.clone(), Vec::new()];
    choices.extend(names.into_iter().map(|name| vec![name]));
    let mut said = Vec::new();
    for secrets in choices {
        for text in TEXTS {
            let made_up = MadeUp {
                receiver,
                secrets: &secrets,
                text,
            };
            match world.apply(made_up.desired(installed), "en").await {
                Ok(_) => return Ok(()),
                Err(mistakes) => said = mistakes.iter().map(ToString::to_string).collect(),
            }
        }
    }
    Err(said.join("; "))
}

/// An honest webhook, for the alerts that a formatter defines.
fn told_about(receiver: &Receiver) -> Value {
    json!({
        "endpoints": [{"name": "stranger", "component": "webhook",
            "params": {"url": receiver.url("/"), "alerts_per_request": "1"}}],
        "recipients": [{"name": "stranger", "endpoint": "stranger", "language": "en", "time_zone": "UTC"}],
        "networks": [{"allow": [receiver.opening()]}],
    })
}

/// Values for parameters.
struct MadeUp<'a> {
    /// Where addresses lead.
    receiver: &'a Receiver,
    /// Secrets that are given, besides those that must be.
    secrets: &'a [&'a str],
    /// What texts are.
    text: &'a str,
}

impl MadeUp<'_> {
    fn desired(&self, installed: &Installed) -> Value {
        let values = |specs: &[ParamSpec]| -> Map<String, Value> {
            let given = specs.iter().filter_map(|spec| {
                let value = self.value(spec)?;
                Some((spec.name.clone(), value))
            });
            given.collect()
        };
        let manifest = &installed.manifest;
        json!({
            "endpoints": [{"name": "stranger", "component": manifest.name,
                "params": values(&manifest.endpoint_params)}],
            "recipients": [{"name": "stranger", "endpoint": "stranger", "language": "en", "time_zone": "UTC",
                "params": values(&manifest.recipient_params)}],
            "networks": [{"allow": [self.receiver.opening()]}],
        })
    }

    /// One for this parameter, where it is an address, a chosen secret, or must be given.
    fn value(&self, spec: &ParamSpec) -> Option<Value> {
        let is_chosen = spec.required || self.secrets.contains(&spec.name.as_str());
        if spec.kind.is_secret() && !is_chosen {
            return None;
        }
        let receiver = self.receiver;
        match spec.kind {
            ParamKind::Secret | ParamKind::SigningKey => Some(json!(secret(spec))),
            ParamKind::SecretUrl => Some(json!(receiver.url(&format!("/{CANARY}")))),
            ParamKind::SecretPairs => Some(json!({"x-stranger": CANARY})),
            ParamKind::Url => Some(json!(receiver.url(""))),
            _ if spec.default.is_some() || !spec.required => None,
            ParamKind::Email | ParamKind::Emails => Some(json!("noc@a.example")),
            ParamKind::MailServer => Some(json!(format!("smtps://{}", receiver.address()))),
            ParamKind::SyslogServer => Some(json!(format!("syslog+tcp://{}", receiver.address()))),
            ParamKind::Boolean => Some(json!("true")),
            ParamKind::Integer | ParamKind::Decimal => Some(json!("1")),
            ParamKind::Duration => Some(json!("1m")),
            ParamKind::Choice => spec.choices.first().map(|choice| json!(choice.value)),
            ParamKind::List => Some(json!([self.text])),
            ParamKind::Pairs => Some(json!({"one": "two"})),
            ParamKind::Text | ParamKind::Multiline => Some(json!(self.text)),
        }
    }
}

/// A secret that fits its pattern, where one of these does.
fn secret(spec: &ParamSpec) -> String {
    let secrets = [
        String::from(CANARY),
        format!("123456789:{CANARY:-<35}"),
        format!("xoxb-1-{CANARY}"),
    ];
    let pattern = spec.pattern.as_deref().unwrap_or(".*");
    let fits = |text: &&String| {
        let pattern = Regex::new(&format!("^(?:{pattern})$"));
        pattern.is_ok_and(|pattern| pattern.is_match(text))
    };
    let found = secrets.iter().find(fits);
    found.unwrap_or(&secrets[0]).clone()
}

async fn within_its_grant(
    world: &World,
    beside: &Bystander<'_>,
    receiver: &Receiver,
    installed: &Installed,
) {
    for address in beside.others_dialled() {
        assert_eq!(
            address,
            receiver.address(),
            "dialled, though nobody opened it"
        );
    }
    let declares = |spec: &&ParamSpec| !spec.uses.is_empty();
    let declared = installed
        .manifest
        .endpoint_params
        .iter()
        .any(|spec| declares(&spec));
    for request in receiver.received() {
        let shows = request.path.contains(CANARY)
            || String::from_utf8_lossy(&request.body).contains(CANARY)
            || request
                .headers
                .iter()
                .any(|(_, value)| value.contains(CANARY));
        assert!(
            declared || !shows,
            "a secret that is declared nowhere was sent: {request:?}"
        );
    }
    for path in [
        "components",
        "endpoints",
        "recipients",
        "deliveries",
        "dead-letters",
    ] {
        let shown = world.get(&format!("/api/v1/{path}")).await;
        assert_eq!(shown.status, 200, "{path}: {}", shown.body);
        assert!(
            !shown.body.to_string().contains(CANARY),
            "{path} shows a secret"
        );
    }
    assert!(
        !holds(&world.data(), CANARY.as_bytes()),
        "a secret lies on the disk in clear"
    );
    let ready = reqwest::get(world.url("/readyz")).await.expect("an answer");
    assert_eq!(ready.status(), 200);
}

/// Whether any file below a folder holds these bytes.
fn holds(folder: &Path, bytes: &[u8]) -> bool {
    let entries = std::fs::read_dir(folder).expect("a folder");
    entries.into_iter().any(|entry| {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            return holds(&path, bytes);
        }
        let contents = std::fs::read(&path).unwrap_or_default();
        contents.windows(bytes.len()).any(|part| part == bytes)
    })
}

/// What stopped it, or that there was nothing to stop.
async fn became(world: &World, receiver: &Receiver) -> String {
    let configuration = world.app.store.configuration().await.expect("it");
    let mut endpoints = configuration.endpoints.iter();
    let paused = endpoints.find_map(|row| row.paused.as_ref());
    let dead = world.dead_letters().await;
    let attempts = world.all_attempts().await;
    let failed = attempts
        .iter()
        .any(|attempt| attempt.outcome != "delivered");
    match paused {
        Some(reason) if dead.is_empty() => format!("paused: {reason}"),
        Some(reason) => format!("paused: {reason}; {}", told(&dead)),
        None if !dead.is_empty() => told(&dead),
        None if failed => reasons(&attempts),
        None => format!(
            "nothing to stop: {} requests arrived",
            receiver.received().len()
        ),
    }
}
