//! Step 7, the URL of a request: parsed once, with markers in place of secrets, and filled from what was
//! parsed.

use campanile_contract::manifest::{ParamKind, Place};
use hyper::body::Bytes;
use url::{Position, Url};

use super::template::{Hole, Marked};
use super::{Failure, Filler, MAX_URL_BYTES, Reason, misplaced};
use crate::egress::encoding::percent_decoded;
use crate::egress::route::{Leading, Routes, is_dots, is_plain};
use crate::egress::sender::Held;
use crate::message::{Encoding, HttpRequest, Part};

/// Where a request goes.
pub(super) enum Target<'a> {
    /// A URL, with the holes that its markers stand for.
    Url(Url, Vec<Hole<'a>>),
    /// A `secret-url`, the text behind its path, and the URL of both, whose query may have been added to.
    /// The holes are those of the query.
    Whole(&'a Held, String, Url, Vec<Hole<'a>>),
}

impl<'a> Target<'a> {
    /// The routes that lead there.
    pub(super) fn routes<'t>(
        &'t self,
        routes: &'t Routes,
        method: &'t str,
    ) -> Box<dyn Iterator<Item = Leading<'t>> + 't> {
        match self {
            Self::Url(url, _) => Box::new(routes.leading(method, url)),
            Self::Whole(held, suffix, ..) => {
                Box::new(routes.leading_below(method, &held.name, suffix))
            }
        }
    }

    /// For the operator's log: a path may have markers in it, and a query is nobody's business.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Url(url, holes) if holes.is_empty() => url[..Position::AfterPath].to_owned(),
            Self::Url(url, _) => url[..Position::BeforePath].to_owned(),
            Self::Whole(held, suffix, ..) => {
                format!("the secret `{}`{}", held.name, suffix.escape_debug())
            }
        }
    }
}

