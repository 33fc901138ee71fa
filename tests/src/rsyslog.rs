//! The real rsyslog as a destination: by UDP, TCP and TLS, on free ports of loopback. What it reads in a line it
//! writes as JSON.

use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use tokio::process::{Child, Command};

use crate::wait::wait_for;
use crate::{Folder, tools};

/// The name that its certificate has.
pub const NAME: &str = "log.example";

/// A running rsyslog. It is killed when it is dropped.
pub struct Rsyslog {
    _child: Child,
    folder: Folder,
    /// Where it takes datagrams.
    pub udp: u16,
    /// Where it takes lines in clear.
    pub tcp: u16,
    /// Where it takes lines over TLS.
    pub tls: u16,
    /// Its certificate for [`NAME`], in DER.
    pub certificate: Vec<u8>,
}

impl Rsyslog {
    /// Starts it; `None` where it is not installed and need not be.
    ///
    /// # Panics
    ///
    /// Where it does not start.
    pub async fn start() -> Option<Self> {
        const INSTALL: &str = "apt-get install rsyslog rsyslog-gnutls";
        let program = tools::program("rsyslogd", INSTALL)?;
        let folder = Folder::new();
        let at = |name: &str| folder.path().join(name);
        let made = rcgen::generate_simple_self_signed([NAME.to_owned()]).expect("a certificate");
        std::fs::write(at("certificate.pem"), made.cert.pem()).expect("its certificate");
        std::fs::write(at("key.pem"), made.signing_key.serialize_pem()).expect("its key");
        std::fs::write(at("rsyslog.conf"), configuration(folder.path()))
            .expect("its configuration");
        let log = std::fs::File::create(at("log")).expect("its log");
        let mut child = Command::new(program)
            .args(["-n", "-C", "-iNONE", "-f"])
            .arg(at("rsyslog.conf"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .expect("it starts");
        let id = child.id().expect("it runs");
        let listening = wait_for("rsyslog to listen", || async {
            let log = std::fs::read_to_string(at("log")).unwrap_or_default();
            if log.contains("lmnsd_gtls") {
                return Some(None);
            }
            // What it has to say of itself goes to its own log: here, an ending is a mistake of the configuration.
            assert!(child_runs(id), "rsyslog ended: {log}");
            let port = |name| std::fs::read_to_string(at(name)).ok()?.trim().parse().ok();
            Some(Some((datagrams(id)?, port("tcp")?, port("tls")?)))
        })
        .await;
        let Some((udp, tcp, tls)) = listening else {
            let _ = child.kill().await;
            tools::missing("rsyslog's driver for TLS", INSTALL);
            return None;
        };
        Some(Self {
            _child: child,
            udp,
            tcp,
            tls,
            certificate: made.cert.der().to_vec(),
            folder,
        })
    }

    /// Waits until it has read this many lines, and returns all: `pri`, `time`, `host`, `app`, `proc`, `id`,
    /// `version`, `data` (an object by SD-ID), `message` and `raw`.
    ///
    /// # Panics
    ///
    /// Where they do not come.
    pub async fn wait_for(&self, count: usize) -> Vec<Value> {
        let file = self.folder.path().join("lines");
        wait_for(&format!("{count} lines"), || async {
            let text = std::fs::read_to_string(&file).unwrap_or_default();
            let lines: Result<Vec<Value>, _> = serde_json::Deserializer::from_str(&text)
                .into_iter()
                .collect();
            // While it writes, the last one may be half there.
            lines.ok().filter(|lines| lines.len() >= count)
        })
        .await
    }
}

/// Whether a child of ours still does something: one that ended is a zombie until it is asked.
fn child_runs(id: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

/// The port of the one UDP socket of a process: rsyslog tells those of TCP alone.
fn datagrams(id: u32) -> Option<u16> {
    let sockets: Vec<String> = std::fs::read_dir(format!("/proc/{id}/fd"))
        .ok()?
        .filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok())
        .filter_map(|link| {
            let link = link.to_string_lossy().into_owned();
            let inode = link.strip_prefix("socket:[")?.strip_suffix(']')?;
            Some(inode.to_owned())
        })
        .collect();
    let table = std::fs::read_to_string("/proc/net/udp").ok()?;
    table.lines().skip(1).find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let inode = fields.get(9)?;
        let (_, port) = fields.get(1)?.split_once(':')?;
        let is_its = sockets.iter().any(|its| its == inode);
        is_its.then(|| u16::from_str_radix(port, 16).ok()).flatten()
    })
}

fn configuration(folder: &Path) -> String {
    let folder = folder.display();
    let fields = [
        ("pri", "pri"),
        ("host", "hostname"),
        ("app", "app-name"),
        ("proc", "procid"),
        ("id", "msgid"),
        ("version", "protocol-version"),
        ("message", "msg"),
        ("raw", "rawmsg"),
    ]
    .map(|(name, property)| {
        format!("property(outname=\"{name}\" name=\"{property}\" format=\"jsonf\")\n")
    })
    .concat();
    format!(
        r#"global(workDirectory="{folder}" maxMessageSize="64k"
  defaultNetstreamDriverCAFile="{folder}/certificate.pem"
  defaultNetstreamDriverCertFile="{folder}/certificate.pem"
  defaultNetstreamDriverKeyFile="{folder}/key.pem")
module(load="imudp")
module(load="imtcp")
module(load="mmpstrucdata")
template(name="json" type="list" option.jsonf="on") {{
{fields}
property(outname="time" name="timereported" dateFormat="rfc3339" format="jsonf")
property(outname="data" name="$!rfc5424-sd" format="jsonf")
}}
ruleset(name="all") {{
action(type="mmpstrucdata")
action(type="omfile" file="{folder}/lines" template="json" flushOnTXEnd="on")
}}
input(type="imudp" address="127.0.0.1" port="0" ruleset="all")
input(type="imtcp" address="127.0.0.1" port="0" listenPortFileName="{folder}/tcp" ruleset="all")
input(type="imtcp" address="127.0.0.1" port="0" listenPortFileName="{folder}/tls" ruleset="all"
  streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="anon")
"#
    )
}
