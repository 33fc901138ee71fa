//! Words for step 7: secrets, sealed to where they go. A stolen database opens none without the master
//! key, and a row that is copied, or whose endpoint is pointed elsewhere, opens none with it.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use campanile_contract::manifest::{Manifest, Origin, ParamKind, ParamSpec};
use campanile_contract::params::Param;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use url::Url;
use zeroize::Zeroizing;

/// XChaCha20's nonce: long enough to be drawn at random for ever.
const NONCE_BYTES: usize = 24;

/// A key of XChaCha20-Poly1305, and the hash that keys are derived with, are 256 bits.
const KEY_BYTES: usize = 32;

/// A value that components never see. It is wiped when dropped, and does not print.
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes a value in.
    #[must_use]
    pub fn new(value: String) -> Self {
        Self(Zeroizing::new(value))
    }

    /// The value: for what fills requests, and for checks as it is saved.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// The key that all others are derived from. It belongs outside of the data directory.
pub struct MasterKey(Zeroizing<[u8; KEY_BYTES]>);

/// Why a master key cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    /// The file cannot be read or written.
    #[error("the master key cannot be read or created: {0}")]
    Io(#[from] io::Error),
    /// Others may read it.
    #[error("the master key's file is open to others: its mode must be 0600, and is {0:04o}")]
    Open(u32),
    /// It is no key.
    #[error("the master key's file must hold 32 bytes, and holds {0}")]
    Length(usize),
    /// The system gives no random bytes.
    #[error("the system gives no random bytes: {0}")]
    Random(getrandom::Error),
}

impl MasterKey {
    /// A key from elsewhere, or a test's.
    #[must_use]
    pub fn new(bytes: [u8; KEY_BYTES]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Reads the file, or creates it with mode 0600 and a random key.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or created, is open to others, or holds no key.
    pub fn load_or_create(path: &Path) -> Result<Self, MasterKeyError> {
        match Self::load(path) {
            Err(MasterKeyError::Io(error)) if error.kind() == io::ErrorKind::NotFound => {
                Self::create(path)?;
                Self::load(path)
            }
            loaded => loaded,
        }
    }

    /// Reads the file.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, is open to others, or holds no key.
    pub fn load(path: &Path) -> Result<Self, MasterKeyError> {
        let mode = fs::metadata(path)?.permissions().mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(MasterKeyError::Open(mode));
        }
        let bytes = Zeroizing::new(fs::read(path)?);
        let key = bytes
            .as_slice()
            .try_into()
            .map_err(|_| MasterKeyError::Length(bytes.len()))?;
        Ok(Self::new(key))
    }

    /// Linked into place when it is whole, so that neither a crash nor a second process leaves half a
    /// key or replaces one.
    fn create(path: &Path) -> Result<(), MasterKeyError> {
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        getrandom::fill(key.as_mut()).map_err(MasterKeyError::Random)?;
        let mut part = path.as_os_str().to_owned();
        part.push(format!(".{}.part", std::process::id()));
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&part)?;
        let linked = file
            .write_all(key.as_ref())
            .and_then(|()| file.sync_all())
            .and_then(|()| fs::hard_link(&part, path));
        fs::remove_file(&part)?;
        match linked {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            linked => Ok(linked?),
        }
    }
}

/// What a secret is sealed to. It opens for an equal binding alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    bytes: Vec<u8>,
    is_url: bool,
}

impl Binding {
    /// Of one secret value: tenant, endpoint, parameter and row, kind, places, and what names the origins
    /// of the routes that it may be used on. `params` are the endpoint's, completed; where one of kind
    /// `secret-url` names an origin, it must be filled in by [`with_origins`].
    #[must_use]
    pub fn of(
        tenant: &str,
        endpoint: &str,
        manifest: &Manifest,
        spec: &ParamSpec,
        key: Option<&str>,
        params: &[Param],
    ) -> Self {
        let mut bytes = Vec::new();
        let mut add = |field: &str| {
            // Lengths, so that no two lists of fields are written alike.
            bytes.extend_from_slice(&(field.len() as u64).to_be_bytes());
            bytes.extend_from_slice(field.as_bytes());
        };
        add("campanile secret 1");
        add(tenant);
        add(endpoint);
        add(&spec.name);
        add(key.map_or("", |_| "row"));
        add(key.unwrap_or_default());
        add(&format!("{:?}", spec.kind));
        // The order in a manifest means nothing.
        let mut uses: Vec<_> = spec
            .uses
            .iter()
            .map(|entry| (entry.route.as_str(), entry.place.to_string()))
            .collect();
        uses.sort();
        for (route, place) in &uses {
            add("use");
            add(route);
            add(place);
        }
        for route in &manifest.routes {
            // A signing key has no places: it may sign on every route.
            let used = spec.kind == ParamKind::SigningKey
                || uses.iter().any(|(name, _)| *name == route.name);
            if !used {
                continue;
            }
            add("origin");
            add(&route.name);
            match &route.origin {
                Origin::At(origin) => add(origin),
                // A secret-url is its own destination: the sealed value says where it goes.
                Origin::Param(name) if *name == spec.name => add("itself"),
                Origin::Param(name) => {
                    add(params
                        .iter()
                        .find(|param| param.name == *name)
                        .map_or("", |param| &param.value));
                }
            }
        }
        Self {
            bytes,
            is_url: spec.kind == ParamKind::SecretUrl,
        }
    }
}

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

