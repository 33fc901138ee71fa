//! `campanile serve`.

use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::signal::unix::{self, SignalKind};
use tokio::sync::watch;

use super::consent::consent;
use super::print::Terminal;
use super::{Serve, print, secret, tiers};
use crate::app::{App, Options};
use crate::config::{self, Server};
use crate::egress;

const LISTEN: &str = "127.0.0.1:8300";
const DATA: &str = "campanile-data";

pub(super) async fn serve(terminal: &Terminal, arguments: Serve) -> anyhow::Result<ExitCode> {
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
    options.key = secret::place(arguments.master_key, file.master_key);
    let (standard, large) = tiers::both(&file.limits);
    options.limits = standard;
    options.large_limits = Some(large);
    options.large_components = file.large_components;
    options.vouched = file.vouched;
    if let Some(components) = file.tenant_components {
        options.tenant_components = components;
    }
    options.ceilings = file.ceilings;
    options.keep = file.keep;
    for authority in &file.authorities {
        let roots = egress::roots(&authority.pem).map_err(|what| authority.mistake(&what))?;
        options.egress.roots.extend(roots);
    }
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
        let language = terminal.words.language();
        let lines = app.apply(&config.desired, false, true, language).await?;
        consent(terminal, &mut config.desired, &lines, arguments.yes)?;
        app.apply(&config.desired, false, false, language).await?;
    }
    let listener = TcpListener::bind(listen)
        .await
        .with_context(|| terminal.words.fill("error.listen", &[("address", &listen)]))?;
    let address = listener.local_addr()?;
    // Before anybody is told that it runs: who knows that may stop it at once.
    let signal = stop_signal();
    app.announce(&data, address).await?;
    if terminal.json {
        print::json(&json!({ "url": format!("http://{address}"), "data": data }))?;
    } else {
        terminal.say(
            "serve.listens",
            &[("address", &address), ("data", &data.display())],
        );
    }
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        signal.await;
        tracing::info!("stopping: what is in flight is finished first");
        let _ = stop.send(true);
    });
    app.run(listener, stopped).await?;
    app.store.clone().close().await?;
    Ok(ExitCode::SUCCESS)
}

/// Listens for Ctrl-C and SIGTERM from now on; what it returns waits for the first of them.
pub(crate) fn stop_signal() -> impl Future<Output = ()> {
    let mut signals = [SignalKind::interrupt(), SignalKind::terminate()].map(unix::signal);
    async move {
        let waiting = signals.iter_mut().map(|signal| async move {
            match signal {
                Ok(signal) => {
                    signal.recv().await;
                }
                Err(_) => std::future::pending().await,
            }
        });
        futures_util::future::select_all(waiting.map(Box::pin)).await;
    }
}
