//! The edge towards producers, people and the command line: every route on one screen.

mod admin;
mod auth;
mod component;
mod endpoint;
mod ingest;
mod problem;
mod queue;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::map_response;
use axum::routing::{get, post};

use crate::app::App;
use crate::intake::limits;

pub use admin::{Application, RecipientView, TestView};
pub use component::ComponentView;
pub use endpoint::{CeilingView, EndpointView, WaitView};
pub use ingest::Receipt;
pub use problem::Problem;
pub use queue::{RedriveRequest, Redriven};

/// A component file may be larger than a body of alerts.
const COMPONENT_BODY: usize = 48 << 20;

/// All routes.
pub fn router(app: Arc<App>) -> Router {
    let alerts = Router::new()
        .route("/api/v1/alerts", post(ingest::native))
        .route("/ingest/ntopng", post(ingest::ntopng))
        .route("/ingest/alertmanager", post(ingest::alertmanager))
        // Grafana's webhook can be told to use either method.
        .route(
            "/ingest/grafana",
            post(ingest::grafana).put(ingest::grafana),
        )
        .layer(DefaultBodyLimit::max(limits::BODY));
    let administration = Router::new()
        .route("/api/v1/apply", post(admin::apply))
        .route(
            "/api/v1/components",
            get(component::list).post(component::install),
        )
        .route(
            "/api/v1/components/{name}",
            get(component::inspect).delete(component::remove),
        )
        .route("/api/v1/endpoints", get(endpoint::endpoints))
        .route("/api/v1/ceiling", get(endpoint::ceiling))
        .route("/api/v1/recipients", get(admin::recipients))
        .route("/api/v1/recipients/{name}/test", post(admin::test))
        .route("/api/v1/deliveries", get(queue::deliveries))
        .route("/api/v1/deliveries/{id}", get(queue::delivery))
        .route("/api/v1/dead-letters", get(queue::dead_letters))
        .route("/api/v1/dead-letters/redrive", post(queue::redrive))
        .layer(DefaultBodyLimit::max(COMPONENT_BODY));
    Router::new()
        .merge(alerts)
        .merge(administration)
        .route("/healthz", get(admin::healthy))
        .route("/readyz", get(admin::ready))
        .fallback(problem::no_such_page)
        .method_not_allowed_fallback(problem::no_such_method)
        .layer(map_response(problem::shaped))
        .with_state(app)
}
