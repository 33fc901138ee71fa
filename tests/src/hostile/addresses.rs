//! Names, addresses and ports that nobody may reach: refused by name, and nothing is dialled.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use campanile::egress::Resolver;
use campanile::outcome::Reason;

use serde_json::json;

use super::{Bystander, Stopped, reasons};
use crate::webhooks::{dead, first_attempts, webhooks};
use crate::{Behaviour, Receiver, World};

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

/// A resolver that knows these names.
fn knows(names: &[(&str, &[&str])]) -> Resolver {
    let names: HashMap<_, _> = names
        .iter()
        .map(|(name, found)| ((*name).to_owned(), found.iter().map(|it| ip(it)).collect()))
        .collect();
    Resolver::fixed(names)
}

/// One that notes what it is asked, and answers by how often it was asked before.
fn notes(answer: impl Fn(usize) -> Vec<IpAddr> + Send + Sync + 'static) -> (Resolver, Asked) {
    let asked = Asked::default();
    let told = asked.clone();
    let resolver = Resolver::Told(Arc::new(move |name| {
        let mut asked = told.0.lock().unwrap_or_else(PoisonError::into_inner);
        asked.push(name.to_owned());
        answer(asked.len() - 1)
    }));
    (resolver, asked)
}

#[derive(Clone, Default)]
struct Asked(Arc<Mutex<Vec<String>>>);

