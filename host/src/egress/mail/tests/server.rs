//! A scripted mail server for attacks: raw bytes on loopback. Real servers are `tests/tests/it`'s.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// How the server speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Speaks {
    Tls,
    StartTls,
    Clear,
}

/// What it answers to the first line that begins so; other lines get what is usual.
pub(super) type Script = &'static [(&'static str, &'static str)];

/// An answer that never ends.
pub(super) const ENDLESS: &str = "endless";
/// No answer, and no more.
pub(super) const HANG_UP: &str = "hang up";
/// No answer, but the connection stays.
pub(super) const SILENT: &str = "silent";

pub(super) struct Server {
    pub(super) port: u16,
    pub(super) certificate: CertificateDer<'static>,
    connections: Arc<AtomicUsize>,
    heard: Arc<Mutex<Vec<String>>>,
}

#[derive(Clone)]
struct Serving {
    script: Script,
    heard: Arc<Mutex<Vec<String>>>,
    acceptor: TlsAcceptor,
}

impl Server {
    pub(super) async fn start(speaks: Speaks, script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (certificate, acceptor) = certified();
        let (connections, heard) = (Arc::new(AtomicUsize::new(0)), Arc::default());
        let serving = Serving {
            script,
            heard: Arc::clone(&heard),
            acceptor,
        };
        let count = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serving.clone().serve(speaks, tcp));
            }
        });
        Self {
            port,
            certificate,
            connections,
            heard,
        }
    }

    /// What clients said, line by line; each line says whether it came over TLS.
    pub(super) fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }

    pub(super) fn forget(&self) {
        self.heard.lock().unwrap().clear();
    }

    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// The mail as it arrived, dots undone.
    pub(super) fn mail(&self) -> String {
        let heard = self.heard();
        let begun = heard.iter().position(|line| line == "tls: DATA").unwrap();
        heard[begun + 1..]
            .iter()
            .map(|line| line.strip_prefix("tls: ").unwrap())
            .take_while(|line| *line != ".")
            .map(|line| line.strip_prefix('.').unwrap_or(line))
            .collect::<Vec<_>>()
            .join("\r\n")
    }
}

impl Serving {
    async fn serve(self, speaks: Speaks, tcp: TcpStream) {
        if speaks == Speaks::Tls {
            if let Ok(stream) = self.acceptor.clone().accept(tcp).await {
                self.talk("tls", stream, true).await;
            }
            return;
        }
        if let Some(tcp) = self.talk("clear", tcp, true).await
            && let Ok(stream) = self.acceptor.clone().accept(tcp).await
        {
            self.talk("tls", stream, false).await;
        }
    }

    /// Talks until STARTTLS, which gives the stream back, or the end.
    async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        how: &str,
        stream: S,
        greets: bool,
    ) -> Option<S> {
        let mut stream = BufReader::new(stream);
        if greets && !self.answer(&mut stream, "greeting", "220 hello").await {
            return None;
        }
        let mut in_mail = false;
        loop {
            let mut bytes = Vec::new();
            match stream.read_until(b'\n', &mut bytes).await {
                Ok(0) | Err(_) => return None,
                Ok(_) => {}
            }
            let line = String::from_utf8_lossy(&bytes);
            let line = line.strip_suffix("\r\n").unwrap_or(&line).to_owned();
            self.heard.lock().unwrap().push(format!("{how}: {line}"));
            let (command, usual) = match line.split(' ').next().unwrap_or_default() {
                "." if in_mail => {
                    in_mail = false;
                    ("end", "250 2.0.0 queued")
                }
                _ if in_mail => continue,
                "EHLO" if how == "clear" => {
                    ("EHLO", "250-me\r\n250-STARTTLS\r\n250 AUTH PLAIN LOGIN")
                }
                "EHLO" => ("EHLO over TLS", "250-me\r\n250 AUTH PLAIN LOGIN XOAUTH2"),
                "DATA" => {
                    in_mail = true;
                    ("DATA", "354 go on")
                }
                "AUTH" => (line.as_str(), "235 2.7.0 welcome"),
                "QUIT" => ("QUIT", "221 bye"),
                "STARTTLS" => ("STARTTLS", "220 go"),
                _ => (line.as_str(), "250 ok"),
            };
            if !self.answer(&mut stream, command, usual).await {
                return None;
            }
            if command == "STARTTLS" {
                return Some(stream.into_inner());
            }
        }
    }

    /// Says what the script has for this command, or what is usual; whether there is more to say.
    async fn answer<S: AsyncWrite + Unpin>(&self, to: &mut S, command: &str, usual: &str) -> bool {
        let scripted = self.script.iter().find(|(begins, _)| match *begins {
            "" => command.is_empty(),
            begins => command.starts_with(begins),
        });
        match scripted.map_or(usual, |(_, answer)| *answer) {
            HANG_UP => false,
            SILENT => std::future::pending().await,
            ENDLESS => {
                while to.write_all(&[b'x'; 4096]).await.is_ok() {}
                false
            }
            answer => {
                let lines = format!("{answer}\r\n");
                to.write_all(lines.as_bytes()).await.is_ok() && to.flush().await.is_ok()
            }
        }
    }
}

fn certified() -> (CertificateDer<'static>, TlsAcceptor) {
    let made = rcgen::generate_simple_self_signed(["mail.example".to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    // A server that insists on its protocol: a client that named another one would be refused.
    config.alpn_protocols = vec![b"smtp".to_vec()];
    (certificate, TlsAcceptor::from(Arc::new(config)))
}
