//! Syslog lines that a component would write as somebody else: to this machine's own log, and to what listens behind a
//! port that was opened for something else.

use campanile::network::Protocol;
use campanile::outcome::Reason;
use campanile_tests::{Receiver, World, alert, wait_for};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, UdpSocket};

use super::LIAR;

/// The name of an endpoint and its recipient.
fn liar(how: &str, number: usize) -> String {
    format!("{how}-{number}")
}

/// A program in which a bystander's alerts go to `bystander`, and each `how` logs to its server. Every alert reaches
/// all of them.
async fn world(bystander: &Receiver, liars: &[(&str, &str)], openings: &[String]) -> World {
    let mut endpoints = vec![json!({
        "name": "bystander", "component": "webhook",
        "params": {"url": bystander.url("/"), "alerts_per_request": "1"},
    })];
    let mut recipients = vec![json!({
        "name": "bystander", "endpoint": "bystander", "language": "en", "time_zone": "UTC",
    })];
    for (number, (how, server)) in liars.iter().enumerate() {
        let name = liar(how, number);
        endpoints.push(json!({
            "name": name, "component": "liar",
            "params": {"url": "https://hook.example", "token": "1:token", "log": server},
        }));
        recipients.push(json!({
            "name": name, "endpoint": name, "language": "en", "time_zone": "UTC", "params": {"how": how},
        }));
    }
    let allow: Vec<Value> = openings.iter().map(|it| json!(it)).collect();
    World::builder()
        .limits(super::stage::limits())
        .component(LIAR)
        .desired(json!({
            "endpoints": endpoints, "recipients": recipients,
            "networks": [{"allow": [bystander.opening()]}, {"allow": allow}],
        }))
        .start()
        .await
}

/// One alert: the bystander gets it, and each liar's is a dead letter for this reason, with these words in its detail.
/// Nobody but the bystander is connected to.
async fn refused(rows: &[(&str, &str, Reason, &str)], openings: &[String]) {
    let bystander = Receiver::ok().await;
    let liars: Vec<_> = rows
        .iter()
        .map(|(how, server, ..)| (*how, *server))
        .collect();
    let world = world(&bystander, &liars, openings).await;
    assert_eq!(world.post(&alert("first", &json!({}))).await.status, 202);
    bystander.wait_for(1).await;
    for (number, (how, server, reason, words)) in rows.iter().enumerate() {
        let name = liar(how, number);
        let letter = wait_for(&name, || async {
            let mut dead = world.dead_letters().await;
            dead.retain(|letter| letter.recipient_name == name);
            dead.pop()
        })
        .await;
        let detail = letter.detail.unwrap_or_default();
        assert_eq!(letter.reason, *reason, "{how} {server}: {detail}");
        assert!(detail.contains(words), "{how} {server}: {detail}");
    }
    world.wait_until_empty().await;
    assert_eq!(world.app.egress.ledger().account().dialled, 1);
}

/// A listener that must hear nothing, by TCP and UDP alike.
struct Silent {
    tcp: TcpListener,
    udp: UdpSocket,
    port: u16,
}

impl Silent {
    async fn new() -> Self {
        let tcp = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
        let port = tcp.local_addr().expect("its address").port();
        let udp = UdpSocket::bind(("127.0.0.1", port))
            .await
            .expect("a socket");
        Self { tcp, udp, port }
    }

    fn opened_for(&self, protocol: Protocol) -> String {
        format!("127.0.0.1:{}/{protocol}", self.port)
    }

    fn heard_nothing(&self) {
        let waker = std::task::Waker::noop();
        let mut context = std::task::Context::from_waker(waker);
        assert!(self.tcp.poll_accept(&mut context).is_pending());
        assert!(self.udp.try_recv(&mut [0; 16]).is_err());
    }
}

#[tokio::test]
async fn local_syslog_as_sshd() {
    use Reason::{ForbiddenAddress, OwnAddress, Route};
    let silent = Silent::new().await;
    let at = |scheme: &str| format!("{scheme}://127.0.0.1:{}", silent.port);
    let [udp, tcp, tls] = ["syslog+udp", "syslog+tcp", "syslog+tls"].map(at);
    // Near misses: openings of another protocol, port, address or width.
    let port = silent.port;
    let mut openings: Vec<String> = [
        Protocol::Https,
        Protocol::Http,
        Protocol::Smtp,
        Protocol::Smtps,
    ]
    .map(|protocol| silent.opened_for(protocol))
    .into();
    openings.push(format!("127.0.0.2:{port}/syslog"));
    openings.push(format!("127.0.0.1:{}/syslog", port ^ 1));
    openings.push(format!("0.0.0.0/0:{port}/syslog"));
    openings.push(format!("[::/0]:{port}/syslogs"));
    // From where this machine would write to others, where it is on a network at all.
    let outside = std::net::UdpSocket::bind("0.0.0.0:0").expect("a socket");
    let own = outside
        .connect("198.41.0.4:9")
        .and_then(|()| outside.local_addr())
        .map(|own| format!("syslog+udp://{}:{port}", own.ip()));
    let mut servers = vec![
        (udp.as_str(), ForbiddenAddress),
        (&tcp, ForbiddenAddress),
        (&tls, ForbiddenAddress),
        ("syslog+udp://127.0.0.1", ForbiddenAddress),
        ("syslog+udp://localhost", ForbiddenAddress),
        ("syslog+tcp://[::1]:601", ForbiddenAddress),
        ("syslog+udp://[::ffff:7f00:1]", ForbiddenAddress),
        ("syslog+udp://0.0.0.0", ForbiddenAddress),
    ];
    if let Ok(own) = &own {
        servers.push((own, OwnAddress));
    }
    let rows = servers
        .into_iter()
        .map(|(server, reason)| ("logs-as-sshd", server, reason, " port "));
    let elsewhere = (
        "logs-to-another-server",
        tls.as_str(),
        Route,
        "syslog+udp://127.0.0.1:514",
    );
    let rows: Vec<_> = rows.chain([elsewhere]).collect();
    refused(&rows, &openings).await;
    silent.heard_nothing();
}