impl Asked {
    fn names(&self) -> Vec<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// Each of these URLs is refused for this reason before anything is dialled.
async fn refused(
    resolver: Resolver,
    own: &[&str],
    allow: &[&str],
    rows: &[(&str, &str, Reason)],
) -> Stopped {
    let urls: Vec<_> = rows
        .iter()
        .map(|(name, url, _)| (*name, (*url).to_owned()))
        .collect();
    let allow: Vec<_> = allow.iter().map(|text| (*text).to_owned()).collect();
    let world = World::builder()
        .held_clock()
        .network(resolver, own.iter().map(|it| ip(it)).collect())
        .desired(webhooks(&urls, &allow))
        .start()
        .await;
    let beside = Bystander::beside(&world).await;
    world.tell("disk_full").await;
    let attempts = first_attempts(&world, rows.len()).await;
    for (name, url, reason) in rows {
        let attempt = &attempts[*name];
        assert_eq!(attempt.reason, *reason, "{url}: {:?}", attempt.detail);
    }
    assert_eq!(beside.others_dialled(), []);
    beside.stopped(reasons(attempts.values())).await
}

pub async fn private_in_every_spelling() -> Stopped {
    let receiver = Receiver::ok().await;
    let inside = Receiver::ok().await;
    let port = inside.address().port();
    let gone = {
        let taken = Receiver::ok().await;
        taken.address()
    };
    let at = |host: &str| format!("http://{host}:{port}/hook");
    let forbidden = Reason::ForbiddenAddress;
    let rows = [
        ("other-port", at("127.0.0.1"), forbidden),
        ("https", format!("https://127.0.0.1:{port}/hook"), forbidden),
        ("hexadecimal", at("0x7f.1"), forbidden),
        ("decimal", at("2130706433"), forbidden),
        ("octal", at("0177.0.0.1"), forbidden),
        ("name", at("localhost"), forbidden),
        ("dotted-name", at("localhost."), forbidden),
        ("below-it", at("a.localhost"), forbidden),
        ("six", at("[::1]"), forbidden),
        ("mapped", at("[::ffff:127.0.0.1]"), forbidden),
        ("compatible", at("[::127.0.0.1]"), forbidden),
        ("nat64", at("[64:ff9b::7f00:1]"), forbidden),
        ("six-to-four", at("[2002:7f00:1::]"), forbidden),
        ("unspecified", at("0.0.0.0"), forbidden),
        ("wide", at("127.255.255.254"), forbidden),
        ("private", "http://10.0.0.1/".to_owned(), forbidden),
        (
            "metadata",
            "http://169.254.169.254/latest/".to_owned(),
            forbidden,
        ),
        (
            "intranet",
            "http://intranet/".to_owned(),
            Reason::SingleLabel,
        ),
        (
            "public-clear",
            "http://198.41.0.4/".to_owned(),
            Reason::Scheme,
        ),
        (
            "closed",
            format!("http://{gone}/hook"),
            Reason::ConnectionRefused,
        ),
    ];
    let mut urls: Vec<_> = rows
        .iter()
        .map(|(name, url, _)| (*name, url.clone()))
        .collect();
    urls.push(("open", receiver.url("/hook")));
    let allow = [receiver.opening(), format!("{gone}/http")];
    let world = World::builder()
        .held_clock()
        .desired(webhooks(&urls, &allow))
        .start()
        .await;
    let beside = Bystander::beside(&world).await;
    world.tell("disk_full").await;
    let mut attempts = first_attempts(&world, urls.len()).await;
    beside.settled().await;
    let dead = dead(&world).await;
    for (name, url, reason) in rows {
        assert_eq!(
            attempts[name].reason, reason,
            "{url}: {:?}",
            attempts[name].detail
        );
        let refused = reason != Reason::ConnectionRefused;
        assert_eq!(dead.contains_key(name), refused, "{url}");
        assert_eq!(attempts[name].retry_at.is_some(), !refused, "{url}");
    }
    assert_eq!(inside.connections(), 0);
    assert_eq!(beside.others_dialled(), [receiver.address()]);
    assert_eq!(attempts["open"].reason, Reason::Accepted);
    attempts.remove("open");
    attempts.remove("closed");
    beside.stopped(reasons(attempts.values())).await
}

pub async fn one_public_one_nat64_private_answer() -> Stopped {
    let resolver = knows(&[
        ("mixed.example", &["198.41.0.4", "64:ff9b::a00:1"]),
        ("turned.example", &["64:ff9b::7f00:1", "198.41.0.4"]),
        ("mapped.example", &["198.41.0.4", "::ffff:169.254.169.254"]),
    ]);
    let forbidden = Reason::ForbiddenAddress;
    let rows = [
        ("mixed", "https://mixed.example/", forbidden),
        ("turned", "https://turned.example/", forbidden),
        ("mapped", "https://mapped.example/", forbidden),
    ];
    refused(resolver, &[], &[], &rows).await
}

pub async fn rebinds_between_attempts() -> Stopped {
    let busy = b"HTTP/1.1 503 x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let receiver = Receiver::start([], Behaviour::Raw(busy.to_vec())).await;
    let port = receiver.address().port();
    // Where it was first is opened, and where it is next is not.
    let (resolver, asked) = notes(|before| match before {
        0 => vec![ip("127.0.0.1")],
        _ => vec![ip("127.0.0.2")],
    });
    let url = format!("http://turns.example:{port}/hook");
    let world = World::builder()
        .held_clock()
        .network(resolver, Vec::new())
        .desired(webhooks(&[("hook", url)], &[receiver.opening()]))
        .start()
        .await;
    let beside = Bystander::beside(&world).await;
    world.tell("disk_full").await;
    let first = world.wait_for_attempts(1).await;
    assert_eq!(first[0].reason, Reason::ServerError);
    beside.advance(Duration::from_secs(10)).await;
    let attempts = world.wait_for_attempts(2).await;
    assert_eq!(attempts[1].reason, Reason::ForbiddenAddress);
    // One answer an attempt: what is judged is not asked for again before it is dialled.
    assert_eq!(asked.names(), ["turns.example."; 2]);
    assert_eq!(beside.others_dialled(), [receiver.address()]);
    beside.stopped(reasons(&attempts[1..])).await
}

pub async fn redirects_to_metadata() -> Stopped {
    let trap = Receiver::ok().await;
    let statuses = [301, 302, 303, 307, 308];
    let mut receivers = Vec::new();
    for status in statuses {
        let to = match status {
            301 | 307 => trap.url("/admin"),
            _ => String::from("http://169.254.169.254/latest/meta-data/iam/"),
        };
        let behaviour = Behaviour::with_header(status, "location", &to);
        receivers.push(Receiver::start([], behaviour).await);
    }
    let names = statuses.map(|status| status.to_string());
    let urls: Vec<_> = names
        .iter()
        .zip(&receivers)
        .map(|(name, receiver)| (name.as_str(), receiver.url("/hook")))
        .collect();
    let mut allow: Vec<_> = receivers.iter().map(Receiver::opening).collect();
    // Not even where the operator opened the address that it leads to.
    allow.push(trap.opening());
    allow.push(String::from("169.254.169.254:80/http"));
    let world = World::builder()
        .held_clock()
        .desired(webhooks(&urls, &allow))
        .start()
        .await;
    let beside = Bystander::beside(&world).await;
    world.tell("disk_full").await;
    beside.empty().await;
    for (name, reason) in dead(&world).await {
        assert_eq!(reason, Reason::Redirect, "{name}");
    }
    assert_eq!(world.dead_letters().await.len(), statuses.len());
    assert_eq!(trap.connections(), 0);
    assert_eq!(beside.others_dialled().len(), statuses.len());
    assert!(
        receivers
            .iter()
            .all(|receiver| receiver.received().len() == 1)
    );
    let attempts = world.all_attempts().await;
    beside.stopped(reasons(&attempts)).await
}

pub async fn own_interface_inside_an_opened_cidr() -> Stopped {
    let own = Reason::OwnAddress;
    let rows = [
        ("plain", "http://10.20.0.7:8080/", own),
        ("name", "http://ours.example:8080/", own),
        ("beside", "http://both.example:8080/", own),
        ("mapped", "http://[::ffff:10.20.0.7]:8080/", own),
        ("nat64", "https://[64:ff9b::10.20.0.7]/", own),
        (
            "outside",
            "http://10.21.0.7:8080/",
            Reason::ForbiddenAddress,
        ),
    ];
    let resolver = knows(&[
        ("ours.example", &["10.20.0.7"]),
        ("both.example", &["10.20.0.9", "10.20.0.7"]),
    ]);
    let allow = ["10.20.0.0/16:1-65535/http", "[64:ff9b::/96]:443"];
    let stopped = refused(resolver, &["10.20.0.7"], &allow, &rows).await;

    // The same with this machine's own address, which the system knows, where it has one.
    let Some(own) = own_address() else {
        return stopped;
    };
    let receiver = Receiver::start_at(SocketAddr::new(own, 0), [], Behaviour::status(200)).await;
    let port = receiver.address().port();
    let url = [("hook", receiver.url("/hook"))];
    let wide = format!("0.0.0.0/0:{port}/http");
    let world = World::builder()
        .desired(webhooks(&url, &[wide]))
        .start()
        .await;
    world.tell("disk_full").await;
    let attempts = first_attempts(&world, 1).await;
    assert_eq!(attempts["hook"].reason, Reason::OwnAddress);
    assert_eq!(receiver.connections(), 0);
    // Named exactly it is open.
    let exact = webhooks(&url, &[receiver.opening()]);
    world.apply(exact, "en").await.expect("it is applied");
    world.tell("disk_full").await;
    receiver.wait_for(1).await;
    stopped
}

/// From where this machine would write to others; nothing is sent.
fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").expect("a socket");
    socket.connect("198.41.0.4:9").ok()?;
    Some(socket.local_addr().expect("its address").ip())
}

