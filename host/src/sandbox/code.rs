//! Compiled code on disk, a file a component and engine. Loading it is running it, so each file is authenticated:
//! one that was changed, or that another key made, is as good as none.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::install::Built;
use crate::secret::MacKey;

/// The length of a code that authenticates, in bytes: HMAC-SHA256's.
const TAG: usize = 32;

/// What was compiled.
pub(crate) struct Codes {
    folder: PathBuf,
    key: MacKey,
    /// Of the engine that runs it.
    engine: String,
}

/// What stands before the code, and is enough to know a component by.
#[derive(Serialize, Deserialize)]
struct Head {
    built: Built,
    code: [u8; TAG],
}

impl Codes {
    /// Opens the folder, and makes it where it is not there. What other engines left in it is removed.
    pub(crate) fn open(folder: PathBuf, key: MacKey, engine: String) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        let codes = Self {
            folder,
            key,
            engine,
        };
        for entry in fs::read_dir(&codes.folder)?.flatten() {
            let path = entry.path();
            let digest = path
                .file_name()
                .and_then(|name| name.to_str()?.strip_suffix(&codes.suffix()));
            if digest.is_none_or(|digest| digest.len() != 2 * TAG) {
                // Another process may have removed it first.
                let _ = fs::remove_file(path);
            }
        }
        Ok(codes)
    }

    /// What was built of this component, if it was.
    pub(crate) fn built(&self, digest: &str) -> Option<Built> {
        let mut file = fs::File::open(self.path(digest)).ok()?;
        Some(self.head(digest, &mut file)?.built)
    }

    /// Its code, if it is there and as it was kept.
    pub(crate) fn code(&self, digest: &str) -> Option<Vec<u8>> {
        let mut file = fs::File::open(self.path(digest)).ok()?;
        let head = self.head(digest, &mut file)?;
        let mut code = Vec::new();
        file.read_to_end(&mut code).ok()?;
        (head.code == <[u8; TAG]>::from(Sha256::digest(&code))).then_some(code)
    }

    /// Removes it. Where that fails it is only a file too many.
    pub(crate) fn remove(&self, digest: &str) {
        let _ = fs::remove_file(self.path(digest));
    }

    /// Keeps what was built. A file is there whole or not at all.
    pub(crate) fn keep(&self, digest: &str, built: Built, code: &[u8]) -> io::Result<()> {
        let head = Head {
            built,
            code: Sha256::digest(code).into(),
        };
        let head = postcard::to_stdvec(&head).map_err(io::Error::other)?;
        let length = u32::try_from(head.len()).map_err(io::Error::other)?;
        let mut draft = tempfile(&self.folder, &self.suffix())?;
        draft
            .1
            .write_all(&self.key.tag(&self.fields(digest, &head)))?;
        draft.1.write_all(&length.to_le_bytes())?;
        draft.1.write_all(&head)?;
        draft.1.write_all(code)?;
        fs::rename(&draft.0, self.path(digest))
    }

    /// What stands before the code, where it belongs to this component, this engine and this key.
    fn head(&self, digest: &str, file: &mut fs::File) -> Option<Head> {
        let (mut tag, mut length) = ([0; TAG], [0; 4]);
        file.read_exact(&mut tag).ok()?;
        file.read_exact(&mut length).ok()?;
        let mut head = Vec::new();
        let length = u64::from(u32::from_le_bytes(length));
        file.take(length).read_to_end(&mut head).ok()?;
        if !self.key.verifies(&self.fields(digest, &head), &tag) {
            return None;
        }
        postcard::from_bytes(&head).ok()
    }

    /// What a tag is of: code of one engine is no other's.
    fn fields<'a>(&'a self, digest: &'a str, head: &'a [u8]) -> [&'a [u8]; 3] {
        [digest.as_bytes(), self.engine.as_bytes(), head]
    }

    fn suffix(&self) -> String {
        format!("-{}.code", self.engine)
    }

    fn path(&self, digest: &str) -> PathBuf {
        self.folder.join(format!("{digest}{}", self.suffix()))
    }
}

/// A new file of a name that nobody else has.
fn tempfile(folder: &Path, suffix: &str) -> io::Result<(PathBuf, fs::File)> {
    let path = folder.join(format!("{}{suffix}", uuid::Uuid::now_v7()));
    let file = fs::File::create_new(&path)?;
    Ok((path, file))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::secret::MasterKey;

    const DIGEST: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    const CODE: &[u8] = b"native code";

    struct Folder(PathBuf);

    impl Folder {
        fn new() -> Self {
            Self(std::env::temp_dir().join(format!("campanile-code-{}", uuid::Uuid::now_v7())))
        }

        fn codes(&self, key: u8, engine: &str) -> Codes {
            let key = MasterKey::new(&[key; 32]).code_cache_key();
            Codes::open(self.0.clone(), key, String::from(engine)).unwrap()
        }

        fn file(&self) -> PathBuf {
            let mut files = fs::read_dir(&self.0).unwrap();
            let file = files.next().unwrap().unwrap().path();
            assert!(files.next().is_none(), "one file a component");
            file
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn built() -> Built {
        let built =
            json!({"imports": ["a"], "exports": "Endpoint", "description": "{}", "short": null});
        serde_json::from_value(built).unwrap()
    }

    #[test]
    fn code_comes_back_for_its_own_component_engine_and_key_alone() {
        let folder = Folder::new();
        let codes = folder.codes(1, "engine");
        assert_eq!(codes.built(DIGEST), None);
        codes.keep(DIGEST, built(), CODE).unwrap();
        assert_eq!(codes.built(DIGEST), Some(built()));
        assert_eq!(codes.code(DIGEST).as_deref(), Some(CODE));
        let other = DIGEST.replace('0', "1");
        fs::copy(folder.file(), codes.path(&other)).unwrap();
        assert_eq!(codes.built(&other), None, "another's file");
        fs::remove_file(codes.path(&other)).unwrap();
        let thief = folder.codes(2, "engine");
        assert_eq!((thief.built(DIGEST), thief.code(DIGEST)), (None, None));
        let upgraded = folder.codes(1, "another");
        assert_eq!(upgraded.built(DIGEST), None);
        assert_eq!(codes.built(DIGEST), None, "what no engine loads is removed");
    }

    #[test]
    fn a_file_that_was_changed_anywhere_or_cut_is_as_good_as_none() {
        let folder = Folder::new();
        let codes = folder.codes(1, "engine");
        codes.keep(DIGEST, built(), CODE).unwrap();
        let file = folder.file();
        let whole = fs::read(&file).unwrap();
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            fs::write(&file, &changed).unwrap();
            assert_eq!(codes.code(DIGEST), None, "byte {at}");
            fs::write(&file, &whole[..at]).unwrap();
            assert_eq!(codes.code(DIGEST), None, "cut at {at}");
        }
        fs::write(&file, [&whole[..], b"x"].concat()).unwrap();
        assert_eq!(codes.code(DIGEST), None, "more than it was");
        codes.keep(DIGEST, built(), CODE).unwrap();
        assert_eq!(codes.code(DIGEST).as_deref(), Some(CODE), "made anew");
    }
}
