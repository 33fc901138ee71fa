//! What people see: tables and lines without control characters, whoever's text it is.

use std::io::Write;

use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

/// Text as a terminal may show it: control characters and marks that turn text around are written out.
pub(super) fn safe(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        let turns = matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if (character.is_control() && character != '\n') || turns {
            safe.extend(character.escape_unicode());
        } else {
            safe.push(character);
        }
    }
    safe
}

/// An error and what caused it, on standard error.
pub(super) fn error(error: &anyhow::Error) {
    // A closed standard error is no reason to panic.
    let _ = writeln!(std::io::stderr(), "error: {}", safe(&format!("{error:#}")));
}

/// A line on standard output.
pub(super) fn line(text: &str) {
    let _ = writeln!(std::io::stdout(), "{}", safe(text));
}

/// JSON on standard output.
pub(super) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    let _ = writeln!(
        std::io::stdout(),
        "{}",
        serde_json::to_string_pretty(value)?
    );
    Ok(())
}

/// A table on standard output, or a sentence where it would be empty.
pub(super) fn table(head: &[&str], rows: Vec<Vec<String>>, empty: &str) {
    if rows.is_empty() {
        line(empty);
        return;
    }
    let mut table = Table::new();
    table
        .load_preset(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(head.iter().map(|name| name.to_uppercase()));
    for row in rows {
        table.add_row(row.iter().map(|cell| safe(cell)));
    }
    for text in table.to_string().lines() {
        let _ = writeln!(std::io::stdout(), "{}", text.trim_end());
    }
}

/// A time, as people and machines both read it.
pub(super) fn time(millis: u64) -> String {
    crate::alert::time::format(millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_obeys_is_printed() {
        let rows = [
            ("plain", "plain"),
            ("\u{1b}[2J", "\\u{1b}[2J"),
            ("a\u{202e}b", "a\\u{202e}b"),
            ("a\rb", "a\\u{d}b"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("two\nlines", "two\nlines"),
            ("שלום", "שלום"),
        ];
        for (text, shown) in rows {
            assert_eq!(safe(text), shown);
        }
    }
}
