//! Step 7, authentication and signatures: what a scheme makes of a body and a key. Pure.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// How a Standard Webhooks 1.0 key is written; what follows is base64.
const WEBHOOK_KEY_PREFIX: &str = "whsec_";

/// `webhook-signature` of Standard Webhooks 1.0 (standardwebhooks.com, symmetric `v1`). A key without
/// its prefix is taken as it stands; `None` if what follows the prefix is not base64.
pub(super) fn standard_webhooks(key: &str, id: &str, seconds: u64, body: &[u8]) -> Option<String> {
    let key = Zeroizing::new(match key.strip_prefix(WEBHOOK_KEY_PREFIX) {
        Some(text) => STANDARD.decode(text).ok()?,
        None => key.as_bytes().to_vec(),
    });
    let mut mac = keyed(&key)?;
    mac.update(format!("{id}.{seconds}.").as_bytes());
    mac.update(body);
    Some(format!(
        "v1,{}",
        STANDARD.encode(mac.finalize().into_bytes())
    ))
}

/// HMAC-SHA256 of the body, in lower-case hex; the key is taken as it stands.
pub(super) fn hmac_sha256(key: &str, body: &[u8]) -> Option<String> {
    let mut mac = keyed(key.as_bytes())?;
    mac.update(body);
    Some(
        mac.finalize()
            .into_bytes()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect(),
    )
}

/// `Authorization` of RFC 7617; `None` if the user has a colon, which ends it.
pub(super) fn basic(user: &str, password: &str) -> Option<Zeroizing<String>> {
    if user.contains(':') {
        return None;
    }
    Some(base64_line("Basic ", &[user, ":", password], ""))
}

/// `before`, the base64 of what the pieces are together, and `after`; made in one place, for growing would leave
/// copies.
pub(super) fn base64_line(before: &str, pieces: &[&str], after: &str) -> Zeroizing<String> {
    let whole = Zeroizing::new(pieces.concat());
    let room = before.len() + whole.len().div_ceil(3) * 4 + after.len();
    let mut line = Zeroizing::new(String::with_capacity(room));
    line.push_str(before);
    STANDARD.encode_string(whole.as_bytes(), &mut line);
    line.push_str(after);
    line
}

fn keyed(key: &[u8]) -> Option<Hmac<Sha256>> {
    // HMAC takes keys of any length; `None` cannot occur.
    Hmac::<Sha256>::new_from_slice(key).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_verifier_accepts_our_signature_and_no_altered_one() {
        let now = crate::clock::Clock::System.now() / 1000;
        let body = br#"{"a":1}"#;
        let verified = |key: &str, verifier: &standardwebhooks::Webhook, body: &[u8], id: &str| {
            let mut headers = http::HeaderMap::new();
            let signature = standard_webhooks(key, "msg_1", now, br#"{"a":1}"#).unwrap();
            headers.insert("webhook-id", id.parse().unwrap());
            headers.insert("webhook-timestamp", now.into());
            headers.insert("webhook-signature", signature.parse().unwrap());
            verifier.verify(body, &headers).is_ok()
        };
        let key = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
        let verifier = standardwebhooks::Webhook::new(key).unwrap();
        assert!(verified(key, &verifier, body, "msg_1"));
        assert!(!verified(key, &verifier, br#"{"a":2}"#, "msg_1"));
        assert!(!verified(key, &verifier, body, "msg_2"));
        let text = "any text of sixteen or more";
        let verifier = standardwebhooks::Webhook::from_bytes(text.into()).unwrap();
        assert!(verified(text, &verifier, body, "msg_1"));
        assert_eq!(standard_webhooks("whsec_%%%", "a", 1, b""), None);
    }

    #[test]
    fn the_hmac_is_that_of_rfc_4231() {
        assert_eq!(
            hmac_sha256("Jefe", b"what do ya want for nothing?").unwrap(),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn basic_is_that_of_rfc_7617() {
        let value = basic("Aladdin", "open sesame").unwrap();
        assert_eq!(value.as_str(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert!(basic("a", "b:c").is_some());
        assert!(basic("a:b", "c").is_none());
    }
}
