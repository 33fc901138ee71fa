//! Alertmanager and Grafana: the real Alertmanager from its package, and what their posts lead to.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use campanile_tests::{Behaviour, Folder, Receiver, World, tools};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStderr, Command};

/// How long it may take to start, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running Alertmanager. It is killed when it is dropped.
struct Alertmanager {
    _child: Child,
    _log: tokio::task::JoinHandle<()>,
    url: String,
}

impl Alertmanager {
    /// Starts it with one webhook and no peers. It takes any free port, and its log says which.
    async fn start(program: &Path, folder: &Path, webhook: &str, token: &str) -> Self {
        let config = json!({
            "route": {"receiver": "campanile", "group_by": ["alertname"], "group_wait": "10ms",
                "group_interval": "10ms", "repeat_interval": "1h"},
            "receivers": [{"name": "campanile", "webhook_configs": [{"url": webhook,
                "send_resolved": true,
                "http_config": {"authorization": {"credentials": token}}}]}],
        });
        // JSON is YAML.
        let file = folder.join("alertmanager.yml");
        std::fs::write(&file, config.to_string()).expect("its configuration");
        let mut child = Command::new(program)
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.path={}", folder.join("data").display()))
            .args([
                "--web.listen-address=127.0.0.1:0",
                "--cluster.listen-address=",
                "--log.format=json",
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("it starts");
        let mut lines = BufReader::new(child.stderr.take().expect("its log")).lines();
        let address = tokio::time::timeout(PATIENCE, listening(&mut lines)).await;
        Self {
            _child: child,
            url: format!("http://{}", address.expect("it listens in time")),
            // Read all the time: a full pipe would hold it up.
            _log: tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} }),
        }
    }

    async fn post(&self, alert: &Value) {
        let request = reqwest::Client::new()
            .post(format!("{}/api/v2/alerts", self.url))
            .header("content-type", "application/json")
            .body(json!([alert]).to_string());
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{:?}", answer.text().await);
    }
}

async fn listening(lines: &mut tokio::io::Lines<BufReader<ChildStderr>>) -> String {
    let mut said = String::new();
    while let Some(line) = lines.next_line().await.expect("its log") {
        let entry: Value = serde_json::from_str(&line).unwrap_or_default();
        if let (Some("Listening on"), Some(address)) =
            (entry["msg"].as_str(), entry["address"].as_str())
        {
            return address.to_owned();
        }
        said += &format!("{line}\n");
    }
    panic!("it ended:\n{said}");
}

/// A bot whose messages have the numbers 101, 102 ..., and the chat `noc`.
async fn telegram() -> (Receiver, Value) {
    let sent = |id: i64| {
        let result = json!({"message_id": id, "date": 0, "chat": {"id": -1001}});
        Behaviour::json(200, &json!({"ok": true, "result": result}))
    };
    let api = Receiver::start((101..110).map(sent), Behaviour::status(599)).await;
    let desired = json!({
        "endpoints": [{"name": "bot", "component": "telegram",
            "params": {"token": "123456789:abcdefghijklmnopqrstuvwxyzABCDEFGHI", "api": api.url("")}}],
        "recipients": [{"name": "noc", "endpoint": "bot", "params": {"chat": "-1001"},
            "language": "en", "time_zone": "UTC"}],
        "networks": [{"allow": [api.opening()]}],
    });
    (api, desired)
}

fn installed() -> Option<PathBuf> {
    const PROGRAM: &str = "prometheus-alertmanager";
    tools::program(PROGRAM, &format!("apt-get install {PROGRAM}"))
}

