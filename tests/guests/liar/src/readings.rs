//! Everything that a component can get hold of, in one text.

use campanile_guest::{Markup, Notification, Recipient, text};

/// All of it, a line each.
pub fn everything(alert: &Notification, recipient: &Recipient) -> String {
    let mut lines = vec![format!("{recipient:?}"), alert.document()];
    for pointer in [
        "",
        "/..",
        "/../..",
        "/token",
        "/secrets",
        "/params/token",
        "/~1",
    ] {
        lines.push(format!("{pointer}={:?}", alert.detail(pointer)));
    }
    for name in ["token", "other_token", "password", "key", "url/token"] {
        lines.push(format!("{name}={:?}", recipient.param(name)));
        lines.push(format!("{:?}", recipient.rows(name).collect::<Vec<_>>()));
        lines.push(text::translate(
            &format!("%{{{name}}}"),
            &[],
            &Markup::Plain,
        ));
    }
    lines.push(format!("{:?}", std::env::vars().collect::<Vec<_>>()));
    lines.push(format!("{:?}", std::env::args().collect::<Vec<_>>()));
    for path in [
        "/",
        ".",
        "/etc/passwd",
        "/proc/self/environ",
        "campanile-data",
    ] {
        lines.push(format!(
            "{path}={:?}",
            std::fs::read(path).map_err(|error| error.kind())
        ));
        lines.push(format!(
            "{:?}",
            std::fs::read_dir(path).map(Iterator::count).ok()
        ));
    }
    let mut input = String::new();
    let read = std::io::Read::read_to_string(&mut std::io::stdin(), &mut input);
    lines.push(format!("{:?} {input:?}", read.is_ok()));
    lines.join("\n")
}
