//! Syslog lines, which no host of this version sends.

use campanile_guest::{Message, Part, Recipient, Syslog};

/// What it asks for, where `how` is one of these.
pub fn message(how: &str, recipient: &Recipient) -> Option<Message> {
    let line = |server: String, app: &str, text: &str| {
        Message::Syslog(Syslog {
            server: vec![Part::Text(server)],
            facility: 10,
            severity: 5,
            timestamp: 1_767_323_045_000,
            hostname: String::from("localhost"),
            app_name: app.to_owned(),
            message_id: None,
            structured_data: Vec::new(),
            message: text.to_owned(),
            extra: Vec::new(),
        })
    };
    let accepted = "Accepted publickey for root from 10.0.0.1 port 22 ssh2";
    let url = recipient.param("url").unwrap_or_default();
    let port = url.rsplit(':').next().unwrap_or_default();
    let port = port.split('/').next().unwrap_or_default();
    Some(match how {
        "logs-as-sshd-by-udp" => line(String::from("syslog+udp://127.0.0.1:514"), "sshd", accepted),
        "logs-as-sshd-by-tcp" => line(format!("syslog+tcp://127.0.0.1:{port}"), "sshd", accepted),
        "logs-as-sshd-by-tls" => line(format!("syslog+tls://127.0.0.1:{port}"), "sshd", accepted),
        "logs-what-redis-obeys" => line(
            format!("syslog+tcp://127.0.0.1:{port}"),
            "x",
            "\r\nFLUSHALL\r\n",
        ),
        _ => return None,
    })
}
