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
