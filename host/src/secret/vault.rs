//! Sealing and opening: XChaCha20-Poly1305, with the binding as associated data.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};
use url::Url;
use zeroize::Zeroizing;

use super::{Binding, MacKey, MasterKey, Secret};

/// XChaCha20's nonce: long enough to be drawn at random for ever.
const NONCE_BYTES: usize = 24;

/// A secret as it is stored: base64, with the origin of a `secret-url` before it in clear, because
/// other secrets are sealed to where that leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed(String);

impl Sealed {
    /// Scheme, host and port of a `secret-url`.
    #[must_use]
    pub fn origin(&self) -> Option<&str> {
        self.0.split_once(' ').map(|(origin, _)| origin)
    }
}

/// Why a secret cannot be sealed or opened. All ways in which it does not open are one: it must be
/// entered again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// It was sealed to something else, by another key, or was altered.
    #[error("the secret was entered for another destination or under another key: enter it again")]
    EnterAgain,
    /// A `secret-url` that cannot be read.
    #[error("the value is not a URL with a host")]
    Url,
    /// The system gives no random bytes, or the cipher refuses the length.
    #[error("the secret cannot be sealed")]
    Cipher,
}

/// What seals and opens secrets.
pub struct Vault {
    cipher: XChaCha20Poly1305,
    threads: MacKey,
}

impl Vault {
    /// With a key of its own, derived from the master key.
    #[must_use]
    pub fn new(master: &MasterKey) -> Self {
        Self {
            cipher: XChaCha20Poly1305::new(master.sealing_key().as_slice().into()),
            threads: master.thread_key(),
        }
    }

    /// What names the threads of mails.
    #[must_use]
    pub fn thread_key(&self) -> MacKey {
        self.threads.clone()
    }

    /// Seals a secret to a binding.
    ///
    /// # Errors
    ///
    /// [`VaultError::Url`] for a `secret-url` without an origin, [`VaultError::Cipher`] if the system
    /// has no random bytes.
    pub fn seal(&self, binding: &Binding, secret: &Secret) -> Result<Sealed, VaultError> {
        let origin = if binding.is_url {
            Some(origin_of(secret.expose())?)
        } else {
            None
        };
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(|_| VaultError::Cipher)?;
        let aad = associated(binding, origin.as_deref());
        let payload = Payload {
            msg: secret.expose().as_bytes(),
            aad: &aad,
        };
        let cipher = self
            .cipher
            .encrypt(XNonce::from_slice(&nonce), payload)
            .map_err(|_| VaultError::Cipher)?;
        let text = STANDARD_NO_PAD.encode([nonce.as_slice(), &cipher].concat());
        Ok(Sealed(origin.map_or_else(
            || text.clone(),
            |origin| format!("{origin} {text}"),
        )))
    }

    /// Opens a secret that was sealed to an equal binding.
    ///
    /// # Errors
    ///
    /// [`VaultError::EnterAgain`] otherwise.
    pub fn open(&self, binding: &Binding, sealed: &Sealed) -> Result<Secret, VaultError> {
        let again = VaultError::EnterAgain;
        let text = sealed.0.rsplit(' ').next().unwrap_or_default();
        let bytes = STANDARD_NO_PAD.decode(text).map_err(|_| again)?;
        let (nonce, cipher) = bytes.split_at_checked(NONCE_BYTES).ok_or(again)?;
        let aad = associated(binding, sealed.origin());
        let payload = Payload {
            msg: cipher,
            aad: &aad,
        };
        let clear = Zeroizing::new(
            self.cipher
                .decrypt(XNonce::from_slice(nonce), payload)
                .map_err(|_| again)?,
        );
        let value = std::str::from_utf8(&clear).map_err(|_| again)?;
        Ok(Secret::new(value.to_owned()))
    }
}

