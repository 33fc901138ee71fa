//! Header fields: those that a component sets, and those that authenticate or sign.

use campanile_contract::manifest::{ParamKind, Place};
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use zeroize::Zeroizing;

use super::template::{Rendered, has_secret};
use super::{Filler, again, misplaced};
use crate::egress::failure::Failure;
use crate::egress::headers::{self, Headers};
use crate::egress::sender::Held;
use crate::egress::sign;
use crate::message::{Body, HttpRequest, Scheme};
use crate::outcome::Reason;

/// What a scheme sends in `authorization`.
enum Credential {
    Whole(Rendered),
    Basic(Rendered, Rendered),
}

/// The filled values of headers and schemes: nothing is put together before all places are allowed.
pub(super) struct Fields {
    headers: Vec<Rendered>,
    credential: Option<Credential>,
}

impl<'a> Filler<'a> {
    pub(super) fn fields(&mut self, request: &HttpRequest) -> Result<Fields, Failure> {
        let mut fields = Fields {
            headers: Vec::with_capacity(request.headers.len()),
            credential: None,
        };
        if request.headers.len() > headers::MAX_HEADERS {
            return Err(Failure::new(Reason::RequestTooLarge, "too many headers"));
        }
        for (name, template) in &request.headers {
            let place = if has_secret(template) {
                Place::Header(name.to_ascii_lowercase())
            } else {
                // Not looked at: there is no secret.
                Place::Authorization
            };
            fields.headers.push(self.render(template, &place)?);
        }
        for scheme in &request.auth {
            let credential = match scheme {
                Scheme::Authorization { value } => {
                    Credential::Whole(self.render(value, &Place::Authorization)?)
                }
                Scheme::Basic { user, password } => Credential::Basic(
                    self.render(user, &Place::BasicUser)?,
                    self.render(password, &Place::BasicPassword)?,
                ),
                Scheme::StandardWebhooks { .. } | Scheme::HmacSha256 { .. } => continue,
            };
            if fields.credential.replace(credential).is_some() {
                return Err(Failure::new(
                    Reason::HeaderName,
                    "`authorization` is set twice",
                ));
            }
        }
        Ok(fields)
    }

    /// The headers, and what was made of secrets among their values.
    pub(super) fn headers(
        &self,
        request: &HttpRequest,
        fields: &Fields,
        body: &[u8],
    ) -> Result<(HeaderMap, Vec<Zeroizing<String>>), Failure> {
        let (mut headers, mut made) = (Headers::new(), Vec::new());
        for ((name, _), field) in request.headers.iter().zip(&fields.headers) {
            headers.add(name, &field.value, field.size, field.sensitive)?;
        }
        match &fields.credential {
            None => {}
            Some(Credential::Whole(field)) => {
                headers.add_once(AUTHORIZATION, &field.value, field.size)?;
            }
            Some(Credential::Basic(user, password)) => {
                let refused = if user.sensitive {
                    Reason::EnterSecretAgain
                } else {
                    Reason::HeaderValue
                };
                let value = sign::basic(&user.value, &password.value)
                    .ok_or_else(|| Failure::new(refused, "the user has a colon"))?;
                headers.add_once(
                    AUTHORIZATION,
                    &value,
                    (user.size + password.size + 3) / 3 * 4,
                )?;
                if user.sensitive || password.sensitive {
                    let digits = value.split_whitespace().nth(1);
                    made.extend(digits.map(|digits| Zeroizing::new(digits.to_owned())));
                }
            }
        }
        for scheme in &request.auth {
            made.extend(self.sign(&mut headers, scheme, body)?);
        }
        if matches!(request.body, Body::Form(_)) {
            let form = HeaderValue::from_static("application/x-www-form-urlencoded");
            headers.add_default(CONTENT_TYPE, form);
        }
        let product = concat!("campanile/", env!("CARGO_PKG_VERSION"));
        headers.add_default(http::header::USER_AGENT, HeaderValue::from_static(product));
        headers.add_default(
            http::header::ACCEPT_ENCODING,
            HeaderValue::from_static("identity"),
        );
        Ok((headers.into_map(), made))
    }

    /// Adds what a scheme makes of the body, and returns that alone.
    fn sign(
        &self,
        headers: &mut Headers,
        scheme: &Scheme,
        body: &[u8],
    ) -> Result<Option<Zeroizing<String>>, Failure> {
        match scheme {
            Scheme::Authorization { .. } | Scheme::Basic { .. } => Ok(None),
            Scheme::StandardWebhooks { key } => {
                let (held, value) = self.signing_key(key)?;
                let (id, seconds) = (self.attempt.delivery_id, self.attempt.now / 1000);
                let signature = sign::standard_webhooks(value, id, seconds, body)
                    .map(Zeroizing::new)
                    .ok_or_else(|| again(held))?;
                let seconds = seconds.to_string();
                headers.add_once(HeaderName::from_static("webhook-id"), id, id.len())?;
                headers.add_once(
                    HeaderName::from_static("webhook-timestamp"),
                    &seconds,
                    seconds.len(),
                )?;
                let name = HeaderName::from_static("webhook-signature");
                headers.add_once(name, &signature, signature.len())?;
                Ok(signature
                    .split_once(',')
                    .map(|(_, digits)| Zeroizing::new(digits.to_owned())))
            }
            Scheme::HmacSha256 {
                key,
                header,
                prefix,
            } => {
                let name = HeaderName::from_bytes(header.as_bytes()).map_err(|_| {
                    Failure::new(Reason::HeaderName, "a signature's header has no name")
                })?;
                headers::judge(&name)?;
                // Judged by itself: what `add_once` refuses is laid on the secret.
                HeaderValue::from_str(prefix).map_err(|_| {
                    Failure::new(
                        Reason::HeaderValue,
                        "a signature's prefix has control characters",
                    )
                })?;
                let (held, value) = self.signing_key(key)?;
                let digits = sign::hmac_sha256(value, body)
                    .map(Zeroizing::new)
                    .ok_or_else(|| again(held))?;
                let value = Zeroizing::new(format!("{prefix}{}", *digits));
                headers.add_once(name, &value, value.len())?;
                Ok(Some(digits))
            }
        }
    }

    fn signing_key(&self, name: &str) -> Result<(&'a Held, &'a str), Failure> {
        let held = self.held(name)?;
        if held.kind != ParamKind::SigningKey {
            return Err(misplaced(held, "is no signing key"));
        }
        let value = held.value.as_ref().ok_or_else(|| again(held))?;
        Ok((held, value.expose()))
    }
}
