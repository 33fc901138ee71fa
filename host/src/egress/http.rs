//! Step 7, the exchange: one request, one response, over HTTP/1.1. No redirects, proxies, cookies,
//! decompression or retries: there is nothing here that could do them.

use std::error::Error;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::header::{CONTENT_ENCODING, HeaderMap};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::{Connected, Connection, capture_connection};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::time::{Instant, timeout, timeout_at};

use super::Limits;
use super::dial::{Dialler, Stream};
use super::failure::Failure;
use super::fill::Filled;
use crate::network::Protocol;
use crate::outcome::Reason;

/// How long an unused connection is kept. Under the 60 s and more after which common servers close
/// theirs, so that requests are seldom written to one that is closing.
const KEPT: Duration = Duration::from_secs(30);

/// Kept for one origin: more than a manifest's greatest `in-flight`.
const KEPT_CONNECTIONS: usize = 64;

/// The head of a response, at most; as for requests, with room for verbose proxies.
const MAX_HEAD_BYTES: usize = 64 * 1024;

/// One tenant's client: its connections and TLS sessions are its own.
#[derive(Clone)]
pub(super) struct Client(legacy::Client<Connector, Full<Bytes>>);

/// A response as it came, within limits.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    pub(super) truncated: bool,
    pub(super) encoded: bool,
}

impl Answer {
    /// All that came but the status, a line for each name, value and the body: none of the first two has a line's end.
    pub(super) fn text(&self) -> Vec<u8> {
        let mut text = Vec::new();
        for (name, value) in &self.headers {
            text.extend_from_slice(name.as_str().as_bytes());
            text.push(b'\n');
            text.extend_from_slice(value.as_bytes());
            text.push(b'\n');
        }
        text.extend_from_slice(&self.body);
        text
    }
}

impl Client {
    pub(super) fn new(dialler: Arc<Dialler>) -> Self {
        let client = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(KEPT)
            .pool_max_idle_per_host(KEPT_CONNECTIONS)
            .http1_max_buf_size(MAX_HEAD_BYTES)
            .retry_canceled_requests(false)
            .build(Connector(dialler));
        Self(client)
    }

    /// Sends a request and reads its response.
    pub(super) async fn exchange(
        &self,
        filled: Filled,
        limits: &Limits,
    ) -> Result<Answer, Failure> {
        let end = Instant::now() + limits.total;
        let overdue =
            |_| Failure::new(Reason::TotalTimeout, "the attempt as a whole took too long");
        let mut request = http::Request::new(Full::new(filled.body));
        *request.method_mut() = filled.method;
        *request.uri_mut() = filled.uri;
        *request.headers_mut() = filled.headers;
        let response = timeout_at(end, self.head(request, limits))
            .await
            .map_err(overdue)??;
        let status = Some(response.status().as_u16());
        let answer = timeout_at(end, read(response, limits))
            .await
            .map_err(overdue);
        answer
            .flatten()
            .map_err(|failure| Failure { status, ..failure })
    }

    /// The first byte's time begins when there is a connection. Informational responses are passed
    /// over by hyper and do not begin it anew.
    async fn head(
        &self,
        mut request: http::Request<Full<Bytes>>,
        limits: &Limits,
    ) -> Result<http::Response<Incoming>, Failure> {
        let mut connection = capture_connection(&mut request);
        let mut response = pin!(self.0.request(request));
        tokio::select! {
            biased;
            early = &mut response => return early.map_err(|error| failure(&error)),
            _ = connection.wait_for_connection_metadata() => {}
        }
        match timeout(limits.first_byte, response).await {
            Ok(response) => response.map_err(|error| failure(&error)),
            Err(_) => Err(Failure::new(
                Reason::FirstByteTimeout,
                "the request was sent, and nothing came",
            )),
        }
    }
}

async fn read(response: http::Response<Incoming>, limits: &Limits) -> Result<Answer, Failure> {
    let (head, mut incoming) = response.into_parts();
    let encoded = head.headers.get_all(CONTENT_ENCODING).iter().any(|value| {
        !value
            .as_bytes()
            .trim_ascii()
            .eq_ignore_ascii_case(b"identity")
    });
    let mut answer = Answer {
        status: head.status.as_u16(),
        headers: head.headers,
        body: Vec::new(),
        truncated: false,
        encoded,
    };
    // Leaving an unread body drops its connection.
    while !encoded && !answer.truncated {
        let frame = match timeout(limits.between_bytes, incoming.frame()).await {
            Ok(Some(frame)) => frame.map_err(|error| lost(&error))?,
            Ok(None) => break,
            Err(_) => return Err(Failure::new(Reason::ReadTimeout, "the response stalled")),
        };
        let Some(data) = frame.data_ref() else {
            continue;
        };
        let room = limits.response.saturating_sub(answer.body.len());
        answer.truncated = data.len() > room;
        answer.body.extend_from_slice(&data[..data.len().min(room)]);
    }
    Ok(answer)
}

/// What an error of the client means. Its own text is not passed on: only ours is known to hold no URL.
fn failure(error: &(dyn Error + 'static)) -> Failure {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(failure) = error.downcast_ref::<Failure>() {
            return failure.clone();
        }
        if let Some(error) = error.downcast_ref::<hyper::Error>() {
            return lost(error);
        }
        next = error.source();
    }
    Failure::new(Reason::ConnectionRefused, "there was no connection")
}

fn lost(error: &hyper::Error) -> Failure {
    if error.is_parse() {
        Failure::new(Reason::BadResponse, "the response is no HTTP")
    } else if error.is_canceled() {
        // hyper hands the request back: not a byte of it was written.
        Failure::new(
            Reason::ConnectionRefused,
            "a kept connection was closed before the request was sent",
        )
    } else if error.is_user() {
        Failure::new(Reason::Url, "the request cannot be written")
    } else if is_malformed(error) {
        Failure::new(Reason::BadResponse, "the body is no HTTP")
    } else {
        Failure::new(
            Reason::AnswerLost,
            "the connection broke after the request was sent",
        )
    }
}

/// Chunks that cannot be read come as an error of I/O.
fn is_malformed(error: &hyper::Error) -> bool {
    error
        .source()
        .and_then(|source| source.downcast_ref::<std::io::Error>())
        .is_some_and(|error| {
            matches!(
                error.kind(),
                std::io::ErrorKind::InvalidInput | std::io::ErrorKind::InvalidData
            )
        })
}

/// Turns what hyper asks for into a call of `dial`.
#[derive(Clone)]
struct Connector(Arc<Dialler>);

impl tower_service::Service<http::Uri> for Connector {
    type Response = TokioIo<Stream>;
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Failure>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: http::Uri) -> Self::Future {
        let dialler = Arc::clone(&self.0);
        Box::pin(async move {
            let (protocol, default) = match uri.scheme_str() {
                Some("https") => (Protocol::Https, 443),
                Some("http") => (Protocol::Http, 80),
                _ => return Err(Failure::new(Reason::Scheme, "neither https nor http")),
            };
            let host = uri
                .host()
                .ok_or_else(|| Failure::new(Reason::Url, "the URL has no host"))?;
            let port = uri.port_u16().unwrap_or(default);
            Ok(TokioIo::new(dialler.dial(host, port, protocol).await?))
        })
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}
