//! The master key: without the right one nothing starts and nothing is lost; a new one leaves nothing
//! behind that the old one opens.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use campanile::app::KeyPlace;
use campanile::store::{Change, Store};
use campanile_tests::{Folder, Process, Receiver};

use super::process::{PROGRAM, Place};

/// A place whose server ran once: its one secret is sealed.
async fn sealed(receiver: &Receiver) -> Place {
    let place = Place::webhook(receiver.address());
    assert_eq!(place.serve().await.terminate().await.code(), Some(0));
    place
}

/// Writes another key, as its owner's file.
fn write_key(path: &Path, byte: u8) {
    std::fs::write(path, [byte; 32]).expect("a file");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).expect("its mode");
}

/// What the recipient's test says, of a server that runs without its configuration file.
async fn tested(place: &Place) -> (Option<i32>, String) {
    let process = Process::start(PROGRAM, &place.data(), None, &[]).await;
    let ran = place
        .run(&["recipient", "test", "hook", "--data", "data"])
        .await;
    assert_eq!(process.terminate().await.code(), Some(0));
    (ran.code, ran.out)
}

/// The sealed secrets, as they are stored.
async fn ciphertexts(place: &Place) -> Vec<String> {
    let path = place.data().join("campanile.sqlite3");
    let store = Store::open(path).await.expect("the store");
    let rows = store.configuration().await.expect("rows").endpoints;
    store.close().await.expect("an end");
    let sealed = rows.iter().flat_map(|row| {
        let secrets: serde_json::Value = serde_json::from_str(&row.sealed).expect("JSON");
        secrets.as_array().expect("a list").clone()
    });
    sealed
        .map(|secret| {
            let value = secret["value"].as_str().expect("a text");
            // A URL's origin stands before it.
            value.rsplit(' ').next().expect("a value").to_owned()
        })
        .collect()
}

/// Which of these are in any file of the data directory.
fn found<'a>(place: &Place, texts: &'a [String]) -> Vec<&'a String> {
    let mut files = Vec::new();
    let mut folders = vec![place.data()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let bytes = std::fs::read(path).expect("a file");
                files.push(String::from_utf8_lossy(&bytes).into_owned());
            }
        }
    }
    let is_there = |text: &&String| files.iter().any(|file| file.contains(text.as_str()));
    texts.iter().filter(is_there).collect()
}

#[tokio::test]
async fn without_the_right_master_key_the_program_does_not_start_and_nothing_is_lost() {
    let receiver = Receiver::ok().await;
    let place = sealed(&receiver).await;
    let kept = place.folder.path().join("kept");
    std::fs::rename(place.key(), &kept).expect("the key was there");
    let said = place.refused(&["--data", "data"]).await;
    assert!(said.contains("is not there: put it back"), "{said}");
    assert!(!place.key().exists(), "none is made in its place");

    write_key(&place.key(), 7);
    let said = place.refused(&["--data", "data"]).await;
    assert!(
        said.contains("this is not the key that the secrets were sealed with"),
        "{said}"
    );
    let refused = place.run(&["secret", "rotate", "--data", "data"]).await;
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.err.contains("this is not the key"), "{refused:?}");

    std::fs::rename(&kept, place.key()).expect("it is put back");
    assert_eq!(tested(&place).await.0, Some(0));
    assert_eq!(receiver.received().len(), 1);
}

#[tokio::test]
async fn where_the_master_key_is_lost_the_secrets_are_let_go_of_and_entered_again() {
    let receiver = Receiver::ok().await;
    let place = sealed(&receiver).await;
    let fits = place.run(&["secret", "forget", "--data", "data"]).await;
    assert_eq!(fits.code, Some(1), "{fits:?}");
    assert!(fits.err.contains("no secret is lost"), "{fits:?}");

    std::fs::remove_file(place.key()).expect("the key was there");
    let forgotten = place.run(&["secret", "forget", "--data", "data"]).await;
    assert_eq!(forgotten.code, Some(0), "{forgotten:?}");
    assert!(forgotten.out.contains("endpoint hook"), "{forgotten:?}");
    assert!(forgotten.out.contains("signing_key"), "{forgotten:?}");
    let (code, said) = tested(&place).await;
    assert_eq!(code, Some(1));
    assert!(said.contains("enter-secret-again"), "{said}");
    assert!(receiver.received().is_empty());

    let process = Process::start(PROGRAM, &place.data(), None, &[]).await;
    let applied = place
        .run(&["apply", "-f", "campanile.toml", "--data", "data"])
        .await;
    assert_eq!(applied.out, "changed endpoint hook\n", "{applied:?}");
    assert_eq!(process.terminate().await.code(), Some(0));
    assert_eq!(tested(&place).await.0, Some(0));
}

