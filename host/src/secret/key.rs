//! The master key, and the keys that are derived from it: one for each purpose, so that what one of them
//! gives away opens nothing of another.

use std::fmt::Write;

use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// A key of XChaCha20-Poly1305, and the hash that keys are derived with, are 256 bits.
pub const KEY_BYTES: usize = 32;

/// On the heap: moving it leaves no copy behind.
pub(super) type Key = Box<Zeroizing<[u8; KEY_BYTES]>>;

/// The key that all others are derived from. It belongs outside of the data directory.
pub struct MasterKey(Key);

/// What a key is derived for. A purpose's words never change: what was made with its key could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Secrets,
    MailThreads,
    CodeCache,
    Check,
}

impl Purpose {
    fn info(self) -> &'static [u8] {
        match self {
            Self::Secrets => b"campanile secret sealing 1",
            Self::MailThreads => b"campanile mail threads 1",
            Self::CodeCache => b"campanile code cache 1",
            Self::Check => b"campanile master key check 1",
        }
    }
}

impl MasterKey {
    /// Takes a key in.
    #[must_use]
    pub fn new(bytes: &[u8; KEY_BYTES]) -> Self {
        let mut key = Key::default();
        key.copy_from_slice(bytes);
        Self(key)
    }

    /// What seals secrets.
    pub(super) fn sealing_key(&self) -> Key {
        self.derived(Purpose::Secrets)
    }

    /// What names the threads of mails.
    #[must_use]
    pub fn thread_key(&self) -> MacKey {
        MacKey(self.derived(Purpose::MailThreads))
    }

    /// What compiled code is authenticated with: loading it is running it.
    #[must_use]
    pub fn code_cache_key(&self) -> MacKey {
        MacKey(self.derived(Purpose::CodeCache))
    }

    /// Tells this key from others, 128 bits in hex, and gives away nothing of it: kept beside what was
    /// sealed with it.
    #[must_use]
    pub fn check(&self) -> String {
        MacKey(self.derived(Purpose::Check)).name([])
    }

    fn derived(&self, purpose: Purpose) -> Key {
        let mut key = Key::default();
        // HKDF gives up to 255 hashes; one is always there.
        let expanded =
            Hkdf::<Sha256>::new(None, self.0.as_slice()).expand(purpose.info(), key.as_mut_slice());
        debug_assert!(expanded.is_ok());
        key
    }
}

/// A derived key that authenticates: HMAC-SHA256 over fields.
#[derive(Clone)]
pub struct MacKey(Key);

impl MacKey {
    /// The tag of these fields; no other list of fields has it.
    #[must_use]
    pub fn tag(&self, fields: &[&[u8]]) -> [u8; KEY_BYTES] {
        self.mac(fields).finalize().into_bytes().into()
    }

    /// Whether this is the tag of these fields. Takes as long for any tag.
    #[must_use]
    pub fn verifies(&self, fields: &[&[u8]], tag: &[u8]) -> bool {
        self.mac(fields).verify_slice(tag).is_ok()
    }

    /// The same name for the same words, 128 bits in hex; it tells nobody the words.
    #[must_use]
    pub fn name<const N: usize>(&self, words: [&str; N]) -> String {
        let tag = self.tag(&words.map(str::as_bytes));
        tag[..16].iter().fold(String::new(), |mut name, byte| {
            // A String takes everything.
            let _ = write!(name, "{byte:02x}");
            name
        })
    }

    fn mac(&self, fields: &[&[u8]]) -> Hmac<Sha256> {
        // A block of SHA-256, which is longer than the key: padded with zeros, as HMAC does.
        let mut block = Zeroizing::new([0; 64]);
        block[..KEY_BYTES].copy_from_slice(self.0.as_slice());
        let mut mac = <Hmac<Sha256> as Mac>::new((&*block).into());
        for field in fields {
            // Lengths, so that no two lists of fields are written alike.
            mac.update(&(field.len() as u64).to_be_bytes());
            mac.update(field);
        }
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_purpose_has_a_key_of_its_own_and_every_master_key_others() {
        let keys = |byte| {
            let master = MasterKey::new(&[byte; KEY_BYTES]);
            [
                **master.sealing_key(),
                **master.thread_key().0,
                **master.code_cache_key().0,
                **master.derived(Purpose::Check),
                **master.0,
            ]
        };
        let mut all = [keys(1), keys(2)].concat();
        assert_eq!(keys(1), keys(1));
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 10);
        let check = MasterKey::new(&[1; KEY_BYTES]).check();
        assert_eq!(check.len(), 32);
        assert_ne!(check, MasterKey::new(&[2; KEY_BYTES]).check());
    }

    #[test]
    fn a_key_is_derived_as_rfc_5869_says() {
        // An independent HKDF: extract with a salt of zeros, expand by one block.
        let hmac = |key: &[u8], text: &[u8]| -> [u8; 32] {
            let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(key).unwrap();
            mac.update(text);
            mac.finalize().into_bytes().into()
        };
        let extracted = hmac(&[0; 32], &[7; KEY_BYTES]);
        let expected = hmac(&extracted, b"campanile code cache 1\x01");
        let master = MasterKey::new(&[7; KEY_BYTES]);
        assert_eq!(**master.code_cache_key().0, expected);
        let tag = master.code_cache_key().tag(&[b"ab", b""]);
        let mut text = 2_u64.to_be_bytes().to_vec();
        text.extend(b"ab");
        text.extend(0_u64.to_be_bytes());
        assert_eq!(tag, hmac(&expected, &text));
    }

    #[test]
    fn a_tag_is_of_its_fields_and_its_key_alone() {
        let key = MasterKey::new(&[7; KEY_BYTES]).code_cache_key();
        let tag = key.tag(&[b"digest", b"code"]);
        assert!(key.verifies(&[b"digest", b"code"], &tag));
        for fields in [
            &[b"digest".as_slice(), b"cod"][..],
            &[b"digestc", b"ode"],
            &[b"digestcode"],
            &[b"code", b"digest"],
            &[b"digest", b"code", b""],
            &[],
        ] {
            assert!(!key.verifies(fields, &tag), "{fields:?}");
        }
        for wrong in [&tag[..31], &[tag.as_slice(), &[0]].concat(), &[]] {
            assert!(!key.verifies(&[b"digest", b"code"], wrong));
        }
        let threads = MasterKey::new(&[7; KEY_BYTES]).thread_key();
        assert!(!threads.verifies(&[b"digest", b"code"], &tag));
        assert_eq!(key.name(["a", "b"]), key.name(["a", "b"]));
        assert_ne!(key.name(["a", "b"]), key.name(["ab", ""]));
    }
}
