//! A server of syslog on loopback that does one thing. Real ones are `tests/tests/it`'s.

use std::sync::{Arc, Mutex};

use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// What it does with a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Does {
    /// Reads all, and closes when the client has.
    Reads,
    /// Reads all, and keeps its own side open.
    Stays,
    /// Closes before anything is read.
    HangsUp,
    /// Reads all, and says something.
    Answers,
    /// The same, but by TLS it wants a certificate of the client.
    WantsCertificate,
}

pub(super) struct Server {
    pub(super) port: u16,
    pub(super) certificate: CertificateDer<'static>,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(super) async fn start(tls: bool, does: Does) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (certificate, acceptor) = certified(does);
        let heard: Arc<Mutex<Vec<String>>> = Arc::default();
        let all = Arc::clone(&heard);
        tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                let (acceptor, heard) = (tls.then(|| acceptor.clone()), Arc::clone(&all));
                tokio::spawn(serve(tcp, acceptor, does, heard));
            }
        });
        Self {
            port,
            certificate,
            heard,
        }
    }

    /// What each connection said.
    pub(super) fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

async fn serve(
    tcp: TcpStream,
    acceptor: Option<TlsAcceptor>,
    does: Does,
    heard: Arc<Mutex<Vec<String>>>,
) {
    match acceptor {
        None => talk(tcp, does, heard).await,
        Some(acceptor) => {
            if let Ok(stream) = acceptor.accept(tcp).await {
                talk(stream, does, heard).await;
            }
        }
    }
}

async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    does: Does,
    heard: Arc<Mutex<Vec<String>>>,
) {
    if does == Does::HangsUp {
        return;
    }
    let mut said = Vec::new();
    let _ = stream.read_to_end(&mut said).await;
    heard.lock().unwrap().push(String::from_utf8(said).unwrap());
    match does {
        Does::Answers => {
            let _ = stream.write_all(b"-ERR unknown command\r\n").await;
            let _ = stream.shutdown().await;
        }
        Does::Stays => std::future::pending().await,
        Does::Reads | Does::HangsUp | Does::WantsCertificate => {
            let _ = stream.shutdown().await;
        }
    }
}

fn certified(does: Does) -> (CertificateDer<'static>, TlsAcceptor) {
    let made = rcgen::generate_simple_self_signed(["log.example".to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap();
    let config = if does == Does::WantsCertificate {
        let mut roots = RootCertStore::empty();
        roots.add(certificate.clone()).unwrap();
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
        config.with_client_cert_verifier(verifier.unwrap())
    } else {
        config.with_no_client_auth()
    };
    let config = config.with_single_cert(vec![certificate.clone()], key);
    (certificate, TlsAcceptor::from(Arc::new(config.unwrap())))
}