#[tokio::test]
async fn a_stolen_data_directory_opens_no_secret() {
    let receiver = Receiver::ok().await;
    let place = sealed(&receiver).await;
    // A thief has a key too, and takes out of the store what says that it is another.
    write_key(&place.key(), 7);
    let path = place.data().join("campanile.sqlite3");
    let store = Store::open(path).await.expect("the store");
    let forget = vec![Change::PutKeyCheck(None)];
    store.apply(forget, 0).await.expect("a change");
    store.close().await.expect("an end");
    let (code, said) = tested(&place).await;
    assert_eq!(code, Some(1));
    assert!(said.contains("enter-secret-again"), "{said}");
    assert!(receiver.received().is_empty());
}

#[tokio::test]
async fn a_rotation_leaves_no_ciphertext_of_the_old_key() {
    let receiver = Receiver::ok().await;
    let place = sealed(&receiver).await;
    let old_key = std::fs::read(place.key()).expect("the key");
    let old = ciphertexts(&place).await;
    assert_eq!(old.len(), 2, "{old:?}");
    assert_eq!(found(&place, &old), old.iter().collect::<Vec<_>>());

    // While a server runs, nothing is done.
    let process = Process::start(PROGRAM, &place.data(), None, &[]).await;
    let busy = place.run(&["secret", "rotate", "--data", "data"]).await;
    assert_eq!(busy.code, Some(1), "{busy:?}");
    assert!(busy.err.contains("in use by another process"), "{busy:?}");
    process.kill().await;

    let rotated = place.run(&["secret", "rotate", "--data", "data"]).await;
    assert_eq!(rotated.code, Some(0), "{rotated:?}");
    assert!(rotated.out.contains("2 secrets are sealed"), "{rotated:?}");
    assert!(rotated.out.contains("data.key"), "{rotated:?}");
    assert_eq!(found(&place, &old), [""; 0]);
    let new = ciphertexts(&place).await;
    assert_eq!(found(&place, &new), new.iter().collect::<Vec<_>>());
    assert_ne!(std::fs::read(place.key()).expect("the key"), old_key);
    assert!(!place.folder.path().join("data.key.next").exists());
    let mode = std::fs::metadata(place.key())
        .expect("the key")
        .permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    assert_eq!(tested(&place).await.0, Some(0));
    assert_eq!(receiver.received().len(), 1);

    std::fs::write(place.key(), old_key).expect("the old key");
    let said = place.refused(&["--data", "data"]).await;
    assert!(said.contains("this is not the key"), "{said}");
}

#[tokio::test]
async fn a_rotation_that_is_cut_off_is_undone_or_ended_by_the_next_start() {
    let receiver = Receiver::ok().await;
    let place = sealed(&receiver).await;
    let next = place.folder.path().join("data.key.next");
    let before = std::fs::read(place.key()).expect("the key");

    // Before anything was sealed with the new key.
    write_key(&next, 9);
    assert_eq!(tested(&place).await.0, Some(0));
    assert!(!next.exists(), "it is undone");
    assert_eq!(std::fs::read(place.key()).expect("the key"), before);

    // After all was, and before the new key took its place.
    let rotated = place.run(&["secret", "rotate", "--data", "data"]).await;
    assert_eq!(rotated.code, Some(0), "{rotated:?}");
    let after = std::fs::read(place.key()).expect("the key");
    std::fs::rename(place.key(), &next).expect("a move");
    std::fs::write(place.key(), &before).expect("the old key");
    std::fs::set_permissions(place.key(), std::fs::Permissions::from_mode(0o600)).expect("a mode");
    assert_eq!(tested(&place).await.0, Some(0));
    assert!(!next.exists(), "it is ended");
    assert_eq!(std::fs::read(place.key()).expect("the key"), after);
    assert_eq!(receiver.received().len(), 2);
}

