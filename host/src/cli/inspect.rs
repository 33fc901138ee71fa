//! `campanile component inspect`: a file is looked at here, without a server; a name is asked for there.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use campanile_contract::manifest::{Manifest, Origin, ParamSpec, Tier};
use campanile_contract::text::{Catalog, Localizer};
use serde_json::json;

use super::client::{Remote, segment};
use super::print::Terminal;
use super::{Server, print};
use crate::api::ComponentView;
use crate::sandbox::{Installed, Limits, Sandbox, Tiers, Why};

pub(super) async fn inspect(
    terminal: &Terminal,
    server: &Server,
    component: &str,
) -> anyhow::Result<ExitCode> {
    let is_file =
        component.ends_with(".wasm") || component.contains('/') || Path::new(component).is_file();
    let (manifest, digest, imports) = if is_file {
        let Installed {
            digest,
            manifest,
            imports,
            ..
        } = look(terminal, Path::new(component))?;
        (manifest, digest, Some(imports))
    } else if let Some(wasm) = crate::app::builtin(component) {
        let installed = Sandbox::start(Tiers::all(Limits::default()), Why::Check)?.install(wasm)?;
        (
            installed.manifest,
            installed.digest,
            Some(installed.imports),
        )
    } else {
        let path = format!("/api/v1/components/{}", segment(component));
        let view: ComponentView = Remote::of(server, &terminal.words)?.get(&path).await?;
        let manifest = serde_json::from_value(view.manifest.unwrap_or_default())
            .with_context(|| terminal.words.say("error.manifest"))?;
        (manifest, view.digest, None)
    };
    if terminal.json {
        print::json(&json!({ "digest": digest, "manifest": manifest, "imports": imports }))?;
    } else {
        show(terminal, &manifest, &digest, imports.as_deref());
    }
    Ok(ExitCode::SUCCESS)
}

fn look(terminal: &Terminal, path: &Path) -> anyhow::Result<Installed> {
    let wasm = std::fs::read(path).with_context(|| {
        terminal
            .words
            .fill("error.unreadable", &[("file", &path.display())])
    })?;
    let sandbox = Sandbox::start(Tiers::all(Limits::default()), Why::Check)?;
    sandbox.install(&wasm).with_context(|| {
        terminal
            .words
            .fill("error.refused", &[("file", &path.display())])
    })
}

fn show(terminal: &Terminal, manifest: &Manifest, digest: &str, imports: Option<&[String]>) {
    let catalog = Catalog::parse(&manifest.locales).unwrap_or_default();
    let words = Localizer::new(Some(&catalog), terminal.words.language(), "UTC");
    let text = |key: &str| words.text(key, &[]);
    print::line(&format!(
        "{} {}  {}",
        manifest.name,
        manifest.version,
        text(&manifest.title)
    ));
    if !manifest.summary.is_empty() {
        print::line(&format!("  {}", text(&manifest.summary)));
    }
    let languages: Vec<_> = catalog.languages().collect();
    let mut facts = vec![("digest", digest.to_owned())];
    facts.extend(manifest.homepage.clone().map(|page| ("homepage", page)));
    if manifest.limits == Tier::Large {
        facts.push(("limits", terminal.words.say("inspect.large")));
    }
    facts.push(("languages", languages.join(", ")));
    terminal.facts("  ", &facts);
    params(
        terminal,
        "inspect.endpoint_params",
        &manifest.endpoint_params,
        &text,
    );
    params(
        terminal,
        "inspect.recipient_params",
        &manifest.recipient_params,
        &text,
    );
    if !manifest.routes.is_empty() {
        terminal.say("inspect.may_reach", &[]);
        for route in &manifest.routes {
            let origin = match &route.origin {
                Origin::At(origin) => origin.clone(),
                Origin::Param(name) => terminal
                    .words
                    .fill("inspect.address_in", &[("parameter", name)]),
            };
            print::line(&format!(
                "  {}: {} {origin} {}",
                route.name,
                route.methods.join(", "),
                route.paths.join(" ")
            ));
        }
    }
    if !manifest.definitions.is_empty() {
        terminal.say("inspect.defines", &[]);
        let rows = manifest.definitions.iter().map(|definition| {
            vec![
                definition.kind.clone(),
                text(&definition.title),
                definition.icon.clone().unwrap_or_default(),
                definition
                    .description
                    .clone()
                    .unwrap_or_else(|| terminal.words.say("inspect.no_description")),
            ]
        });
        terminal.indented(&["kind", "title", "icon", "description"], rows.collect());
    }
    if let Some(imports) = imports {
        terminal.say("inspect.imports", &[]);
        imports
            .iter()
            .for_each(|import| print::line(&format!("  {import}")));
    }
}

fn params(terminal: &Terminal, title: &str, params: &[ParamSpec], text: &impl Fn(&str) -> String) {
    if params.is_empty() {
        return;
    }
    terminal.say(title, &[]);
    let words = &terminal.words;
    let rows = params.iter().map(|param| {
        let kind = serde_json::to_string(&param.kind).unwrap_or_default();
        let places: Vec<_> = param
            .uses
            .iter()
            .map(|entry| {
                words.fill(
                    "inspect.place",
                    &[("place", &entry.place), ("route", &entry.route)],
                )
            })
            .collect();
        let required = if param.required {
            words.say("inspect.required")
        } else {
            String::new()
        };
        vec![
            param.name.clone(),
            kind.trim_matches('"').to_owned(),
            required,
            param.default.clone().unwrap_or_default(),
            places.join(", "),
            param.label.as_deref().map(text).unwrap_or_default(),
        ]
    });
    let head = ["name", "kind", "", "default", "may_stand_in", "label"];
    terminal.indented(&head, rows.collect());
}
