//! The edge towards producers, people and the command line: every route on one screen.

mod admin;
mod auth;
mod ingest;
mod problem;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use crate::app::App;
use crate::intake::limits;

pub use admin::{Application, ComponentView, RecipientView, RedriveRequest, Redriven, TestView};
pub use ingest::Receipt;
pub use problem::Problem;

/// A component file may be larger than a body of alerts.
const COMPONENT_BODY: usize = 48 << 20;

/// All routes.
pub fn router(app: Arc<App>) -> Router {
    let alerts = Router::new()
        .route("/api/v1/alerts", post(ingest::native))
        .route("/ingest/ntopng", post(ingest::ntopng))
        .layer(DefaultBodyLimit::max(limits::BODY));
    let administration = Router::new()
        .route("/api/v1/apply", post(admin::apply))
        .route(
            "/api/v1/components",
            get(admin::components).post(admin::install),
        )
        .route("/api/v1/components/{name}", get(admin::component))
        .route("/api/v1/recipients", get(admin::recipients))
        .route("/api/v1/recipients/{name}/test", post(admin::test))
        .route("/api/v1/deliveries", get(admin::deliveries))
        .route("/api/v1/deliveries/{id}", get(admin::delivery))
        .route("/api/v1/dead-letters", get(admin::dead_letters))
        .route("/api/v1/dead-letters/redrive", post(admin::redrive))
        .layer(DefaultBodyLimit::max(COMPONENT_BODY));
    Router::new()
        .merge(alerts)
        .merge(administration)
        .route("/healthz", get(admin::healthy))
        .route("/readyz", get(admin::ready))
        .fallback(problem::no_such_page)
        .method_not_allowed_fallback(problem::no_such_method)
        .with_state(app)
}
