//! An endpoint on whose behalf requests are judged: each kind of secret, in each place.

use std::sync::Arc;

use campanile::egress::{Owner, Sender};
use campanile::grant::Permit;
use campanile::secret::{Binding, MasterKey, Secret, Vault, with_origins};
use campanile_contract::manifest::Manifest;
use campanile_contract::params::Param;

const HOOK: &str = "https://hooks.example/services/T0/hook-secret";

const MANIFEST: &str = r#"
manifest = 1
name = "fuzz"
title = "Fuzz"
version = "1.0.0"
endpoint-param = [
    { name = "api", kind = "url", label = "x" },
    { name = "server", kind = "mail-server", label = "x" },
    { name = "from", kind = "email", label = "x" },
    { name = "log", kind = "syslog-server", label = "x" },
    { name = "token", kind = "secret", label = "x", uses = [
        { route = "send", place = "path" },
        { route = "send", place = "query:key" },
        { route = "send", place = "header:x-token" },
        { route = "send", place = "json:/auth/token" },
        { route = "send", place = "form:token" },
        { route = "send", place = "authorization" },
        { route = "send", place = "basic-password" },
    ] },
    { name = "hook", kind = "secret-url", label = "x", uses = [{ route = "hook", place = "whole-url" }] },
    { name = "signer", kind = "signing-key", label = "x" },
    { name = "password", kind = "secret", label = "x", uses = [{ route = "mail", place = "mail-password" }] },
]
recipient-param = [{ name = "to", kind = "emails", label = "x" }]
route = [
    { name = "send", origin = { param = "api" }, methods = ["POST"], paths = ["/send", "/bot*/send", "/f/*"] },
    { name = "hook", origin = { param = "hook" }, methods = ["POST"], paths = ["/"] },
    { name = "mail", origin = { param = "server" } },
    { name = "log", origin = { param = "log" } },
]
"#;

/// An endpoint whose API is at `api`, and whose mails go by `server`.
pub(crate) fn sender(api: &str, server: &str) -> Arc<Sender> {
    with(&[("api", api), ("server", server)])
}

/// One whose syslog lines go to `log`.
pub(crate) fn logger(log: &str) -> Arc<Sender> {
    with(&[("log", log)])
}

fn with(set: &[(&str, &str)]) -> Arc<Sender> {
    let manifest = Arc::new(Manifest::from_toml(MANIFEST).expect("a manifest"));
    let param = |(name, value): (&str, &str)| Param {
        name: name.to_owned(),
        key: None,
        value: value.to_owned(),
    };
    let addresses = [
        ("from", "alerts@a.example"),
        ("to", "a@a.example\nb@b.example"),
    ];
    let params: Vec<Param> = set.iter().copied().chain(addresses).map(param).collect();
    let vault = Vault::new(&MasterKey::new(&[7; 32]));
    let mut sealed = Vec::new();
    for (name, value) in [
        ("hook", HOOK),
        ("token", "12:to/k?e n%"),
        ("signer", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"),
        ("password", "correct horse"),
    ] {
        let spec = manifest.params().find(|spec| spec.name == name);
        let bound = with_origins(&params, &sealed);
        let spec = spec.expect("the manifest has it");
        let binding = Binding::of("t", "fuzz", &manifest, spec, None, &bound);
        let value = vault.seal(&binding, &Secret::new(value.to_owned()));
        sealed.push((name.to_owned(), None, value.expect("sealed")));
    }
    let owner = Owner {
        tenant: "t",
        endpoint: "fuzz",
        recipient: "r",
    };
    let permit = Permit::all();
    Arc::new(Sender::new(
        owner, &manifest, &params, &sealed, &vault, permit,
    ))
}
