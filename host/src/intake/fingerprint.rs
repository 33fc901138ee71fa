//! Fingerprints: what makes two alerts news of one condition.

use sha2::{Digest, Sha256};

/// 128 bits as 32 hexadecimal digits, of SHA-256 over the parts with their lengths before them, so that
/// no two lists of parts read alike. `scope` is the sending token's id: another token's fingerprint can
/// be neither met nor guessed into. `form` keeps a producer's own fingerprint apart from a derived one.
pub(super) fn of(scope: &str, form: &str, parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in [scope, form].iter().chain(parts) {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize()[..16]
        .iter()
        .fold(String::with_capacity(32), |mut text, byte| {
            for half in [byte >> 4, byte & 15] {
                text.push(char::from_digit(u32::from(half), 16).unwrap_or_default());
            }
            text
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cannot_be_shifted_into_each_other() {
        let one = of("token", "given", &["ab", "c"]);
        assert_eq!(one.len(), 32);
        assert!(
            one.bytes()
                .all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase())
        );
        assert_eq!(one, of("token", "given", &["ab", "c"]));
        for other in [
            of("token", "given", &["a", "bc"]),
            of("token", "given", &["ab", "c", ""]),
            of("token", "derived", &["ab", "c"]),
            of("toke", "ngiven", &["ab", "c"]),
            of("other", "given", &["ab", "c"]),
        ] {
            assert_ne!(one, other);
        }
    }
}
