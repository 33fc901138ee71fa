//! Which addresses may stand behind a text, and how a markup writes them.

use std::borrow::Cow;

use url::{Position, Url};

/// The address as it may be written, in ASCII; `None` unless it is http, https or mailto. What is not
/// plain ASCII is written as URLs encode it, so that no letter passes for another; and so is what readers of
/// URLs might take for another host, such as `https:/e`, `https:\\e` or `https://a\@b`.
pub(super) fn address(url: &str) -> Option<Cow<'_, str>> {
    let parsed = Url::parse(url).ok()?;
    if !matches!(parsed.scheme(), "http" | "https" | "mailto") {
        return None;
    }
    let start = &parsed[..Position::BeforePath];
    let as_read = url
        .split_at_checked(start.len())
        .is_some_and(|(begins, rest)| {
            let ends = rest.is_empty() || rest.starts_with(['/', '?', '#']);
            begins.eq_ignore_ascii_case(start) && (ends || parsed.cannot_be_a_base())
        });
    if as_read && url.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Some(Cow::Borrowed(url));
    }
    Some(Cow::Owned(parsed.into()))
}

/// Percent-encodes what could end an address in Markdown or Slack. (No URL needs these letters bare.)
pub(super) fn shielded(address: &str) -> Cow<'_, str> {
    if !address.contains(is_unsafe) {
        return Cow::Borrowed(address);
    }
    let mut out = String::with_capacity(address.len() + 8);
    for c in address.chars() {
        if is_unsafe(c) {
            out.push_str(&format!("%{:02X}", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

fn is_unsafe(c: char) -> bool {
    c <= ' '
        || c == '\u{7f}'
        || matches!(
            c,
            '"' | '\'' | '(' | ')' | '<' | '>' | '\\' | '`' | '|' | '*' | '_' | '~'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_web_and_of_mail_are_links() {
        for url in [
            "http://e/",
            "HTTPS://e.example",
            "mailto:a@b.example",
            "https://e/?a=b&c=%20#d",
        ] {
            assert_eq!(address(url).as_deref(), Some(url), "{url}");
        }
        for url in [
            "",
            "e.example",
            "//e",
            "javascript:alert(1)",
            "java\nscript:x",
            "data:text/html,x",
            "file:///etc",
            "ftp://e",
            "https://",
        ] {
            assert_eq!(address(url), None, "{url}");
        }
    }

    #[test]
    fn what_two_readers_could_read_as_two_addresses_is_written_as_this_one_reads_it() {
        for (url, written) in [
            (
                "https://b\u{fc}cher.example/\u{202e}x y",
                "https://xn--bcher-kva.example/%E2%80%AEx%20y",
            ),
            ("https:e.example/x", "https://e.example/x"),
            ("https:/e.example/x", "https://e.example/x"),
            ("https:///e.example/x", "https://e.example/x"),
            ("https:\\\\e.example\\x", "https://e.example/x"),
            (
                "https://a.example\\@b.example/",
                "https://a.example/@b.example/",
            ),
            ("https://e.example:443/x", "https://e.example/x"),
            ("https://0x7f.1/x", "https://127.0.0.1/x"),
            ("https:+/e.example/x", "https://+/e.example/x"),
        ] {
            assert_eq!(address(url).as_deref(), Some(written), "{url}");
        }
        for url in [
            "https://e",
            "https://e.example:444?x",
            "https://a@e#x",
            "https://e/a\\b",
        ] {
            assert_eq!(address(url).as_deref(), Some(url));
        }
    }

    #[test]
    fn what_would_end_an_address_is_encoded() {
        assert_eq!(shielded("https://e/a(b)|c>d"), "https://e/a%28b%29%7Cc%3Ed");
        assert_eq!(shielded("https://e/a-b"), "https://e/a-b");
    }
}
