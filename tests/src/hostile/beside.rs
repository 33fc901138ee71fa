//! The bystander: a tenant of its own, whose alerts come in a steady stream while somebody else misbehaves.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use campanile::job::State;
use campanile::store::DeliveryFilter;
use serde_json::{Value, json};
use tokio::sync::{Mutex as Turn, MutexGuard};
use tokio::task::JoinHandle;

use super::Stopped;
use crate::{Receiver, Request, World, alert, wait_for};

/// How often the bystander has something to tell.
const EVERY: Duration = Duration::from_millis(20);

/// Alerts of a bystander at least: those who are hurt later are hurt too.
const LEAST: usize = 10;

/// Where the bystander's alerts arrive.
const PATH: &str = "/hook";

const TENANT: &str = "bystander";
const TOKEN: &str = "the-token-of-the-bystanders-sensor";

/// What became of a bystander's deliveries.
#[derive(Debug, Default)]
pub struct Beside {
    /// From posting to arrival, of each that arrived.
    pub times: Vec<Duration>,
    /// Alerts that were not taken in, or did not arrive.
    pub lost: usize,
    /// Arrivals of what had arrived before.
    pub repeated: usize,
}

impl Beside {
    /// All of them arrived, each once.
    ///
    /// # Panics
    ///
    /// Where that is not so.
    pub fn unharmed(&self) {
        let told = self.times.len() + self.lost;
        assert_eq!(
            (self.lost, self.repeated),
            (0, 0),
            "lost and repeated, of {told}"
        );
    }
}

/// When each alert was posted, by its number, and what was answered.
type Log = Arc<Mutex<BTreeMap<usize, (Instant, u16)>>>;

/// A tenant that wants nothing but its alerts delivered.
pub struct Bystander<'a> {
    world: &'a World,
    receiver: Receiver,
    posted: Log,
    /// Held by who posts, while it posts.
    turn: Arc<Turn<()>>,
    stream: JoinHandle<()>,
    set_off: Instant,
}

impl Drop for Bystander<'_> {
    fn drop(&mut self) {
        self.stream.abort();
    }
}

impl<'a> Bystander<'a> {
    /// Moves into a program, and is served there before this returns: what is hostile is set off now.
    ///
    /// # Panics
    ///
    /// Where it is not served.
    pub async fn beside(world: &'a World) -> Self {
        Self::at(world, Receiver::ok().await).await
    }

    /// The same at a destination that others have too: what comes there to `/hook` is the bystander's.
    ///
    /// # Panics
    ///
    /// Where it is not served.
    pub async fn at(world: &'a World, receiver: Receiver) -> Self {
        let moved_in = world.apply(wanted(&receiver), "en").await;
        moved_in.expect("the bystander moves in");
        let (posted, turn) = (Log::default(), Arc::default());
        let poster = Poster {
            url: world.url("/api/v1/alerts"),
            client: reqwest::Client::new(),
            posted: Arc::clone(&posted),
        };
        poster.post(0).await;
        receiver.wait_for(1).await;
        let stream = tokio::spawn(tell(poster, Arc::clone(&turn)));
        Self {
            world,
            receiver,
            posted,
            turn,
            stream,
            set_off: Instant::now(),
        }
    }

    /// How many alerts the bystander has told so far.
    #[must_use]
    pub fn told(&self) -> usize {
        self.posted().len()
    }

    /// Where others than the bystander were dialled so far.
    #[must_use]
    pub fn others_dialled(&self) -> Vec<SocketAddr> {
        let mut dialled = self.world.app.egress.ledger().account().dialled;
        dialled.retain(|address| *address != self.receiver.address());
        dialled
    }

    /// Waits until nobody has anything on its way; the bystander tells nothing meanwhile.
    pub async fn empty(&self) {
        let _turn = self.quiet().await;
        self.world.wait_until_empty().await;
    }

    /// Waits until nobody has anything on its way but retries; the bystander tells nothing meanwhile.
    pub async fn settled(&self) {
        let _turn = self.quiet().await;
        self.world.settled().await;
    }

    /// Moves a held clock while nobody has anything on its way: a lease that ends is given out again.
    pub async fn advance(&self, by: Duration) {
        let _turn = self.quiet().await;
        self.world.settled().await;
        self.world.advance(by);
    }

