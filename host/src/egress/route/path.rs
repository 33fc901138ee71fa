//! The path of a request: which paths nobody reads in two ways. Pure.

use crate::egress::encoding::percent_decoded;

/// Whether a text is `/` and segments in the one spelling that every parser leaves as it is: what is put
/// behind a path that nobody sees must not change its meaning. No escapes, so that none is completed or
/// read twice; no empty segments, and no dots alone, also before path parameters.
pub(in crate::egress) fn is_plain(suffix: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte);
    suffix.strip_prefix('/').is_some_and(|path| {
        path.split('/').all(|segment| {
            !segment.is_empty() && segment.bytes().all(is_letter) && !is_dots(segment.as_bytes())
        })
    })
}

/// Whether a server that decodes once more, or drops empty segments and path parameters, would read
/// another path than the one that is judged. A trailing slash is harmless.
pub(super) fn is_ambiguous(path: &str) -> bool {
    let mut segments = path.strip_prefix('/').unwrap_or(path).split('/').peekable();
    while let Some(segment) = segments.next() {
        if segment.is_empty() && segments.peek().is_some() {
            return true;
        }
        let decoded = percent_decoded(segment.as_bytes());
        let hides = decoded
            .iter()
            .any(|byte| matches!(byte, b'/' | b'\\') || byte.is_ascii_control());
        if hides || is_dots(&decoded) {
            return true;
        }
    }
    false
}

/// Whether a decoded segment is `.` or `..`, also with path parameters behind a semicolon.
pub(in crate::egress) fn is_dots(decoded: &[u8]) -> bool {
    let name = decoded
        .split(|byte| *byte == b';')
        .next()
        .unwrap_or_default();
    matches!(name, b"." | b"..")
}
