//! The store as its callers see it.

mod aside;
mod conditions;
mod configuration;
mod durability;
mod migrations;
mod model;
pub(crate) mod pruning;
mod queue;
mod trouble;
mod wiping;

use std::path::{Path, PathBuf};

use super::*;
use crate::alert::Alert;
use crate::job::{Carried, Fate, Job, Then, Unsent};
use crate::message::{Body, HttpRequest, Message, Part};
use crate::outcome::Reason;

/// A folder that goes with the test.
pub(crate) struct Home(PathBuf);

impl Home {
    pub(crate) fn new() -> Self {
        Self::below(&std::env::temp_dir())
    }

    /// In memory where the system has a folder for that: what is committed often is committed fast.
    pub(crate) fn fast() -> Self {
        let memory = Path::new("/dev/shm");
        if memory.is_dir() {
            Self::below(memory)
        } else {
            Self::new()
        }
    }

    fn below(folder: &Path) -> Self {
        let folder = folder.join(format!("campanile-{}", uuid::Uuid::now_v7()));
        std::fs::create_dir(&folder).expect("the folder for temporary files can be written");
        Self(folder)
    }

    fn file(&self) -> PathBuf {
        self.0.join("store.sqlite")
    }

    async fn open(&self) -> Store {
        Store::open(self.file()).await.expect("the store opens")
    }

    /// What a kill at this moment would leave: the files as they are, and nobody who closes them.
    fn crashed(&self) -> Self {
        let copy = Self::below(self.0.parent().expect("a folder"));
        for name in ["store.sqlite", "store.sqlite-wal"] {
            if self.0.join(name).exists() {
                std::fs::copy(self.0.join(name), copy.0.join(name)).expect("a file can be copied");
            }
        }
        copy
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn alert(id: &str, fingerprint: &str) -> Alert {
    let document = format!(
        r#"{{"id":"{id}","kind":"test","severity":"notice","action":"stored",
            "entity":{{"kind":"host","value":"192.0.2.1"}},"source":"",
            "starts_at":"2026-01-01T00:00:00.000Z","fingerprint":"{fingerprint}"}}"#
    );
    serde_json::from_str(&document).expect("the document is an alert")
}

fn endpoint(name: &str) -> Change {
    Change::PutEndpoint(EndpointRow {
        tenant: "default".to_owned(),
        name: name.to_owned(),
        component: "digest".to_owned(),
        params: "[]".to_owned(),
        sealed: "{}".to_owned(),
        granted: Some("{}".to_owned()),
        follows: true,
        paused: None,
    })
}

fn recipient(name: &str) -> Change {
    Change::PutRecipient(RecipientRow {
        id: 0,
        tenant: "default".to_owned(),
        name: name.to_owned(),
        endpoint: "endpoint".to_owned(),
        params: r#"[{"name":"chat","value":"1"}]"#.to_owned(),
        language: "en".to_owned(),
        time_zone: "UTC".to_owned(),
        filter: "{}".to_owned(),
        title: None,
        message: Some("%{entity}".to_owned()),
        paused: None,
    })
}

/// A store with `count` recipients; their ids count from 1.
pub(crate) async fn store_with(home: &Home, count: u32) -> Store {
    let store = home.open().await;
    let recipients = (1..=count).map(|number| recipient(&format!("r{number:02}")));
    let changes = std::iter::once(endpoint("endpoint"))
        .chain(recipients)
        .collect();
    store.apply(changes, 0).await.expect("changes apply");
    store
}

/// Accepts alerts for one recipient: pairs of id and fingerprint.
pub(crate) async fn accept(
    store: &Store,
    recipient: RecipientId,
    alerts: &[(&str, &str)],
    now: Millis,
) {
    let acceptance = Acceptance {
        tenant: "default".to_owned(),
        token: "token".to_owned(),
        alerts: alerts
            .iter()
            .map(|(id, fingerprint)| (alert(id, fingerprint), vec![recipient]))
            .collect(),
        told: Vec::new(),
        idempotency: None,
        now,
    };
    assert_eq!(store.accept(acceptance).await, Ok(Accepted::Stored));
}

pub(crate) async fn lease(store: &Store, recipient: RecipientId, max: u32, now: Millis) -> Lease {
    store
        .lease(recipient, max, now, now + 100)
        .await
        .expect("a lease is granted")
}

fn ids(jobs: &[Job]) -> Vec<&str> {
    jobs.iter().map(|job| job.alert.id.as_str()).collect()
}

/// A delivery of these jobs.
pub(crate) fn delivery(id: &str, recipient: RecipientId, jobs: &[Job], due: Millis) -> Stored {
    Stored {
        id: id.to_owned(),
        tenant: "default".to_owned(),
        recipient,
        component: "digest".to_owned(),
        params: "params".to_owned(),
        jobs: jobs
            .iter()
            .map(|job| Carried {
                job: job.id,
                alert: job.alert.id.clone(),
                fingerprint: job.alert.fingerprint.clone(),
                releases: false,
                answers: false,
            })
            .collect(),
        messages: vec![message("first"), message("second")],
        progress: 0,
        tag: String::new(),
        attempts: 0,
        created_at: due,
        accepted_at: due,
        due,
    }
}

fn message(text: &str) -> Message {
    Message::Http(HttpRequest {
        method: "POST".to_owned(),
        url: vec![Part::Text("https://example.org/".to_owned())],
        query: Vec::new(),
        headers: Vec::new(),
        auth: Vec::new(),
        body: Body::Text(vec![Part::Text(text.to_owned())]),
    })
}

fn attempt(message: u32, now: Millis, outcome: &str, reason: Reason) -> Attempt {
    Attempt {
        message,
        started_at: now,
        duration_ms: 5,
        outcome: outcome.to_owned(),
        reason,
        status: Some(200),
        detail: None,
        retry_at: None,
    }
}

pub(crate) fn settlement(delivery: &str, then: Then) -> Settlement {
    Settlement {
        delivery: delivery.to_owned(),
        attempt: Some(attempt(0, 1, "delivered", Reason::Accepted)),
        then,
        receipts: Vec::new(),
        changed: Vec::new(),
    }
}

pub(crate) fn over(state: crate::job::State, fates: Vec<Fate>) -> Then {
    Then::Over { state, fates }
}

fn unsent(job: &Job, fate: Fate) -> Unsent {
    Unsent {
        job: job.id,
        fate,
        given: job.given + 1,
        attempts: job.attempts,
    }
}

impl Store {
    /// Fills the disk, as far as the store can tell, or frees it.
    async fn fill(&self, full: bool) {
        let Engine::Sqlite(store) = &self.0;
        store.limit_pages(if full { 1 } else { 1 << 30 }).await;
    }
}

/// Keeps what is of `before` or later, for pruning at that time; dead letters for ever.
const KEEP_NOTHING: Keep = Keep {
    history: 0,
    dead_letters: Millis::MAX,
    bytes: u64::MAX,
};
