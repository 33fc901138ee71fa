//! Mail in the demo: a real server of another package, where it can be had.

mod check;

use std::fmt::Write;

use serde_json::{Value, json};

use super::smtp::{Mail, MailServer, NoServer, Security, Settings};
use crate::cli::print;
use crate::egress::EgressOptions;

pub(super) use check::mails as check;

/// Where CI says that nothing may be left out.
const REQUIRED: &str = "CAMPANILE_REQUIRE_TOOLS";

const USER: &str = "alerts@campanile.example";
/// A name with everything that a header must write in its own way.
const SENDER: &str = "Campanile \"d\u{e9}mo\", <R&D>";

const PASSWORD: &str = "demo-password-of-nobody";

/// The recipients' address, language and time zone.
const RECIPIENTS: [(&str, &str, &str); 2] = [
    ("noc@campanile.example", "en", "Europe/London"),
    ("turno@campanile.example", "it", "Europe/Rome"),
];

/// The mail server, or nothing.
pub(super) struct Post(Option<MailServer>);

impl Post {
    /// Starts the server. Where Python or its package cannot be had, a person is told so, and the demo goes on
    /// without mail.
    pub(super) async fn start() -> anyhow::Result<Self> {
        let settings = Settings {
            logins: vec![String::from("PLAIN")],
            user: String::from(USER),
            password: String::from(PASSWORD),
            ..Settings::open(Security::Implicit)
        };
        match MailServer::start(settings, print::note).await {
            Ok(server) => Ok(Self(Some(server))),
            Err(NoServer::Missing(missing)) if std::env::var_os(REQUIRED).is_none() => {
                print::note(&format!("The demo leaves out mail: {missing}"));
                Ok(Self(None))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Has the program trust the server's certificate.
    pub(super) fn trust(&self, options: &mut EgressOptions) {
        if let Some(server) = &self.0 {
            options.roots.push(server.certificate().into());
        }
    }

    /// Adds endpoint, recipients and opening to what the demo configures.
    pub(super) fn configure(&self, desired: &mut Value) {
        let Some(server) = &self.0 else { return };
        let add = |list: &mut Value, item| {
            if let Some(list) = list.as_array_mut() {
                list.push(item);
            }
        };
        let params = json!({"server": server.url(), "user": USER, "password": PASSWORD, "from": USER,
            "from_name": SENDER});
        add(
            &mut desired["endpoints"],
            json!({"name": "demo-email", "component": "email", "params": params}),
        );
        for (address, language, time_zone) in RECIPIENTS {
            let recipient = json!({"name": format!("email-{language}"), "endpoint": "demo-email",
                "language": language, "time_zone": time_zone, "params": {"to": address, "mails": "single"}});
            add(&mut desired["recipients"], recipient);
        }
        add(
            &mut desired["networks"],
            json!({"allow": [server.opening()]}),
        );
    }

    /// How many recipients there are.
    pub(super) fn recipients(&self) -> usize {
        if self.0.is_some() {
            RECIPIENTS.len()
        } else {
            0
        }
    }

    /// What came, and everything that is wrong with it. The server has told of a mail before it takes it, but
    /// that may not be read yet.
    pub(super) async fn received(&self, alerts: usize) -> (Vec<Mail>, Vec<String>) {
        let Some(server) = &self.0 else {
            return (Vec::new(), Vec::new());
        };
        let all = server.wait_for(alerts * RECIPIENTS.len());
        let mails = tokio::time::timeout(super::PATIENCE, all).await;
        let mails = mails.unwrap_or_else(|_| server.mails());
        let mistakes = check(&mails);
        (mails, mistakes)
    }
}

/// A mail as a person reads it: decoded.
pub(super) fn shown(mail: &Mail) -> String {
    let mut text = format!("MAIL FROM:<{}>\n", mail.sender);
    for recipient in &mail.recipients {
        let _ = writeln!(text, "RCPT TO:<{recipient}>");
    }
    for (name, value) in &mail.headers {
        let _ = writeln!(text, "{name}: {value}");
    }
    for part in &mail.parts {
        if let Some(content) = &part.2 {
            let _ = write!(text, "\n[{}]\n{}", part.0, content.replace("\r\n", "\n"));
        }
    }
    text
}

/// The same for machines.
pub(super) fn to_json(mail: &Mail) -> Value {
    let parts: Vec<_> = mail
        .parts
        .iter()
        .map(|part| json!({"type": part.0, "encoding": part.1, "text": part.2}))
        .collect();
    json!({"sender": mail.sender, "recipients": mail.recipients, "tls": mail.tls, "headers": mail.headers,
        "parts": parts})
}
