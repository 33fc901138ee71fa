//! What most of these tests stand on: a program in which several misbehave at once beside a bystander, and a
//! sandbox alone.

use std::time::Duration;

use campanile::sandbox::{Answer, Call, Invocation, Limits, Recipient, Sandbox, Why};
use campanile::store::{DeadLetter, EndpointRow, RecipientRow};
use campanile_contract::alert::{Action, Entity, Severity};
use campanile_contract::notification::Notification;
use campanile_contract::params::Param;
use campanile_contract::text::Rich;
use campanile_tests::{Behaviour, Receiver, World, WorldBuilder, alert, wait_for};
use serde_json::{Value, json};

use super::LIAR;

/// Secrets that must never be seen but where they belong.
pub(super) const TOKEN: &str = "123456:token-of-the-first";
pub(super) const OTHER_TOKEN: &str = "654321:token-of-the-other";
pub(super) const PASSWORD: &str = "correct-horse-battery";
pub(super) const KEY: &str = "a-signing-key-of-some-length";

/// What ends so many milliseconds from now is a lease that was taken now: while alerts are built, and while
/// they are sent.
const LEASES: [u64; 2] = [60_000, 365 * 24 * 3600 * 1000];

/// A program in which each `how` has an endpoint and a recipient of its own, all named by it.
pub(super) struct Stage {
    pub(super) world: World,
    /// Where the liars' `url` leads, under the path of their `how`.
    pub(super) receiver: Receiver,
    /// Where the liars' `other` leads.
    pub(super) other: Receiver,
    /// Where the bystander's alerts arrive.
    pub(super) bystander: Receiver,
}

impl Stage {
    /// With a clock that stands still until it is moved.
    pub(super) async fn held(hows: &[&str], behaviour: Behaviour) -> Self {
        let builder = World::builder().held_clock().limits(limits());
        Self::with(builder, hows, behaviour).await
    }

    /// With the system's clock.
    pub(super) async fn new(hows: &[&str]) -> Self {
        Self::with(
            World::builder().limits(limits()),
            hows,
            Behaviour::status(200),
        )
        .await
    }

    /// With a destination that answers like this.
    pub(super) async fn with(builder: WorldBuilder, hows: &[&str], behaviour: Behaviour) -> Self {
        let receiver = Receiver::start([], behaviour).await;
        let (other, bystander) = (Receiver::ok().await, Receiver::ok().await);
        let mut endpoints = vec![json!({
            "name": "bystander", "component": "webhook",
            "params": {"url": bystander.url("/"), "alerts_per_request": "1"},
        })];
        let mut recipients = vec![json!({
            "name": "bystander", "endpoint": "bystander", "language": "en", "time_zone": "UTC",
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
        let openings = [&receiver, &other, &bystander].map(Receiver::opening);
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
            bystander,
        }
    }

    /// Posts alerts of these kinds in one request.
    pub(super) async fn post(&self, kinds: &[&str]) {
        let alerts: Vec<Value> = kinds
            .iter()
            .enumerate()
            .map(|(number, kind)| alert(kind, &json!({"fingerprint": format!("{kind}-{number}")})))
            .collect();
        let posted = self.world.post(&Value::from(alerts)).await;
        assert_eq!(posted.status, 202, "{}", posted.body);
    }

    /// The bystander got exactly these kinds, each once.
    pub(super) async fn bystander_has(&self, kinds: &[&str]) {
        let requests = self.bystander.wait_for(kinds.len()).await;
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

    /// Waits until nothing is due and nothing is in anybody's hands: what is next is a retry, or nothing.
    pub(super) async fn settled(&self) {
        wait_for("everything to be settled", || async {
            let now = self.world.clock.now();
            let due = self.world.app.store.due_recipients(now).await.expect("due");
            let in_hands = due.next.is_some_and(|next| LEASES.contains(&(next - now)));
            (due.recipients.is_empty() && !in_hands).then_some(())
        })
        .await;
    }

    /// The dead letters of a recipient.
    pub(super) async fn dead(&self, how: &str) -> Vec<DeadLetter> {
        let mut dead = self.world.dead_letters().await;
        dead.retain(|letter| letter.recipient_name == how);
        dead
    }

    /// Bodies that arrived for a recipient, in the order of arrival.
    pub(super) fn arrived(&self, how: &str) -> Vec<String> {
        let of = |path: &str| path.starts_with(&format!("/{how}/"));
        let received = self.receiver.received();
        let mine = received.iter().filter(|request| of(&request.path));
        mine.map(|request| String::from_utf8_lossy(&request.body).into_owned())
            .collect()
    }

    /// What is stored of an endpoint of the default tenant.
    pub(super) async fn endpoint(&self, name: &str) -> EndpointRow {
        let configuration = self.world.app.store.configuration().await.expect("it");
        let mut rows = configuration.endpoints.into_iter();
        rows.find(|row| row.name == name && row.tenant == "default")
            .expect("that endpoint")
    }

    /// What is stored of a recipient.
    pub(super) async fn recipient(&self, name: &str) -> RecipientRow {
        let configuration = self.world.app.store.configuration().await.expect("it");
        let mut rows = configuration.recipients.into_iter();
        rows.find(|row| row.name == name).expect("that recipient")
    }
}

/// The default limits, but for the time that goes by on a busy machine.
pub(super) fn limits() -> Limits {
    Limits {
        wall: Duration::from_secs(60),
        ..Limits::default()
    }
}

/// A sandbox with this component, and its digest.
pub(super) fn sandbox(limits: Limits, wasm: &[u8]) -> (Sandbox, String) {
    let sandbox = Sandbox::start(limits, Why::Test).expect("a sandbox");
    let installed = sandbox.install(wasm);
    let digest = installed.unwrap_or_else(|unfit| panic!("{unfit}")).digest;
    (sandbox, digest)
}

/// A recipient with these parameters.
pub(super) fn recipient(params: &[(&str, &str)]) -> Recipient {
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
pub(super) fn dequeue(recipient: Recipient, alerts: u32) -> Call {
    Call::Dequeue {
        recipient,
        budget: 100,
        notifications: (0..alerts).map(notification).collect(),
    }
}

/// Carries it out.
pub(super) fn call(sandbox: &Sandbox, component: &str, call: Call) -> Answer {
    sandbox.call(invocation(component, call))
}

/// An invocation that is the same each time.
pub(super) fn invocation(component: &str, call: Call) -> Invocation {
    Invocation {
        nonce: 7,
        component: component.to_owned(),
        now: 1_767_323_045_678,
        call,
    }
}

pub(super) fn notification(number: u32) -> Notification {
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
