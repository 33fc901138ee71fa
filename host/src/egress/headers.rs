//! Step 7, headers: which names a component may set, and in which values. Pure.

use http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use hyper::body::Bytes;
use zeroize::Zeroizing;

use super::failure::Failure;
use crate::outcome::Reason;

/// More than any service's documentation asks for; beyond it servers answer 431.
pub const MAX_HEADERS: usize = 64;

/// Of names and values together, holes at their largest. What common servers take by default is 8 to 32 KiB.
pub const MAX_HEADER_BYTES: usize = 16 * 1024;

/// Names that frame the message, pick its recipient, speak to proxies or to a cloud's metadata service, or have
/// servers read another method or path than the route's.
const OWNED: [&str; 23] = [
    "host",
    "content-length",
    "connection",
    "transfer-encoding",
    "te",
    "trailer",
    "upgrade",
    "expect",
    "keep-alive",
    "http2-settings",
    "forwarded",
    "cookie",
    "set-cookie",
    "accept-encoding",
    "metadata-flavor",
    "metadata",
    "x-metadata-token",
    "x-google-metadata-request",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-url",
    "x-rewrite-url",
];

/// The same, by how they begin.
const OWNED_PREFIXES: [&str; 5] = [
    "proxy-",
    "x-aliyun-ecs-metadata-token",
    "x-forwarded-",
    "x-aws-ec2-metadata-token",
    "x-real-ip",
];

/// The headers of a request as they are judged and put together.
pub(super) struct Headers {
    map: HeaderMap,
    bytes: usize,
}

impl Headers {
    pub(super) fn new() -> Self {
        Self {
            map: HeaderMap::with_capacity(8),
            bytes: 0,
        }
    }

    /// Adds what a component set. `size` is the value's size with its holes at their largest; a value
    /// with a secret is `sensitive`, and tells nothing where it is refused.
    pub(super) fn add(
        &mut self,
        name: &str,
        value: &str,
        size: usize,
        sensitive: bool,
    ) -> Result<(), Failure> {
        let parsed = HeaderName::from_bytes(name.as_bytes()).map_err(|_| {
            Failure::new(
                Reason::HeaderName,
                format!("`{}` is no header name", name.escape_debug()),
            )
        })?;
        judge(&parsed)?;
        let value = self.value(&parsed, value, size, sensitive)?;
        self.map.append(parsed, value);
        Ok(())
    }

    /// Sets what a scheme adds: a name that must not be there already.
    pub(super) fn add_once(
        &mut self,
        name: HeaderName,
        value: &str,
        size: usize,
    ) -> Result<(), Failure> {
        if self.map.contains_key(&name) {
            return Err(Failure::new(
                Reason::HeaderName,
                format!("`{name}` is set twice"),
            ));
        }
        let value = self.value(&name, value, size, true)?;
        self.map.insert(name, value);
        Ok(())
    }

    /// Sets one of the host's own where the component did not.
    pub(super) fn add_default(&mut self, name: HeaderName, value: HeaderValue) {
        self.map.entry(name).or_insert(value);
    }

    pub(super) fn into_map(self) -> HeaderMap {
        self.map
    }

    fn value(
        &mut self,
        name: &HeaderName,
        value: &str,
        size: usize,
        sensitive: bool,
    ) -> Result<HeaderValue, Failure> {
        self.bytes += name.as_str().len() + size;
        if self.map.len() >= MAX_HEADERS || self.bytes > MAX_HEADER_BYTES {
            return Err(Failure::new(
                Reason::RequestTooLarge,
                format!("more than {MAX_HEADERS} headers or {MAX_HEADER_BYTES} bytes of them"),
            ));
        }
        let bytes = value.as_bytes();
        let bytes = if sensitive {
            Bytes::from_owner(Zeroizing::new(bytes.to_vec()))
        } else {
            Bytes::copy_from_slice(bytes)
        };
        let mut parsed = HeaderValue::from_maybe_shared(bytes).map_err(|_| {
            let reason = if sensitive {
                Reason::EnterSecretAgain
            } else {
                Reason::HeaderValue
            };
            Failure::new(
                reason,
                format!("the value of `{name}` has control characters"),
            )
        })?;
        parsed.set_sensitive(sensitive);
        Ok(parsed)
    }
}