#[tokio::test]
async fn a_credential_of_the_service_manager_is_the_master_key_and_is_rotated_to_a_file() {
    let receiver = Receiver::ok().await;
    let place = Place::webhook(receiver.address());
    let credentials = Folder::new();
    let credential = credentials.path().join("campanile-master-key");
    write_key(&credential, 7);
    let directory = credentials.path().display().to_string();
    let environment = [("CREDENTIALS_DIRECTORY", directory.as_str())];
    let config = place.config();
    let process = Process::start(PROGRAM, &place.data(), Some(&config), &environment).await;
    assert_eq!(process.terminate().await.code(), Some(0));
    assert!(!place.key().exists(), "no other key is made");

    let rotate = ["secret", "rotate", "--data", "data"];
    let folder = place.folder.path();
    let run = async |arguments: &[&str]| {
        let all = [&rotate[..], arguments].concat();
        campanile_tests::run(PROGRAM, &all, folder, &environment, b"").await
    };
    let refused = run(&[]).await;
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.err.contains("--to"), "{refused:?}");
    let inside = run(&["--to", "data/new"]).await;
    assert_eq!(inside.code, Some(1), "{inside:?}");
    assert!(
        inside.err.contains("is in the data directory"),
        "{inside:?}"
    );
    let rotated = run(&["--to", "new"]).await;
    assert_eq!(rotated.code, Some(0), "{rotated:?}");
    assert!(rotated.out.contains("--master-key new"), "{rotated:?}");

    let said = campanile_tests::run(
        PROGRAM,
        &["serve", "--listen", "127.0.0.1:0", "--data", "data"],
        folder,
        &environment,
        b"",
    )
    .await;
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains("this is not the key"), "{said:?}");
    std::fs::copy(folder.join("new"), &credential).expect("the new credential");
    let process = Process::start(PROGRAM, &place.data(), None, &environment).await;
    let sent = place
        .run(&["recipient", "test", "hook", "--data", "data"])
        .await;
    assert_eq!(sent.code, Some(0), "{sent:?}");
    assert_eq!(process.terminate().await.code(), Some(0));
}

#[tokio::test]
async fn a_rotation_tells_which_secrets_did_not_open_before_either() {
    let receiver = Receiver::ok().await;
    let place = sealed(&receiver).await;
    let path = place.data().join("campanile.sqlite3");
    let store = Store::open(&path).await.expect("the store");
    let mut row = store
        .configuration()
        .await
        .expect("rows")
        .endpoints
        .remove(0);
    row.tenant = "thief".to_owned();
    let copied = vec![Change::PutEndpoint(row)];
    store.apply(copied, 0).await.expect("a copy");
    store.close().await.expect("an end");
    let key = KeyPlace::File(place.key());
    let rotated = campanile::app::rotate(&place.data(), &key, None::<PathBuf>, 0).await;
    let rotated = rotated.expect("a rotation");
    assert_eq!(rotated.sealed, 2);
    assert_eq!(rotated.lost.len(), 1);
    assert_eq!(rotated.lost[0].tenant, "thief");
    assert_eq!(rotated.lost[0].secrets, ["url", "signing_key"]);
    assert_eq!(tested(&place).await.0, Some(0));
}

#[tokio::test]
async fn a_master_key_that_others_may_read_is_refused() {
    let place = Place::webhook(Receiver::ok().await.address());
    assert_eq!(place.serve().await.terminate().await.code(), Some(0));
    let with_mode = |mode| {
        std::fs::set_permissions(place.key(), std::fs::Permissions::from_mode(mode))
            .expect("the key is there");
    };
    for mode in [0o644, 0o640, 0o604] {
        with_mode(mode);
        let said = place.refused(&["--data", "data"]).await;
        assert!(
            said.contains("data.key: the master key's file is open to others"),
            "{said}"
        );
        assert!(
            said.contains(&format!("must be 0600, and is 0{mode:o}")),
            "{said}"
        );
    }
    for mode in [0o600, 0o400] {
        with_mode(mode);
        assert_eq!(place.serve().await.terminate().await.code(), Some(0));
    }
}

#[tokio::test]
async fn a_master_key_inside_the_data_directory_is_refused() {
    let place = Place::webhook(Receiver::ok().await.address());
    let data = place.data();
    std::fs::create_dir_all(data.join("keys")).expect("a folder");
    for key in ["data/master.key", "data/keys/master.key", "other/../data/k"] {
        std::fs::create_dir_all(place.folder.path().join("other")).expect("a folder");
        let said = place
            .refused(&["--data", "data", "--master-key", key])
            .await;
        assert!(said.contains("is in the data directory data"), "{said}");
        assert!(said.contains("move it out"), "{said}");
        assert!(!place.folder.path().join(key).exists(), "{key}");
    }
    assert!(!data.join("campanile.sqlite3").exists(), "nothing was made");
}

#[tokio::test]
async fn however_the_data_directory_is_written_its_key_stands_beside_it() {
    for written in ["data", "data/", "./data", "data/."] {
        let place = Place::webhook(Receiver::ok().await.address());
        let data = place.folder.path().join(written);
        let process = Process::serve(PROGRAM, &data, &place.config()).await;
        assert_eq!(process.terminate().await.code(), Some(0), "{written}");
        assert!(place.key().is_file(), "{written}");
        assert!(!has_key(&place.data()), "{written}");
    }
}

fn has_key(folder: &Path) -> bool {
    let entries = std::fs::read_dir(folder).expect("a folder");
    entries
        .map(|entry| entry.expect("an entry").file_name())
        .any(|name| name.to_string_lossy().ends_with(".key"))
}
