//! `campanile component inspect`: a file is looked at here, without a server; a name is asked for there.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use campanile_contract::manifest::{Manifest, Origin, ParamSpec};
use campanile_contract::text::{Catalog, Localizer};
use serde_json::json;

use super::client::{Remote, segment};
use super::{Server, print};
use crate::api::ComponentView;
use crate::sandbox::{Installed, Limits, Sandbox};

pub(super) async fn inspect(
    server: &Server,
    component: &str,
    as_json: bool,
) -> anyhow::Result<ExitCode> {
    let is_file =
        component.ends_with(".wasm") || component.contains('/') || Path::new(component).is_file();
    let (manifest, digest, imports) = if is_file {
        let Installed {
            digest,
            manifest,
            imports,
            ..
        } = look(Path::new(component))?;
        (manifest, digest, Some(imports))
    } else if let Some(wasm) = crate::app::builtin(component) {
        let installed = Sandbox::start(Limits::default(), 0)?.install(wasm)?;
        (
            installed.manifest,
            installed.digest,
            Some(installed.imports),
        )
    } else {
        let path = format!("/api/v1/components/{}", segment(component));
        let view: ComponentView = Remote::of(server)?.get(&path).await?;
        let manifest = serde_json::from_value(view.manifest.unwrap_or_default())
            .context("the manifest cannot be read")?;
        (manifest, view.digest, None)
    };
    if as_json {
        print::json(&json!({ "digest": digest, "manifest": manifest, "imports": imports }))?;
    } else {
        show(&manifest, &digest, imports.as_deref());
    }
    Ok(ExitCode::SUCCESS)
}

fn look(path: &Path) -> anyhow::Result<Installed> {
    let wasm = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let sandbox = Sandbox::start(Limits::default(), 0)?;
    sandbox
        .install(&wasm)
        .with_context(|| format!("{} is refused", path.display()))
}

fn show(manifest: &Manifest, digest: &str, imports: Option<&[String]>) {
    let catalog = Catalog::parse(&manifest.locales).unwrap_or_default();
    let words = Localizer::new(Some(&catalog), "en", "UTC");
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
    print::line(&format!("  digest    {digest}"));
    if let Some(homepage) = &manifest.homepage {
        print::line(&format!("  homepage  {homepage}"));
    }
    let languages: Vec<_> = catalog.languages().collect();
    print::line(&format!("  languages {}", languages.join(", ")));
    let params = |title: &str, params: &[ParamSpec]| {
        if params.is_empty() {
            return;
        }
        print::line(title);
        let rows = params.iter().map(|param| {
            let kind = serde_json::to_string(&param.kind).unwrap_or_default();
            let places: Vec<_> = param
                .uses
                .iter()
                .map(|entry| format!("{} of {}", entry.place, entry.route))
                .collect();
            vec![
                format!("  {}", param.name),
                kind.trim_matches('"').to_owned(),
                String::from(if param.required { "required" } else { "" }),
                param.default.clone().unwrap_or_default(),
                places.join(", "),
                param.label.as_deref().map(text).unwrap_or_default(),
            ]
        });
        print::table(
            &["  name", "kind", "", "default", "may stand in", "label"],
            rows.collect(),
            "",
        );
    };
    params("endpoint parameters", &manifest.endpoint_params);
    params("recipient parameters", &manifest.recipient_params);
    if !manifest.routes.is_empty() {
        print::line("may reach");
        for route in &manifest.routes {
            let origin = match &route.origin {
                Origin::At(origin) => origin.clone(),
                Origin::Param(name) => format!("the address in `{name}`"),
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
        print::line("defines");
        let rows = manifest.definitions.iter().map(|definition| {
            vec![
                format!("  {}", definition.kind),
                text(&definition.title),
                definition.icon.clone().unwrap_or_default(),
                definition
                    .description
                    .clone()
                    .unwrap_or_else(|| String::from("no description of its own")),
            ]
        });
        print::table(
            &["  kind", "title", "icon", "description"],
            rows.collect(),
            "",
        );
    }
    if let Some(imports) = imports {
        print::line("imports");
        imports
            .iter()
            .for_each(|import| print::line(&format!("  {import}")));
    }
}
