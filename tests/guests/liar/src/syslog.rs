//! Syslog lines: to this machine's own log, to what listens behind a port that was opened for something else, and with
//! what breaks a frame.

use campanile_guest::{Encoding, Message, Part, Recipient, Severity, Syslog};

/// What it asks for, where `how` is one of these.
pub fn message(how: &str, recipient: &Recipient) -> Option<Message> {
    let log = recipient.param("log").unwrap_or_default();
    let as_sshd = || {
        Syslog::to(log)
            .facility(10)
            .severity(Severity::Info)
            .timestamp(1_767_323_045_000)
            .hostname("localhost")
            .app_name("sshd")
            .message("Accepted publickey for root from 10.0.0.1 port 22 ssh2")
    };
    let mut message = as_sshd().into();
    let Message::Syslog(line) = &mut message else {
        return None;
    };
    let text = |text: &str| vec![Part::Text(text.to_owned())];
    match how {
        "logs-as-sshd" => {}
        "logs-to-another-server" => line.server = text("syslog+udp://127.0.0.1:514"),
        "logs-in-another-way" => {
            line.server = text(&log.replace("syslog+tcp", "syslog+udp"));
        }
        "logs-what-redis-obeys" => line.message = String::from("\r\nFLUSHALL\r\n"),
        "logs-two-lines" => line.message = String::from("a\n<34>1 - - sshd - - - Accepted"),
        "logs-a-nul" => line.message = String::from("a\0b"),
        "logs-redis-in-the-host-name" => line.hostname = String::from("x\r\nFLUSHALL\r\n"),
        "logs-redis-in-the-program" => line.app_name = String::from("x FLUSHALL"),
        "logs-redis-in-the-message-id" => line.message_id = Some(String::from("\n*1")),
        "logs-redis-in-structured-data" => {
            let value = String::from("\"]\r\nFLUSHALL\r\n");
            let params = vec![(String::from("k"), value)];
            line.structured_data.push((String::from("x@32473"), params));
        }
        "logs-redis-in-an-sd-id" => {
            let id = String::from("x@1]\r\nFLUSHALL");
            line.structured_data.push((id, Vec::new()));
        }
        "logs-as-another-host" => {
            let ip = (String::from("ip"), String::from("10.0.0.1"));
            line.structured_data
                .push((String::from("origin"), vec![ip]));
        }
        "logs-a-priority-of-its-own" => line.severity = 200,
        "logs-a-megabyte" => line.message = "x".repeat(1 << 20),
        "logs-a-secret" => {
            let secret = (String::from("token"), Encoding::Raw);
            line.server.push(Part::Secret(secret));
        }
        _ => return None,
    }
    Some(message)
}
