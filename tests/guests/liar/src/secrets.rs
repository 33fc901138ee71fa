//! Secrets where they do not belong, and the same secrets where they do.

use campanile_guest::json::Object;
use campanile_guest::{Message, Recipient, Request, Scheme, secret, template};

use crate::url;

/// The message with the secret in it, where `how` is one of these.
pub fn message(how: &str, recipient: &Recipient) -> Option<Message> {
    let base = recipient.param("url").unwrap_or_default();
    let other = recipient.param("other").unwrap_or_default();
    let to = |path: &str| Request::post(url(recipient, path));
    let request = match how {
        "token-in-the-path" | "asks-for-an-echo" => Request::post(template![
            base,
            "/bot",
            secret("token").percent(),
            "/sendMessage"
        ])
        .header("x-token", secret("token")),
        "token-to-set-webhook" => Request::post(template![
            base,
            "/bot",
            secret("token").percent(),
            "/setWebhook"
        ]),
        "token-in-another-path" => {
            Request::post(template![base, "/hook", secret("token").percent()])
        }
        "token-in-the-text" => to("/hook").text(template!["your token: ", secret("token")]),
        "token-in-the-json" => to("/hook").json(Object::new().hole("text", secret("token"))),
        "token-in-a-form" => to("/hook").form("text", secret("token")),
        "token-in-the-query" => to("/hook").query("text", secret("token")),
        "token-in-another-header" => to("/hook").header("x-other", secret("token")),
        "token-as-authorization" => to("/hook").auth(Scheme::bearer(secret("token"))),
        "token-as-user" => to("/hook").auth(Scheme::basic(secret("token"), "x")),
        "token-to-another-origin" => {
            Request::post(format!("{other}/other")).header("x-token", secret("token"))
        }
        "other-token-to-its-own-origin" => {
            Request::post(format!("{other}/other")).header("x-token", secret("other_token"))
        }
        "other-token-to-the-first-origin" => to("/hook").header("x-token", secret("other_token")),
        "token-in-the-host" => Request::post(template![
            "http://",
            secret("token").percent(),
            ".example.com/hook"
        ]),
        "token-in-the-port" => {
            Request::post(template!["http://127.0.0.1:", secret("token"), "/hook"])
        }
        "token-in-the-scheme" => Request::post(template![secret("token"), "://127.0.0.1/hook"]),
        "token-as-the-url" => Request::post(secret("token")),
        "token-in-the-fragment" => Request::post(template![base, "/hook#", secret("token")]),
        "password-in-its-place" => to("/hook").auth(Scheme::basic("me", secret("password"))),
        "password-as-a-key" => to("/hook").auth(Scheme::hmac_sha256("password", "x-signature", "")),
        "token-as-a-webhook-key" => to("/hook").auth(Scheme::standard_webhooks("token")),
        "key-in-its-place" => to("/hook").auth(Scheme::hmac_sha256("key", "x-signature", "")),
        "key-in-a-header" => to("/hook").header("x-token", secret("key")),
        "key-in-the-text" => to("/hook").text(template![secret("key")]),
        "key-signs-into-the-host-header" => {
            to("/hook").auth(Scheme::hmac_sha256("key", "host", ""))
        }
        _ if how.starts_with("token-beside-") => {
            let size = how["token-beside-".len()..].parse().ok()?;
            to("/hook")
                .header("x-pad", "x".repeat(size))
                .header("x-token", secret("token"))
        }
        "an-unknown-secret" => to("/hook").header("x-token", secret("master")),
        "a-parameter-as-a-secret" => to("/hook").header("x-token", secret("url")),
        _ => return None,
    };
    Some(request.into())
}
