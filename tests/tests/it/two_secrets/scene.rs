//! What is played: an alert for everybody, sent, failed and tried again; then everything that anybody can ask for.

use std::collections::BTreeMap;
use std::time::Duration;

use campanile::job::{RecipientId, State};
use campanile::store::DeliveryView;
use campanile_tests::{Request, World, alert, wait_for};
use serde_json::json;
use tracing_subscriber::layer::SubscriberExt;

use super::looks;
use super::seen::{Log, Outputs, Seen};
use super::stage::{Stage, Wanted, whole};
use super::values::Variant;
const LIAR: &[u8] = include_bytes!(env!("HOSTILE_LIAR"));

/// What came of a run.
pub(super) struct Played {
    /// What anybody saw, by what it is.
    pub(super) outputs: Outputs,
    /// What each destination got.
    pub(super) sent: BTreeMap<&'static str, Vec<u8>>,
}

/// Plays it with these values of all secrets.
pub(super) async fn played(stage: &Stage, variant: Variant) -> Played {
    let log = Log::default();
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .without_time()
        .with_writer(log.clone());
    let filter = campanile::telemetry::filter("debug").expect("a filter");
    // The program runs on this thread, but for sandbox and store, which know no secret.
    let logging =
        tracing::subscriber::set_default(tracing_subscriber::registry().with(filter).with(lines));

    let before: BTreeMap<_, _> = counted(stage).into_iter().collect();
    let mut builder = World::builder().held_clock().component(LIAR);
    if let Some(mailbox) = &stage.mailbox {
        builder = builder.trusting(mailbox.certificate());
    }
    let world = builder.start().await;
    stage.renew(&world.clock, variant).await;
    let wanted = stage.wanted(variant);
    world
        .apply(wanted.desired.clone(), "en")
        .await
        .expect("it is applied");

    let mut seen = Seen::default();
    seen.name(world.data().display().to_string(), String::from("DATA"));
    seen.name(world.url(""), String::from("SERVER"));
    let good = alert(
        "disk_full",
        &json!({"details": {"password": "the alert's own"}}),
    );
    looks::intake(&world, variant, &good, &mut seen).await;
    tried(&world, &wanted, 1).await;
    // The failed ones are tried again.
    world.advance(Duration::from_secs(10));
    world.app.wake_all();
    tried(&world, &wanted, 2).await;

    for delivery in world.deliveries().await {
        let name = format!("DELIVERY of {}", delivery.recipient_name);
        seen.name(delivery.id, name);
    }
    looks::stored(&world, &mut seen);
    let waiting = paused(&world).await;
    looks::applied(&world, &wanted.desired, &mut seen).await;
    tried_anew(&world, &waiting).await;
    let recipients: Vec<_> = wanted.honest.iter().chain(&wanted.liars).cloned().collect();
    let sent = received(stage, &before);
    for (name, told) in told(&sent["liars"]) {
        seen.add(&format!("what {name} told its destination"), &told);
    }
    looks::looked_at(&world, &recipients, &mut seen).await;
    seen.add(
        "dead letters",
        &format!("{:#?}", world.dead_letters().await),
    );
    drop(logging);
    let logged = log.text();
    assert!(logged.contains("redirect"), "{logged}");
    seen.add("log", &logged);
    let sent = sent.into_iter().map(|(name, requests)| {
        assert!(!requests.is_empty(), "nothing was sent to {name}");
        (name, requests.iter().flat_map(whole).collect())
    });
    Played {
        sent: sent.collect(),
        outputs: seen.into_outputs(),
    }
}

/// The deliveries that wait for somebody to look after their endpoint.
async fn paused(world: &World) -> Vec<DeliveryView> {
    let known = world.app.directory.now();
    let mut waiting = world.deliveries().await;
    waiting.retain(|one| {
        let recipient = known.recipients.get(&one.recipient);
        one.state == State::Pending && recipient.is_some_and(|it| it.paused.is_some())
    });
    assert!(!waiting.is_empty(), "nothing is paused");
    waiting
}

/// Waits until these were tried anew, as what is applied ends each pause, and are paused again.
async fn tried_anew(world: &World, waiting: &[DeliveryView]) {
    wait_for("what was paused to be tried", || async {
        let now = world.deliveries().await;
        let is_tried = |before: &DeliveryView| {
            let mut same = now.iter().filter(|one| one.id == before.id);
            same.any(|one| one.attempts > before.attempts || one.state != State::Pending)
        };
        waiting.iter().all(is_tried).then_some(())
    })
    .await;
    world.app.reload().await.expect("a configuration");
}

/// Waits until every liar is done, and everybody else is done, was tried so often, or waits for somebody to look
/// after the endpoint; and until all know what came of it.
async fn tried(world: &World, wanted: &Wanted, attempts: u32) {
    let missing = || async {
        let known = world.app.directory.now();
        let is_paused = |id: &RecipientId| {
            let recipient = known.recipients.get(id);
            recipient.is_some_and(|recipient| recipient.paused.is_some())
        };
        let (deliveries, dead) = (world.deliveries().await, world.dead_letters().await);
        let is_over = |one: &DeliveryView| {
            one.state != State::Pending
                || !wanted.liars.contains(&one.recipient_name)
                    && (one.attempts >= attempts || one.attempts > 0 && is_paused(&one.recipient))
        };
        let of = |name: &String| {
            dead.iter().any(|letter| letter.recipient_name == *name)
                || deliveries
                    .iter()
                    .any(|one| one.recipient_name == *name && is_over(one))
        };
        let all = wanted.honest.iter().chain(&wanted.liars);
        all.filter(|name| !of(name)).count()
    };
    wait_for("everything to be tried", || async {
        (missing().await == 0).then_some(())
    })
    .await;
    // A pause is stored before the attempt that led to it.
    world.app.reload().await.expect("a configuration");
}

fn counted(stage: &Stage) -> Vec<(&'static str, usize)> {
    let received = stage.received().into_iter();
    received
        .map(|(name, requests)| (name, requests.len()))
        .collect()
}

/// What each destination got since then.
fn received(
    stage: &Stage,
    before: &BTreeMap<&'static str, usize>,
) -> BTreeMap<&'static str, Vec<Request>> {
    let received = stage.received().into_iter();
    received
        .map(|(name, requests)| (name, requests[before[name]..].to_vec()))
        .collect()
}

/// The texts that each liar wrote, without the secrets that the host filled in.
fn told(requests: &[Request]) -> BTreeMap<String, String> {
    let mut told = BTreeMap::<String, String>::new();
    for request in requests {
        let name = request.path.split('/').nth(1).unwrap_or_default();
        let text = told.entry(name.to_owned()).or_default();
        text.push_str(&String::from_utf8_lossy(&request.body));
        text.push('\n');
    }
    told
}
