//! For tests of step 7: an endpoint with every kind of secret, and requests of it.

use std::sync::Arc;

use campanile_contract::manifest::Manifest;
use campanile_contract::params::Param;

use super::{Owner, Sender};
use crate::grant::Permit;
use crate::message::{Body, Encoding, HttpRequest, Part};
use crate::secret::{Binding, MasterKey, Secret, Vault};

/// Values of the secrets, by name and row.
pub(super) type Values<'a> = &'a [(&'a str, Option<&'a str>, &'a str)];

pub(super) const VALUES: Values<'static> = &[
    ("token", None, "12:to/k?e n"),
    ("rows", Some("X-Api-Key"), "row-secret"),
    (
        "hook",
        None,
        "https://hooks.example/services/T0/hook-secret",
    ),
    ("signer", None, "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"),
    ("password", None, "pa\"ss\\word"),
];

fn manifest() -> Manifest {
    let at = |route: &str, places: &[&str]| -> Vec<serde_json::Value> {
        places
            .iter()
            .map(|place| serde_json::json!({"route": route, "place": place}))
            .collect()
    };
    let token = at(
        "send",
        &[
            "path",
            "query:key",
            "form:token",
            "json:/auth/token",
            "header:x-token",
            "authorization",
        ],
    );
    serde_json::from_value(serde_json::json!({
        "manifest": 1, "name": "x", "title": "x", "version": "1.0.0",
        "endpoint-param": [
            {"name": "api", "kind": "url"},
            {"name": "token", "kind": "secret", "max-length": 100, "uses": token},
            {"name": "unset", "kind": "secret", "uses": at("send", &["header:x-unset", "authorization"])},
            {"name": "rows", "kind": "secret-pairs", "uses": at("send", &["header:*"])},
            {"name": "hook", "kind": "secret-url", "uses": at("hook", &["whole-url"])},
            {"name": "signer", "kind": "signing-key"},
            {"name": "password", "kind": "secret", "uses":
                at("send", &["basic-password", "json:/list/0/a~1b", "basic-user"])}
        ],
        "route": [
            {"name": "send", "origin": {"param": "api"}, "methods": ["POST"], "paths": ["/send", "/bot*/send", "/f/*"]},
            {"name": "other", "origin": {"param": "api"}, "methods": ["POST"], "paths": ["/other"]},
            {"name": "hook", "origin": {"param": "hook"}, "methods": ["POST"], "paths": ["**"]}
        ]
    }))
    .expect("a manifest")
}

/// An endpoint of this tenant whose API is at `api`.
pub(super) fn sender(tenant: &str, api: &str, values: Values<'_>) -> Arc<Sender> {
    let manifest = manifest();
    let params = vec![Param {
        name: "api".into(),
        key: None,
        value: api.into(),
    }];
    let vault = Vault::new(&MasterKey::new(&[7; 32]));
    let sealed: Vec<_> = values
        .iter()
        .map(|(name, key, value)| {
            let spec = manifest
                .params()
                .find(|spec| spec.name == *name)
                .expect("a parameter");
            let binding = Binding::of(
                tenant,
                "noc",
                &manifest,
                spec,
                *key,
                &bound(&params, values),
            );
            let secret = vault
                .seal(&binding, &Secret::new((*value).to_owned()))
                .expect("sealed");
            ((*name).to_owned(), key.map(str::to_owned), secret)
        })
        .collect();
    let owner = Owner {
        tenant,
        endpoint: "noc",
        recipient: "r",
    };
    let manifest = Arc::new(manifest);
    let permit = Permit::all();
    Arc::new(Sender::new(
        owner, &manifest, &params, &sealed, &vault, permit,
    ))
}

fn bound(params: &[Param], values: Values<'_>) -> Vec<Param> {
    let hook = values
        .iter()
        .filter(|(name, ..)| *name == "hook")
        .map(|(name, key, value)| Param {
            name: (*name).to_owned(),
            key: key.map(str::to_owned),
            value: url::Url::parse(value)
                .expect("a URL")
                .origin()
                .ascii_serialization(),
        });
    params.iter().cloned().chain(hook).collect()
}

pub(super) fn text(text: &str) -> Part {
    Part::Text(text.into())
}

pub(super) fn secret(name: &str, encoding: Encoding) -> Part {
    Part::Secret(name.into(), encoding)
}

/// A POST without anything else.
pub(super) fn post(url: &[Part]) -> HttpRequest {
    HttpRequest {
        method: "POST".into(),
        url: url.to_vec(),
        query: Vec::new(),
        headers: Vec::new(),
        auth: Vec::new(),
        body: Body::None,
    }
}
