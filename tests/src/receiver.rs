//! A destination on loopback: it answers as the test says, request by request, and keeps what it got.

use std::collections::VecDeque;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What a destination does with a request.
#[derive(Debug, Clone)]
pub enum Behaviour {
    /// Answers: status, headers, body.
    Answer(u16, Vec<(String, String)>, Vec<u8>),
    /// Writes these bytes and closes.
    Raw(Vec<u8>),
    /// Writes the first bytes, then the second again and again until the other side closes.
    Endless(Vec<u8>, Vec<u8>),
    /// Writes these bytes, and then nothing more; the connection stays.
    Stall(Vec<u8>),
    /// Reads the request and never answers.
    Hang,
    /// Closes the connection once the request is read.
    Close,
    /// What the request asks for.
    Choose(Choice),
}

/// Chooses a behaviour by the request.
#[derive(Clone)]
pub struct Choice(Arc<dyn Fn(&Request) -> Behaviour + Send + Sync>);

impl fmt::Debug for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Choice(..)")
    }
}

impl Behaviour {
    /// What `choose` says of each request.
    #[must_use]
    pub fn choose(choose: impl Fn(&Request) -> Self + Send + Sync + 'static) -> Self {
        Self::Choose(Choice(Arc::new(choose)))
    }

    /// An answer with a status and no more.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self::Answer(status, Vec::new(), Vec::new())
    }

    /// An answer with one header.
    #[must_use]
    pub fn with_header(status: u16, name: &str, value: &str) -> Self {
        Self::Answer(
            status,
            vec![(name.to_owned(), value.to_owned())],
            Vec::new(),
        )
    }

    /// A JSON answer.
    #[must_use]
    pub fn json(status: u16, body: &serde_json::Value) -> Self {
        let headers = vec![(
            String::from("content-type"),
            String::from("application/json"),
        )];
        Self::Answer(status, headers, body.to_string().into_bytes())
    }
}

/// A request as it arrived.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method.
    pub method: String,
    /// The path and query.
    pub path: String,
    /// Header names in lower case, in order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// When all of it was there.
    pub at: Instant,
}

impl Request {
    /// The first header of this name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    ///
    /// # Panics
    ///
    /// Where it is none.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("a JSON body")
    }
}

struct Shared {
    script: Mutex<VecDeque<Behaviour>>,
    otherwise: Mutex<Behaviour>,
    received: Mutex<Vec<Request>>,
    count: watch::Sender<usize>,
    connections: AtomicUsize,
}

/// A destination. It ends when it is dropped.
pub struct Receiver {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Receiver {
    /// Starts a destination that answers as scripted, then `otherwise` for ever.
    pub async fn start(script: impl IntoIterator<Item = Behaviour>, otherwise: Behaviour) -> Self {
        Self::start_at(
            SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            script,
            otherwise,
        )
        .await
    }

    /// The same at an address that was free a moment ago.
    ///
    /// # Panics
    ///
    /// Where it cannot listen there.
    pub async fn start_at(
        address: SocketAddr,
        script: impl IntoIterator<Item = Behaviour>,
        otherwise: Behaviour,
    ) -> Self {
        let listener = TcpListener::bind(address)
            .await
            .expect("a port of loopback");
        let address = listener.local_addr().expect("its address");
        let shared = Arc::new(Shared {
            script: Mutex::new(script.into_iter().collect()),
            otherwise: Mutex::new(otherwise),
            received: Mutex::default(),
            count: watch::Sender::new(0),
            connections: AtomicUsize::new(0),
        });
        let task = tokio::spawn(accept(listener, shared.clone()));
        Self {
            address,
            shared,
            task,
        }
    }

    /// Answers 200 to everything.
    pub async fn ok() -> Self {
        Self::start([], Behaviour::status(200)).await
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its URL, with a path.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// How configuration opens it.
    #[must_use]
    pub fn opening(&self) -> String {
        format!("{}/http", self.address)
    }

    /// What it does from now on, once the script has ended.
    pub fn otherwise(&self, behaviour: Behaviour) {
        *lock(&self.shared.otherwise) = behaviour;
    }

    /// What it got so far.
    #[must_use]
    pub fn received(&self) -> Vec<Request> {
        lock(&self.shared.received).clone()
    }

    /// How many connections were made to it so far, with a request or without.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Waits until it got this many requests, and returns all.
    pub async fn wait_for(&self, count: usize) -> Vec<Request> {
        let mut counted = self.shared.count.subscribe();
        let wait = counted.wait_for(|there| *there >= count);
        let waited = tokio::time::timeout(super::wait::PATIENCE, wait).await;
        let received = self.received();
        assert!(
            waited.is_ok(),
            "{} of {count} requests came",
            received.len()
        );
        received
    }

    /// Waits until it got this many requests to a path, or that can no longer be hoped for, and returns them.
    pub async fn hope_for(&self, path: &str, count: usize) -> Vec<Request> {
        let there = || {
            let mut received = self.received();
            received.retain(|request| request.path == path);
            received
        };
        let mut counted = self.shared.count.subscribe();
        let wait = counted.wait_for(|_| there().len() >= count);
        // Who asks sees what came.
        let _ = tokio::time::timeout(super::wait::PATIENCE, wait).await;
        there()
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        shared.connections.fetch_add(1, Ordering::SeqCst);
        let shared = shared.clone();
        connections.spawn(async move {
            // The other side may close whenever it likes.
            let _ = serve(stream, &shared).await;
        });
    }
}

async fn serve(stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    while let Some(request) = read(&mut stream).await? {
        let mut behaviour = lock(&shared.script)
            .pop_front()
            .unwrap_or_else(|| lock(&shared.otherwise).clone());
        while let Behaviour::Choose(choice) = behaviour {
            behaviour = choice.0(&request);
        }
        lock(&shared.received).push(request);
        shared.count.send_modify(|count| *count += 1);
        match behaviour {
            Behaviour::Answer(status, headers, body) => {
                let mut head = format!(
                    "HTTP/1.1 {status} Test\r\ncontent-length: {}\r\n",
                    body.len()
                );
                for (name, value) in headers {
                    head.push_str(&format!("{name}: {value}\r\n"));
                }
                head.push_str("\r\n");
                stream.write_all(head.as_bytes()).await?;
                stream.write_all(&body).await?;
            }
            Behaviour::Raw(bytes) => {
                stream.write_all(&bytes).await?;
                return stream.shutdown().await;
            }
            Behaviour::Endless(first, again) => {
                stream.write_all(&first).await?;
                loop {
                    stream.write_all(&again).await?;
                }
            }
            Behaviour::Stall(bytes) => {
                stream.write_all(&bytes).await?;
                std::future::pending::<()>().await;
            }
            Behaviour::Hang => std::future::pending().await,
            Behaviour::Close | Behaviour::Choose(_) => return Ok(()),
        }
    }
    Ok(())
}

/// Reads one request; `None` where the other side is done.
async fn read(stream: &mut BufReader<TcpStream>) -> std::io::Result<Option<Request>> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace();
    let (method, path) = (
        words.next().unwrap_or_default().to_owned(),
        words.next().unwrap_or_default().to_owned(),
    );
    let mut headers = Vec::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let (name, value) = (name.to_ascii_lowercase(), value.trim().to_owned());
        if name == "content-length" {
            length = value.parse().unwrap_or(0);
        }
        headers.push((name, value));
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok(Some(Request {
        method,
        path,
        headers,
        body,
        at: Instant::now(),
    }))
}
