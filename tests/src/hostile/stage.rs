//! What most of these tests stand on: a program in which several misbehave at once beside an honest neighbour, and a
//! sandbox alone.

use std::time::Duration;

use crate::{Behaviour, Receiver, World, WorldBuilder, alert};
use campanile::sandbox::{Answer, Call, Invocation, Limits, Recipient, Sandbox, Why};
use campanile::store::{DeadLetter, EndpointRow, RecipientRow};
use campanile_contract::alert::{Action, Entity, Severity};
use campanile_contract::notification::Notification;
use campanile_contract::params::Param;
use campanile_contract::text::Rich;
use serde_json::{Value, json};

use super::LIAR;

/// Secrets that must never be seen but where they belong.
pub const TOKEN: &str = "123456:token-of-the-first";
pub const OTHER_TOKEN: &str = "654321:token-of-the-other";
pub const PASSWORD: &str = "correct-horse-battery";
pub const KEY: &str = "a-signing-key-of-some-length";

/// A program in which each `how` has an endpoint and a recipient of its own, all named by it.
pub struct Stage {
    pub world: World,
    /// Where the liars' `url` leads, under the path of their `how`.
    pub receiver: Receiver,
    /// Where the liars' `other` leads.
    pub other: Receiver,
    /// Where the alerts of a neighbour, an honest endpoint of the same tenant, arrive.
    pub neighbour: Receiver,
}

impl Stage {
    /// With a clock that stands still until it is moved.
    pub async fn held(hows: &[&str], behaviour: Behaviour) -> Self {
        let builder = World::builder().held_clock().limits(limits());
        Self::with(builder, hows, behaviour).await
    }

    /// With the system's clock.
    pub async fn new(hows: &[&str]) -> Self {
        Self::with(
            World::builder().limits(limits()),
            hows,
            Behaviour::status(200),
        )
        .await
    }

    /// With a destination that answers like this.
    pub async fn with(builder: WorldBuilder, hows: &[&str], behaviour: Behaviour) -> Self {
        let receiver = Receiver::start([], behaviour).await;
        let (other, neighbour) = (Receiver::ok().await, Receiver::ok().await);
        let mut endpoints = vec![json!({
            "name": "neighbour", "component": "webhook",
            "params": {"url": neighbour.url("/"), "alerts_per_request": "1"},
        })];
        let mut recipients = vec![json!({
            "name": "neighbour", "endpoint": "neighbour", "language": "en", "time_zone": "UTC",
        })];
        for how in hows {
            endpoints.push(json!({
                "name": how, "component": "liar",
                "params": {
                    "url": receiver.url(&format!("/{how}")), "other": other.url(""), "token": TOKEN,
                    "other_token": OTHER_TOKEN, "password": PASSWORD, "key": KEY,
                },
            }));
            recipients.push(json!({
                "name": how, "endpoint": how, "language": "en", "time_zone": "UTC", "params": {"how": how},
            }));
        }
        let openings = [&receiver, &other, &neighbour].map(Receiver::opening);
        let world = builder
            .component(LIAR)
            .desired(json!({
                "endpoints": endpoints, "recipients": recipients, "networks": [{"allow": openings}],
            }))
            .start()
            .await;
        Self {
            world,
            receiver,
            other,
            neighbour,
        }
    }

    /// Posts alerts of these kinds in one request.
    pub async fn post(&self, kinds: &[&str]) {
        let alerts: Vec<Value> = kinds
            .iter()
            .enumerate()
            .map(|(number, kind)| alert(kind, &json!({"fingerprint": format!("{kind}-{number}")})))
            .collect();
        let posted = self.world.post(&Value::from(alerts)).await;
        assert_eq!(posted.status, 202, "{}", posted.body);
    }

