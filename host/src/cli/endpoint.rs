//! `campanile endpoint`.

use std::process::ExitCode;

use super::Server;
use super::client::Remote;
use super::print::{self, Terminal};
use crate::api::EndpointView;

pub(super) async fn list(terminal: &Terminal, server: &Server) -> anyhow::Result<ExitCode> {
    let views: Vec<EndpointView> = Remote::of(server, &terminal.words)?
        .get("/api/v1/endpoints")
        .await?;
    if terminal.json {
        print::json(&views)?;
        return Ok(ExitCode::SUCCESS);
    }
    let rows = views.into_iter().map(|view| {
        let paused = view
            .paused
            .map(|why| terminal.words.fill("recipient.paused", &[("reason", &why)]));
        let waits = view.waits.map(|waits| {
            terminal.words.fill(
                "endpoint.waits",
                &[("version", &waits.version), ("reason", &waits.reason)],
            )
        });
        let state = [paused, waits].into_iter().flatten().collect::<Vec<_>>();
        let state = if state.is_empty() {
            terminal.words.say("recipient.serving")
        } else {
            state.join("; ")
        };
        vec![
            view.name,
            view.component,
            view.version,
            view.digest.chars().take(16).collect(),
            state,
        ]
    });
    terminal.table(
        &["name", "component", "version", "digest", "state"],
        rows.collect(),
        "endpoint.none",
    );
    Ok(ExitCode::SUCCESS)
}
