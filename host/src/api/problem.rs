//! Errors as RFC 9457 problems, each with a code that stays.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use crate::store::StoreError;

/// The media type of RFC 9457.
const PROBLEM: &str = "application/problem+json";

/// What a client is told; what only the operator may know is logged instead.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// The same for all problems of a code.
    pub title: String,
    /// The stable name.
    pub code: String,
    /// What is wrong here, and what to do next.
    pub detail: String,
    /// One entry a mistake, where there are several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<serde_json::Value>,
    /// For `Retry-After`, in seconds.
    #[serde(skip)]
    again_in: Option<u64>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, code: &str, detail: impl Into<String>) -> Self {
        Self {
            status: status.as_u16(),
            title: status.canonical_reason().unwrap_or("Problem").to_owned(),
            code: code.to_owned(),
            detail: detail.into(),
            errors: Vec::new(),
            again_in: None,
        }
    }

    /// It may be tried again in so many milliseconds.
    pub(super) fn again_in(mut self, milliseconds: u64) -> Self {
        self.again_in = Some(milliseconds.div_ceil(1000));
        self
    }

    pub(super) fn with<T: Serialize>(mut self, errors: &[T]) -> Self {
        self.errors = errors
            .iter()
            .filter_map(|error| serde_json::to_value(error).ok())
            .collect();
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let again_in = self.again_in;
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer, Basic realm=\"campanile\""),
            );
        }
        if let Some(seconds) = again_in {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        // What may pass was said when it began.
        if !error.may_pass() {
            tracing::error!(%error, "the store failed");
        }
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            error.code(),
            "nothing was stored; send it again later",
        )
        .again_in(5_000)
    }
}

/// The framework's words on JSON that may hold secrets: where in its form something is wrong, and neither its values
/// nor, as a column would, how long they are. Others than its sender read them: in the log of what applied it.
pub(super) fn of_form_alone(words: &str) -> String {
    let words = words.rfind(" at line ").map_or(words, |at| &words[..at]);
    match (words.find("invalid "), words.rfind(", expected ")) {
        // The value is between the two.
        (Some(at), Some(end)) if at < end => format!("{}{}", &words[..at], &words[end + 2..]),
        _ => words.to_owned(),
    }
}

/// What the framework refuses by itself, in its own words, takes the shape of all other errors.
pub(super) async fn shaped(response: Response) -> Response {
    let status = response.status();
    let is_problem = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind == PROBLEM);
    if is_problem || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let (code, detail) = match status {
        StatusCode::PAYLOAD_TOO_LARGE => (
            "body-too-large",
            "the body has more bytes than are taken here",
        ),
        StatusCode::BAD_REQUEST => ("bad-request", "the request cannot be read"),
        _ => ("refused", "the request cannot be answered"),
    };
    Problem::new(status, code, detail).into_response()
}

pub(super) async fn no_such_page() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "not-found",
        "there is nothing at this path",
    )
}

pub(super) async fn no_such_method() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method-not-allowed",
        "this path takes another method",
    )
}

#[cfg(test)]
mod tests {
    use super::of_form_alone;

    #[test]
    fn what_is_said_of_a_form_holds_no_value_and_no_column() {
        for (words, expected) in [
            (
                "a.b[0]: invalid type: string \"x, expected y at line 3\", expected a map at line 1 column 70",
                "a.b[0]: expected a map",
            ),
            (
                "a: unknown field `tokken`, expected `token` at line 1 column 9",
                "a: unknown field `tokken`, expected `token`",
            ),
            (
                "a: EOF while parsing a string at line 1 column 9",
                "a: EOF while parsing a string",
            ),
            (
                "Expected request with a type",
                "Expected request with a type",
            ),
        ] {
            assert_eq!(of_form_alone(words), expected);
        }
    }
}
