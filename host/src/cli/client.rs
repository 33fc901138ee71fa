//! Talks to a running server: plain HTTP with a token, to an address that the person who runs the command
//! named, or that the server wrote into its data directory.

use anyhow::{Context, bail};
use axum::body::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Server;
use super::words::Words;
use crate::api::Problem;
use crate::app::Contact;
use crate::apply::Mistake;

/// A server and the token for it.
pub(super) struct Remote {
    url: String,
    token: String,
    words: Words,
}

impl Remote {
    pub(super) fn of(server: &Server, words: &Words) -> anyhow::Result<Self> {
        if let (Some(url), Some(token)) = (&server.server, &server.token) {
            if !url.starts_with("http://") {
                bail!(words.fill("error.server_address", &[("url", url)]));
            }
            return Ok(Self {
                url: url.trim_end_matches('/').to_owned(),
                token: token.clone(),
                words: words.clone(),
            });
        }
        let contact = Contact::read(&server.data)?;
        Ok(Self {
            url: contact.url,
            token: contact.admin_token,
            words: words.clone(),
        })
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        self.call(Method::GET, path, "application/json", Bytes::new())
            .await
    }

    pub(super) async fn delete<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        self.call(Method::DELETE, path, "application/json", Bytes::new())
            .await
    }

    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> anyhow::Result<T> {
        self.call(
            Method::POST,
            path,
            "application/json",
            serde_json::to_vec(body)?.into(),
        )
        .await
    }

    pub(super) async fn post_bytes<T: DeserializeOwned>(
        &self,
        path: &str,
        body: Bytes,
    ) -> anyhow::Result<T> {
        self.call(Method::POST, path, "application/octet-stream", body)
            .await
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        body: Bytes,
    ) -> anyhow::Result<T> {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .header(header::ACCEPT_LANGUAGE, self.words.language())
            .header(header::CONTENT_TYPE, content_type)
            .body(Full::new(body))
            .with_context(|| self.words.say("error.request"))?;
        let client = Client::builder(TokioExecutor::new()).build_http();
        let response = client
            .request(request)
            .await
            .with_context(|| self.words.fill("error.no_server", &[("url", &self.url)]))?;
        let status = response.status();
        let body = response
            .into_body()
            .collect()
            .await
            .with_context(|| self.words.say("error.broken_answer"))?
            .to_bytes();
        if status.is_success() {
            return serde_json::from_slice(&body)
                .with_context(|| self.words.say("error.strange_answer"));
        }
        if let Ok(problem) = serde_json::from_slice::<Problem>(&body) {
            if status == StatusCode::UNAUTHORIZED {
                bail!(self.words.say("error.unknown_token"));
            }
            let mistakes: Result<Vec<Mistake>, _> = problem
                .errors
                .into_iter()
                .map(serde_json::from_value)
                .collect();
            if problem.code == "mistakes"
                && let Ok(mistakes) = mistakes
            {
                bail!(self.words.mistakes(&mistakes));
            }
            bail!("{}", problem.detail);
        }
        bail!(self.words.fill("error.status", &[("status", &status)]));
    }
}

/// One segment of a path.
pub(super) fn segment(text: &str) -> String {
    let mut segment = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            segment.push(char::from(byte));
        } else {
            segment.push_str(&format!("%{byte:02X}"));
        }
    }
    segment
}
