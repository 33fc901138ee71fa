//! The master key's file: where it stands, and that nobody else can read it.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::secret::{KEY_BYTES, MasterKey};

/// The name of the credential that a service manager hands the key over as, such as systemd by
/// `LoadCredentialEncrypted=campanile-master-key`.
pub const CREDENTIAL: &str = "campanile-master-key";

/// Where the master key stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyPlace {
    /// A file that is made at first start.
    File(PathBuf),
    /// A credential of the service manager: it is never made or replaced, and its folder keeps others out.
    Credential(PathBuf),
}

/// Why a master key cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read or written.
    #[error("the master key cannot be read or created: {0}")]
    Io(#[from] io::Error),
    /// Others may read it.
    #[error("the master key's file is open to others: its mode must be 0600, and is {0:04o}")]
    Open(u32),
    /// It is no key.
    #[error("the master key's file must hold 32 bytes, and holds {0}")]
    Length(u64),
    /// Who takes the data directory would have the key with it.
    #[error(
        "it is in the data directory {}: whoever takes the one has the other; move it out", .0.display()
    )]
    Inside(PathBuf),
    /// The service manager gave none, and it cannot be made here.
    #[error("the credential is not there")]
    NoCredential,
    /// The system gives no random bytes.
    #[error("the system gives no random bytes: {0}")]
    Random(getrandom::Error),
}

impl KeyPlace {
    /// Beside the data directory, with its name. `.` and `..` have none, so those are resolved first.
    #[must_use]
    pub fn beside(data: &Path) -> Self {
        let named = match data.file_name() {
            Some(_) => data.to_path_buf(),
            None => data.canonicalize().unwrap_or_else(|_| data.to_path_buf()),
        };
        let name = named.file_name().unwrap_or_default();
        Self::File(named.with_file_name(with_ending(name, ".key")))
    }

