//! Who is asking: a token in `Authorization`, as bearer or as the password of basic authentication.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Problem;
use crate::app::App;
use crate::desired::default_tenant;
use crate::directory::{Role, Token};

/// The token that a request carries.
fn presented(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, credentials) = value.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(credentials.trim().to_owned());
    }
    if scheme.eq_ignore_ascii_case("basic") {
        let decoded = String::from_utf8(STANDARD.decode(credentials.trim()).ok()?).ok()?;
        return decoded
            .split_once(':')
            .map(|(_, password)| password.to_owned());
    }
    None
}

/// Who may post alerts; `other` is a token from elsewhere in the request.
pub(super) fn producer(
    app: &App,
    headers: &HeaderMap,
    other: Option<&str>,
) -> Result<Token, Problem> {
    let snapshot = app.directory.now();
    let token = presented(headers).or_else(|| other.map(str::to_owned));
    token.and_then(|token| snapshot.token(&token).cloned()).ok_or_else(|| {
        Problem::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "a token is needed: `Authorization: Bearer TOKEN`, or basic authentication with it as the password",
        )
    })
}

/// Whoever may post alerts, known before a body is read.
pub(super) struct Producer(pub(super) Token);

impl FromRequestParts<Arc<App>> for Producer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        producer(app, &parts.headers, None).map(Self)
    }
}

/// Whoever may administer, known before a body is read: a stranger's is not kept in memory.
pub(super) struct Administrator(pub(super) Token);

impl Administrator {
    /// For what concerns all tenants. The default tenant's administrator is the operator; another tenant's
    /// has a say in that tenant alone.
    pub(super) fn as_operator(&self) -> Result<(), Problem> {
        if self.of_one().is_none() {
            return Ok(());
        }
        Err(Problem::new(
            StatusCode::FORBIDDEN,
            "operator-only",
            "this token administers one tenant; ask the operator for this",
        ))
    }

    /// The one tenant in which it has a say; `None` for the operator.
    pub(super) fn of_one(&self) -> Option<&str> {
        let tenant = self.0.tenant.as_str();
        (tenant != default_tenant()).then_some(tenant)
    }

    /// Whether what belongs to this tenant is for it to see.
    pub(super) fn sees(&self, tenant: &str) -> bool {
        self.of_one().is_none_or(|own| own == tenant)
    }
}

impl FromRequestParts<Arc<App>> for Administrator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let token = producer(app, &parts.headers, None)?;
        if token.role == Role::Admin {
            return Ok(Self(token));
        }
        Err(Problem::new(
            StatusCode::FORBIDDEN,
            "forbidden",
            "this token posts alerts; administering needs another",
        ))
    }
}