fn associated(binding: &Binding, origin: Option<&str>) -> Vec<u8> {
    let mut aad = binding.bytes.clone();
    aad.extend_from_slice(origin.unwrap_or_default().as_bytes());
    aad
}

fn origin_of(value: &str) -> Result<String, VaultError> {
    let url = Url::parse(value).map_err(|_| VaultError::Url)?;
    let origin = url.has_host().then(|| url.origin().ascii_serialization());
    drop(Secret::new(url.into()));
    origin.ok_or(VaultError::Url)
}

#[cfg(test)]
mod tests {
    use campanile_contract::manifest::{Manifest, ParamKind};
    use campanile_contract::params::Param;

    use super::*;
    use crate::secret::with_origins;

    fn manifest(origin: &str) -> Manifest {
        serde_json::from_value(serde_json::json!({
            "manifest": 1, "name": "x", "title": "x", "version": "1.0.0",
            "endpoint-param": [
                {"name": "token", "kind": "secret", "uses": [
                    {"route": "send", "place": "path"}, {"route": "hook", "place": "header:x-key"}]},
                {"name": "api", "kind": "url"},
                {"name": "hook", "kind": "secret-url", "uses": [{"route": "hook", "place": "whole-url"}]},
                {"name": "chat", "kind": "text"}
            ],
            "route": [
                {"name": "send", "origin": {"param": "api"}, "methods": ["POST"], "paths": ["/bot*"]},
                {"name": "hook", "origin": {"param": "hook"}, "methods": ["POST"], "paths": ["**"]},
                {"name": "other", "origin": {"at": origin}, "methods": ["POST"], "paths": ["/x"]}
            ]
        }))
        .expect("a manifest")
    }

    fn param(name: &str, value: &str) -> Param {
        Param {
            name: name.into(),
            key: None,
            value: value.into(),
        }
    }

    fn vault() -> Vault {
        Vault::new(&MasterKey::new(&[7; 32]))
    }

    #[test]
    fn a_secret_opens_for_what_it_was_sealed_to_and_for_nothing_else() {
        let manifest = manifest("https://other.example");
        let spec = &manifest.endpoint_params[0];
        let params = [
            param("api", "https://api.example"),
            param("hook", "https://h.example"),
        ];
        let binding = Binding::of("a", "noc", &manifest, spec, None, &params);
        let sealed = vault()
            .seal(&binding, &Secret::new("123:abc".into()))
            .unwrap();
        assert_eq!(vault().open(&binding, &sealed).unwrap().expose(), "123:abc");

        let moved = [param("api", "https://evil.example"), params[1].clone()];
        let hooked = [params[0].clone(), param("hook", "https://evil.example")];
        let unused = [params[0].clone(), params[1].clone(), param("chat", "7")];
        let mut kind = manifest.clone();
        kind.endpoint_params[0].kind = ParamKind::Text;
        let mut places = manifest.clone();
        places.endpoint_params[0].uses.pop();
        let mut turned = manifest.clone();
        turned.endpoint_params[0].uses.reverse();
        let of = |manifest: &Manifest,
                  tenant: &str,
                  endpoint: &str,
                  key: Option<&str>,
                  params: &[Param]| {
            let binding = Binding::of(
                tenant,
                endpoint,
                manifest,
                &manifest.endpoint_params[0],
                key,
                params,
            );
            vault()
                .open(&binding, &sealed)
                .map(|secret| secret.expose().to_owned())
        };
        let opens = Ok("123:abc".to_owned());
        let again = Err(VaultError::EnterAgain);
        assert_eq!(
            of(&manifest, "a", "noc", None, &unused),
            opens,
            "a parameter that names no destination"
        );
        assert_eq!(
            of(&turned, "a", "noc", None, &params),
            opens,
            "places in another order"
        );
        assert_eq!(
            of(&manifest, "b", "noc", None, &params),
            again,
            "another tenant"
        );
        assert_eq!(
            of(&manifest, "a", "ops", None, &params),
            again,
            "another endpoint"
        );
        assert_eq!(
            of(&manifest, "an", "oc", None, &params),
            again,
            "fields that run together"
        );
        assert_eq!(of(&manifest, "a", "noc", Some(""), &params), again, "a row");
        assert_eq!(
            of(&manifest, "a", "noc", None, &moved),
            again,
            "another origin"
        );
        assert_eq!(
            of(&manifest, "a", "noc", None, &hooked),
            again,
            "another secret-url's origin"
        );
        assert_eq!(of(&kind, "a", "noc", None, &params), again, "another kind");
        assert_eq!(
            of(&places, "a", "noc", None, &params),
            again,
            "other places"
        );
        let other = Vault::new(&MasterKey::new(&[8; 32]));
        assert_eq!(
            other.open(&binding, &sealed).err(),
            Some(VaultError::EnterAgain),
            "another key"
        );
    }

