//! Step 7, the request: judged while its holes are empty, then filled into a type that does not print,
//! clone or serialise.
//!
//! Where a secret stands is found by structure: headers, schemes, query and form fields by their names;
//! in a URL or a JSON body a marker takes its place, and the parsed form says where that stands.

mod body;
mod login;
mod target;

use campanile_contract::manifest::{ParamKind, Place};
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use hyper::body::Bytes;
use zeroize::Zeroizing;

pub(super) use login::{Credentials, login};

use super::encoding::encode;
use super::failure::Failure;
use super::headers::{self, Headers};
use super::sender::{Held, Sender};
use super::sign;
use crate::clock::Millis;
use crate::message::{Body, Encoding, Fact, HttpRequest, Part, Scheme, Template};
use crate::outcome::Reason;

/// More than servers take: 8 KiB is the common limit of a request line.
pub const MAX_URL_BYTES: usize = 8 * 1024;

/// What no alert needs; files are for a later contract.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;

/// A marker is followed by three digits.
const MAX_HOLES: usize = 999;

/// What goes to the wire.
pub(super) struct Filled {
    pub(super) method: http::Method,
    pub(super) uri: http::Uri,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// What only the host knows of this attempt.
#[derive(Clone, Copy)]
pub(super) struct Attempt<'a> {
    pub(super) delivery_id: &'a str,
    pub(super) now: Millis,
    /// Whether the tenant may speak http in clear anywhere.
    pub(super) clear: bool,
}

/// Judges a request and fills it.
pub(super) fn fill(
    sender: &Sender,
    request: &HttpRequest,
    attempt: Attempt<'_>,
) -> Result<Filled, Failure> {
    Filler::new(sender, attempt).fill(request)
}

/// The same, and where each secret stands, as a hole names it.
pub(super) fn filled_with_places(
    sender: &Sender,
    request: &HttpRequest,
    attempt: Attempt<'_>,
) -> Result<(Filled, Vec<(String, Place)>), Failure> {
    let mut filler = Filler::new(sender, attempt);
    let filled = filler.fill(request)?;
    let stands = filler.stands.into_iter().map(|(held, place)| {
        let name = match &held.key {
            None => held.name.clone(),
            Some(key) => format!("{}/{key}", held.name),
        };
        (name, place)
    });
    Ok((filled, stands.collect()))
}
struct Filler<'a> {
    sender: &'a Sender,
    attempt: Attempt<'a>,
    /// Every secret that the request uses, and where.
    stands: Vec<(&'a Held, Place)>,
}

/// A template with markers in place of secrets.
struct Marked<'a> {
    text: String,
    /// The holes in order of their markers, and whether the whole is form-encoded once more.
    holes: Vec<Hole<'a>>,
}

struct Hole<'a> {
    held: &'a Held,
    encoding: Encoding,
    within_form: bool,
}

/// The components of a template that stands in one known place.
struct Rendered {
    value: Zeroizing<String>,
    /// With holes at their largest.
    size: usize,
    sensitive: bool,
}

/// What a scheme sends in `authorization`.
enum Credential {
    Whole(Rendered),
    Basic(Rendered, Rendered),
}

/// The filled values of headers and schemes: nothing is put together before all places are allowed.
struct Fields {
    headers: Vec<Rendered>,
    credential: Option<Credential>,
}

impl<'a> Filler<'a> {
    fn new(sender: &'a Sender, attempt: Attempt<'a>) -> Self {
        Self {
            sender,
            attempt,
            stands: Vec::new(),
        }
    }

    fn fill(&mut self, request: &HttpRequest) -> Result<Filled, Failure> {
        let method = http::Method::from_bytes(request.method.as_bytes())
            .map_err(|_| Failure::new(Reason::Route, "the method is none"))?;
        let target = self.target(request)?;
        let body = self.body(&request.body)?;
        let fields = self.fields(request)?;
        self.allow(&request.method, &target)?;
        let uri = self.uri(&target)?;
        let body = self.filled_body(body)?;
        let headers = self.headers(request, &fields, &body)?;
        Ok(Filled {
            method,
            uri,
            headers,
            body,
        })
    }

