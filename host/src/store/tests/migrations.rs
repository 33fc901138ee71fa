//! Stores of every earlier version, with rows of every kind in them, are opened by the present program.

use rusqlite::Connection;

use super::*;
use crate::job::State;

/// Dumps of stores as each version wrote them.
fn dump(version: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src/store/tests/golden")
        .join(format!("v{version}.sql"))
}

/// A store with a row of every kind.
pub(super) async fn filled(home: &Home) -> Store {
    let store = store_with(home, 1).await;
    store
        .put_component(ComponentRow {
            digest: "digest".to_owned(),
            name: "chat".to_owned(),
            tenant: None,
            builtin: false,
            manifest: "{}".to_owned(),
            wasm: Some(b"wasm".to_vec()),
            installed_at: 1,
        })
        .await
        .unwrap();
    let changes = vec![
        Change::PutToken(TokenRow {
            tenant: "default".to_owned(),
            name: "token".to_owned(),
            role: "ingest".to_owned(),
            hash: "hash".to_owned(),
        }),
        Change::PutNetworks(NetworkRow {
            tenant: "default".to_owned(),
            allow: r#"["192.0.2.0/24:443"]"#.to_owned(),
        }),
        Change::PutKeyCheck(Some("check".to_owned())),
    ];
    store.apply(changes, 0).await.unwrap();
    let names = [
        ("done", "print"),
        ("sent", "other"),
        ("dead", "another"),
        ("queued", "print"),
        ("waiting", "print"),
    ];
    store.accept(request("1", &names)).await.unwrap();
    // `done` goes first: `queued` is of the same condition, and waits for it.
    let leased = lease(&store, 1, 9, 10).await;
    assert_eq!(ids(&leased.jobs), ["done", "sent", "dead"]);
    let deliveries = vec![
        delivery("done", 1, &leased.jobs[..1], 10),
        delivery("sent", 1, &leased.jobs[1..2], 10),
    ];
    let dead = unsent(&leased.jobs[2], Fate::Dead(Reason::Refused, None));
    let begun = store.begin(leased.token, deliveries, vec![dead], 10, 100);
    let token = begun.await.unwrap();
    let done = Settlement {
        receipts: vec![("print".to_owned(), Some("message 7".to_owned()))],
        ..settlement("done", over(State::Delivered, vec![Fate::Delivered]))
    };
    let again = Then::Again {
        progress: 1,
        due: 20,
        messages: None,
        tag: Some("tag".to_owned()),
    };
    let settlements = vec![done, settlement("sent", again)];
    store.settle(token, settlements, 11).await.unwrap();
    store
}

/// Alerts of these names and fingerprints, posted with a key of that name; one of them tells of a condition.
fn request(key: &str, names: &[(&str, &str)]) -> Acceptance {
    let alerts = names.iter();
    Acceptance {
        tenant: "default".to_owned(),
        token: "token".to_owned(),
        alerts: alerts
            .map(|(id, print)| (alert(id, print), vec![1]))
            .collect(),
        told: vec![Told::Holds(
            "print".to_owned(),
            Condition {
                started_at: 5,
                content: "content".to_owned(),
            },
        )],
        idempotency: Some(Idempotency {
            key: key.to_owned(),
            body_hash: "body".to_owned(),
            answer: "202 answer".to_owned(),
        }),
        now: 10,
    }
}

/// Nothing is wrong with it.
pub(super) fn whole(checked: &Checked) {
    assert_eq!(checked.damage, [""; 0]);
    assert_eq!(checked.broken, []);
    assert!(!checked.outdated);
}

