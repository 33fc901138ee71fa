//! A disk that is full while something is in flight, and is freed: nothing is lost, nothing sent anew.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use campanile_tests::{Behaviour, Disk, Process, Receiver, alert, wait_for};
use serde_json::{Value, json};

use super::process::Place;

/// The first request fills the disk of the process that sent it, before it is answered; all are answered 200.
struct Filling {
    disk: Arc<Mutex<Option<Disk>>>,
    receiver: Receiver,
}

impl Filling {
    async fn start() -> Self {
        let disk = Arc::new(Mutex::<Option<Disk>>::default());
        let requests = AtomicUsize::new(0);
        let fills = {
            let disk = disk.clone();
            move || {
                if requests.fetch_add(1, Ordering::SeqCst) == 0 {
                    let disk = disk.lock().expect("no panic");
                    disk.expect("a process").fill();
                }
            }
        };
        let answers = Behaviour::choose(move |_| {
            fills();
            Behaviour::status(200)
        });
        Self {
            disk,
            receiver: Receiver::start([], answers).await,
        }
    }

    fn of(&self, process: &Process) {
        *self.disk.lock().expect("no panic") = Some(process.disk());
    }
}

/// Waits until `/readyz` answers so, and returns its body.
async fn ready(process: &Process, status: u16) -> String {
    let url = format!("{}/readyz", process.contact.url);
    wait_for("the readiness", || async {
        let answer = reqwest::get(&url).await.expect("an answer");
        let found = answer.status().as_u16();
        let body = answer.text().await.expect("a body");
        (found == status).then_some(body)
    })
    .await
}

async fn deliveries(process: &Process, state: &str, count: usize) -> Vec<Value> {
    let path = format!("/api/v1/deliveries?state={state}");
    wait_for("the deliveries", || async {
        let found = process.get(&path).await;
        let found = found.as_array().expect("a list").clone();
        (found.len() == count).then_some(found)
    })
    .await
}

#[tokio::test]
async fn what_was_sent_when_the_disk_was_full_is_settled_when_there_is_room_and_not_sent_again() {
    let filling = Filling::start().await;
    let place = Place::webhook(filling.receiver.address());
    let process = place.serve().await;
    filling.of(&process);
    assert_eq!(process.post(&alert("first", &json!({}))).await, 202);

    let problem: Value = serde_json::from_str(&ready(&process, 503).await).expect("a problem");
    assert_eq!(problem["code"], "store-io", "{problem}");
    assert_eq!(filling.receiver.received().len(), 1);
    let refused = process.answer(&alert("second", &json!({}))).await;
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.headers()["retry-after"], "5");
    let problem = refused.text().await.expect("a problem");
    let problem: Value = serde_json::from_str(&problem).expect("a problem");
    assert_eq!(problem["code"], "store-io", "{problem}");
    assert_eq!(deliveries(&process, "pending", 1).await[0]["attempts"], 0);

    process.disk().free();
    assert!(ready(&process, 200).await.starts_with("ok"));
    let delivered = deliveries(&process, "delivered", 1).await;
    assert_eq!(delivered[0]["attempts"], 1);
    assert_eq!(process.post(&alert("second", &json!({}))).await, 202);
    deliveries(&process, "delivered", 2).await;
    assert_eq!(filling.receiver.received().len(), 2);
    assert_eq!(process.terminate().await.code(), Some(0));
}

#[tokio::test]
async fn who_is_ended_while_the_disk_is_full_ends_and_sends_what_was_in_flight_under_the_same_key()
{
    let filling = Filling::start().await;
    let place = Place::webhook(filling.receiver.address());
    let process = place.serve().await;
    filling.of(&process);
    assert_eq!(process.post(&alert("first", &json!({}))).await, 202);
    ready(&process, 503).await;
    assert_eq!(process.terminate().await.code(), Some(0));

    let process = place.serve().await;
    deliveries(&process, "delivered", 1).await;
    let requests = filling.receiver.received();
    assert_eq!(requests.len(), 2);
    let key = |at: usize| requests[at].header("idempotency-key").expect("a key");
    assert_eq!(key(0), key(1));
    assert_eq!(requests[0].body, requests[1].body);
}
