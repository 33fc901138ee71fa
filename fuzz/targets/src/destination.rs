//! A destination on loopback that says one thing, whatever it hears.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex};

use campanile::egress::{Egress, EgressOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};

/// A listener, and the way out to it.
pub(crate) struct Destination {
    /// What it waits for before it says anything.
    waits_for: Option<&'static [u8]>,
    runtime: Runtime,
    listener: TcpListener,
    pub(crate) port: u16,
    pub(crate) egress: Egress,
}

impl Destination {
    /// One that is opened for this protocol, and speaks first, or once it has heard `waits_for`.
    pub(crate) fn new(protocol: &str, waits_for: Option<&'static [u8]>) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"));
        let listener = listener.expect("a listener");
        let port = listener.local_addr().expect("its address").port();
        let opening = format!("127.0.0.1:{port}/{protocol}").parse();
        let egress = Egress::new(EgressOptions {
            openings: HashMap::from([(String::from("t"), vec![opening.expect("an opening")])]),
            ..EgressOptions::default()
        });
        Self {
            waits_for,
            runtime,
            listener,
            port,
            egress: egress.expect("a way out"),
        }
    }

    /// What `call` makes of a destination that says `bytes` and hangs up, and what that has heard by then.
    pub(crate) fn saying<T>(&self, bytes: &[u8], call: impl Future<Output = T>) -> (T, Vec<u8>) {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let bytes: Arc<[u8]> = bytes.into();
        let listen = async {
            loop {
                if let Ok((stream, _)) = self.listener.accept().await {
                    let talk = talk(stream, self.waits_for, bytes.clone(), heard.clone());
                    tokio::spawn(talk);
                }
            }
        };
        let made = self.runtime.block_on(async {
            tokio::select! {
                made = call => made,
                () = listen => unreachable!("a listener has no end"),
            }
        });
        let heard = heard.lock().expect("nobody panics with it").clone();
        (made, heard)
    }
}

/// The client may hang up at any time: that is its right.
async fn talk(
    mut stream: TcpStream,
    waits_for: Option<&'static [u8]>,
    bytes: Arc<[u8]>,
    heard: Arc<Mutex<Vec<u8>>>,
) {
    let mut silent = true;
    let mut so_far = Vec::new();
    let mut piece = [0; 1024];
    loop {
        if silent && waits_for.is_none_or(|wanted| so_far.ends_with(wanted)) {
            silent = false;
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
        }
        let Ok(length @ 1..) = stream.read(&mut piece).await else {
            return;
        };
        so_far.extend_from_slice(&piece[..length]);
        let mut heard = heard.lock().expect("nobody panics with it");
        heard.extend_from_slice(&piece[..length]);
    }
}
