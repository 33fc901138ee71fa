//! `campanile store`: an operator's commands for the store's file.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use campanile_tests::{Process, Receiver, alert, wait_for};
use serde_json::json;

use super::process::Place;

/// One alert, delivered.
async fn delivered(place: &Place) -> Process {
    let process = place.serve().await;
    assert_eq!(process.post(&alert("first", &json!({}))).await, 202);
    wait_for("the delivery", || async {
        let deliveries = process.get("/api/v1/deliveries?state=delivered").await;
        (deliveries.as_array().expect("a list").len() == 1).then_some(())
    })
    .await;
    process
}

#[tokio::test]
async fn a_backup_beside_a_running_server_is_whole_and_starts_where_the_store_is_lost() {
    let receiver = Receiver::ok().await;
    let place = Place::webhook(receiver.address());
    let process = delivered(&place).await;

    let checked = place
        .run(&["store", "check", "--data", "data", "--json"])
        .await;
    assert_eq!(checked.code, Some(0), "{checked:?}");
    let checked = checked.json();
    assert_eq!(checked["passed"], true);
    assert_eq!(checked["totals"]["delivered"], 1);
    assert_eq!(checked["secrets"], json!({"opened": 2, "lost": []}));
    let tables = checked["size"]["tables"].as_array().expect("tables");
    assert!(
        tables
            .iter()
            .any(|it| it["name"] == "alert" && it["rows"] == 1)
    );

    let backup = &["store", "backup", "copy.sqlite3", "--data", "data"];
    let copied = place.run(backup).await;
    assert_eq!(copied.code, Some(0), "{copied:?}");
    assert!(copied.out.contains("the master key is not in it"));
    let again = place.run(backup).await;
    assert_eq!((again.code, again.out.as_str()), (Some(1), ""));
    assert!(again.err.contains("copy.sqlite3 is there already"));
    let check = &["store", "check", "copy.sqlite3", "--data", "data"];
    let whole = place.run(check).await;
    assert_eq!(whole.code, Some(0), "{whole:?}");
    assert!(whole.out.ends_with("all is well\n"), "{}", whole.out);

    let compact = &["store", "compact", "--data", "data"];
    let refused = place.run(compact).await;
    assert_eq!((refused.code, refused.out.as_str()), (Some(1), ""));
    assert!(refused.err.contains("in use by another process"));
    assert_eq!(process.terminate().await.code(), Some(0));
    let compacted = place.run(&[&compact[..], &["--json"]].concat()).await;
    assert_eq!(compacted.code, Some(0), "{compacted:?}");
    let (before, after) = (&compacted.json()["before"], &compacted.json()["after"]);
    assert!(after.as_u64().expect("bytes") <= before.as_u64().expect("bytes"));

    // The store is lost, and the backup takes its place.
    let store = place.data().join("campanile.sqlite3");
    std::fs::rename(place.folder.path().join("copy.sqlite3"), &store).expect("it is moved");
    let process = place.serve().await;
    let deliveries = process.get("/api/v1/deliveries").await;
    assert_eq!(deliveries.as_array().expect("a list").len(), 1);
    assert_eq!(process.post(&alert("second", &json!({}))).await, 202);
    receiver.wait_for(2).await;
    assert_eq!(process.terminate().await.code(), Some(0));
}

#[tokio::test]
async fn what_is_missing_damaged_or_does_not_open_is_said_with_an_exit_code_of_its_own() {
    let receiver = Receiver::ok().await;
    let place = Place::webhook(receiver.address());
    for command in ["check", "compact"] {
        let missing = place.run(&["store", command, "--data", "none"]).await;
        let code = if command == "check" { 2 } else { 1 };
        assert_eq!(missing.code, Some(code), "{missing:?}");
        assert!(missing.err.contains("no server has run in none"));
        assert!(!place.folder.path().join("none").exists());
    }
    assert_eq!(delivered(&place).await.terminate().await.code(), Some(0));

    let other = place.folder.path().join("other.key");
    std::fs::write(&other, [7; 32]).expect("a file");
    std::fs::set_permissions(&other, Permissions::from_mode(0o600)).expect("its mode");
    let check = ["store", "check", "--data", "data"];
    let closed = place
        .run(&[&check[..], &["--master-key", "other.key"]].concat())
        .await;
    assert_eq!(closed.code, Some(1), "{closed:?}");
    assert!(closed.out.contains("0 secrets open"), "{}", closed.out);
    let untried = place
        .run(&[&check[..], &["--master-key", "none.key"]].concat())
        .await;
    assert_eq!(untried.code, Some(0), "{untried:?}");
    assert!(untried.out.contains("secrets were not tried"));

    let store = place.data().join("campanile.sqlite3");
    let mut bytes = std::fs::read(&store).expect("the store");
    let page = bytes
        .chunks_mut(4_096)
        .find(|page| page.windows(9).any(|text| text == b"\"entity\":"))
        .expect("a page with an alert");
    page[..64].fill(0xee);
    std::fs::write(&store, bytes).expect("it is damaged");
    let damaged = place
        .run(&[&check[..], &["--language", "de"]].concat())
        .await;
    assert_eq!(damaged.code, Some(1), "{damaged:?}");
    assert!(damaged.out.contains("beschädigt:"), "{}", damaged.out);
    let refused = place.refused(&["--data", "data"]).await;
    assert!(refused.contains("the store is damaged"), "{refused}");
    assert!(refused.contains("put a backup in their place"), "{refused}");
}
