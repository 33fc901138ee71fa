//! Mails that no host sends.

use campanile_guest::{Mail, Message, Scheme, secret};

const SERVER: &str = "smtps://mail.example";
const OURS: &str = "alerts@a.example";
const STRANGER: &str = "victim@b.example";

/// What it asks for, where `how` is one of these.
pub fn message(how: &str) -> Option<Message> {
    let mail = || Mail::via(SERVER).from(OURS).to(OURS).text("lie");
    let second_line = "lie\r\nBcc: victim@b.example";
    Some(match how {
        "mails-a-stranger" => mail().to(STRANGER).into(),
        "mails-a-stranger-a-copy" => mail().cc(STRANGER).into(),
        "mails-as-a-stranger" => mail().from(STRANGER).into(),
        "mails-by-another-server" => Mail::via("smtps://mail.b.example")
            .from(OURS)
            .to(OURS)
            .into(),
        "mails-in-clear" => Mail::via("smtp://mail.example").from(OURS).to(OURS).into(),
        "mails-nobody" => Mail::via(SERVER).from(OURS).into(),
        "a-subject-of-two-lines" => {
            // The builder would make one of them.
            let mut message = mail().into();
            if let Message::Mail(mail) = &mut message {
                second_line.clone_into(&mut mail.subject);
            }
            message
        }
        "a-mail-header-of-two-lines" => mail().header("X-A", second_line).into(),
        "a-blind-copy" => mail().header("Bcc", STRANGER).into(),
        "token-logs-in-to-a-mail-server" => mail().basic("noc", secret("token")).into(),
        "password-logs-in-to-a-mail-server" => mail().basic("noc", secret("password")).into(),
        "a-mail-by-bearer" => mail().auth(Scheme::bearer(secret("token"))).into(),
        "a-mail-of-two-logins" => mail().basic("a", "b").xoauth2("a", "b").into(),
        _ => return None,
    })
}
