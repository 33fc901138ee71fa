use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::fixture::{VALUES, Values, post, secret, sender, text};
use super::*;
use crate::message::{Body, Encoding, HttpRequest, Scheme};

const SHORT: Duration = Duration::from_millis(150);
const LONG: Duration = Duration::from_secs(20);

/// A server on loopback that answers every request with the same bytes.
struct Server {
    port: u16,
    connections: Arc<AtomicUsize>,
    seen: Arc<Mutex<Vec<u8>>>,
}

#[derive(Clone)]
enum Then {
    KeepAlive,
    Close,
    Hang,
    Repeat(&'static [u8]),
}

impl Server {
    async fn start(answer: impl Into<Vec<u8>>, then: Then) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (connections, seen) = (Arc::new(AtomicUsize::new(0)), Arc::default());
        let (count, sink, answer) = (Arc::clone(&connections), Arc::clone(&seen), answer.into());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(
                    stream,
                    answer.clone(),
                    then.clone(),
                    Arc::clone(&sink),
                ));
            }
        });
        Self {
            port,
            connections,
            seen,
        }
    }

    fn egress(&self, limits: Limits) -> Egress {
        let opening = format!("127.0.0.1:{}/http", self.port).parse().unwrap();
        let openings = HashMap::from([("t".to_owned(), vec![opening])]);
        Egress::new(EgressOptions {
            openings,
            limits,
            ..EgressOptions::default()
        })
        .unwrap()
    }

    fn api(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn request(&self) -> Message {
        Message::Http(post(&[text(&format!("{}/send", self.api()))]))
    }

    async fn send(&self, limits: Limits) -> Result<Received, Failure> {
        let sender = sender("t", &self.api(), VALUES);
        self.egress(limits)
            .send(&sender, &self.request(), "d-1", 0, 0, |_| true)
            .await
            .map(Option::unwrap)
    }
}

async fn serve(mut stream: TcpStream, answer: Vec<u8>, then: Then, seen: Arc<Mutex<Vec<u8>>>) {
    let mut buffer = [0; 16 * 1024];
    loop {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(read) => seen.lock().unwrap().extend_from_slice(&buffer[..read]),
        }
        if stream.write_all(&answer).await.is_err() {
            return;
        }
        match then {
            Then::KeepAlive => {}
            Then::Close => return,
            Then::Hang => std::future::pending().await,
            Then::Repeat(bytes) => while stream.write_all(bytes).await.is_ok() {},
        }
    }
}

/// So long that a test fails rather than passes by them, but for the one that it shortens.
fn limits() -> Limits {
    Limits {
        connect: LONG,
        first_byte: LONG,
        between_bytes: LONG,
        total: LONG,
        ..Limits::default()
    }
}

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: b\r\n\r\nok";

#[tokio::test]
async fn a_response_is_handed_back_and_its_connection_is_used_again() {
    let server = Server::start(OK, Then::KeepAlive).await;
    let egress = server.egress(limits());
    let sender = sender("t", &server.api(), VALUES);
    for _ in 0..3 {
        let received = egress
            .send(&sender, &server.request(), "d-1", 0, 0, |_| true)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            (received.status, received.body.as_slice()),
            (200, b"ok".as_slice())
        );
        assert_eq!(received.headers["x-a"], "b");
        assert!(!received.truncated && !received.encoded && !received.secret_shown);
        // A connection returns to the pool once its task has run.
        tokio::task::yield_now().await;
    }
    assert_eq!(server.connections.load(Ordering::SeqCst), 1);
    let seen = String::from_utf8(server.seen.lock().unwrap().clone()).unwrap();
    assert!(seen.starts_with("POST /send HTTP/1.1\r\n"), "{seen}");
    assert!(
        seen.contains(&format!("host: 127.0.0.1:{}\r\n", server.port)),
        "{seen}"
    );
    assert!(seen.contains("accept-encoding: identity\r\n"));
}