/// The parameters, each `secret-url` reading its origin: what [`Binding::of`] wants.
#[must_use]
pub fn with_origins(params: &[Param], sealed: &[(String, Option<String>, Sealed)]) -> Vec<Param> {
    let mut all: Vec<Param> = params.to_vec();
    for (name, key, secret) in sealed {
        let Some(origin) = secret.origin() else {
            continue;
        };
        all.retain(|param| param.name != *name);
        all.push(Param {
            name: name.clone(),
            key: key.clone(),
            value: origin.to_owned(),
        });
    }
    all
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
    threads: ThreadKey,
}

/// SHIM
#[derive(Clone)]
pub struct MacKey(Zeroizing<[u8; KEY_BYTES]>);
impl MasterKey {
    /// SHIM
    #[must_use]
    pub fn code_cache_key(&self) -> MacKey {
        MacKey(self.0.clone())
    }
}
impl MacKey {
    /// SHIM
    #[must_use]
    pub fn tag(&self, fields: &[&[u8]]) -> [u8; KEY_BYTES] {
        self.mac(fields).finalize().into_bytes().into()
    }
    /// SHIM
    #[must_use]
    pub fn verifies(&self, fields: &[&[u8]], tag: &[u8]) -> bool {
        self.mac(fields).verify_slice(tag).is_ok()
    }
    fn mac(&self, fields: &[&[u8]]) -> Hmac<Sha256> {
        let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(self.0.as_ref()).unwrap();
        for field in fields {
            mac.update(&(field.len() as u64).to_be_bytes());
            mac.update(field);
        }
        mac
    }
}

/// Makes names of what must not be guessed, for the threads of mails.
#[derive(Clone)]
pub struct ThreadKey(Zeroizing<[u8; KEY_BYTES]>);

impl ThreadKey {
    /// The same name for the same words, 128 bits in hex; it tells nobody the words.
    #[must_use]
    pub fn name<const N: usize>(&self, words: [&str; N]) -> String {
        let Ok(mut mac) = <Hmac<Sha256> as Mac>::new_from_slice(self.0.as_ref()) else {
            // HMAC takes a key of any length.
            return String::new();
        };
        for word in words {
            // Lengths, so that no two lists of words are written alike.
            mac.update(&(word.len() as u64).to_be_bytes());
            mac.update(word.as_bytes());
        }
        let digest = mac.finalize().into_bytes();
        digest[..16]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

impl Vault {
    /// With a key of its own, derived from the master key.
    #[must_use]
    pub fn new(master: &MasterKey) -> Self {
        let derived = |purpose: &[u8]| {
            let mut key = Zeroizing::new([0; KEY_BYTES]);
            // HKDF gives up to 255 hashes; one is always there.
            let expanded =
                Hkdf::<Sha256>::new(None, master.0.as_ref()).expand(purpose, key.as_mut());
            debug_assert!(expanded.is_ok());
            key
        };
        let key = derived(b"campanile secret sealing 1");
        Self {
            cipher: XChaCha20Poly1305::new(key.as_ref().into()),
            threads: ThreadKey(derived(b"campanile mail threads 1")),
        }
    }

    /// What names the threads of mails.
    #[must_use]
    pub fn thread_key(&self) -> ThreadKey {
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
    url.has_host()
        .then(|| url.origin().ascii_serialization())
        .ok_or(VaultError::Url)
}

#[cfg(test)]
mod tests {
    use super::*;

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
        Vault::new(&MasterKey::new([7; 32]))
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
        let other = Vault::new(&MasterKey::new([8; 32]));
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

    #[test]
    fn a_master_key_is_created_once_and_refused_where_others_may_read_it() {
        let folder = std::env::temp_dir().join(format!("campanile-key-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("key");
        let first = MasterKey::load_or_create(&path).unwrap();
        let second = MasterKey::load_or_create(&path).unwrap();
        assert_eq!(first.0, second.0);
        assert_ne!(*first.0, [0; 32]);
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(
            MasterKey::load_or_create(&path),
            Err(MasterKeyError::Open(0o640))
        ));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, [1; 31]).unwrap();
        assert!(matches!(
            MasterKey::load_or_create(&path),
            Err(MasterKeyError::Length(31))
        ));
        fs::remove_dir_all(&folder).unwrap();
    }
}
