//! Syslog lines that a component would write as somebody else: to this machine's own log, and to what listens behind a
//! port that was opened for something else.

use campanile::network::Protocol;
use campanile::outcome::Reason;
use serde_json::{Value, json};
use tokio::net::{TcpListener, UdpSocket};

use super::stage::limits;
use super::{Bystander, LIAR, Stopped, told};
use crate::{World, alert, wait_for};

/// The name of an endpoint and its recipient.
fn liar(how: &str, number: usize) -> String {
    format!("{how}-{number}")
}

/// A program in which each `how` logs to its server. Every alert reaches all of them.
pub async fn world(liars: &[(&str, &str)], openings: &[String]) -> World {
    let (mut endpoints, mut recipients) = (Vec::new(), Vec::new());
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
        .limits(limits())
        .component(LIAR)
        .desired(json!({
            "endpoints": endpoints, "recipients": recipients, "networks": [{"allow": allow}],
        }))
        .start()
        .await
}

/// One alert: each liar's is a dead letter for this reason, with these words in its detail. Nobody but the bystander is
/// connected to.
async fn refused(rows: &[(&str, &str, Reason, &str)], openings: &[String]) -> Stopped {
    let liars: Vec<_> = rows
        .iter()
        .map(|(how, server, ..)| (*how, *server))
        .collect();
    let world = world(&liars, openings).await;
    let beside = Bystander::beside(&world).await;
    assert_eq!(world.post(&alert("first", &json!({}))).await.status, 202);
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
    beside.empty().await;
    assert_eq!(beside.others_dialled(), []);
    let dead = world.dead_letters().await;
    beside.stopped(told(&dead)).await
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

pub async fn local_syslog_as_sshd() -> Stopped {
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
    let stopped = refused(&rows, &openings).await;
    silent.heard_nothing();
    stopped
}

pub async fn syslog_tcp_that_speaks_redis() -> Stopped {
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
    let elsewhere = refused(
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
    let here = refused(&rows, &[redis.opened_for(Protocol::Syslog)]).await;
    redis.heard_nothing();
    Stopped::all(vec![elsewhere, here])
}
