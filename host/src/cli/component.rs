//! `campanile component list|install|remove`, at a running server.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;

use super::Server;
use super::client::{Remote, segment};
use super::print::{self, Terminal};
use super::remote::unreadable;
use crate::api::ComponentView;

pub(super) async fn list(terminal: &Terminal, server: &Server) -> anyhow::Result<ExitCode> {
    let views: Vec<ComponentView> = Remote::of(server, &terminal.words)?
        .get("/api/v1/components")
        .await?;
    if terminal.json {
        print::json(&views)?;
        return Ok(ExitCode::SUCCESS);
    }
    let rows = views.into_iter().map(|view| {
        let endpoints = if view.world == "formatter" {
            String::new()
        } else {
            view.endpoints.to_string()
        };
        let origin = match (view.builtin, view.tenants.is_empty()) {
            (true, _) => terminal.words.say("component.origin_built_in"),
            (false, true) => terminal.words.say("component.origin_installed"),
            (false, false) => terminal.words.fill(
                "component.origin_own",
                &[("tenants", &view.tenants.join(", "))],
            ),
        };
        vec![
            view.name,
            view.version,
            view.world,
            origin,
            endpoints,
            view.digest.chars().take(16).collect(),
        ]
    });
    terminal.table(
        &["name", "version", "world", "origin", "endpoints", "digest"],
        rows.collect(),
        "component.none",
    );
    Ok(ExitCode::SUCCESS)
}

/// Sends a component file, to be installed or looked at; for a tenant, where the operator says so.
pub(super) async fn send(
    terminal: &Terminal,
    remote: &Remote,
    file: &Path,
    dry_run: bool,
    tenant: Option<&str>,
) -> anyhow::Result<ComponentView> {
    let wasm = std::fs::read(file).with_context(|| unreadable(terminal, file))?;
    let tenant = tenant.map_or_else(String::new, |tenant| format!("&tenant={}", segment(tenant)));
    let path = format!("/api/v1/components?dry_run={dry_run}{tenant}");
    let sent = remote.post_bytes(&path, wasm.into()).await;
    sent.with_context(|| file.display().to_string())
}

pub(super) async fn install(
    terminal: &Terminal,
    server: &Server,
    file: &Path,
    tenant: Option<&str>,
) -> anyhow::Result<ExitCode> {
    let remote = Remote::of(server, &terminal.words)?;
    let view = send(terminal, &remote, file, false, tenant).await?;
    let key = if view.new {
        "component.installed"
    } else {
        "component.known"
    };
    show(terminal, key, &view)
}

pub(super) async fn remove(
    terminal: &Terminal,
    server: &Server,
    component: &str,
    tenant: Option<&str>,
) -> anyhow::Result<ExitCode> {
    let tenant = tenant.map_or_else(String::new, |tenant| format!("?tenant={}", segment(tenant)));
    let path = format!("/api/v1/components/{}{tenant}", segment(component));
    let view: ComponentView = Remote::of(server, &terminal.words)?.delete(&path).await?;
    show(terminal, "component.removed", &view)
}

fn show(terminal: &Terminal, key: &str, view: &ComponentView) -> anyhow::Result<ExitCode> {
    if terminal.json {
        print::json(view)?;
    } else {
        terminal.say(
            key,
            &[
                ("name", &view.name),
                ("version", &view.version),
                ("digest", &view.digest),
            ],
        );
    }
    Ok(ExitCode::SUCCESS)
}