#[tokio::test]
async fn connections_are_not_shared_between_tenants_nor_kept_beyond_their_rules() {
    let server = Server::start(OK, Then::KeepAlive).await;
    let opening: Opening = format!("127.0.0.1:{}/http", server.port).parse().unwrap();
    let openings: HashMap<String, Vec<Opening>> = ["a", "b"]
        .map(|tenant| (tenant.to_owned(), vec![opening.clone()]))
        .into();
    let egress = Egress::new(EgressOptions {
        openings,
        limits: limits(),
        ..EgressOptions::default()
    })
    .unwrap();
    for tenant in ["a", "b"] {
        let sender = sender(tenant, &server.api(), VALUES);
        egress
            .send(&sender, &server.request(), "d", 0, 0, |_| true)
            .await
            .unwrap();
    }
    assert_eq!(server.connections.load(Ordering::SeqCst), 2);
    egress.set_openings(HashMap::from([("b".to_owned(), vec![opening])]));
    let closed = egress
        .send(
            &sender("a", &server.api(), VALUES),
            &server.request(),
            "d",
            0,
            0,
            |_| true,
        )
        .await;
    assert_eq!(closed.unwrap_err().reason, Reason::Scheme);
    egress
        .send(
            &sender("b", &server.api(), VALUES),
            &server.request(),
            "d",
            0,
            0,
            |_| true,
        )
        .await
        .unwrap();
    assert_eq!(server.connections.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn redirects_are_responses() {
    let server = Server::start(
        "HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n",
        Then::KeepAlive,
    )
    .await;
    assert_eq!(server.send(limits()).await.unwrap().status, 302);
    assert_eq!(server.connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn what_comes_wrongly_has_a_reason() {
    let table: [(&str, Then, Reason, Option<u16>); 10] = [
        ("garbage\r\n\r\n", Then::Close, Reason::BadResponse, None),
        (
            "HTTP/1.1 9 x\r\n\r\n",
            Then::Close,
            Reason::BadResponse,
            None,
        ),
        (
            "SSH-2.0-OpenSSH_9.6\r\n",
            Then::Hang,
            Reason::BadResponse,
            None,
        ),
        ("", Then::Close, Reason::AnswerLost, None),
        (
            "HTTP/1.1 200 OK\r\nContent-Le",
            Then::Close,
            Reason::AnswerLost,
            None,
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab",
            Then::Close,
            Reason::AnswerLost,
            Some(200),
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            Then::Hang,
            Reason::BadResponse,
            None,
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            Then::Hang,
            Reason::BadResponse,
            Some(200),
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok",
            Then::Close,
            Reason::AnswerLost,
            Some(200),
        ),
        (
            "HTTP/1.1 200 OK\r\nX: ",
            Then::Repeat(b"aaaaaaaaaaaaaaaa"),
            Reason::BadResponse,
            None,
        ),
    ];
    for (answer, then, reason, status) in table {
        let server = Server::start(answer, then).await;
        let failure = server.send(limits()).await.expect_err(answer);
        assert_eq!(
            (failure.reason, failure.status),
            (reason, status),
            "{answer:?} {failure}"
        );
    }
}

#[tokio::test]
async fn each_time_that_runs_out_has_a_reason() {
    let first = Limits {
        first_byte: SHORT,
        ..limits()
    };
    let between = Limits {
        between_bytes: SHORT,
        ..limits()
    };
    let total = Limits {
        total: SHORT,
        ..limits()
    };
    let half = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab";
    let informational: &[u8] = b"HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n";
    let table = [
        (
            "",
            Then::Hang,
            first.clone(),
            Reason::FirstByteTimeout,
            None,
        ),
        (
            "HTTP/1.1 200",
            Then::Hang,
            first.clone(),
            Reason::FirstByteTimeout,
            None,
        ),
        (
            "",
            Then::Repeat(informational),
            first,
            Reason::FirstByteTimeout,
            None,
        ),
        (half, Then::Hang, between, Reason::ReadTimeout, Some(200)),
        ("", Then::Hang, total.clone(), Reason::TotalTimeout, None),
        (half, Then::Hang, total, Reason::TotalTimeout, Some(200)),
    ];
    for (answer, then, limits, reason, status) in table {
        let server = Server::start(answer, then).await;
        let failure = server.send(limits).await.unwrap_err();
        assert_eq!(
            (failure.reason, failure.status),
            (reason, status),
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn an_endless_body_is_cut_and_its_connection_dropped() {
    let server = Server::start("HTTP/1.1 200 OK\r\n\r\n", Then::Repeat(&[b'a'; 4096])).await;
    let received = server.send(limits()).await.unwrap();
    assert_eq!(
        (received.status, received.body.len(), received.truncated),
        (200, 256 * 1024, true)
    );
    let exact = Limits {
        response: 2,
        ..limits()
    };
    let received = Server::start(OK, Then::KeepAlive)
        .await
        .send(exact)
        .await
        .unwrap();
    assert_eq!((received.body.len(), received.truncated), (2, false));
}

#[tokio::test]
async fn an_encoded_body_is_not_read() {
    for (encoding, encoded) in [
        ("gzip", true),
        ("identity, gzip", true),
        ("Identity", false),
        ("x", true),
    ] {
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: 2\r\n\r\nok"
        );
        let received = Server::start(head, Then::KeepAlive)
            .await
            .send(limits())
            .await
            .unwrap();
        assert_eq!(
            (received.status, received.encoded),
            (200, encoded),
            "{encoding}"
        );
        assert_eq!(received.body.is_empty(), encoded);
    }
}

#[tokio::test]
async fn a_secret_in_a_response_is_noticed_in_every_spelling() {
    let spellings = [
        ("12:to/k?e n", true),
        ("12%3Ato%2fk%3Fe%20n", true),
        ("12%3Ato%2Fk%3Fe+n", true),
        (r"12:to\/k?e n", true),
        (r"\u0031\u00322:to", false),
        (r"\u0031\u0032:to\/k?e n", true),
        ("MTI6dG8vaz9lIG4=", true),
        ("dXNlcjoxMjp0by9rP2Ugbg==", true),
        // Of `GET /bot12:to%2Fk%3Fe%20n/send`, and of `{"p":"pa\"ss\\word"}`.
        ("R0VUIC9ib3QxMjp0byUyRmslM0ZlJTIwbi9zZW5k", true),
        ("eyJwIjoicGFcInNzXFx3b3JkIn0=", true),
        ("12:to/k?e m", false),
        ("pa\\\"ss\\\\word", true),
        ("<b>pa&quot;ss\\word</b>", true),
        ("pa&#34;ss&#x5c;word", true),
        ("pa&#34;ss&#x5c;wort", false),
        ("row-secret", true),
    ];
    for (text, shown) in spellings {
        let received = Server::start(ok(text), Then::KeepAlive)
            .await
            .send(limits())
            .await
            .unwrap();
        assert_eq!(received.secret_shown, shown, "{text}");
        let header = format!("HTTP/1.1 200 OK\r\nX-Echo: a {text} b\r\nContent-Length: 0\r\n\r\n");
        let received = Server::start(header, Then::KeepAlive)
            .await
            .send(limits())
            .await
            .unwrap();
        assert_eq!(received.secret_shown, shown, "{text} in a header");
    }
}

#[tokio::test]
async fn an_answer_that_nobody_reads_is_given_to_nobody() {
    for (status, shown) in [("200 OK", true), ("400 Bad Request", false)] {
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 2\r\n\r\nok");
        let server = Server::start(answer, Then::KeepAlive).await;
        let sender = sender("t", &server.api(), VALUES);
        let (egress, request) = (server.egress(limits()), server.request());
        let sent = egress.send(&sender, &request, "d-1", 0, 0, |status| status == 400);
        let received = sent.await.unwrap().unwrap();
        assert_eq!(received.secret_shown, shown, "{status}");
        assert_eq!(sender.is_spelled(), !shown, "{status}");
    }
}

/// A response with this body.
fn ok(text: &str) -> String {
    let length = text.len();
    format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{text}")
}

#[tokio::test]
async fn a_short_password_in_a_response_is_noticed_in_its_credential() {
    let password: Values<'_> = &[("password", None, "k~?")];
    for (text, shown) in [
        // With `u:` and `us:` before it; as it is, and as PHP, browsers and pages escape its slash.
        ("you sent Basic dTprfj8= or so", true),
        ("dXM6a34/", true),
        (r"dXM6a34\/", true),
        ("dXM6a34%2F", true),
        ("dXM6a34&#47;", true),
        ("dXM6a34+", false),
        ("dTprgj8=", false),
        ("k~!", false),
    ] {
        let server = Server::start(ok(text), Then::KeepAlive).await;
        let sender = sender("t", &server.api(), password);
        let sent = server.egress(limits());
        let sent = sent
            .send(&sender, &server.request(), "d-1", 0, 0, |_| true)
            .await;
        assert_eq!(sent.unwrap().unwrap().secret_shown, shown, "{text}");
    }
}

#[tokio::test]
async fn a_signature_in_a_response_is_a_secret_that_shows() {
    let (_, _, key) = VALUES[3];
    let hmac = sign::hmac_sha256(key, b"text").unwrap();
    let webhook = sign::standard_webhooks(key, "d-1", 7, b"text").unwrap();
    let auth = vec![
        Scheme::HmacSha256 {
            key: "signer".into(),
            header: "x-signature".into(),
            prefix: "sha256=".into(),
        },
        Scheme::StandardWebhooks {
            key: "signer".into(),
        },
    ];
    let other = sign::hmac_sha256(key, b"next").unwrap();
    for (answer, shown) in [
        (format!("not {hmac}"), true),
        (STANDARD.encode(format!("x-signature: sha256={hmac}")), true),
        (webhook.replace('/', r"\/"), true),
        // Of another body, and what is no secret.
        (other, false),
        (String::from("webhook-id: d-1, webhook-timestamp: 7"), false),
    ] {
        let server = Server::start(ok(&answer), Then::KeepAlive).await;
        let sender = sender("t", &server.api(), VALUES);
        let mut request = post(&[text(&format!("{}/send", server.api()))]);
        request.auth = auth.clone();
        request.body = Body::Text(vec![text("text")]);
        let sent = server.egress(limits());
        let message = Message::Http(request);
        let sent = sent.send(&sender, &message, "d-1", 0, 7_000, |_| true);
        assert_eq!(sent.await.unwrap().unwrap().secret_shown, shown, "{answer}");
    }
}

#[tokio::test]
async fn same_request_with_two_secrets_differs_only_in_what_is_sent() {
    let mut request = post(&[]);
    request.headers = vec![("X-Token".into(), vec![secret("token", Encoding::Raw)])];
    request.body = Body::Text(vec![
        text("{\"auth\":{\"token\":\""),
        secret("token", Encoding::JsonString),
        text("\"}}"),
    ]);
    let mut sent = Vec::new();
    let mut told = Vec::new();
    for value in [
        "short",
        "a much longer value, with \"quotes\" and a / in it",
    ] {
        let server = Server::start(OK, Then::KeepAlive).await;
        let egress = server.egress(limits());
        let values: Values<'_> = &[("token", None, value)];
        let sender = sender("t", &server.api(), values);
        let url = format!("{}/bot", server.api());
        let right = HttpRequest {
            url: vec![
                text(&url),
                secret("token", Encoding::Percent),
                text("/send"),
            ],
            ..request.clone()
        };
        let wrong_route = HttpRequest {
            url: vec![text(&url), secret("token", Encoding::Percent)],
            ..request.clone()
        };
        let wrong_place = HttpRequest {
            url: vec![text(&url), secret("token", Encoding::Raw), text("/send")],
            ..request.clone()
        };
        let mut outputs = Vec::new();
        for request in [right, wrong_route, wrong_place] {
            let message = Message::Http(request);
            let result = egress.send(&sender, &message, "d-1", 0, 0, |_| true).await;
            outputs.push(
                format!("{result:?} {}", shown(&message)).replace(&server.port.to_string(), "PORT"),
            );
        }
        assert!(
            outputs[0].contains("status: 200")
                && outputs[1].contains("Route")
                && outputs[2].contains("SecretPlace")
        );
        told.push(outputs);
        sent.push(String::from_utf8(server.seen.lock().unwrap().clone()).unwrap());
    }
    assert_eq!(told[0], told[1]);
    assert_ne!(sent[0], sent[1]);
    assert!(sent[0].starts_with("POST /botshort/send HTTP/1.1\r\n"));
}

#[tokio::test]
async fn nothing_is_dialled_that_policy_forbids() {
    let server = Server::start(OK, Then::KeepAlive).await;
    let sender = sender("t", &server.api(), VALUES);
    let closed = Egress::new(EgressOptions::default()).unwrap();
    let failure = closed
        .send(&sender, &server.request(), "d", 0, 0, |_| true)
        .await
        .unwrap_err();
    assert_eq!(failure.reason, Reason::Scheme);
    let other = format!("127.0.0.1:{}/http", server.port ^ 1)
        .parse()
        .unwrap();
    let openings = HashMap::from([("t".to_owned(), vec![other])]);
    let beside = Egress::new(EgressOptions {
        openings,
        ..EgressOptions::default()
    })
    .unwrap();
    let failure = beside
        .send(&sender, &server.request(), "d", 0, 0, |_| true)
        .await
        .unwrap_err();
    assert_eq!(failure.reason, Reason::ForbiddenAddress);
    assert_eq!(server.connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_closed_port_is_refused() {
    let server = Server::start(OK, Then::KeepAlive).await;
    let free = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let gone = Server {
        port: free,
        ..server
    };
    let failure = gone.send(limits()).await.unwrap_err();
    assert_eq!(failure.reason, Reason::ConnectionRefused);
}

fn tls_server(names: &[&str]) -> (Root, tokio_rustls::TlsAcceptor) {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    let certificate = made.cert.der().clone();
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    (
        certificate,
        tokio_rustls::TlsAcceptor::from(Arc::new(config)),
    )
}

#[tokio::test]
async fn tls_is_spoken_with_who_proves_the_name_and_with_nobody_else() {
    for (certified, trusted, expected) in [
        ("api.example", true, Ok(200)),
        ("api.example", false, Err(Reason::Tls)),
        ("other.example", true, Err(Reason::Tls)),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (certificate, acceptor) = tls_server(&[certified]);
        tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                let Ok(mut stream) = acceptor.accept(tcp).await else {
                    continue;
                };
                let mut buffer = [0; 4096];
                let _ = stream.read(&mut buffer).await;
                let _ = stream.write_all(OK.as_bytes()).await;
            }
        });
        let api = format!("https://api.example:{port}");
        let names = HashMap::from([("api.example".to_owned(), vec!["127.0.0.1".parse().unwrap()])]);
        let egress = Egress::new(EgressOptions {
            openings: HashMap::from([(
                "t".to_owned(),
                vec![format!("127.0.0.1:{port}").parse().unwrap()],
            )]),
            resolver: Resolver::fixed(names),
            roots: if trusted {
                vec![certificate]
            } else {
                Vec::new()
            },
            limits: limits(),
            ..EgressOptions::default()
        })
        .unwrap();
        let message = Message::Http(post(&[text(&format!("{api}/send"))]));
        let result = egress
            .send(&sender("t", &api, VALUES), &message, "d", 0, 0, |_| true)
            .await;
        let result = result
            .map(|received| received.unwrap().status)
            .map_err(|failure| failure.reason);
        assert_eq!(result, expected, "{certified} {trusted}");
    }
}

#[tokio::test]
async fn a_server_that_never_shakes_hands_runs_into_the_connect_time() {
    let server = Server::start("", Then::Hang).await;
    let api = format!("https://127.0.0.1:{}", server.port);
    let opening = format!("127.0.0.1:{}", server.port).parse().unwrap();
    let openings = HashMap::from([("t".to_owned(), vec![opening])]);
    let limits = Limits {
        connect: SHORT,
        ..limits()
    };
    let egress = Egress::new(EgressOptions {
        openings,
        limits,
        ..EgressOptions::default()
    })
    .unwrap();
    let message = Message::Http(post(&[text(&format!("{api}/send"))]));
    let failure = egress
        .send(&sender("t", &api, VALUES), &message, "d", 0, 0, |_| true)
        .await
        .unwrap_err();
    assert_eq!(failure.reason, Reason::ConnectTimeout);
}
