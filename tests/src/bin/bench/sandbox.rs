//! What the sandbox costs: Telegram's component against the same crate built for this machine.

use std::time::{Duration, Instant};

use campanile::app::builtin;
use campanile::sandbox::{Answered, Call, Limits, Recipient, Sandbox, Why};
use campanile_contract::alert::{Action, Entity, Severity};
use campanile_contract::notification::Notification;
use campanile_contract::params::Param;
use campanile_contract::text::{Catalog, Localizer, Piece, Rich, Value};
use campanile_guest::{Params, harness};
use campanile_telegram::Telegram;

use super::Figure;

/// How long each figure is measured for, after as long again to get warm.
const SPAN: Duration = Duration::from_millis(700);

/// Rounds in which sandbox and native take turns; the median is reported.
const ROUNDS: usize = 5;

pub(crate) fn against_native() -> anyhow::Result<Vec<Figure>> {
    let (sandbox, digest) = installed("telegram")?;
    let mut figures = Vec::new();
    for (count, ratio, here, there) in [
        (1, "sandbox_vs_native_1", "sandbox_us_1", "native_us_1"),
        (10, "sandbox_vs_native_10", "sandbox_us_10", "native_us_10"),
        (
            100,
            "sandbox_vs_native_100",
            "sandbox_us_100",
            "native_us_100",
        ),
    ] {
        let alerts: Vec<Notification> = (0..count).map(notification).collect();
        let (mut in_sandbox, mut native) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            in_sandbox.push(each(&alerts, |alerts| {
                let call = Call::Dequeue {
                    recipient: recipient(),
                    budget: count,
                    notifications: alerts,
                };
                let answer = sandbox.call(sandbox.invocation(&digest, 0, call));
                match answer.result {
                    Ok(Answered::Batch(batch)) => {
                        assert_eq!(batch.deliveries.len(), count as usize);
                    }
                    other => panic!("{other:?}"),
                }
            }));
            native.push(each(&alerts, |alerts| {
                let recipient = native_recipient();
                let batch = harness::run::<Telegram>(&recipient, alerts, count).expect("a batch");
                assert!(!batch.deliveries.is_empty());
            }));
        }
        let (in_sandbox, native) = (median(in_sandbox), median(native));
        figures.push(Figure::new(
            ratio,
            in_sandbox / native,
            "times the native crate's cost of an alert",
        ));
        figures.push(Figure::new(
            here,
            in_sandbox / f64::from(count),
            "us an alert, in the sandbox",
        ));
        figures.push(Figure::new(
            there,
            native / f64::from(count),
            "us an alert, native",
        ));
    }
    Ok(figures)
}

pub(crate) fn instantiate() -> anyhow::Result<Vec<Figure>> {
    let (sandbox, digest) = installed("flows")?;
    let took = each(&[], |_| {
        let answer = sandbox.call(sandbox.invocation(&digest, 0, Call::Format(Vec::new())));
        assert!(answer.result.is_ok());
    });
    Ok(vec![Figure::new(
        "instantiate_us",
        took,
        "us for a fresh store, instantiate, call, drop",
    )])
}

fn installed(name: &str) -> anyhow::Result<(Sandbox, String)> {
    let sandbox = Sandbox::start(Limits::default(), Why::Test)?;
    let installed = sandbox.install(builtin(name).unwrap_or_default())?;
    Ok((sandbox, installed.digest))
}

/// Microseconds of one call, its input copied outside of what is measured.
fn each(alerts: &[Notification], mut call: impl FnMut(Vec<Notification>)) -> f64 {
    let begin = Instant::now();
    while begin.elapsed() < SPAN / 4 {
        call(alerts.to_vec());
    }
    let (mut calls, mut took) = (0_u32, Duration::ZERO);
    let begin = Instant::now();
    while begin.elapsed() < SPAN {
        let input = alerts.to_vec();
        let start = Instant::now();
        call(input);
        took += start.elapsed();
        calls += 1;
    }
    took.as_secs_f64() * 1e6 / f64::from(calls)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn param(name: &str, value: &str) -> Param {
    Param {
        name: name.to_owned(),
        key: None,
        value: value.to_owned(),
    }
}

fn params() -> Vec<Param> {
    vec![
        param("token", "set"),
        param("api", "https://api.telegram.org"),
        param("chat", "-1001234"),
        param("on_release", "reply"),
    ]
}

fn recipient() -> Recipient {
    Recipient {
        endpoint: String::from("noc-telegram"),
        name: String::from("noc"),
        language: String::from("it"),
        time_zone: String::from("Europe/Rome"),
        params: params(),
    }
}

fn native_recipient() -> campanile_guest::Recipient {
    let params = params()
        .into_iter()
        .map(|Param { name, key, value }| campanile_guest::Param { name, key, value });
    campanile_guest::Recipient::new(
        "noc-telegram",
        "noc",
        "it",
        Params::from(params.collect::<Vec<_>>()),
    )
}

fn notification(number: u32) -> Notification {
    let catalog = Catalog::default();
    let localizer = Localizer::new(Some(&catalog), "it", "Europe/Rome");
    let entity = Entity {
        kind: String::from("host"),
        value: format!("10.0.0.{number}@0"),
        name: Some(format!("host-{number}.example.org")),
    };
    let message = localizer.pieces(&[
        Piece::Entity(entity.clone()),
        Piece::Plain(String::from(" is a flow flooder [")),
        Piece::Strong(String::from("1081 > 256")),
        Piece::Plain(String::from(" flows sent]")),
    ]);
    Notification {
        id: format!("01a20121-3f93-7e8c-9662-{number:012}"),
        fingerprint: format!("{number:032}"),
        title: Rich::plain("Inondazione di flussi"),
        message,
        icon: Some(String::from("fas fa-life-ring")),
        time: localizer.instant(1_767_323_045_000),
        starts_at: 1_767_323_045_000,
        ends_at: None,
        kind: String::from("flows_flood"),
        subtype: Some(String::from("flow_flood_attacker")),
        severity: Severity::Error,
        severity_label: localizer.severity(Severity::Error),
        score: Some(100),
        category: Some(String::from("security")),
        action: Action::Engaged,
        entity_label: localizer.value(&Value::Entity(entity.clone())),
        entity,
        source: String::from("eth0"),
        labels: Vec::new(),
        url: Some(String::from(
            "https://ntopng.example.org/lua/host_details.lua?host=10.0.0.1",
        )),
        receipt: None,
        suppressed: 0,
        document: String::from("{}"),
    }
}
