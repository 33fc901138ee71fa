//! What people see: tables, lines and JSON without control characters, whoever's text it is. A closed
//! output, such as behind `| head -1`, is no reason to panic: what nobody reads is not printed.

use std::io::Write;

use std::fmt::Display;

use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

use super::words::Words;

/// Who reads what a command prints: a machine, or a person in a language.
#[derive(Debug, Clone)]
pub(crate) struct Terminal {
    /// Print JSON.
    pub(crate) json: bool,
    /// The person's words.
    pub(crate) words: Words,
}

impl Terminal {
    /// A message on standard output.
    pub(crate) fn say(&self, key: &str, args: &[(&str, &dyn Display)]) {
        line(&self.words.fill(key, args));
    }

    /// A message on standard error.
    pub(crate) fn tell(&self, key: &str, args: &[(&str, &dyn Display)]) {
        note(&self.words.fill(key, args));
    }

    /// An error and what caused it, on standard error.
    pub(super) fn error(&self, error: &anyhow::Error) {
        note(&format!("{}: {error:#}", self.words.say("error.error")));
    }

    /// Named facts, one a line and aligned; the names' keys are below `head`.
    pub(super) fn facts(&self, indent: &str, facts: &[(&str, String)]) {
        let names: Vec<_> = facts
            .iter()
            .map(|(name, _)| self.words.say(&format!("head.{name}")))
            .collect();
        let width = names.iter().map(|name| name.chars().count()).max();
        for (name, (_, fact)) in names.iter().zip(facts) {
            line(&format!(
                "{indent}{name:width$} {fact}",
                width = width.unwrap_or(0)
            ));
        }
    }

    /// A table on standard output: the heads' keys below `head`, or a message where it would be empty.
    pub(super) fn table(&self, head: &[&str], rows: Vec<Vec<String>>, empty: &str) {
        if rows.is_empty() {
            line(&self.words.say(empty));
            return;
        }
        table("", self.heads(head), rows);
    }

    /// The same, indented and never empty.
    pub(super) fn indented(&self, head: &[&str], rows: Vec<Vec<String>>) {
        table("  ", self.heads(head), rows);
    }

    fn heads(&self, head: &[&str]) -> Vec<String> {
        let said = |name: &&str| match *name {
            "" => String::new(),
            name => self.words.say(&format!("head.{name}")).to_uppercase(),
        };
        head.iter().map(said).collect()
    }
}

/// What a terminal would obey, and what turns text around or hides in it (Unicode's bidirectional
/// controls, line separators and invisible operators).
fn deceives(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}'
        )
}

/// Text as a terminal may show it: what it would obey is written out. Lines stay lines.
pub(super) fn safe(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        if deceives(character) && character != '\n' {
            safe.extend(character.escape_unicode());
        } else {
            safe.push(character);
        }
    }
    safe
}

/// A line on standard error, for the person and not for a pipe.
pub(crate) fn note(text: &str) {
    let _ = writeln!(std::io::stderr(), "{}", safe(text));
}

/// A line on standard output.
pub(crate) fn line(text: &str) {
    let _ = writeln!(std::io::stdout(), "{}", safe(text));
}

/// JSON on standard output.
pub(crate) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    let text = escaped(&serde_json::to_string_pretty(value)?);
    let _ = writeln!(std::io::stdout(), "{text}");
    Ok(())
}

/// The same JSON, harmless on a terminal: JSON itself escapes only the first 32 control characters. All
/// others that deceive are below U+10000, and stand in strings alone.
fn escaped(json: &str) -> String {
    let mut safe = String::with_capacity(json.len());
    for character in json.chars() {
        if deceives(character) && character != '\n' {
            safe.push_str(&format!("\\u{:04x}", u32::from(character)));
        } else {
            safe.push(character);
        }
    }
    safe
}

fn table(indent: &str, head: Vec<String>, rows: Vec<Vec<String>>) {
    let mut table = Table::new();
    table
        .load_preset(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(head);
    for row in rows {
        // A cell is one line: text with line breaks could otherwise pass for rows.
        table.add_row(row.iter().map(|cell| safe(cell).replace('\n', "\\n")));
    }
    for text in table.to_string().lines() {
        let _ = writeln!(std::io::stdout(), "{indent}{}", text.trim_end());
    }
}

/// A number of bytes, as people read it: three digits say how much it is.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1_000 {
        return format!("{bytes} B");
    }
    let mut size = bytes as f64 / 1e3;
    let mut unit = UNITS[0];
    for larger in &UNITS[1..] {
        if size < 999.5 {
            break;
        }
        (size, unit) = (size / 1e3, larger);
    }
    if size < 9.95 {
        format!("{size:.1} {unit}")
    } else {
        format!("{size:.0} {unit}")
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
            ("\u{2028}\u{200f}\u{61c}", "\\u{2028}\\u{200f}\\u{61c}"),
            ("two\nlines", "two\nlines"),
            ("שלום", "שלום"),
        ];
        for (text, shown) in rows {
            assert_eq!(safe(text), shown);
        }
    }

    #[test]
    fn sizes_have_a_unit_that_fits() {
        let rows = [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (9_949, "9.9 kB"),
            (9_950, "10 kB"),
            (999_499, "999 kB"),
            (999_500, "1.0 MB"),
            (4_294_967_296, "4.3 GB"),
            (u64::MAX, "18446744 TB"),
        ];
        for (bytes, shown) in rows {
            assert_eq!(size(bytes), shown, "{bytes}");
        }
    }

    #[test]
    fn json_stays_the_same_json_and_is_harmless() {
        let value = serde_json::json!({"a\u{9b}": ["\u{1b}[2J\u{7f}\u{202e}\n", "\u{1f514} שלום"]});
        let printed = escaped(&serde_json::to_string_pretty(&value).unwrap());
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&printed).unwrap(),
            value
        );
        assert!(
            printed.chars().all(|it| it == '\n' || !deceives(it)),
            "{printed}"
        );
        assert!(printed.contains("\u{1f514} שלום"), "{printed}");
    }
}
