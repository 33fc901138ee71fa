//! The program as a process: what a kill, a restart and a second process lead to.

use std::collections::{HashMap, HashSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use campanile_tests::{Behaviour, Folder, Process, Ran, Receiver, alert, run, wait_for};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

pub(super) const PROGRAM: &str = env!("CARGO_BIN_EXE_campanile-under-test");

/// A folder with a configuration file and a place for data.
pub(super) struct Place {
    pub(super) folder: Folder,
}

impl Place {
    /// Its configuration has a webhook to this address, one alert a request, signed.
    pub(super) fn webhook(address: SocketAddr) -> Self {
        let folder = Folder::new();
        let config = format!(
            r#"
[[endpoint]]
name = "hook"
component = "webhook"

[endpoint.params]
url = "http://{address}/hook"
alerts_per_request = 1
signing = "standard-webhooks"
signing_key = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="

[[recipient]]
name = "hook"
endpoint = "hook"

[[network]]
allow = ["{address}/http"]
"#
        );
        std::fs::write(folder.path().join("campanile.toml"), config).expect("a file");
        Self { folder }
    }

    pub(super) fn config(&self) -> PathBuf {
        self.folder.path().join("campanile.toml")
    }

    pub(super) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(super) fn key(&self) -> PathBuf {
        self.folder.path().join("data.key")
    }

    pub(super) async fn serve(&self) -> Process {
        Process::serve(PROGRAM, &self.data(), &self.config()).await
    }

    /// A command that is expected to end.
    pub(super) async fn run(&self, arguments: &[&str]) -> Ran {
        run(PROGRAM, arguments, self.folder.path(), &[], b"").await
    }

    /// A server that is expected not to start.
    pub(super) async fn refused(&self, arguments: &[&str]) -> String {
        let all = [&["serve", "--listen", "127.0.0.1:0"], arguments].concat();
        let ran = self.run(&all).await;
        assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{ran:?}");
        ran.err
    }
}

/// Waits until all deliveries, so many, are over, and returns their states.
async fn ended(process: &Process, count: usize) -> Vec<String> {
    wait_for("the deliveries to end", || async {
        let deliveries = process.get("/api/v1/deliveries?limit=1000").await;
        let states: Vec<_> = deliveries
            .as_array()
            .expect("a list")
            .iter()
            .map(|delivery| delivery["state"].as_str().expect("a state").to_owned())
            .collect();
        (states.len() == count && states.iter().all(|state| state != "pending")).then_some(states)
    })
    .await
}

#[tokio::test]
async fn an_alert_that_was_accepted_before_a_kill_arrives_after_it() {
    // Bound and not listening: it refuses connections, and nobody else gets the port.
    let refusing = TcpSocket::new_v4().expect("a socket");
    refusing.set_reuseaddr(true).expect("an option");
    refusing
        .bind((Ipv4Addr::LOCALHOST, 0).into())
        .expect("a port");
    let address = refusing.local_addr().expect("its address");
    let place = Place::webhook(address);
    let process = place.serve().await;
    assert_eq!(process.post(&alert("disk_full", &json!({}))).await, 202);
    process.kill().await;

    let receiver = Receiver::start_at(address, [], Behaviour::status(200)).await;
    let process = place.serve().await;
    let requests = receiver.wait_for(1).await;
    assert_eq!(requests[0].json()["alerts"][0]["kind"], "disk_full");
    assert_eq!(ended(&process, 1).await, ["delivered"]);
    assert_eq!(receiver.received().len(), 1);
}

/// Processes that this one started, with the processor time that each has used, in ticks.
fn started_by(parent: u32) -> HashMap<u32, u64> {
    let all = std::fs::read_dir("/proc").expect("processes").flatten();
    let all = all.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let of_parent = all.filter_map(|id| {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        // Behind the name, which ends with the last bracket: state, parent, and nine more before the time.
        let fields: Vec<_> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let is_child = fields[1].parse() == Ok(parent) && fields[0] != "Z";
        is_child.then_some((id, fields[11].parse().ok()?))
    });
    of_parent.collect()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn nothing_outlives_a_killed_program_not_even_native_code_that_computes_for_ever() {
    let folder = Folder::new();
    let how = campanile_tests::drill::STAYS;
    let guest = folder.path().join("guest.wasm");
    std::fs::write(&guest, include_bytes!(env!("HOSTILE_LIAR"))).expect("a file");
    let config = format!(
        r#"
[[endpoint]]
name = "stays"
component = "guest.wasm"
params = {{ url = "https://a.example" }}

[[recipient]]
name = "stays"
endpoint = "stays"
params = {{ how = "{how}" }}
"#
    );
    let file = folder.path().join("campanile.toml");
    std::fs::write(&file, config).expect("a file");
    let process = Process::serve(PROGRAM, &folder.path().join("data"), &file).await;
    let id = process.id();
    let before = started_by(id);
    assert_eq!(process.post(&alert("disk_full", &json!({}))).await, 202);
    let spins = wait_for("a process that computes", || async {
        let now = started_by(id);
        let more = |(id, used): &(u32, u64)| *used >= before.get(id).unwrap_or(&0) + 25;
        now.into_iter().find(more)
    })
    .await;
    let all = started_by(id);
    assert!(all.contains_key(&spins.0), "{all:?}");
    process.kill().await;
    wait_for("the end of all that it started", || async {
        let lives = |id: &u32| std::fs::exists(format!("/proc/{id}")).unwrap_or(true);
        (!all.keys().any(lives)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_request_that_was_sent_before_a_kill_is_sent_again_under_the_same_key() {
    let receiver = Receiver::start([Behaviour::Hang], Behaviour::status(200)).await;
    let place = Place::webhook(receiver.address());
    let process = place.serve().await;
    assert_eq!(process.post(&alert("disk_full", &json!({}))).await, 202);
    receiver.wait_for(1).await;
    process.kill().await;

    let process = place.serve().await;
    let requests = receiver.wait_for(2).await;
    let key = requests[0].header("idempotency-key").expect("a key");
    assert!(!key.is_empty());
    assert_eq!(requests[1].header("idempotency-key"), Some(key));
    assert_eq!(requests[0].body, requests[1].body);
    assert_eq!(ended(&process, 1).await, ["delivered"]);
    assert_eq!(receiver.received().len(), 2);
}

#[tokio::test]
async fn a_program_that_is_asked_to_end_ends_well_and_loses_nothing_and_repeats_nothing() {
    const ALERTS: usize = 300;
    let receiver = Receiver::ok().await;
    let place = Place::webhook(receiver.address());
    let process = place.serve().await;
    let alerts: Vec<_> = (0..ALERTS)
        .map(|number| alert("disk_full", &json!({"title": format!("disk {number}")})))
        .collect();
    assert_eq!(process.post(&json!(alerts)).await, 202);
    receiver.wait_for(1).await;
    assert_eq!(process.terminate().await.code(), Some(0));

    let process = place.serve().await;
    let requests = receiver.wait_for(ALERTS).await;
    let titles: HashSet<_> = requests
        .iter()
        .map(|request| request.json()["alerts"][0]["title"].to_string())
        .collect();
    assert_eq!((titles.len(), requests.len()), (ALERTS, ALERTS));
    assert!(
        ended(&process, ALERTS)
            .await
            .iter()
            .all(|state| state == "delivered")
    );
    assert_eq!(receiver.received().len(), ALERTS);
}

#[tokio::test]
async fn a_client_that_says_nothing_more_does_not_keep_the_program_from_ending() {
    let tried = [
        "",
        "POST /api/v1/alerts HTTP/1.1\r\nHost: x\r\n",
        "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
    ]
    .map(|said| async move {
        let place = Place::webhook(Receiver::ok().await.address());
        let process = place.serve().await;
        let address = process.contact.url.trim_start_matches("http://").to_owned();
        let mut idle = TcpStream::connect(address).await.expect("a connection");
        idle.write_all(said.as_bytes()).await.expect("it is read");
        if said.ends_with("\r\n\r\n") {
            let mut answer = [0; 12];
            idle.read_exact(&mut answer).await.expect("an answer");
            assert_eq!(&answer, b"HTTP/1.1 200");
        }
        assert_eq!(process.terminate().await.code(), Some(0), "{said:?}");
    });
    futures_util::future::join_all(tried).await;
}

#[tokio::test]
async fn a_second_process_on_the_same_data_is_refused_and_the_first_goes_on() {
    let receiver = Receiver::ok().await;
    let place = Place::webhook(receiver.address());
    let process = place.serve().await;
    let contact = std::fs::read(place.data().join("server.json")).expect("a file");

    let said = place
        .refused(&["--data", "data", "--config", "campanile.toml"])
        .await;
    assert!(said.contains("in use by another process"), "{said}");
    assert_eq!(
        std::fs::read(place.data().join("server.json")).expect("a file"),
        contact,
        "the commands still reach the first"
    );
    assert_eq!(process.post(&alert("disk_full", &json!({}))).await, 202);
    assert_eq!(ended(&process, 1).await, ["delivered"]);
    // Once the first has ended, the data are free again.
    assert_eq!(process.terminate().await.code(), Some(0));
    let process = place.serve().await;
    assert_eq!(ended(&process, 1).await, ["delivered"]);
}

#[tokio::test]
async fn a_store_of_a_newer_version_is_left_alone() {
    /// Where SQLite keeps `PRAGMA user_version`: <https://sqlite.org/fileformat.html#the_database_header>.
    const VERSION: std::ops::Range<usize> = 60..64;
    let place = Place::webhook(Receiver::ok().await.address());
    assert_eq!(place.serve().await.terminate().await.code(), Some(0));
    let path = place.data().join("campanile.sqlite3");
    let mut file = std::fs::read(&path).expect("the store");
    assert_ne!(file[VERSION], [0; 4], "the version stands here");
    file[VERSION].copy_from_slice(&99_u32.to_be_bytes());
    std::fs::write(&path, &file).expect("the store");

    let said = place.refused(&["--data", "data"]).await;
    assert!(said.contains("the store has version 99"), "{said}");
    assert!(said.contains("start the newer Campanile"), "{said}");
    assert_eq!(std::fs::read(&path).expect("the store"), file);
}