pub async fn delivers_to_our_own_intake() -> Stopped {
    let world = World::builder().held_clock().start().await;
    let intake = world.url("/api/v1/alerts");
    let own = intake.trim_start_matches("http://").split('/').next();
    let own = own.expect("an address");
    let port = own.rsplit(':').next().expect("a port");
    let urls = [
        ("plain", intake.clone()),
        ("name", format!("http://localhost:{port}/api/v1/alerts")),
        (
            "mapped",
            format!("http://[::ffff:127.0.0.1]:{port}/api/v1/alerts"),
        ),
    ];
    // Even where it is opened by its very address and port.
    let mut desired = webhooks(&urls, &[format!("{own}/http")]);
    for endpoint in desired["endpoints"].as_array_mut().expect("endpoints") {
        endpoint["params"]["bearer"] = json!(world.contact.ingest_token);
    }
    world.apply(desired, "en").await.expect("it is applied");
    let beside = Bystander::beside(&world).await;
    world.tell("disk_full").await;
    beside.empty().await;
    let dead = dead(&world).await;
    for (name, url) in urls {
        assert_eq!(dead[name], Reason::OwnAddress, "{url}");
    }
    assert_eq!(world.dead_letters().await.len(), 3, "nothing came round");
    assert_eq!(beside.others_dialled(), []);
    let attempts = world.all_attempts().await;
    beside.stopped(reasons(&attempts)).await
}

pub async fn single_label_and_search_domain() -> Stopped {
    let (resolver, asked) = notes(|_| Vec::new());
    let rows = [
        ("label", "https://intranet/", Reason::SingleLabel),
        ("dotted", "https://intranet./", Reason::SingleLabel),
        ("capital", "https://INTRANET:8443/", Reason::SingleLabel),
        ("name", "https://api.example/", Reason::Unresolvable),
        ("absolute", "https://api.example./", Reason::Unresolvable),
    ];
    let stopped = refused(resolver, &[], &[], &rows).await;
    // No search domain completes what ends in a dot.
    assert_eq!(asked.names(), ["api.example."; 2]);
    stopped
}

pub async fn private_cidr_port_6379() -> Stopped {
    let forbidden = Reason::ForbiddenAddress;
    let rows = [
        ("redis", "http://10.20.0.1:6379/", forbidden),
        ("redis-tls", "https://10.20.0.1:6379/", forbidden),
        ("below", "http://10.20.0.1:7999/", forbidden),
        ("above", "http://10.20.0.1:8101/", forbidden),
        ("in-clear", "http://10.20.0.1:443/", forbidden),
        ("over-tls", "https://10.20.0.1:8000/", forbidden),
        ("before", "https://10.19.255.255/", forbidden),
        ("behind", "https://10.21.0.0/", forbidden),
        ("name", "http://redis.example:6379/", forbidden),
    ];
    let resolver = knows(&[("redis.example", &["10.20.0.1"])]);
    let allow = ["10.20.0.0/16:443", "10.20.0.0/16:8000-8100/http"];
    refused(resolver, &[], &allow, &rows).await
}
