//! Patterns of paths, as manifests and grants have them.
//!
//! | pattern | matches |
//! |---|---|
//! | `/a/b` | itself |
//! | `/bot*/send` | any text without `/` in place of `*`, also none beside other text |
//! | `/a/*` | one whole segment, not an empty one |
//! | `/a/**` | `/a` and all below |
//! | `**` | everything |

/// A pattern, ready to be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    segments: Vec<String>,
    rest: bool,
}

impl Pattern {
    /// Of the text in a manifest, which was checked there.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut segments: Vec<String> = text
            .trim_start_matches('/')
            .split('/')
            .map(str::to_owned)
            .collect();
        let rest = segments.last().is_some_and(|last| last == "**");
        if rest {
            segments.pop();
        }
        Self { segments, rest }
    }

    /// Whether it matches this path.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        let mut given = path.strip_prefix('/').unwrap_or(path).split('/');
        for pattern in &self.segments {
            match given.next() {
                Some(segment) if segment_matches(pattern, segment) => {}
                _ => return false,
            }
        }
        self.rest || given.next().is_none()
    }

    /// Whether it matches every path that another one matches. Where that is not plain from their shape,
    /// it does not.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        let (own, others) = (self.segments.len(), other.segments.len());
        let as_long = if self.rest {
            others >= own
        } else {
            others == own && !other.rest
        };
        // A `*` of the other's stands for itself here: what matches it matches all that it stands for.
        let mut pairs = self.segments.iter().zip(&other.segments);
        as_long && pairs.all(|(pattern, segment)| segment_matches(pattern, segment))
    }
}

/// `*` stands for any text, greedily or not; a segment of `*` alone is not empty.
fn segment_matches(pattern: &str, segment: &str) -> bool {
    if pattern == "*" {
        return !segment.is_empty();
    }
    let Some((first, others)) = pattern.split_once('*') else {
        return pattern == segment;
    };
    let Some(mut left) = segment.strip_prefix(first) else {
        return false;
    };
    let mut pieces = others.split('*').peekable();
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return left.ends_with(piece);
        }
        match left.find(piece) {
            Some(at) => left = &left[at + piece.len()..],
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn a_pattern_covers_what_it_wholly_matches_and_nothing_else() {
        for (one, other, expected) in [
            ("**", "**", true),
            ("**", "/", true),
            ("**", "/a/b", true),
            ("/**", "**", true),
            ("/a/**", "/a", true),
            ("/a/**", "/a/b/**", true),
            ("/a/**", "/a/*/c", true),
            ("/a/b/**", "/a/**", false),
            ("/a/b/**", "/a/*", false),
            ("/a/**", "**", false),
            ("/a/**", "/ab", false),
            ("/a", "/a/**", false),
            ("/a", "/a", true),
            ("/a", "/a/", false),
            ("/a/*", "/a/", false),
            ("/a/*", "/a/b", true),
            ("/a/*", "/a/*", true),
            ("/a/*", "/a/x*", true),
            ("/a/*", "/a/b/c", false),
            ("/a/x*", "/a/*", false),
            ("/a/x*", "/a/xy*", true),
            ("/a/x*", "/a/y*", false),
            ("/bot*/send", "/bot*/send", true),
            ("/bot*/send", "/bot*/setWebhook", false),
            ("/bot*/*", "/bot*/send", true),
            ("/bot*/send", "/*/send", false),
            ("/bot*/send", "/bot12/send", true),
            ("/x*x", "/x*", false),
            ("/x*x", "/x", false),
            ("/*x", "/b*x", true),
        ] {
            let covers = Pattern::new(one).covers(&Pattern::new(other));
            assert_eq!(covers, expected, "{one} {other}");
        }
    }
}
