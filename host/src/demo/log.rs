//! Syslog in the demo: a receiver of lines by TCP, which reads their frames.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

/// The recipients' language, time zone, and word for what is over.
const RECIPIENTS: [(&str, &str, &str); 2] = [
    ("en", "Europe/London", "Released: "),
    ("it", "Europe/Rome", "Rientrato: "),
];

/// What happens in the demo's alerts.
const ACTIONS: [&str; 3] = ["stored", "engaged", "released"];

/// The receiver.
pub(super) struct Log {
    address: SocketAddr,
    frames: Arc<Mutex<Vec<String>>>,
}

impl Log {
    /// Listens on a port of loopback.
    pub(super) async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let frames: Arc<Mutex<Vec<String>>> = Arc::default();
        let all = frames.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let all = all.clone();
                tokio::spawn(async move {
                    let mut frame = String::new();
                    if stream.read_to_string(&mut frame).await.is_ok() {
                        let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
                        all.push(frame);
                    }
                });
            }
        });
        Ok(Self { address, frames })
    }

    /// Adds endpoint, recipients and opening to what the demo configures.
    pub(super) fn configure(&self, desired: &mut Value) {
        let add = |list: &mut Value, item| {
            if let Some(list) = list.as_array_mut() {
                list.push(item);
            }
        };
        let params =
            json!({"server": format!("syslog+tcp://{}", self.address), "hostname": "demo"});
        add(
            &mut desired["endpoints"],
            json!({"name": "demo-syslog", "component": "syslog", "params": params}),
        );
        for (language, time_zone, _) in RECIPIENTS {
            let recipient = json!({"name": format!("syslog-{language}"), "endpoint": "demo-syslog",
                "language": language, "time_zone": time_zone});
            add(&mut desired["recipients"], recipient);
        }
        let opening = format!("{}/syslog", self.address);
        add(&mut desired["networks"], json!({"allow": [opening]}));
    }

    /// How many recipients there are.
    pub(super) fn recipients() -> usize {
        RECIPIENTS.len()
    }

    /// The lines that came, and everything that is wrong with them.
    pub(super) fn received(&self) -> (Vec<String>, Vec<String>) {
        let frames = self.frames.lock().unwrap_or_else(PoisonError::into_inner);
        read(&frames)
    }
}

/// The lines in these frames, and what is wrong.
fn read(frames: &[String]) -> (Vec<String>, Vec<String>) {
    let (mut lines, mut mistakes) = (Vec::new(), Vec::new());
    for frame in frames {
        match frame.split_once(' ') {
            Some((octets, line)) if octets == line.len().to_string() => {
                lines.push(line.to_owned());
            }
            _ => mistakes.push(format!("a frame that does not count its octets: {frame}")),
        }
    }
    for line in &lines {
        let begins = line.starts_with('<') && line.contains(">1 2024-07-09T");
        if !begins || line.contains(char::is_control) {
            mistakes.push(format!("a line that is none of RFC 5424: {line}"));
        }
    }
    let holding = |text: &str| lines.iter().filter(|line| line.contains(text)).count();
    for action in ACTIONS {
        let count = holding(&format!(" action=\"{action}\""));
        if count != RECIPIENTS.len() {
            mistakes.push(format!("{count} lines of what was {action}"));
        }
    }
    for (language, _, over) in RECIPIENTS {
        if holding(over) != 1 {
            mistakes.push(format!("no line says in {language} that it is over"));
        }
    }
    (lines, mistakes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_lines_is_told() {
        let frame = |action: &str, over: &str| {
            let line = format!(
                "<131>1 2024-07-09T09:24:34.000Z demo campanile - x [a@1 action=\"{action}\"] {over}x"
            );
            format!("{} {line}", line.len())
        };
        let good: Vec<String> = RECIPIENTS
            .iter()
            .flat_map(|(_, _, over)| {
                ACTIONS.map(|action| frame(action, if action == "released" { over } else { "" }))
            })
            .collect();
        assert_eq!(read(&good).1, Vec::<String>::new());
        let with = |frame: String| {
            let mut frames = good.clone();
            frames[0] = frame;
            read(&frames).1.len()
        };
        for (frame, mistakes) in [
            (String::from("9 <131>1 2024-07-09T"), 2),
            (frame("engaged", ""), 2),
            (frame("stored", "\n"), 1),
            (frame("stored", "Released: "), 1),
            (frame("stored", "").replace(">1 ", ">2 "), 1),
        ] {
            assert_eq!(with(frame.clone()), mistakes, "{frame}");
        }
    }
}