/// What the operator opened exactly is the operator's to open.
#[tokio::test]
async fn local_syslog_is_written_to_where_the_operator_opened_exactly_that() {
    let log = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
    let port = log.local_addr().expect("its address").port();
    let bystander = Receiver::ok().await;
    let server = format!("syslog+udp://127.0.0.1:{port}");
    let openings = [format!("127.0.0.1:{port}/syslog")];
    let world = world(&bystander, &[("logs-as-sshd", &server)], &openings).await;
    assert_eq!(world.post(&alert("first", &json!({}))).await.status, 202);
    let mut line = [0; 2048];
    let (length, _) =
        tokio::time::timeout(std::time::Duration::from_secs(60), log.recv_from(&mut line))
            .await
            .expect("a line in time")
            .expect("a line");
    let line = String::from_utf8_lossy(&line[..length]);
    let head = "<86>1 2026-01-02T03:04:05.000Z localhost sshd - - - Accepted publickey";
    assert!(line.starts_with(head), "{line}");
    world.wait_until_empty().await;
    assert_eq!(world.dead_letters().await.len(), 0);
}

#[tokio::test]
async fn syslog_tcp_that_speaks_redis() {
    use Reason::{ForbiddenAddress, Poison, RequestTooLarge, Route, SyslogField};
    // Where something else was opened, nothing is said at all.
    let redis = Silent::new().await;
    let [tcp, tls] =
        ["syslog+tcp", "syslog+tls"].map(|it| format!("{it}://127.0.0.1:{}", redis.port));
    let others = [
        Protocol::Https,
        Protocol::Http,
        Protocol::Smtp,
        Protocol::Smtps,
    ];
    let openings = others.map(|protocol| redis.opened_for(protocol));
    refused(
        &[
            ("logs-as-sshd", &tcp, ForbiddenAddress, "127.0.0.1"),
            ("logs-as-sshd", &tls, ForbiddenAddress, "127.0.0.1"),
            ("logs-what-redis-obeys", &tcp, SyslogField, "MSG"),
        ],
        &openings,
    )
    .await;
    // Where syslog was opened, no line has what ends one, or another way, or a secret.
    let rows = [
        ("logs-what-redis-obeys", SyslogField, "MSG has a line end"),
        ("logs-two-lines", SyslogField, "MSG has a line end"),
        (
            "logs-a-nul",
            SyslogField,
            "MSG has a line end or another control",
        ),
        ("logs-redis-in-the-host-name", SyslogField, "HOSTNAME"),
        ("logs-redis-in-the-program", SyslogField, "APP-NAME"),
        ("logs-redis-in-the-message-id", SyslogField, "MSGID"),
        (
            "logs-redis-in-structured-data",
            SyslogField,
            "k has a line end",
        ),
        ("logs-redis-in-an-sd-id", SyslogField, "SD-ID"),
        (
            "logs-as-another-host",
            SyslogField,
            "origin is no SD-ID of one's own",
        ),
        ("logs-a-priority-of-its-own", SyslogField, "severity 200"),
        ("logs-a-megabyte", RequestTooLarge, "8192 are allowed"),
        ("logs-in-another-way", Route, "syslog+udp://127.0.0.1"),
        (
            "logs-a-secret",
            Poison,
            "secret-place: the secret `token` stands in a syslog line",
        ),
    ];
    let rows = rows.map(|(how, reason, words)| (how, tcp.as_str(), reason, words));
    refused(&rows, &[redis.opened_for(Protocol::Syslog)]).await;
    redis.heard_nothing();
}

/// What is sent counts its octets, so that a reader by frames and one by lines see the same one line.
#[tokio::test]
async fn a_line_over_tcp_is_one_frame_and_one_line() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let port = listener.local_addr().expect("its address").port();
    let heard = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut heard = String::new();
        stream.read_to_string(&mut heard).await.expect("text");
        heard
    });
    let bystander = Receiver::ok().await;
    let server = format!("syslog+tcp://127.0.0.1:{port}");
    let openings = [format!("127.0.0.1:{port}/syslog")];
    let world = world(&bystander, &[("logs-as-sshd", &server)], &openings).await;
    assert_eq!(world.post(&alert("first", &json!({}))).await.status, 202);
    let heard = heard.await.expect("what was said");
    let (octets, line) = heard.split_once(' ').expect("a frame");
    assert_eq!(octets.parse(), Ok(line.len()));
    assert!(!line.contains(char::is_control), "{line:?}");
    world.wait_until_empty().await;
}