    fn held(&self, name: &str) -> Result<&'a Held, Failure> {
        let sender = self.sender;
        if let Some(held) = sender.secret(name) {
            return Ok(held);
        }
        let parameter = name.split('/').next().unwrap_or_default();
        let reason = if sender.has(parameter) {
            Reason::EnterSecretAgain
        } else {
            Reason::SecretPlace
        };
        Err(Failure::new(
            reason,
            format!("there is no secret `{}`", name.escape_debug()),
        ))
    }

    fn stand(&mut self, name: &str, place: Place) -> Result<&'a Held, Failure> {
        let held = self.held(name)?;
        if held.kind == ParamKind::SigningKey {
            return Err(misplaced(held, "only signs"));
        }
        self.stands.push((held, place));
        Ok(held)
    }

    /// Renders a template that as a whole stands in one place.
    fn render(&mut self, template: &[Part], place: &Place) -> Result<Rendered, Failure> {
        let mut value = Zeroizing::new(String::new());
        let (mut size, mut sensitive) = (0, false);
        for part in template {
            let before = value.len();
            match part {
                Part::Text(text) => value.push_str(text),
                Part::Fact(fact, encoding) => self.fact(&mut value, *fact, *encoding),
                Part::Secret(name, encoding) => {
                    let held = self.stand(name, place.clone())?;
                    size += held.largest;
                    sensitive = true;
                    encode(
                        &mut value,
                        held.value.as_ref().map_or("", |value| value.expose()),
                        *encoding,
                    );
                    continue;
                }
            }
            size += value.len() - before;
        }
        Ok(Rendered {
            value,
            size,
            sensitive,
        })
    }

    fn fact(&self, out: &mut String, fact: Fact, encoding: Encoding) {
        let seconds = self.attempt.now / 1000;
        match fact {
            Fact::DeliveryId => encode(out, self.attempt.delivery_id, encoding),
            Fact::UnixSeconds => encode(out, &seconds.to_string(), encoding),
            Fact::Rfc3339 => {
                let time = i64::try_from(seconds)
                    .ok()
                    .and_then(|it| jiff::Timestamp::from_second(it).ok());
                encode(out, &time.unwrap_or_default().to_string(), encoding);
            }
        }
    }

    fn fields(&mut self, request: &HttpRequest) -> Result<Fields, Failure> {
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

    /// One route must allow the request and every secret in its place; every secret must be there.
    fn allow(&self, method: &str, target: &target::Target<'a>) -> Result<(), Failure> {
        let routes: Vec<&str> = target.routes(&self.sender.routes, method).collect();
        if routes.is_empty() {
            return Err(Failure::new(
                Reason::Route,
                format!("no route allows {method} {}", target.shown()),
            ));
        }
        self.allow_places(&routes)
    }

    /// One of these routes must allow every secret in its place; every secret must be there.
    fn allow_places(&self, routes: &[&str]) -> Result<(), Failure> {
        let allowed = routes.iter().any(|route| {
            self.stands
                .iter()
                .all(|(held, place)| held.may_stand(route, place))
        });
        if !allowed {
            let names: Vec<String> = self
                .stands
                .iter()
                .map(|(held, place)| format!("{} in {place}", held.name))
                .collect();
            let detail = format!(
                "no route allows all of: {}",
                names.join(", ").escape_debug()
            );
            return Err(Failure::new(Reason::SecretPlace, detail));
        }
        match self.stands.iter().find(|(held, _)| held.value.is_none()) {
            Some((held, _)) => Err(again(held)),
            None => Ok(()),
        }
    }

    fn headers(
        &self,
        request: &HttpRequest,
        fields: &Fields,
        body: &[u8],
    ) -> Result<HeaderMap, Failure> {
        let mut headers = Headers::new();
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
            }
        }
        for scheme in &request.auth {
            self.sign(&mut headers, scheme, body)?;
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
        Ok(headers.into_map())
    }

    fn sign(&self, headers: &mut Headers, scheme: &Scheme, body: &[u8]) -> Result<(), Failure> {
        match scheme {
            Scheme::Authorization { .. } | Scheme::Basic { .. } => Ok(()),
            Scheme::StandardWebhooks { key } => {
                let (held, value) = self.signing_key(key)?;
                let (id, seconds) = (self.attempt.delivery_id, self.attempt.now / 1000);
                let signature =
                    sign::standard_webhooks(value, id, seconds, body).ok_or_else(|| again(held))?;
                let seconds = seconds.to_string();
                headers.add_once(HeaderName::from_static("webhook-id"), id, id.len())?;
                headers.add_once(
                    HeaderName::from_static("webhook-timestamp"),
                    &seconds,
                    seconds.len(),
                )?;
                let name = HeaderName::from_static("webhook-signature");
                headers.add_once(name, &signature, signature.len())
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
                let digits = sign::hmac_sha256(value, body).ok_or_else(|| again(held))?;
                let value = format!("{prefix}{digits}");
                headers.add_once(name, &value, value.len())
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

    /// Renders a template that is parsed before it is known where its secrets stand.
    fn mark(
        &self,
        marked: &mut Marked<'a>,
        template: &Template,
        within_form: bool,
    ) -> Result<(), Failure> {
        for part in template {
            match part {
                Part::Text(text) => marked.text.push_str(text),
                Part::Fact(fact, encoding) => self.fact(&mut marked.text, *fact, *encoding),
                Part::Secret(name, encoding) => {
                    let held = self.held(name)?;
                    if held.kind == ParamKind::SigningKey {
                        return Err(misplaced(held, "only signs"));
                    }
                    if marked.holes.len() >= MAX_HOLES {
                        return Err(Failure::new(Reason::RequestTooLarge, "too many secrets"));
                    }
                    marked.text.push_str(&self.sender.marker);
                    marked.text.push_str(&format!("{:03}", marked.holes.len()));
                    marked.holes.push(Hole {
                        held,
                        encoding: *encoding,
                        within_form,
                    });
                }
            }
        }
        Ok(())
    }

    /// The positions in `holes` of the markers in a text.
    fn markers<'t>(&self, text: &'t str) -> impl Iterator<Item = usize> + use<'t, 'a> {
        let length = self.sender.marker.len();
        text.match_indices(self.sender.marker.as_str())
            .filter_map(move |(at, _)| text.get(at + length..at + length + 3)?.parse().ok())
    }

    /// Puts the values where the markers are.
    fn replace(&self, text: &str, holes: &[Hole<'a>]) -> Zeroizing<String> {
        let mut filled = Zeroizing::new(String::with_capacity(text.len() + 128));
        let mut pieces = text.split(self.sender.marker.as_str());
        filled.push_str(pieces.next().unwrap_or_default());
        for piece in pieces {
            let (number, rest) = piece.split_at_checked(3).unwrap_or(("", piece));
            if let Some(hole) = number
                .parse::<usize>()
                .ok()
                .and_then(|number| holes.get(number))
            {
                hole.write(&mut filled);
            }
            filled.push_str(rest);
        }
        filled
    }
}

impl Marked<'_> {
    fn new() -> Self {
        Self {
            text: String::with_capacity(128),
            holes: Vec::new(),
        }
    }

    /// The size of a text with these markers, holes at their largest.
    fn size(&self, text: &str, marker: &str) -> usize {
        let largest: usize = self.holes.iter().map(|hole| hole.held.largest).sum();
        (text.len() + largest).saturating_sub(self.holes.len() * (marker.len() + 3))
    }
}

impl Hole<'_> {
    fn write(&self, out: &mut String) {
        let value = self.held.value.as_ref().map_or("", |value| value.expose());
        if self.within_form {
            let mut inner = Zeroizing::new(String::new());
            encode(&mut inner, value, self.encoding);
            encode(out, &inner, Encoding::Form);
        } else {
            encode(out, value, self.encoding);
        }
    }
}

fn has_secret(template: &[Part]) -> bool {
    template.iter().any(|part| matches!(part, Part::Secret(..)))
}

fn misplaced(held: &Held, what: &str) -> Failure {
    Failure::new(
        Reason::SecretPlace,
        format!("the secret `{}` {what}", held.name),
    )
}

fn again(held: &Held) -> Failure {
    Failure::new(
        Reason::EnterSecretAgain,
        format!("the secret `{}` must be entered again", held.name),
    )
}

#[cfg(test)]
mod tests;
