//! Deliveries a second through everything that a real alert passes, beside a loop that does nothing but
//! send the same requests to the same receiver.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use campanile::app::{App, Contact, KeyPlace, Options};
use campanile::desired::Desired;
use campanile_tests::Folder;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::Figure;
use super::receiver::Receiver;

/// Recipients among which the alerts are spread, each with its own stream.
const RECIPIENTS: usize = 8;

/// Requests in flight of the bare loop: as many as the recipients may have together.
const IN_FLIGHT: usize = RECIPIENTS * 16;

/// Alerts a post.
const ARRAY: usize = 100;

pub(crate) fn compare(alerts: usize) -> anyhow::Result<Vec<Figure>> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let receiver = Receiver::start()?;
        let once = Folder::new();
        let body = sample_body(&once).await?;
        // Once unmeasured, so that both begin warm.
        bare(&receiver, &body, alerts / 10).await?;
        let bare = bare(&receiver, &body, alerts).await?;
        let in_arrays = delivered(&once, &receiver, alerts, ARRAY, u32::MAX).await?;
        let single = delivered(&once, &receiver, alerts / 10, 1, 1).await?;
        Ok(vec![
            Figure::new(
                "bare_per_s",
                bare,
                "requests a second of a bare reqwest loop",
            ),
            Figure::new(
                "delivered_per_s",
                in_arrays,
                "durable deliveries a second, one request an alert",
            ),
            Figure::new(
                "ratio",
                in_arrays / bare,
                "deliveries for each request of the bare loop",
            ),
            Figure::new(
                "one_by_one_per_s",
                single,
                "the same, posted singly and built singly",
            ),
        ])
    })
}

fn alert(number: usize) -> Value {
    json!({
        "kind": "flows_flood", "subtype": "flow_flood_attacker", "severity": "error", "score": 100,
        "action": "engaged", "category": "security",
        "entity": {"kind": "host", "value": format!("10.{}.{}.{}@0", number >> 16, (number >> 8) & 255, number & 255),
                   "name": format!("host-{number}.example.org")},
        "source": format!("eth{}", number % RECIPIENTS), "starts_at": "2026-01-02T03:04:05Z",
        "threshold": 256, "value": 1081.5, "url": "https://ntopng.example.org/lua/host_details.lua?host=10.0.0.1",
        "details": {"ip": "10.0.0.1", "vlan_id": 0, "is_attacker": true, "proto.ndpi": "TLS.Google", "bytes": 123_456_789},
    })
}

/// What one delivery's body looks like, so that the bare loop sends the same.
async fn sample_body(once: &Folder) -> anyhow::Result<Vec<u8>> {
    let receiver = campanile_tests::Receiver::ok().await;
    let program =
        Program::start(once, &receiver.url("/hook"), &receiver.opening(), u32::MAX).await?;
    program.post(vec![alert(0)], 1).await?;
    let requests = receiver.wait_for(1).await;
    program.stop().await?;
    Ok(requests[0].body.clone())
}

