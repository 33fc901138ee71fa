//! Mail servers, or who stands between, that would have a login or a mail in clear.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use campanile::outcome::Reason;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::{Bystander, Stopped};
use crate::World;

/// What a server answers to EHLO and to STARTTLS; to all else it says that it is well.
type Script = (&'static str, &'static str);

/// A mail server in clear, which notes what it is told. It ends when it is dropped.
struct Server {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    async fn start(script: Script) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.expect("a port of loopback");
        let address = listener.local_addr().expect("its address");
        let heard = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&heard);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // The other side may close whenever it likes.
                let _ = talk(stream, script, &notes).await;
            }
        });
        Self {
            address,
            heard,
            task,
        }
    }

    fn heard(&self) -> Vec<String> {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.clone()
    }
}

async fn talk(
    stream: TcpStream,
    (ehlo, starttls): Script,
    notes: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 hello\r\n").await?;
    loop {
        let mut line = Vec::new();
        if stream.read_until(b'\n', &mut line).await? == 0 {
            return Ok(());
        }
        let line = String::from_utf8_lossy(&line).trim_end().to_owned();
        let answer = match line.split(' ').next() {
            Some("EHLO") => ehlo,
            Some("STARTTLS") => starttls,
            _ => "250 ok",
        };
        notes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(line);
        stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
}

/// A mail that is to go by one of these, with a login, ends for this reason, and neither was told in clear.
async fn nothing_is_told_in_clear(rows: &[(Script, Reason)]) -> Stopped {
    let mut stopped = Vec::new();
    for (script, reason) in rows {
        let server = Server::start(*script).await;
        let port = server.address.port();
        let world = World::builder()
            .held_clock()
            .desired(json!({
                "endpoints": [{"name": "mail", "component": "email", "params": {
                    "server": format!("smtp+starttls://127.0.0.1:{port}"), "from": "noc@a.example",
                    "user": "noc", "password": "correct-horse-battery",
                }}],
                "recipients": [{"name": "noc", "endpoint": "mail", "language": "en", "time_zone": "UTC",
                    "params": {"to": "duty@a.example"}}],
                "networks": [{"allow": [format!("127.0.0.1:{port}/smtps")]}],
            }))
            .start()
            .await;
        let beside = Bystander::beside(&world).await;
        world.tell("disk_full").await;
        let attempts = world.wait_for_attempts(1).await;
        assert_eq!(attempts[0].reason, *reason, "{script:?}: {attempts:?}");
        let heard = server.heard();
        // What follows the consent is a handshake.
        for (number, line) in heard.iter().enumerate() {
            let asks = line.starts_with("EHLO ") || line == "STARTTLS";
            let told = line.contains("AUTH") || line.contains("MAIL");
            assert!(asks || (number > 1 && !told), "{line:?} of {heard:?}");
        }
        assert_eq!(beside.others_dialled(), [server.address]);
        stopped.push(beside.stopped(attempts[0].reason.as_str()).await);
    }
    Stopped::all(stopped)
}

/// Whoever stands between takes the offer out, or the consent.
pub async fn starttls_stripped() -> Stopped {
    let offer = "250-me\r\n250-STARTTLS\r\n250 AUTH PLAIN";
    nothing_is_told_in_clear(&[
        (("250-me\r\n250 AUTH PLAIN", "220 go"), Reason::NoStartTls),
        (("250-me\r\n250 XSTARTTLS", "220 go"), Reason::NoStartTls),
        ((offer, "454 not now"), Reason::NoStartTls),
    ])
    .await
}

/// Put behind the consent, for who reads ahead: it is the first of the handshake, which fails.
pub async fn line_injected_before_the_handshake() -> Stopped {
    let offer = "250-me\r\n250-STARTTLS\r\n250 AUTH PLAIN";
    nothing_is_told_in_clear(&[
        (
            (
                offer,
                "220 go\r\n250-me\r\n250 AUTH PLAIN\r\n235 in\r\n250 ok\r\n250 ok",
            ),
            Reason::Tls,
        ),
        ((offer, "220 go\r\n220 go"), Reason::Tls),
    ])
    .await
}