    /// The credential, where `directory`, which is what `CREDENTIALS_DIRECTORY` names, has one.
    #[must_use]
    pub fn credential(directory: Option<OsString>) -> Option<Self> {
        let path = PathBuf::from(directory?).join(CREDENTIAL);
        path.exists().then_some(Self::Credential(path))
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::File(path) | Self::Credential(path) => path,
        }
    }

    /// The key that a rotation replaces it with, until that is done.
    pub(super) fn next(&self) -> Self {
        let path = self.path();
        let name = path.file_name().unwrap_or_default();
        Self::File(path.with_file_name(with_ending(name, ".next")))
    }

    /// Whoever takes the data directory must not have the key with it, also not by a link.
    pub(super) fn refuse_inside(&self, data: &Path) -> Result<(), KeyError> {
        let path = self.path();
        let parent = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        let Ok(directory) = data.canonicalize() else {
            return Ok(());
        };
        let is_inside = |path: &Path| {
            path.canonicalize()
                .is_ok_and(|path| path.starts_with(&directory))
        };
        if is_inside(parent) || is_inside(path) {
            return Err(KeyError::Inside(data.to_owned()));
        }
        Ok(())
    }

    /// Reads the key; nothing where it is not there.
    pub(super) fn load(&self) -> Result<Option<MasterKey>, KeyError> {
        let mut file = match File::open(self.path()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        let about = file.metadata()?;
        let mode = about.permissions().mode() & 0o7777;
        let others = match self {
            Self::File(_) => 0o077,
            // Where systemd grants its user by an access list, that shows as the group's.
            Self::Credential(_) => 0o007,
        };
        if mode & others != 0 {
            return Err(KeyError::Open(mode));
        }
        if about.len() != KEY_BYTES as u64 {
            return Err(KeyError::Length(about.len()));
        }
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        file.read_exact(bytes.as_mut())?;
        Ok(Some(MasterKey::new(&bytes)))
    }

    /// Makes a random key, unless one is there, and reads it. Linked into place when it is whole, so that
    /// neither a crash nor a second process leaves half a key or replaces one.
    pub(super) fn create(&self) -> Result<MasterKey, KeyError> {
        let Self::File(path) = self else {
            return Err(KeyError::NoCredential);
        };
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        getrandom::fill(key.as_mut()).map_err(KeyError::Random)?;
        let name = path.file_name().unwrap_or_default();
        let ending = format!(".{}.part", std::process::id());
        let part = path.with_file_name(with_ending(name, &ending));
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
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            linked => linked?,
        }
        sync_folder(path)?;
        let made = self.load()?;
        made.ok_or_else(|| KeyError::Io(io::ErrorKind::NotFound.into()))
    }

    /// Removes the key that it is. Nothing may be sealed with it.
    pub(super) fn remove(&self) -> Result<(), KeyError> {
        match fs::remove_file(self.path()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Puts the next key in its place. What was sealed with the one before must be gone.
    pub(super) fn advance(&self) -> Result<(), KeyError> {
        fs::rename(self.next().path(), self.path())?;
        Ok(sync_folder(self.path())?)
    }
}

fn with_ending(name: &OsStr, ending: &str) -> OsString {
    let mut name = name.to_owned();
    name.push(ending);
    name
}

/// A name lasts when its folder is on the disk.
fn sync_folder(path: &Path) -> io::Result<()> {
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new() -> Self {
            let name = format!("campanile-key-{}", uuid::Uuid::now_v7());
            let path = std::env::temp_dir().join(name);
            fs::create_dir(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_key_is_made_once_for_its_owner_alone() {
        let folder = Folder::new();
        let place = KeyPlace::File(folder.0.join("key"));
        assert!(place.load().unwrap().is_none());
        let first = place.create().unwrap().check();
        assert_eq!(place.load().unwrap().unwrap().check(), first);
        assert_eq!(place.create().unwrap().check(), first, "it is not replaced");
        let zeros = MasterKey::new(&[0; KEY_BYTES]).check();
        assert_ne!(first, zeros);
        let mode = fs::metadata(place.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 1);
    }

    #[test]
    fn a_key_that_others_may_read_or_of_another_length_is_refused() {
        let folder = Folder::new();
        let path = folder.0.join("key");
        fs::write(&path, [1; KEY_BYTES]).unwrap();
        let file = KeyPlace::File(path.clone());
        let credential = KeyPlace::Credential(path.clone());
        for (mode, as_file, as_credential) in [
            (0o600, true, true),
            (0o400, true, true),
            (0o440, false, true),
            (0o640, false, true),
            (0o404, false, false),
            (0o602, false, false),
            (0o601, false, false),
        ] {
            set_mode(&path, mode);
            for (place, fits) in [(&file, as_file), (&credential, as_credential)] {
                let found = place.load();
                match found {
                    Ok(Some(_)) => assert!(fits, "{mode:o} {place:?}"),
                    Err(KeyError::Open(found)) => assert_eq!((found, fits), (mode, false)),
                    _ => panic!("{mode:o} {place:?}"),
                }
            }
        }
        set_mode(&path, 0o600);
        for length in [0, 31, 33, 64] {
            fs::write(&path, vec![1; length]).unwrap();
            let found = file.load();
            assert!(
                matches!(found, Err(KeyError::Length(found)) if found == length as u64),
                "{length}"
            );
        }
    }

    #[test]
    fn a_key_in_the_data_directory_is_refused_also_by_a_link() {
        let folder = Folder::new();
        let data = folder.0.join("data");
        fs::create_dir_all(data.join("keys")).unwrap();
        fs::write(data.join("held"), [1; KEY_BYTES]).unwrap();
        fs::write(folder.0.join("kept"), [1; KEY_BYTES]).unwrap();
        let link = |name: &str, to: &Path| {
            std::os::unix::fs::symlink(to, folder.0.join(name)).unwrap();
        };
        link("to-inside", &data.join("held"));
        link("to-a-link-inside", &folder.0.join("to-inside"));
        link("folder-inside", &data.join("keys"));
        link("to-outside", &folder.0.join("kept"));
        for (name, inside) in [
            ("data/key", true),
            ("data/keys/key", true),
            ("data/../data/key", true),
            ("to-inside", true),
            ("to-a-link-inside", true),
            ("folder-inside/key", true),
            ("to-outside", false),
            ("kept", false),
            ("data.key", false),
            ("data/../key", false),
        ] {
            let place = KeyPlace::File(folder.0.join(name));
            let refused = place.refuse_inside(&data).is_err();
            assert_eq!(refused, inside, "{name}");
        }
    }

    #[test]
    fn a_credential_is_taken_where_the_service_manager_gave_one_and_never_made() {
        let folder = Folder::new();
        let given = || Some(folder.0.clone().into_os_string());
        assert_eq!(KeyPlace::credential(None), None);
        assert_eq!(KeyPlace::credential(given()), None);
        fs::write(folder.0.join("campanile-master-key"), [1; KEY_BYTES]).unwrap();
        set_mode(&folder.0.join("campanile-master-key"), 0o400);
        let place = KeyPlace::credential(given()).unwrap();
        assert!(place.load().unwrap().is_some());
        assert!(matches!(place.create(), Err(KeyError::NoCredential)));
    }

    #[test]
    fn the_next_key_takes_the_place_of_the_one_before() {
        let folder = Folder::new();
        let place = KeyPlace::File(folder.0.join("key"));
        let first = place.create().unwrap().check();
        let next = place.next().create().unwrap().check();
        assert_ne!(first, next);
        place.advance().unwrap();
        assert_eq!(place.load().unwrap().unwrap().check(), next);
        assert!(place.next().load().unwrap().is_none());
        assert!(place.advance().is_err());
    }
}
