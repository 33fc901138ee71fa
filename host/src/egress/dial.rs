//! Step 7, the connection: the one place that connects. A name is resolved without search domains, every
//! address of the answer is judged, and exactly a judged one is dialled.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UdpSocket};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::address::{Judged, judge};
use super::failure::Failure;
use super::ledger::Ledger;
use super::own::Own;
use crate::network::{Opening, Protocol};
use crate::outcome::Reason;

/// Who knows the addresses of a name.
#[derive(Clone, Default)]
pub enum Resolver {
    /// The system's resolver.
    #[default]
    System,
    /// This function, which is given absolute names: a test's.
    Told(Arc<Told>),
}

/// The addresses of a name.
type Told = dyn Fn(&str) -> Vec<IpAddr> + Send + Sync;

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::System => "System",
            Self::Told(_) => "Told(..)",
        })
    }
}

impl Resolver {
    /// Knows these names, and no others.
    #[must_use]
    pub fn fixed(names: HashMap<String, Vec<IpAddr>>) -> Self {
        Self::Told(Arc::new(move |name| {
            let known = names.get(name.trim_end_matches('.'));
            known.cloned().unwrap_or_default()
        }))
    }

    async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, Failure> {
        // The dot at the end makes the name absolute, so that no search domain completes it.
        let absolute = format!("{name}.");
        let found: Vec<IpAddr> = match self {
            Self::System => match tokio::net::lookup_host((absolute, 0)).await {
                Ok(found) => found.map(|address| address.ip()).collect(),
                Err(error) => {
                    return Err(Failure::new(
                        Reason::Unresolvable,
                        format!("{name}: {error}"),
                    ));
                }
            },
            Self::Told(known) => known(&absolute),
        };
        if found.is_empty() {
            return Err(Failure::new(
                Reason::Unresolvable,
                format!("{name} has no address"),
            ));
        }
        Ok(found)
    }
}

/// What decides where a tenant may connect to.
#[derive(Clone)]
pub(super) struct Dialler {
    pub(super) resolver: Arc<Resolver>,
    pub(super) openings: Arc<[Opening]>,
    pub(super) own: Arc<Own>,
    pub(super) ledger: Arc<Ledger>,
    pub(super) tls: Arc<ClientConfig>,
    /// For mail and syslog, which have no other protocol to agree on.
    pub(super) tls_without_alpn: Arc<ClientConfig>,
    /// For resolving, connecting and the TLS handshake together.
    pub(super) timeout: Duration,
}

impl Dialler {
    /// Connects to a host as the `url` crate wrote it: a name, an IPv4 address, or an IPv6 address
    /// in brackets.
    pub(super) async fn dial(
        &self,
        host: &str,
        port: u16,
        protocol: Protocol,
    ) -> Result<Stream, Failure> {
        let connected = async {
            let tcp = self.tcp(host, port, protocol).await?;
            match protocol {
                Protocol::Http | Protocol::Smtp | Protocol::Syslog => Ok(Stream::Plain(tcp)),
                Protocol::Https => self.tls(&self.tls, host, port, tcp).await,
                Protocol::Smtps | Protocol::Syslogs => {
                    self.tls(&self.tls_without_alpn, host, port, tcp).await
                }
            }
        };
        self.in_time(host, port, connected).await
    }

    /// Connects without TLS, to where this protocol may be spoken. The caller sees to TLS, by
    /// [`Self::secure`].
    pub(super) async fn dial_tcp(
        &self,
        host: &str,
        port: u16,
        protocol: Protocol,
    ) -> Result<TcpStream, Failure> {
        self.in_time(host, port, self.tcp(host, port, protocol))
            .await
    }

    /// TLS for mail on a connection that was dialled without.
    pub(super) async fn secure(
        &self,
        host: &str,
        port: u16,
        tcp: TcpStream,
    ) -> Result<Stream, Failure> {
        self.tls(&self.tls_without_alpn, host, port, tcp).await
    }

    /// A socket for datagrams to one judged address, which is told to no other and hears no other.
    pub(super) async fn dial_udp(
        &self,
        host: &str,
        port: u16,
        protocol: Protocol,
    ) -> Result<UdpSocket, Failure> {
        let connected = async {
            let judged = self.judged(host, port, protocol).await?;
            self.connect(&judged, udp, UdpSocket::peer_addr).await
        };
        self.in_time(host, port, connected).await
    }

    async fn in_time<T>(
        &self,
        host: &str,
        port: u16,
        connected: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        match tokio::time::timeout(self.timeout, connected).await {
            Ok(result) => result,
            Err(_) => Err(Failure::new(
                Reason::ConnectTimeout,
                format!("{host}:{port}"),
            )),
        }
    }