    #[test]
    fn an_altered_secret_does_not_open() {
        let manifest = manifest("https://other.example");
        let binding = Binding::of(
            "a",
            "noc",
            &manifest,
            &manifest.endpoint_params[0],
            None,
            &[],
        );
        let sealed = vault()
            .seal(&binding, &Secret::new("123:abc".into()))
            .unwrap();
        for position in 0..sealed.0.len() {
            let mut altered = sealed.0.clone().into_bytes();
            altered[position] = if altered[position] == b'B' {
                b'C'
            } else {
                b'B'
            };
            let altered = Sealed(String::from_utf8(altered).unwrap());
            if altered != sealed {
                assert_eq!(
                    vault().open(&binding, &altered).err(),
                    Some(VaultError::EnterAgain),
                    "{position}"
                );
            }
        }
        for text in ["", " ", "AAAA", "https://h.example AAAA", "%%%"] {
            assert_eq!(
                vault().open(&binding, &Sealed(text.into())).err(),
                Some(VaultError::EnterAgain)
            );
        }
    }

    #[test]
    fn a_secret_url_shows_its_origin_and_no_more() {
        let manifest = manifest("https://other.example");
        let spec = &manifest.endpoint_params[2];
        let binding = Binding::of("a", "noc", &manifest, spec, None, &[]);
        let value = "https://hooks.example:8443/services/T0/B0/xyz";
        let sealed = vault().seal(&binding, &Secret::new(value.into())).unwrap();
        assert_eq!(sealed.origin(), Some("https://hooks.example:8443"));
        assert!(!sealed.0.contains("xyz"));
        assert_eq!(vault().open(&binding, &sealed).unwrap().expose(), value);
        let forged = Sealed(sealed.0.replace("hooks.example", "evil.example"));
        assert_eq!(
            vault().open(&binding, &forged).err(),
            Some(VaultError::EnterAgain)
        );
        let filled = with_origins(
            &[param("hook", "set"), param("api", "x")],
            &[("hook".into(), None, sealed)],
        );
        assert_eq!(
            filled,
            [
                param("api", "x"),
                param("hook", "https://hooks.example:8443")
            ]
        );
        assert_eq!(
            vault().seal(&binding, &Secret::new("no url".into())).err(),
            Some(VaultError::Url)
        );
    }

    #[test]
    fn a_secret_is_stored_as_one_string_and_never_twice_alike() {
        let manifest = manifest("https://other.example");
        let binding = Binding::of(
            "a",
            "noc",
            &manifest,
            &manifest.endpoint_params[0],
            None,
            &[],
        );
        let secret = Secret::new("123:abc".into());
        let (first, second) = (
            vault().seal(&binding, &secret).unwrap(),
            vault().seal(&binding, &secret).unwrap(),
        );
        assert_ne!(first, second);
        let json = serde_json::to_string(&first).unwrap();
        assert_eq!(serde_json::from_str::<Sealed>(&json).unwrap(), first);
        assert_eq!(format!("{secret:?}"), "Secret");
    }
}
