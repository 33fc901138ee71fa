//! The program's own tokens: one to administer it, one to post alerts with, made at first start. Where
//! and how the command line reaches a running server stands in a file that only its owner can read.

use std::fs::OpenOptions;
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::App;
use crate::directory::token_hash;
use crate::store::{Change, TokenRow};

/// The name of the administrator's own token.
pub const ADMIN: &str = "_admin";
/// The name of the token for posting alerts.
pub const INGEST: &str = "_ingest";

/// How to reach a running server.
#[derive(Clone, Serialize, Deserialize)]
pub struct Contact {
    /// Its address.
    pub url: String,
    /// Opens everything.
    pub admin_token: String,
    /// Posts alerts for the tenant `default`.
    pub ingest_token: String,
}

impl Contact {
    fn path(data: &Path) -> PathBuf {
        data.join("server.json")
    }

    /// Reads how to reach the server of a data directory.
    ///
    /// # Errors
    ///
    /// Where there is none.
    pub fn read(data: &Path) -> anyhow::Result<Self> {
        let path = Self::path(data);
        let text = std::fs::read(&path).with_context(|| {
            format!(
                "no server has run in {}: start one with `campanile serve --data {}`, or name another with --data",
                data.display(),
                data.display()
            )
        })?;
        serde_json::from_slice(&text).with_context(|| format!("{} is damaged", path.display()))
    }

    fn write(&self, data: &Path) -> anyhow::Result<()> {
        let path = Self::path(data);
        let part = path.with_extension("part");
        let _ = std::fs::remove_file(&part);
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&part)?;
        file.write_all(&serde_json::to_vec_pretty(self)?)?;
        std::fs::rename(&part, &path).with_context(|| path.display().to_string())
    }
}

fn random_token() -> anyhow::Result<String> {
    let mut bytes = [0; 24];
    getrandom::fill(&mut bytes)
        .map_err(|error| anyhow::anyhow!("the system gives no random bytes: {error}"))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

impl App {
    /// Makes the program's own tokens where they are not there yet, and writes down how to reach it.
    ///
    /// # Errors
    ///
    /// Those of store and file.
    pub async fn announce(&self, data: &Path, address: SocketAddr) -> anyhow::Result<Contact> {
        let known = Contact::read(data).ok();
        let (admin_token, ingest_token) = match known {
            Some(known) => (known.admin_token, known.ingest_token),
            None => (random_token()?, random_token()?),
        };
        let contact = Contact {
            url: format!("http://{address}"),
            admin_token,
            ingest_token,
        };
        let row = |name: &str, role: &str, token: &str| {
            Change::PutToken(TokenRow {
                tenant: String::from("default"),
                name: name.to_owned(),
                role: role.to_owned(),
                hash: token_hash(token),
            })
        };
        let changes = vec![
            row(ADMIN, "admin", &contact.admin_token),
            row(INGEST, "ingest", &contact.ingest_token),
        ];
        self.store.apply(changes, self.clock.now()).await?;
        self.reload().await?;
        contact.write(data)?;
        Ok(contact)
    }
}
