//! `campanile serve`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::{Serve, print};
use crate::app::{App, Options};
use crate::config::{self, Server};

const LISTEN: &str = "127.0.0.1:8300";
const DATA: &str = "campanile-data";

pub(super) async fn serve(arguments: Serve) -> anyhow::Result<ExitCode> {
    let config = arguments.config.as_deref().map(config::read).transpose()?;
    let file = config
        .as_ref()
        .map_or_else(Server::default, |config| config.server.clone());
    let data = arguments
        .data
        .or(file.data)
        .unwrap_or_else(|| PathBuf::from(DATA));
    let listen: SocketAddr = match arguments.listen.or(file.listen) {
        Some(listen) => listen,
        None => LISTEN.parse()?,
    };
    let mut options = Options::new(&data);
    options.key = arguments.key.or(file.key);
    options.egress.own = crate::app::own_addresses(listen);
    let app = App::open(options).await?;
    if let Some(mut config) = config {
        for path in &config.component_files {
            let wasm = std::fs::read(path).with_context(|| path.display().to_string())?;
            let installed = app
                .install(wasm)
                .await
                .with_context(|| path.display().to_string())?;
            config
                .desired
                .use_component(&path.display().to_string(), &installed.digest);
        }
        app.apply(&config.desired, false, false, "en").await?;
    }
    let listener = TcpListener::bind(listen)
        .await
        .with_context(|| format!("cannot listen on {listen}"))?;
    let address = listener.local_addr()?;
    app.announce(&data, address).await?;
    print::line(&format!(
        "campanile listens on http://{address}; its data are in {}",
        data.display()
    ));
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        signal().await;
        tracing::info!("stopping: what is in flight is finished first");
        let _ = stop.send(true);
    });
    app.run(listener, stopped).await?;
    app.store.clone().close().await?;
    Ok(ExitCode::SUCCESS)
}

/// Waits for Ctrl-C or SIGTERM.
pub(crate) async fn signal() {
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminate => {}
    }
}