/// Everything that was stored is there, and goes on from where it was. What versions added is in stores from
/// then on.
async fn goes_on(home: &Home, version: u32) {
    whole(&Aside::open(&home.file()).unwrap().check().unwrap());
    let store = home.open().await;
    let Configuration {
        components,
        endpoints,
        recipients,
        tokens,
        networks,
        key_check,
    } = store.configuration().await.unwrap();
    let names = (
        components[0].name.as_str(),
        endpoints[0].name.as_str(),
        recipients[0].name.as_str(),
        tokens[0].name.as_str(),
        networks[0].tenant.as_str(),
    );
    let expected = ("chat", "endpoint", "r01", "token", "default");
    assert_eq!(names, expected);
    let wasm = store.component_wasm("digest").await.unwrap();
    assert_eq!(wasm.as_deref(), Some(&b"wasm"[..]));
    let message = (version >= 2).then_some("%{entity}");
    assert_eq!(recipients[0].message.as_deref(), message);
    assert_eq!(endpoints[0].granted.is_some(), version >= 4);
    assert_eq!(key_check.is_some(), version >= 5);
    let known = store.conditions(vec!["print".to_owned()]).await.unwrap();
    assert_eq!(known.len(), usize::from(version >= 3));

    let counts = Counts {
        alerts: 5,
        queued: 2,
        pending: 1,
        delivered: 1,
        dead: 1,
    };
    assert_eq!(store.counts().await, Ok(counts));
    let again = store.accept(request("1", &[])).await;
    assert_eq!(again, Ok(Accepted::Replayed("202 answer".to_owned())));
    let (view, attempts) = store.delivery("done").await.unwrap().unwrap();
    assert_eq!((view.state, attempts.len()), (State::Delivered, 1));
    assert_eq!(store.delivery("sent").await.unwrap().unwrap().1.len(), 1);

    let (token, due) = store.due_deliveries(1, 20, 9, 100).await.unwrap();
    let sent = (due[0].id.as_str(), due[0].progress, due[0].tag.as_str());
    assert_eq!(sent, ("sent", 1, "tag"));
    assert_eq!(
        due[0].messages,
        [super::message("first"), super::message("second")]
    );
    let sent = settlement("sent", over(State::Delivered, vec![Fate::Delivered]));
    assert_eq!(store.settle(token, vec![sent], 21).await, Ok(Vec::new()));
    let letters = DeadLetterFilter {
        limit: 9,
        ..Default::default()
    };
    assert_eq!(store.redrive(Redrive::Matching(letters)).await, Ok(1));
    let leased = lease(&store, 1, 9, 21).await;
    assert_eq!(ids(&leased.jobs), ["dead", "queued"]);
    let receipts: Vec<_> = leased
        .jobs
        .iter()
        .map(|job| job.receipt.as_deref())
        .collect();
    assert_eq!(receipts, [None, Some("message 7")]);
    let stored = delivery("rest", 1, &leased.jobs, 21);
    let begun = store.begin(leased.token, vec![stored], vec![], 21, 100);
    let token = begun.await.unwrap();
    let fates = vec![Fate::Delivered; 2];
    let rest = settlement("rest", over(State::Delivered, fates));
    store.settle(token, vec![rest], 22).await.unwrap();
    assert_eq!(ids(&lease(&store, 1, 9, 22).await.jobs), ["waiting"]);
    store.close().await.unwrap();
    whole(&Aside::open(&home.file()).unwrap().check().unwrap());
}

#[tokio::test]
async fn a_store_of_the_present_version_goes_on() {
    let home = Home::new();
    filled(&home).await.close().await.unwrap();
    goes_on(&home, sqlite::KNOWN).await;
}

#[tokio::test]
async fn a_store_of_every_version_is_brought_up_to_date_and_goes_on() {
    for version in 1..=sqlite::KNOWN {
        let home = Home::new();
        let Ok(dump) = std::fs::read_to_string(dump(version)) else {
            filled(&home).await.close().await.unwrap();
            let file = home.file();
            std::mem::forget(home);
            panic!(
                "there is no dump of version {version}: keep one with \
                 `sqlite3 {} .dump > host/src/store/tests/golden/v{version}.sql`, \
                 with `PRAGMA user_version={version};` in it",
                file.display()
            );
        };
        let conn = Connection::open(home.file()).unwrap();
        conn.execute_batch(&dump).unwrap();
        let found: u32 = conn
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .unwrap();
        assert_eq!(found, version);
        drop(conn);
        let opened = home.open().await;
        opened.close().await.unwrap();
        goes_on(&home, version).await;
    }
}