#[tokio::test]
async fn the_real_alertmanager_delivers_and_its_resolved_alert_answers_the_firing_one() {
    let Some(program) = installed() else { return };
    let (api, desired) = telegram().await;
    let world = World::builder().desired(desired).start().await;
    let folder = Folder::new();
    let webhook = world.url("/ingest/alertmanager");
    let alertmanager = Alertmanager::start(
        &program,
        folder.path(),
        &webhook,
        &world.contact.ingest_token,
    )
    .await;

    let mut alert = json!({
        "labels": {"alertname": "DiskFull", "instance": "db1:9100", "severity": "critical"},
        "annotations": {"summary": "db1 <is> full", "description": "97 % of /var & /tmp"},
        "startsAt": "2024-01-02T03:00:00Z",
        "generatorURL": "http://prometheus.example/graph?a=1",
    });
    alertmanager.post(&alert).await;
    let firing = api.wait_for(1).await.remove(0).json();
    // Its message's number is kept before the next one is told.
    world.wait_until_empty().await;
    alert["endsAt"] = json!("2024-01-02T04:00:00Z");
    alertmanager.post(&alert).await;
    let resolved = api.wait_for(2).await.remove(1).json();
    world.wait_until_empty().await;

    let text = |message: &Value| message["text"].as_str().expect("a text").to_owned();
    for (message, action) in [(&firing, "Engaged"), (&resolved, "Released")] {
        let text = text(message);
        for part in [
            "<b>db1 &lt;is&gt; full</b>",
            "97 % of /var &amp; /tmp",
            "instance db1:9100",
            "Critical",
            action,
            "2024-01-02 03:00:00 UTC",
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
    }
    assert_eq!(firing["reply_parameters"], Value::Null);
    assert_eq!(resolved["reply_parameters"]["message_id"], 101);
    assert_eq!(api.received().len(), 2, "each once");
    assert!(world.dead_letters().await.is_empty());
}

/// A group as Alertmanager posts it.
fn group(status: &str, description: &str) -> Value {
    let ends_at = match status {
        "resolved" => "2026-01-02T04:00:00Z",
        _ => "0001-01-01T00:00:00Z",
    };
    json!({"version": "4", "status": status, "receiver": "campanile", "truncatedAlerts": 0,
        "groupKey": "{}:{}", "externalURL": "http://alertmanager.example",
        "alerts": [{"status": status, "labels": {"alertname": "DiskFull", "instance": "db1"},
            "annotations": {"description": description}, "startsAt": "2026-01-02T03:00:00Z",
            "endsAt": ends_at, "generatorURL": "", "fingerprint": "1a30ba71cca2921f"}]})
}

async fn post(world: &World, path: &str, body: &Value) -> campanile_tests::Posted {
    let token = Some(world.contact.ingest_token.as_str());
    world.post_raw(path, token, body.to_string()).await
}

#[tokio::test]
async fn a_group_that_is_posted_again_reminds_or_updates_until_it_is_resolved() {
    let receiver = Receiver::ok().await;
    let mut world = World::builder().webhook(&receiver).start().await;
    let rows = [
        ("firing", "97 %", "engaged"),
        ("firing", "97 %", "reminded"),
        ("firing", "98 %", "updated"),
        ("firing", "98 %", "reminded"),
        ("resolved", "98 %", "released"),
        ("resolved", "98 %", "released"),
        ("firing", "98 %", "engaged"),
    ];
    for (count, (status, description, _)) in (1..).zip(rows) {
        let posted = post(&world, "/ingest/alertmanager", &group(status, description)).await;
        assert_eq!(posted.status, 202, "{:?}", posted.body);
        receiver.wait_for(count).await;
        world.wait_until_empty().await;
        if count == 2 {
            // What was told is known after a restart, too.
            world = world.restart().await;
        }
    }
    let actions: Vec<_> = receiver
        .received()
        .iter()
        .map(|request| request.json()["alerts"][0]["action"].clone())
        .collect();
    assert_eq!(actions, rows.map(|(_, _, action)| action));
}

#[tokio::test]
async fn a_recipient_that_wants_no_reminders_gets_none() {
    let receiver = Receiver::ok().await;
    let mut desired = json!({
        "endpoints": [{"name": "hook", "component": "webhook", "params": {"url": receiver.url("/hook")}}],
        "recipients": [{"name": "hook", "endpoint": "hook", "language": "en", "time_zone": "UTC"}],
        "networks": [{"allow": [receiver.opening()]}],
    });
    desired["recipients"][0]["filter"] = json!({"actions": ["engaged", "released"]});
    let world = World::builder().desired(desired).start().await;
    for status in ["firing", "firing", "firing", "resolved"] {
        let posted = post(&world, "/ingest/alertmanager", &group(status, "97 %")).await;
        assert_eq!(posted.status, 202);
        world.wait_until_empty().await;
    }
    let actions: Vec<_> = receiver
        .received()
        .iter()
        .map(|request| request.json()["alerts"][0]["action"].clone())
        .collect();
    assert_eq!(actions, ["engaged", "released"]);
}

#[tokio::test]
async fn what_was_left_out_and_what_is_wrong_is_said_in_the_answer() {
    let world = World::builder().start().await;
    let with = |name: &str, value: Value| {
        let mut body = group("firing", "97 %");
        body[name] = value;
        body
    };
    let posted = post(
        &world,
        "/ingest/alertmanager",
        &with("truncatedAlerts", json!(12)),
    )
    .await;
    assert_eq!(
        (posted.status, &posted.body["truncated"]),
        (202, &json!(12))
    );
    let posted = post(
        &world,
        "/ingest/alertmanager",
        &with("notificationReason", json!(1)),
    )
    .await;
    assert_eq!((posted.status, posted.body.get("truncated")), (202, None));
    let posted = post(&world, "/ingest/alertmanager", &with("alerts", json!([]))).await;
    assert_eq!(posted.body, json!({"accepted": [], "refused": []}));

    let mut two = group("firing", "97 %");
    let mut wrong = two["alerts"][0].clone();
    wrong["startsAt"] = json!(17);
    two["alerts"].as_array_mut().expect("alerts").push(wrong);
    let posted = post(&world, "/ingest/alertmanager", &two).await;
    assert_eq!(posted.status, 207);
    assert_eq!(posted.body["refused"][0]["path"], "$.alerts[1].startsAt");
    assert_eq!(posted.body["refused"][0]["code"], "wrong-type");

    for (path, body, detail) in [
        (
            "/ingest/alertmanager",
            with("version", json!("3")),
            "version \"4\"",
        ),
        (
            "/ingest/alertmanager",
            with("version", json!(4)),
            "$.version",
        ),
        (
            "/ingest/alertmanager",
            with("alerts", json!({})),
            "$.alerts",
        ),
        (
            "/ingest/grafana",
            with("version", json!("4")),
            "version \"1\"",
        ),
        ("/ingest/grafana", json!([]), "$: "),
    ] {
        let posted = post(&world, path, &body).await;
        assert_eq!(
            (posted.status, &posted.body["code"]),
            (400, &json!("body-shape"))
        );
        let said = posted.body["detail"].as_str().expect("words");
        assert!(said.contains(detail), "{said}");
    }
    let stranger = world
        .post_raw("/ingest/alertmanager", Some("nobody"), two.to_string())
        .await;
    assert_eq!(stranger.status, 401);
}

#[tokio::test]
async fn grafana_posts_or_puts_with_a_token_or_a_password() {
    let receiver = Receiver::ok().await;
    let world = World::builder().webhook(&receiver).start().await;
    let mut body = group("firing", "97 %");
    body["version"] = json!("1");
    body["orgId"] = json!(1);
    body["alerts"][0]["panelURL"] = json!("https://grafana.example/d/abc?viewPanel=2");
    body["alerts"][0]["values"] = json!({"B": 97.5});
    let (client, token) = (reqwest::Client::new(), &world.contact.ingest_token);
    let url = world.url("/ingest/grafana");
    for request in [
        client.post(&url).bearer_auth(token),
        client.put(&url).basic_auth("grafana", Some(token)),
    ] {
        let answer = request
            .body(body.to_string())
            .send()
            .await
            .expect("an answer");
        assert_eq!(answer.status(), 202);
        world.wait_until_empty().await;
    }
    let alerts: Vec<_> = receiver
        .received()
        .iter()
        .map(|request| request.json()["alerts"][0].clone())
        .collect();
    assert_eq!(alerts.len(), 2);
    assert_eq!(
        (&alerts[0]["action"], &alerts[1]["action"]),
        (&json!("engaged"), &json!("reminded"))
    );
    assert_eq!(
        alerts[0]["url"],
        "https://grafana.example/d/abc?viewPanel=2"
    );
    assert_eq!(alerts[0]["value"], 97.5);
    assert_eq!(alerts[0]["details"], body["alerts"][0]);
}