    async fn tcp(&self, host: &str, port: u16, protocol: Protocol) -> Result<TcpStream, Failure> {
        let judged = self.judged(host, port, protocol).await?;
        let tcp = self
            .connect(&judged, TcpStream::connect, TcpStream::peer_addr)
            .await?;
        // Requests are written whole; waiting for more only delays them.
        let _ = tcp.set_nodelay(true);
        Ok(tcp)
    }

    async fn tls(
        &self,
        config: &Arc<ClientConfig>,
        host: &str,
        port: u16,
        tcp: TcpStream,
    ) -> Result<Stream, Failure> {
        let name = bare(host).trim_end_matches('.').to_owned();
        let name = ServerName::try_from(name)
            .map_err(|_| Failure::new(Reason::Tls, format!("no certificate can name {host}")))?;
        TlsConnector::from(Arc::clone(config))
            .connect(name, tcp)
            .await
            .map(|stream| Stream::Tls(Box::new(stream)))
            .map_err(|error| Failure::new(Reason::Tls, format!("{host}:{port}: {error}")))
    }

    /// Tries the addresses in their order.
    async fn connect<S, F: Future<Output = io::Result<S>>>(
        &self,
        addresses: &[Judged],
        connect: impl Fn(SocketAddr) -> F,
        peer: impl Fn(&S) -> io::Result<SocketAddr>,
    ) -> Result<S, Failure> {
        let mut failure = Failure::new(Reason::Unresolvable, "no address");
        for judged in addresses {
            let address = judged.address();
            let connected = connect(address).await;
            match connected.and_then(|socket| Ok((peer(&socket)?, socket))) {
                Ok((peer, socket)) => {
                    self.ledger.enter(address, peer);
                    return Ok(socket);
                }
                Err(error) => {
                    failure =
                        Failure::new(Reason::ConnectionRefused, format!("{address}: {error}"));
                }
            }
        }
        Err(failure)
    }

    /// The addresses of a host, if all of them may be dialled.
    async fn judged(
        &self,
        host: &str,
        port: u16,
        protocol: Protocol,
    ) -> Result<Vec<Judged>, Failure> {
        let judge = |ip: IpAddr| {
            judge(ip, port, protocol, &self.openings, &self.own)
                .map_err(|reason| Failure::new(reason, format!("{host} port {port} is {ip}")))
        };
        if let Ok(ip) = bare(host).parse::<IpAddr>() {
            return Ok(vec![judge(ip)?]);
        }
        let name = host.trim_end_matches('.');
        if name == "localhost" || name.ends_with(".localhost") {
            // RFC 6761: no resolver is asked, so nobody can have mixed a forbidden address in.
            let both = [
                IpAddr::from(Ipv4Addr::LOCALHOST),
                IpAddr::from(Ipv6Addr::LOCALHOST),
            ];
            let [four, six] = both.map(judge);
            return match (four, six) {
                (Err(failure), Err(_)) => Err(failure),
                (four, six) => Ok(four.into_iter().chain(six).collect()),
            };
        }
        if !name.contains('.') {
            return Err(Failure::new(
                Reason::SingleLabel,
                format!("`{name}` has a single label"),
            ));
        }
        let found = self.resolver.addresses(name).await?;
        found.into_iter().map(judge).collect()
    }
}

/// A socket for datagrams to this address.
async fn udp(address: SocketAddr) -> io::Result<UdpSocket> {
    let any = match address {
        SocketAddr::V4(_) => IpAddr::from(Ipv4Addr::UNSPECIFIED),
        SocketAddr::V6(_) => IpAddr::from(Ipv6Addr::UNSPECIFIED),
    };
    let socket = UdpSocket::bind((any, 0)).await?;
    socket.connect(address).await?;
    Ok(socket)
}

fn bare(host: &str) -> &str {
    host.strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host)
}

/// A connection, in clear or over TLS.
pub(super) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(stream) => stream,
            Self::Tls(stream) => stream.get_ref().0,
        }
    }

    /// Ours, on this connection.
    pub(super) fn local_addr(&self) -> Option<SocketAddr> {
        self.tcp().local_addr().ok()
    }

    /// What became of the connection behind our back, if anything.
    pub(super) fn broken(&self) -> Option<io::Error> {
        self.tcp().take_error().unwrap_or_else(Some)
    }

    /// The other end's.
    pub(super) fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.tcp().peer_addr()
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write_vectored(context, slices),
            Self::Tls(stream) => Pin::new(stream).poll_write_vectored(context, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}

#[cfg(test)]
mod tests;