    /// The neighbour got exactly these kinds, each once.
    pub async fn neighbour_has(&self, kinds: &[&str]) {
        let requests = self.neighbour.wait_for(kinds.len()).await;
        let mut got: Vec<String> = requests
            .iter()
            .map(|request| {
                request.json()["alerts"][0]["kind"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned()
            })
            .collect();
        got.sort();
        let mut kinds = kinds.to_vec();
        kinds.sort_unstable();
        assert_eq!(got, kinds);
    }

    /// See [`World::settled`].
    pub async fn settled(&self) {
        self.world.settled().await;
    }

    /// The dead letters of a recipient.
    pub async fn dead(&self, how: &str) -> Vec<DeadLetter> {
        let mut dead = self.world.dead_letters().await;
        dead.retain(|letter| letter.recipient_name == how);
        dead
    }

    /// Bodies that arrived for a recipient, in the order of arrival.
    pub fn arrived(&self, how: &str) -> Vec<String> {
        let of = |path: &str| path.starts_with(&format!("/{how}/"));
        let received = self.receiver.received();
        let mine = received.iter().filter(|request| of(&request.path));
        mine.map(|request| String::from_utf8_lossy(&request.body).into_owned())
            .collect()
    }

    /// What is stored of an endpoint of the default tenant.
    pub async fn endpoint(&self, name: &str) -> EndpointRow {
        let configuration = self.world.app.store.configuration().await.expect("it");
        let mut rows = configuration.endpoints.into_iter();
        rows.find(|row| row.name == name && row.tenant == "default")
            .expect("that endpoint")
    }

    /// What is stored of a recipient.
    pub async fn recipient(&self, name: &str) -> RecipientRow {
        let configuration = self.world.app.store.configuration().await.expect("it");
        let mut rows = configuration.recipients.into_iter();
        rows.find(|row| row.name == name).expect("that recipient")
    }
}

/// The default limits, but for the time that goes by on a busy machine.
pub fn limits() -> Limits {
    Limits {
        wall: Duration::from_secs(60),
        ..Limits::default()
    }
}

/// A sandbox with this component, and its digest.
pub fn sandbox(limits: Limits, wasm: &[u8]) -> (Sandbox, String) {
    let sandbox = Sandbox::start(limits, Why::Test).expect("a sandbox");
    let installed = sandbox.install(wasm);
    let digest = installed.unwrap_or_else(|unfit| panic!("{unfit}")).digest;
    (sandbox, digest)
}

/// A recipient with these parameters.
pub fn recipient(params: &[(&str, &str)]) -> Recipient {
    let params = params.iter().map(|(name, value)| Param {
        name: String::from(*name),
        key: None,
        value: String::from(*value),
    });
    Recipient {
        endpoint: String::from("endpoint"),
        name: String::from("recipient"),
        language: String::from("en"),
        time_zone: String::from("UTC"),
        params: params.collect(),
    }
}

/// A call of `dequeue-recipient-alerts` with so many alerts.
pub fn dequeue(recipient: Recipient, alerts: u32) -> Call {
    Call::Dequeue {
        recipient,
        budget: 100,
        notifications: (0..alerts).map(notification).collect(),
    }
}

/// Carries it out.
pub fn call(sandbox: &Sandbox, component: &str, call: Call) -> Answer {
    sandbox.call(invocation(component, call))
}

/// An invocation that is the same each time.
pub fn invocation(component: &str, call: Call) -> Invocation {
    Invocation {
        nonce: 7,
        component: component.to_owned(),
        now: 1_767_323_045_678,
        call,
    }
}

pub fn notification(number: u32) -> Notification {
    let entity = Entity {
        kind: String::from("host"),
        value: String::from("192.168.1.19@0"),
        name: None,
    };
    Notification {
        id: format!("0197f000-0000-7000-8000-{number:012}"),
        fingerprint: number.to_string(),
        title: Rich::plain(format!("alert {number}")),
        message: Rich::plain("something <b>happened</b>"),
        icon: None,
        time: String::from("now"),
        starts_at: 1_767_323_045_000,
        ends_at: None,
        kind: String::from("kind"),
        subtype: None,
        severity: Severity::Error,
        severity_label: String::from("Error"),
        score: Some(100),
        category: None,
        action: Action::Engaged,
        entity,
        entity_label: Rich::plain("192.168.1.19"),
        source: String::from("eth0"),
        labels: vec![(String::from("a"), String::from("b"))],
        url: None,
        receipt: Some(String::from("left")),
        suppressed: 3,
        document: String::from("{\"details\":{\"n\":18446744073709551616}}"),
    }
}