async fn bare(receiver: &Receiver, body: &[u8], requests: usize) -> anyhow::Result<f64> {
    let client = reqwest::Client::builder()
        .pool_max_idle_per_host(IN_FLIGHT)
        .build()?;
    let url = format!("http://{}/hook", receiver.address);
    let body = axum::body::Bytes::copy_from_slice(body);
    let start = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..IN_FLIGHT {
        let (client, url, body) = (client.clone(), url.clone(), body.clone());
        let mine = requests / IN_FLIGHT + usize::from(task < requests % IN_FLIGHT);
        tasks.spawn(async move {
            for _ in 0..mine {
                let request = client
                    .post(&url)
                    .header("content-type", "application/json")
                    .body(body.clone());
                request.send().await?.error_for_status()?.bytes().await?;
            }
            Ok::<_, reqwest::Error>(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(rate(requests, start.elapsed()))
}

async fn delivered(
    once: &Folder,
    receiver: &Receiver,
    alerts: usize,
    array: usize,
    per_call: u32,
) -> anyhow::Result<f64> {
    let (url, opening) = (
        format!("http://{}/hook", receiver.address),
        format!("{}/http", receiver.address),
    );
    let program = Program::start(once, &url, &opening, per_call).await?;
    let before = receiver.count();
    program.post((0..ARRAY).map(alert).collect(), array).await?;
    program.wait(receiver, before + ARRAY, ARRAY).await?;
    let start = Instant::now();
    program
        .post((ARRAY..ARRAY + alerts).map(alert).collect(), array)
        .await?;
    program
        .wait(receiver, before + ARRAY + alerts, ARRAY + alerts)
        .await?;
    let took = start.elapsed();
    anyhow::ensure!(
        receiver.count() - before == ARRAY + alerts,
        "not one request an alert"
    );
    program.stop().await?;
    Ok(rate(alerts, took))
}

fn rate(count: usize, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64()
}

/// The program, in this process, with a store on disk.
struct Program {
    app: Arc<App>,
    contact: Contact,
    stop: watch::Sender<bool>,
    running: tokio::task::JoinHandle<anyhow::Result<()>>,
    _folder: Folder,
}

impl Program {
    async fn start(once: &Folder, url: &str, opening: &str, per_call: u32) -> anyhow::Result<Self> {
        let folder = Folder::new();
        let data = folder.path().join("data");
        let mut options = Options::new(&data);
        options.alerts_per_call = per_call;
        // Components are compiled once for all that is measured.
        options.key = Some(KeyPlace::File(once.path().join("key")));
        options.code = Some(once.path().join("code"));
        let app = App::open(options).await?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let contact = app.announce(&data, listener.local_addr()?).await?;
        let recipients: Vec<_> = (0..RECIPIENTS)
            .map(|number| {
                json!({"name": format!("r{number}"), "endpoint": "hook", "language": "en", "time_zone": "UTC",
                       "filter": {"sources": [format!("eth{number}")]}})
            })
            .collect();
        let mut desired: Desired = serde_json::from_value(json!({
            "endpoints": [{"name": "hook", "component": "webhook",
                           "params": {"url": url, "alerts_per_request": "1"}}],
            "recipients": recipients,
            "networks": [{"allow": [opening]}],
        }))?;
        let lines = app.apply(&desired, false, true, "en").await?;
        campanile::apply::grant(&mut desired, &lines);
        app.apply(&desired, false, false, "en").await?;
        let (stop, stopped) = watch::channel(false);
        let running = tokio::spawn({
            let app = app.clone();
            async move { app.run(listener, stopped).await }
        });
        Ok(Self {
            app,
            contact,
            stop,
            running,
            _folder: folder,
        })
    }

    /// Posts over HTTP, four posts at once.
    async fn post(&self, alerts: Vec<Value>, array: usize) -> anyhow::Result<()> {
        let posters = if array == 1 { 16 } else { 4 };
        let client = reqwest::Client::new();
        let bodies: Vec<String> = alerts
            .chunks(array)
            .map(|alerts| json!(alerts).to_string())
            .collect();
        let bodies = Arc::new(std::sync::Mutex::new(bodies.into_iter()));
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..posters {
            let (client, bodies) = (client.clone(), bodies.clone());
            let (url, token) = (
                format!("{}/api/v1/alerts", self.contact.url),
                self.contact.ingest_token.clone(),
            );
            tasks.spawn(async move {
                loop {
                    let next = bodies
                        .lock()
                        .map_err(|_| anyhow::anyhow!("a poster panicked"))?
                        .next();
                    let Some(body) = next else {
                        return Ok::<_, anyhow::Error>(());
                    };
                    let response = client
                        .post(&url)
                        .bearer_auth(&token)
                        .body(body)
                        .send()
                        .await?;
                    anyhow::ensure!(response.status() == 202, "answered {}", response.status());
                }
            });
        }
        while let Some(done) = tasks.join_next().await {
            done??;
        }
        Ok(())
    }

    /// Waits until all have arrived, then until all are noted as delivered: counting rows is work for the
    /// store, so it is not asked before.
    async fn wait(
        &self,
        receiver: &Receiver,
        received: usize,
        delivered: usize,
    ) -> anyhow::Result<()> {
        while receiver.count() < received {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        loop {
            let counts = self.app.store.counts().await?;
            anyhow::ensure!(counts.dead == 0, "{} dead letters", counts.dead);
            if counts.delivered >= delivered as u64 {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    async fn stop(self) -> anyhow::Result<()> {
        let _ = self.stop.send(true);
        self.running.await??;
        self.app.store.clone().close().await?;
        Ok(())
    }
}