impl<'a> Filler<'a> {
    /// Parses the URL and notes where its secrets stand.
    pub(super) fn target(&mut self, request: &HttpRequest) -> Result<Target<'a>, Failure> {
        if let [Part::Secret(name, Encoding::Raw), below @ ..] = request.url.as_slice() {
            return self.whole(name, below, request);
        }
        let mut marked = Marked::new();
        self.mark(&mut marked, &request.url, false)?;
        let mut url = Url::parse(&marked.text)
            .map_err(|error| Failure::new(Reason::Url, error.to_string()))?;
        let in_template = marked.holes.len();
        self.add_query(&mut url, &mut marked, request)?;
        self.judge(&url)?;
        let marker = self.sender.marker.as_str();
        if marked.size(url.as_str(), marker) > MAX_URL_BYTES {
            return Err(too_large());
        }
        if !marked.holes.is_empty() {
            if completes_an_escape(url.as_str(), marker) {
                return Err(Failure::new(
                    Reason::SecretPlace,
                    "a secret stands within an escape",
                ));
            }
            let mut found = self.stand_in_path(url.path(), &marked.holes)?;
            found += self.stand_in_query(url.query().unwrap_or_default(), &marked.holes)?;
            let unencoded = marked.holes[..in_template]
                .iter()
                .find(|hole| !matches!(hole.encoding, Encoding::Percent | Encoding::Form));
            if let Some(hole) = unencoded {
                return Err(misplaced(hole.held, "must be percent-encoded in a URL"));
            }
            // What is not in path or query stands in the scheme, the host or nowhere at all.
            if found != marked.holes.len() {
                return Err(Failure::new(
                    Reason::SecretPlace,
                    "a secret stands outside of path and query",
                ));
            }
        }
        Ok(Target::Url(url, marked.holes))
    }

    fn whole(
        &mut self,
        name: &str,
        below: &[Part],
        request: &HttpRequest,
    ) -> Result<Target<'a>, Failure> {
        let held = self.stand(name, Place::WholeUrl)?;
        if held.kind != ParamKind::SecretUrl {
            return Err(misplaced(held, "is no URL"));
        }
        // Refused in the same words whether or not it is set: without a value no route is looked for.
        let mut url = match &held.value {
            None => return Err(super::again(held)),
            Some(_) => held.url().ok_or_else(|| super::again(held))?,
        };
        let suffix = suffix(held, below)?;
        let mut marked = Marked::new();
        let before = url.query().unwrap_or_default().len();
        self.add_query(&mut url, &mut marked, request)?;
        self.judge(&url)?;
        let query = url.query().unwrap_or_default();
        let added = query.get(before..).unwrap_or_default();
        let size = suffix.len() + marked.size(added, &self.sender.marker);
        if held.largest + size > MAX_URL_BYTES {
            return Err(too_large());
        }
        go_below(&mut url, held, &suffix)?;
        if !marked.holes.is_empty() {
            let query = url.query().unwrap_or_default();
            if self.stand_in_query(query, &marked.holes)? != marked.holes.len() {
                return Err(Failure::new(
                    Reason::SecretPlace,
                    "a secret stands outside of the query",
                ));
            }
        }
        Ok(Target::Whole(held, suffix, url, marked.holes))
    }

    fn add_query(
        &self,
        url: &mut Url,
        marked: &mut Marked<'a>,
        request: &HttpRequest,
    ) -> Result<(), Failure> {
        if request.query.is_empty() {
            return Ok(());
        }
        if !url.has_host() {
            return Err(Failure::new(Reason::Url, "the URL has no host"));
        }
        let mut pairs = url.query_pairs_mut();
        for (name, template) in &request.query {
            marked.text.clear();
            self.mark(marked, template, true)?;
            pairs.append_pair(name, &marked.text);
        }
        Ok(())
    }

    fn judge(&self, url: &Url) -> Result<(), Failure> {
        let marker = self.sender.marker.as_str();
        if url[..Position::BeforePath].contains(marker) {
            return Err(Failure::new(
                Reason::SecretPlace,
                "a secret stands in the scheme or host",
            ));
        }
        match url.scheme() {
            "https" => {}
            "http" if self.attempt.clear => {}
            scheme => {
                return Err(Failure::new(
                    Reason::Scheme,
                    format!("`{scheme}` was not opened"),
                ));
            }
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Failure::new(
                Reason::UserInfo,
                "a user or password stands in the URL",
            ));
        }
        if url.fragment().is_some() {
            return Err(Failure::new(Reason::Url, "the URL has a fragment"));
        }
        Ok(())
    }

    fn stand_in_path(&mut self, path: &str, holes: &[Hole<'a>]) -> Result<usize, Failure> {
        let mut found = 0;
        for number in self.markers(path).collect::<Vec<_>>() {
            let Some(hole) = holes.get(number) else {
                continue;
            };
            if hole.encoding != Encoding::Percent {
                return Err(misplaced(hole.held, "must be percent-encoded in a path"));
            }
            self.stands.push((hole.held, Place::Path));
            found += 1;
        }
        Ok(found)
    }

    fn stand_in_query(&mut self, query: &str, holes: &[Hole<'a>]) -> Result<usize, Failure> {
        let mut found = 0;
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let inside: Vec<usize> = self.markers(value).collect();
            if inside.is_empty() {
                continue;
            }
            let name = url::form_urlencoded::parse(name.as_bytes())
                .next()
                .unwrap_or_default()
                .0;
            for hole in inside.into_iter().filter_map(|number| holes.get(number)) {
                self.stands
                    .push((hole.held, Place::Query(name.clone().into_owned())));
                found += 1;
            }
        }
        Ok(found)
    }

    /// Fills the URL. It is not parsed again: what was judged is what is sent.
    pub(super) fn uri(&self, target: &Target<'a>) -> Result<http::Uri, Failure> {
        let unwritable = || Failure::new(Reason::Url, "the URL cannot be written in a request");
        match target {
            Target::Url(url, holes) if holes.is_empty() => {
                http::Uri::from_maybe_shared(Bytes::copy_from_slice(url.as_str().as_bytes()))
                    .map_err(|_| unwritable())
            }
            Target::Url(url, holes) | Target::Whole(_, _, url, holes) => {
                let text = self.replace(url.as_str(), holes);
                if let Target::Url(..) = target {
                    self.refuse_dots(url.path(), holes)?;
                }
                let owned = zeroize::Zeroizing::new(text.as_bytes().to_vec());
                http::Uri::from_maybe_shared(Bytes::from_owner(owned)).map_err(|_| unwritable())
            }
        }
    }

    /// A value of dots alone would be the parent's path to a server.
    fn refuse_dots(&self, path: &str, holes: &[Hole<'a>]) -> Result<(), Failure> {
        for segment in path.split('/') {
            let Some(hole) = self
                .markers(segment)
                .next()
                .and_then(|number| holes.get(number))
            else {
                continue;
            };
            let filled =
                zeroize::Zeroizing::new(percent_decoded(self.replace(segment, holes).as_bytes()));
            if is_dots(&filled) {
                return Err(super::again(hole.held));
            }
        }
        Ok(())
    }
}

/// The text behind a `secret-url`: of a path, in the spelling that no parser changes.
fn suffix(held: &Held, below: &[Part]) -> Result<String, Failure> {
    let mut suffix = String::new();
    for part in below {
        match part {
            Part::Text(text) => suffix.push_str(text),
            Part::Secret(..) | Part::Fact(..) => {
                return Err(misplaced(held, "has more behind it than text"));
            }
        }
    }
    if suffix.is_empty() && below.is_empty() || is_plain(&suffix) {
        return Ok(suffix);
    }
    Err(misplaced(
        held,
        "has something else behind it than `/` and segments of unreserved characters",
    ))
}

/// Puts text behind the path of a `secret-url`, before its query. What the administrator entered is kept to
/// the letter, and the origin cannot change: nothing is parsed but the path.
fn go_below(url: &mut Url, held: &Held, suffix: &str) -> Result<(), Failure> {
    if suffix.is_empty() {
        return Ok(());
    }
    let path = [url.path().trim_end_matches('/'), suffix].concat();
    url.set_path(&path);
    if url.path() == path {
        Ok(())
    } else {
        Err(misplaced(held, "has a path that nothing can follow"))
    }
}

/// Whether a percent sign, or one and a digit, stands right before a marker.
fn completes_an_escape(text: &str, marker: &str) -> bool {
    text.match_indices(marker).any(|(at, _)| {
        let before = &text.as_bytes()[..at];
        matches!(before, [.., b'%'])
            || matches!(before, [.., b'%', digit] if digit.is_ascii_hexdigit())
    })
}

fn too_large() -> Failure {
    Failure::new(
        Reason::RequestTooLarge,
        format!(
            "the URL may be over {MAX_URL_BYTES} bytes; a secret counts by its max-length, or 4096"
        ),
    )
}
