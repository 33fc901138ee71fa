//! Step 7, the request: judged while its holes are empty, then filled into a type that does not print,
//! clone or serialise.
//!
//! Where a secret stands is found by structure: headers, schemes, query and form fields by their names;
//! in a URL or a JSON body a marker takes its place, and the parsed form says where that stands.

mod body;
mod fields;
mod login;
mod target;
mod template;

use campanile_contract::manifest::Place;
use http::header::HeaderMap;
use hyper::body::Bytes;
use zeroize::Zeroizing;

pub(super) use login::{Credentials, login};

use super::failure::Failure;
use super::route::Leading;
use super::sender::{Held, Sender};
use crate::clock::Millis;
use crate::grant::Standing;
use crate::message::HttpRequest;
use crate::outcome::Reason;

/// More than servers take: 8 KiB is the common limit of a request line.
pub const MAX_URL_BYTES: usize = 8 * 1024;

/// What no alert needs; files are for a later contract.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;

/// What goes to the wire.
pub(super) struct Filled {
    pub(super) method: http::Method,
    pub(super) uri: http::Uri,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// What was made of secrets besides writing them: the credential of `Basic`, and signatures. A destination that
    /// repeats one tells as much of the secret.
    pub(super) made: Vec<Zeroizing<String>>,
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

/// Whether a route leads to this syslog server and is granted. No secret can stand in a line.
pub(super) fn allow_line(
    sender: &Sender,
    server: &str,
    attempt: Attempt<'_>,
) -> Result<(), Failure> {
    let routes: Vec<_> = sender.routes.leading_syslog(server).collect();
    Filler::new(sender, attempt).allow_places(&routes, &|| {
        format!("a syslog line to {}", server.escape_debug())
    })
}

struct Filler<'a> {
    sender: &'a Sender,
    attempt: Attempt<'a>,
    /// Every secret that the request uses, and where.
    stands: Vec<(&'a Held, Place)>,
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
        let (headers, made) = self.headers(request, &fields, &body)?;
        Ok(Filled {
            method,
            uri,
            headers,
            body,
            made,
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

    /// One route must lead there, be granted, be below the ceiling, and allow every secret in its place;
    /// every secret must be there.
    fn allow(&self, method: &str, target: &target::Target<'a>) -> Result<(), Failure> {
        let routes: Vec<_> = target.routes(&self.sender.routes, method).collect();
        self.allow_places(&routes, &|| format!("{method} {}", target.shown()))
    }

    fn allow_places(
        &self,
        leading: &[Leading<'_>],
        shown: &dyn Fn() -> String,
    ) -> Result<(), Failure> {
        let standing = open(leading, shown)?
            .filter(|leading| {
                let mut stands = self.stands.iter();
                stands.all(|(held, place)| held.may_stand(leading.route, place))
            })
            .map(|leading| leading.standing)
            .min();
        let Some(standing) = standing else {
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
        };
        if let Some((held, _)) = self.stands.iter().find(|(held, _)| held.value.is_none()) {
            return Err(again(held));
        }
        if let Standing::Reported(reason) = standing {
            self.sender.report(reason, &shown());
        }
        Ok(())
    }
}

/// The routes among these that grant and ceiling leave open.
fn open<'l, 'r>(
    leading: &'l [Leading<'r>],
    shown: &dyn Fn() -> String,
) -> Result<impl Iterator<Item = &'l Leading<'r>>, Failure> {
    let standing = leading.iter().map(|leading| leading.standing).min();
    let refused = match standing {
        None => Some((Reason::Route, "no route allows")),
        Some(Standing::Refused(reason)) => Some((reason, "what is asked is not allowed:")),
        Some(Standing::Allowed | Standing::Reported(_)) => None,
    };
    if let Some((reason, what)) = refused {
        return Err(Failure::new(reason, format!("{what} {}", shown())));
    }
    let is_open = |leading: &&Leading<'_>| !matches!(leading.standing, Standing::Refused(_));
    Ok(leading.iter().filter(is_open))
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
