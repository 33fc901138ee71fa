//! Requests as data: what the host is asked to send.

use crate::json::Json;
use crate::{Body, Encoding, HttpRequest, IntoTemplate, Message, Part, Scheme, Template};

/// Builds an HTTP request.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Request(HttpRequest);

impl Request {
    /// A request with this method, in capitals, to this URL.
    pub fn new(method: impl Into<String>, url: impl IntoTemplate) -> Self {
        Self(HttpRequest {
            method: method.into(),
            url: url.into_template(),
            query: Vec::new(),
            headers: Vec::new(),
            auth: Vec::new(),
            body: Body::None,
            extra: Vec::new(),
        })
    }

    /// A GET request.
    pub fn get(url: impl IntoTemplate) -> Self {
        Self::new("GET", url)
    }

    /// A POST request.
    pub fn post(url: impl IntoTemplate) -> Self {
        Self::new("POST", url)
    }

    /// A PUT request.
    pub fn put(url: impl IntoTemplate) -> Self {
        Self::new("PUT", url)
    }

    /// A PATCH request.
    pub fn patch(url: impl IntoTemplate) -> Self {
        Self::new("PATCH", url)
    }

    /// Adds a query field, which the host encodes: give it raw.
    pub fn query(mut self, name: impl Into<String>, value: impl IntoTemplate) -> Self {
        self.0.query.push((name.into(), value.into_template()));
        self
    }

    /// Adds a header. `Authorization` goes through [`Request::auth`]; some headers are the host's own.
    pub fn header(mut self, name: impl Into<String>, value: impl IntoTemplate) -> Self {
        self.0.headers.push((name.into(), value.into_template()));
        self
    }

    /// Adds authentication or a signature, which the host makes.
    pub fn auth(mut self, scheme: Scheme) -> Self {
        self.0.auth.push(scheme);
        self
    }

    /// The body, JSON, with its `Content-Type`.
    pub fn json(self, value: impl Into<Json>) -> Self {
        self.header("Content-Type", "application/json")
            .text(value.into().into_template())
    }

    /// The body, text with holes. Add a `Content-Type`.
    pub fn text(mut self, text: impl IntoTemplate) -> Self {
        self.0.body = Body::Text(text.into_template());
        self
    }

    /// The body, bytes without holes. Add a `Content-Type`.
    pub fn bytes(mut self, bytes: Vec<u8>) -> Self {
        self.0.body = Body::Bytes(bytes);
        self
    }

    /// Adds a field to a body of `application/x-www-form-urlencoded`, which the host encodes: give it
    /// raw. It replaces a body of another kind.
    pub fn form(mut self, name: impl Into<String>, value: impl IntoTemplate) -> Self {
        let field = (name.into(), value.into_template());
        if let Body::Form(fields) = &mut self.0.body {
            fields.push(field);
        } else {
            self.0.body = Body::Form(vec![field]);
        }
        self
    }
}

impl From<Request> for Message {
    fn from(request: Request) -> Self {
        Self::Http(request.0)
    }
}

impl Scheme {
    /// `Authorization: <value>`.
    #[must_use]
    pub fn authorization(value: impl IntoTemplate) -> Self {
        Self::with("authorization", [("value", value.into_template())])
    }

    /// `Authorization: Bearer <token>`.
    #[must_use]
    pub fn bearer(token: impl IntoTemplate) -> Self {
        let mut value: Template = vec![Part::from("Bearer ")];
        value.extend(token.into_template());
        Self::authorization(value)
    }

    /// Basic authentication, RFC 7617; of a mail server, `AUTH PLAIN` or `LOGIN`.
    #[must_use]
    pub fn basic(user: impl IntoTemplate, password: impl IntoTemplate) -> Self {
        Self::with(
            "basic",
            [
                ("user", user.into_template()),
                ("password", password.into_template()),
            ],
        )
    }

    /// Standard Webhooks 1.0, signed with the parameter `key` of kind `signing-key`.
    #[must_use]
    pub fn standard_webhooks(key: &str) -> Self {
        Self::with("standard-webhooks", [("key", signing_key(key))])
    }

    /// HMAC-SHA256 of the body in lower-case hex, in the header `header` behind `prefix`, signed with
    /// the parameter `key` of kind `signing-key`.
    #[must_use]
    pub fn hmac_sha256(key: &str, header: impl Into<String>, prefix: impl Into<String>) -> Self {
        Self::with(
            "hmac-sha256",
            [
                ("key", signing_key(key)),
                ("header", header.into().into_template()),
                ("prefix", prefix.into().into_template()),
            ],
        )
    }

    /// `AUTH XOAUTH2` of a mail server: a user and an OAuth 2.0 access token.
    #[must_use]
    pub fn xoauth2(user: impl IntoTemplate, token: impl IntoTemplate) -> Self {
        Self::with(
            "xoauth2",
            [
                ("user", user.into_template()),
                ("token", token.into_template()),
            ],
        )
    }

    fn with<const N: usize>(name: &str, fields: [(&str, Template); N]) -> Self {
        let fields = fields
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        Self {
            name: name.to_owned(),
            fields,
        }
    }
}

fn signing_key(name: &str) -> Template {
    vec![Part::Secret((name.to_owned(), Encoding::Raw))]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret;

    #[test]
    fn form_fields_gather_in_one_body() {
        let Message::Http(request) = Request::post("https://x")
            .form("a", "1")
            .form("b", "2")
            .into()
        else {
            panic!("not a request")
        };
        let Body::Form(fields) = request.body else {
            panic!("not a form")
        };
        assert_eq!(fields.len(), 2);
        assert_eq!(request.method, "POST");
    }

    #[test]
    fn a_bearer_token_stays_a_hole() {
        let scheme = Scheme::bearer(secret("token"));
        assert_eq!(scheme.name, "authorization");
        assert_eq!(
            scheme.fields,
            [(
                "value".to_owned(),
                vec![
                    Part::Text("Bearer ".into()),
                    Part::Secret(("token".into(), Encoding::Raw))
                ]
            )]
        );
    }
}