    /// Moves a held clock, whatever others have on their way: what they hold may be given out again.
    pub async fn step(&self, by: Duration) {
        let _turn = self.quiet().await;
        self.world.advance(by);
    }

    /// The bystander has been served, and tells nothing as long as this is held.
    async fn quiet(&self) -> MutexGuard<'_, ()> {
        let turn = self.turn.lock().await;
        self.arrived().await;
        wait_for("the bystander's deliveries", || async {
            let pending = DeliveryFilter {
                tenant: Some(String::from(TENANT)),
                state: Some(State::Pending),
                limit: 1,
                ..DeliveryFilter::default()
            };
            let pending = self.world.app.store.deliveries(pending).await;
            pending.expect("deliveries").is_empty().then_some(())
        })
        .await;
        turn
    }

    /// What arrived, once all did that were taken in, or nothing more can be hoped for.
    async fn arrived(&self) -> Vec<Request> {
        let posted = self.posted();
        let accepted = posted.values().filter(|(_, status)| *status == 202);
        self.receiver.hope_for(PATH, accepted.count()).await
    }

    /// What was hostile has just been stopped by this. The bystander's alerts are waited for.
    pub async fn stopped(self, by: impl Into<String>) -> Stopped {
        let after = self.set_off.elapsed();
        wait_for("the bystander's alerts", || async {
            (self.told() > LEAST).then_some(())
        })
        .await;
        let _turn = self.turn.lock().await;
        let (posted, arrived) = (self.posted(), self.arrived().await);
        Stopped {
            by: by.into(),
            after,
            beside: judged(&posted, &arrivals(&arrived)),
        }
    }

    fn posted(&self) -> BTreeMap<usize, (Instant, u16)> {
        self.posted
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// Compares what was posted with what arrived. The first is left out: nobody was hostile yet.
fn judged(
    posted: &BTreeMap<usize, (Instant, u16)>,
    arrived: &BTreeMap<String, Vec<Instant>>,
) -> Beside {
    let mut beside = Beside::default();
    for (number, (at, _)) in posted.iter().skip(1) {
        match arrived.get(&kind(*number)).map(Vec::as_slice) {
            None | Some([]) => beside.lost += 1,
            Some([first, again @ ..]) => {
                beside.times.push(first.saturating_duration_since(*at));
                beside.repeated += again.len();
            }
        }
    }
    beside
}

/// When each kind of alert arrived.
fn arrivals(requests: &[Request]) -> BTreeMap<String, Vec<Instant>> {
    let mut arrivals: BTreeMap<String, Vec<Instant>> = BTreeMap::new();
    for request in requests {
        let kind = request.json()["alerts"][0]["kind"]
            .as_str()
            .map(str::to_owned);
        let of_kind = arrivals.entry(kind.unwrap_or_default()).or_default();
        of_kind.push(request.at);
    }
    arrivals
}

fn kind(number: usize) -> String {
    format!("bystander-{number}")
}

fn wanted(receiver: &Receiver) -> Value {
    json!({
        "endpoints": [{
            "tenant": TENANT, "name": "hook", "component": "webhook",
            "params": {"url": receiver.url(PATH), "alerts_per_request": "1"},
        }],
        "recipients": [{
            "tenant": TENANT, "name": "hook", "endpoint": "hook", "language": "en", "time_zone": "UTC",
        }],
        "networks": [{"tenant": TENANT, "allow": [receiver.opening()]}],
        "tokens": [{"tenant": TENANT, "name": "sensor", "role": "ingest", "value": TOKEN}],
    })
}

struct Poster {
    url: String,
    client: reqwest::Client,
    posted: Log,
}

impl Poster {
    async fn post(&self, number: usize) {
        let at = Instant::now();
        let request = self.client.post(&self.url).bearer_auth(TOKEN);
        let body = alert(&kind(number), &json!({})).to_string();
        let status = match request.body(body).send().await {
            Ok(answer) => answer.status().as_u16(),
            Err(_) => 0,
        };
        let mut posted = self.posted.lock().unwrap_or_else(PoisonError::into_inner);
        posted.insert(number, (at, status));
    }
}

async fn tell(poster: Poster, turn: Arc<Turn<()>>) {
    let mut every = tokio::time::interval(EVERY);
    for number in 1.. {
        every.tick().await;
        let _turn = turn.lock().await;
        poster.post(number).await;
    }
}
