//! The program as a process of its own, to be killed.

use std::path::Path;
use std::process::Stdio;

use campanile::app::Contact;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// A running `campanile serve`. It is killed when it is dropped.
pub struct Process {
    child: Child,
    /// How to reach it.
    pub contact: Contact,
}

impl Process {
    /// Starts the program on a data directory, with a configuration file.
    ///
    /// # Panics
    ///
    /// Where it does not start.
    pub async fn serve(program: &str, data: &Path, config: &Path) -> Self {
        let mut child = Command::new(program)
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .arg("--config")
            .arg(config)
            .env_remove("CAMPANILE_LOG")
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()
            .expect("the program starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let first = tokio::time::timeout(crate::world::PATIENCE, lines.next_line()).await;
        let first = first
            .expect("a line in time")
            .expect("its output")
            .expect("a line");
        assert!(first.contains("listens on"), "{first}");
        Self {
            child,
            contact: Contact::read(data).expect("how to reach it"),
        }
    }

    /// Kills it as `kill -9` does, and waits until it is gone.
    ///
    /// # Panics
    ///
    /// Where it cannot be killed.
    pub async fn kill(mut self) {
        self.child.kill().await.expect("it is killed");
    }

    /// Posts native alerts, and returns the status.
    ///
    /// # Panics
    ///
    /// Where there is no answer.
    pub async fn post(&self, alerts: &serde_json::Value) -> u16 {
        let request = reqwest::Client::new()
            .post(format!("{}/api/v1/alerts", self.contact.url))
            .bearer_auth(&self.contact.ingest_token)
            .body(alerts.to_string());
        request.send().await.expect("an answer").status().as_u16()
    }
}