/// Whether a component, or a scheme's field, may name this header.
pub(super) fn judge(name: &HeaderName) -> Result<(), Failure> {
    let text = name.as_str();
    if *name == AUTHORIZATION {
        return Err(Failure::new(
            Reason::HeaderName,
            "`authorization` is set by `auth`",
        ));
    }
    if OWNED.contains(&text) || OWNED_PREFIXES.iter().any(|prefix| text.starts_with(prefix)) {
        return Err(Failure::new(
            Reason::HeaderName,
            format!("`{text}` is the host's own"),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(name: &str, value: &str) -> Option<Reason> {
        Headers::new()
            .add(name, value, value.len(), false)
            .err()
            .map(|failure| failure.reason)
    }

    #[test]
    fn names_that_the_host_owns_are_refused_and_their_neighbours_are_not() {
        for name in [
            "Host",
            "HOST",
            "Content-Length",
            "Connection",
            "Transfer-Encoding",
            "TE",
            "Trailer",
            "Upgrade",
            "Expect",
            "Keep-Alive",
            "Proxy-Authorization",
            "Proxy-Connection",
            "proxy-",
            "Forwarded",
            "X-Forwarded-For",
            "X-Forwarded-Host",
            "x-forwarded-",
            "Cookie",
            "Set-Cookie",
            "Accept-Encoding",
            "Metadata-Flavor",
            "Metadata",
            "X-aws-ec2-metadata-token",
            "X-aws-ec2-metadata-token-ttl-seconds",
            "X-Real-IP",
            "X-aliyun-ecs-metadata-token-ttl-seconds",
            "X-Google-Metadata-Request",
            "X-HTTP-Method-Override",
            "X-HTTP-Method",
            "X-Method-Override",
            "X-Original-URL",
            "X-Rewrite-URL",
            "Authorization",
            "authorization",
            "",
            "a b",
            "a:b",
            "é",
            "a\r\nb",
            "Host ",
            "Host\t",
        ] {
            assert_eq!(add(name, "x"), Some(Reason::HeaderName), "{name}");
        }
        for name in [
            "Hosts",
            "X-Host",
            "Content-Type",
            "Content-Length-X",
            "X-Connection",
            "Tea",
            "Trailers",
            "X-Expect",
            "X-Proxy-Name",
            "X-Forwarded",
            "Cookies",
            "Accept",
            "Accept-Language",
            "X-Metadata",
            "X-HTTP-Methods",
            "X-Original",
            "User-Agent",
            "X-Authorization",
            "X-Api-Key",
            "Idempotency-Key",
            "Title",
        ] {
            assert_eq!(add(name, "x"), None, "{name}");
        }
    }

    #[test]
    fn values_with_control_characters_are_refused() {
        for value in ["a\r\nb", "a\nb", "a\rb", "a\0b", "\u{1b}[0m", "a\u{7f}"] {
            assert_eq!(add("x", value), Some(Reason::HeaderValue), "{value:?}");
        }
        for value in ["", "a b", "a\tb", "naïve", "⚡"] {
            assert_eq!(add("x", value), None, "{value:?}");
        }
        let secret = Headers::new().add("x", "a\nb", 3, true).unwrap_err();
        assert_eq!(secret.reason, Reason::EnterSecretAgain);
    }

    #[test]
    fn count_and_size_are_bounded() {
        let mut headers = Headers::new();
        for index in 0..MAX_HEADERS {
            headers.add(&format!("x-{index}"), "", 0, false).unwrap();
        }
        assert_eq!(
            headers.add("x", "", 0, false).unwrap_err().reason,
            Reason::RequestTooLarge
        );
        let mut headers = Headers::new();
        headers.add("x", "", MAX_HEADER_BYTES - 1, false).unwrap();
        assert_eq!(
            headers.add("y", "", 0, false).unwrap_err().reason,
            Reason::RequestTooLarge
        );
        let same = (0..MAX_HEADERS + 1).try_fold(Headers::new(), |mut headers, _| {
            headers.add("x", "", 0, false).map(|()| headers)
        });
        assert_eq!(
            same.err().map(|failure| failure.reason),
            Some(Reason::RequestTooLarge)
        );
    }
}
