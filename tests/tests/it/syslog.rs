//! Syslog lines, from an alert to what the real rsyslog reads in them.

use std::collections::HashMap;

use campanile::egress::Resolver;
use campanile::outcome::Reason;
use campanile_tests::rsyslog::{NAME, Rsyslog};
use campanile_tests::{World, alert};
use serde_json::{Value, json};

/// The three ways to a server, and what opens each.
fn ways(rsyslog: &Rsyslog) -> [(&'static str, String, String); 3] {
    let Rsyslog { udp, tcp, tls, .. } = rsyslog;
    [
        (
            "udp",
            format!("syslog+udp://127.0.0.1:{udp}"),
            format!("127.0.0.1:{udp}/syslog"),
        ),
        (
            "tcp",
            format!("syslog+tcp://127.0.0.1:{tcp}"),
            format!("127.0.0.1:{tcp}/syslog"),
        ),
        (
            "tls",
            format!("syslog+tls://{NAME}:{tls}"),
            format!("127.0.0.1:{tls}/syslogs"),
        ),
    ]
}

/// A program with an endpoint and a recipient for each way, named by it.
async fn world(rsyslog: &Rsyslog) -> World {
    let ways = ways(rsyslog);
    let endpoint = |(name, server, _): &(&str, String, String)| {
        json!({"name": name, "component": "syslog",
            "params": {"server": server, "hostname": name, "facility": "4"}})
    };
    let recipient = |(name, ..): &(&str, String, String)| json!({"name": name, "endpoint": name, "language": "en", "time_zone": "UTC"});
    let names = HashMap::from([(NAME.to_owned(), vec!["127.0.0.1".parse().expect("it")])]);
    World::builder()
        .network(Resolver::fixed(names), Vec::new())
        .trusting(rsyslog.certificate.clone())
        .desired(json!({
            "endpoints": ways.iter().map(endpoint).collect::<Vec<_>>(),
            "recipients": ways.iter().map(recipient).collect::<Vec<_>>(),
            "networks": [{"allow": ways.map(|(.., opening)| opening)}],
        }))
        .start()
        .await
}

async fn tell(world: &World, alerts: &Value) {
    let posted = world.post(alerts).await;
    assert_eq!(posted.status, 202, "{:?}", posted.body);
    world.wait_until_empty().await;
}

/// What rsyslog makes of structured data is JSON in a string.
fn data(line: &Value) -> Value {
    let text = line["data"].as_str().expect("structured data");
    serde_json::from_str::<Value>(text).expect("JSON")["campanile@32473"].take()
}

#[tokio::test]
async fn rsyslog_reads_every_field_by_udp_tcp_and_tls() {
    let Some(rsyslog) = Rsyslog::start().await else {
        return;
    };
    let world = world(&rsyslog).await;
    let disk = alert(
        "disk_full",
        &json!({"title": "Disk full", "message": "97 % of /var\n\u{e8} \"<b>\"", "severity": "warning",
            "action": "engaged", "category": "system", "score": 42,
            "entity": {"kind": "host", "value": "a]\"b\\c"}, "url": "https://ntopng.example/?a=1&b=2"}),
    );
    tell(&world, &disk).await;
    let mut lines = rsyslog.wait_for(3).await;
    lines.sort_by_key(|line| line["host"].to_string());
    let hosts: Vec<_> = lines.iter().map(|line| &line["host"]).collect();
    assert_eq!(hosts, ["tcp", "tls", "udp"]);
    for line in &lines {
        for (name, expected) in [
            ("pri", "36"),
            ("version", "1"),
            ("time", "2026-01-02T03:00:00.000Z"),
            ("app", "campanile"),
            ("proc", "-"),
            ("id", "disk_full"),
        ] {
            assert_eq!(line[name], expected, "{name} of {line}");
        }
        let message = line["message"].as_str().expect("a message");
        let message = message.strip_prefix('\u{feff}').expect("the mark of UTF-8");
        assert_eq!(
            message,
            "Disk full (host a]\"b\\c): 97 % of /var \u{e8} \"<b>\""
        );
        let data = data(line);
        for (name, expected) in [
            ("action", "engaged"),
            ("entity_kind", "host"),
            ("entity", "a]\"b\\c"),
            ("source", "eth0"),
            ("category", "system"),
            ("score", "42"),
            ("url", "https://ntopng.example/?a=1&b=2"),
        ] {
            assert_eq!(data[name], expected, "{name} of {data}");
        }
    }
    let attempts = world.all_attempts().await;
    let reasons: Vec<_> = attempts.iter().map(|attempt| attempt.reason).collect();
    assert_eq!(reasons, [Reason::Written; 3]);
    assert!(attempts.iter().all(|attempt| attempt.status.is_none()));
    let account = world.app.egress.ledger().account();
    assert_eq!((account.dialled.len(), account.strayed.len()), (3, 0));
}

/// Whatever a producer writes, each alert is one line, and nothing else is.
#[tokio::test]
async fn no_alert_makes_more_lines_than_one() {
    const FORGED: &str = "x]\" \\ 34 <34>1 2026-01-02T03:00:00Z h sshd - - - Accepted";
    let Some(rsyslog) = Rsyslog::start().await else {
        return;
    };
    let world = world(&rsyslog).await;
    let forged = alert(
        "forged",
        &json!({"title": FORGED, "message": format!("{FORGED}\n{FORGED}\t\n").repeat(100),
            "source": FORGED, "entity": {"kind": "host", "value": FORGED}, "fingerprint": FORGED}),
    );
    tell(&world, &forged).await;
    tell(&world, &alert("last", &json!({}))).await;
    let lines = rsyslog.wait_for(6).await;
    assert_eq!(lines.len(), 6);
    for line in &lines {
        assert_eq!(
            (&line["app"], &line["pri"]),
            (&json!("campanile"), &json!("35"))
        );
        assert!(
            ["forged", "last"].contains(&line["id"].as_str().expect("an id")),
            "{line}"
        );
        let raw = line["raw"].as_str().expect("the line");
        let limit = if line["host"] == "udp" { 2048 } else { 8192 };
        assert!(
            raw.len() <= limit && !raw.contains(char::is_control),
            "{raw:?}"
        );
    }
}

#[tokio::test]
async fn a_test_line_arrives_and_is_shown() {
    let Some(rsyslog) = Rsyslog::start().await else {
        return;
    };
    let world = world(&rsyslog).await;
    let tested = world
        .administer("/api/v1/recipients/tls/test", &json!({}))
        .await;
    assert_eq!(tested.status, 200, "{:?}", tested.body);
    let test = &tested.body[0];
    assert_eq!(test["delivered"], true, "{test}");
    assert_eq!(
        (&test["status"], &test["failure"]),
        (&Value::Null, &Value::Null)
    );
    let request = test["request"].as_str().expect("what was sent");
    let server = format!(
        "syslog to: syslog+tls://{NAME}:{}\nfacility: 4\n",
        rsyslog.tls
    );
    assert!(request.starts_with(&server), "{request}");
    let line = &rsyslog.wait_for(1).await[0];
    assert_eq!(line["id"], "test");
    assert_eq!(
        line["message"],
        "Test of alerts for tls: they will arrive here."
    );
}

#[tokio::test]
async fn lines_wait_for_a_server_that_is_not_there() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("it").port();
    drop(listener);
    let world = World::builder()
        .held_clock()
        .desired(json!({
            "endpoints": [{"name": "log", "component": "syslog",
                "params": {"server": format!("syslog+tcp://127.0.0.1:{port}")}}],
            "recipients": [{"name": "log", "endpoint": "log", "language": "en", "time_zone": "UTC"}],
            "networks": [{"allow": [format!("127.0.0.1:{port}/syslog")]}],
        }))
        .start()
        .await;
    let posted = world.post(&alert("disk_full", &json!({}))).await;
    assert_eq!(posted.status, 202);
    let attempts = world.wait_for_attempts(1).await;
    assert_eq!(attempts[0].reason, Reason::ConnectionRefused);
    assert_eq!(world.dead_letters().await.len(), 0);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port))
        .await
        .expect("the port");
    let line = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut line = String::new();
        tokio::io::AsyncReadExt::read_to_string(&mut stream, &mut line)
            .await
            .expect("a line");
        line
    });
    world.advance(std::time::Duration::from_secs(60));
    let line = line.await.expect("a line");
    let (octets, line) = line.split_once(' ').expect("a frame");
    assert_eq!(octets.parse(), Ok(line.len()));
    assert!(
        line.starts_with("<131>1 2026-01-02T03:00:00.000Z - campanile - disk_full ["),
        "{line}"
    );
    world.wait_until_empty().await;
}
