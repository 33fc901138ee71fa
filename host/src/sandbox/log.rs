//! What a call logs, by the contract's `log` or by standard output, within the limits.

use std::sync::Arc;

use super::boundary::{Level, LogLine};
use super::limits::Limits;

/// The log of one call.
pub(crate) struct Log {
    limits: Arc<Limits>,
    lines: Vec<LogLine>,
    /// Lines that are not there.
    cut: u32,
    /// What was written of a line that has not ended.
    line: String,
}

/// What follows a line that was too long.
const CUT: &str = " [cut]";

/// Lines that a panic writes: place, words and a note.
const PANIC: usize = 3;

impl Log {
    pub(crate) fn new(limits: &Arc<Limits>) -> Self {
        Self {
            limits: limits.clone(),
            lines: Vec::new(),
            cut: 0,
            line: String::new(),
        }
    }

    /// Keeps a line. An empty one is none.
    pub(crate) fn write(&mut self, level: Level, text: &str) {
        if text.is_empty() {
            return;
        }
        if self.lines.len() >= self.limits.log_lines {
            self.cut = self.cut.saturating_add(1);
            return;
        }
        let kept = prefix(text, self.limits.log_line);
        let mut line = kept.to_owned();
        if kept.len() < text.len() {
            line.push_str(CUT);
        }
        self.lines.push(LogLine { level, text: line });
    }

    /// Keeps what was written to standard output or standard error, a line at a time: a program writes a line
    /// in pieces.
    pub(crate) fn output(&mut self, text: &str) {
        for piece in text.split_inclusive('\n') {
            // A character over the limit is enough to see that the line is cut.
            let room = (self.limits.log_line + 4).saturating_sub(self.line.len());
            self.line.push_str(prefix(piece, room));
            if piece.ends_with('\n') {
                self.end_line();
            }
        }
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        self.write(Level::Info, line.trim_end());
    }

    /// What a component said before it trapped: a panic's message is what its author needs.
    pub(crate) fn last_words(&mut self) -> Option<String> {
        self.end_line();
        let from = self.lines.len().saturating_sub(PANIC);
        let words: Vec<_> = self.lines[from..]
            .iter()
            .map(|line| line.text.as_str())
            .collect();
        (!words.is_empty()).then(|| words.join(" "))
    }

    /// All of it, and how much is not there.
    pub(crate) fn take(&mut self) -> Vec<LogLine> {
        self.end_line();
        if self.cut > 0 {
            self.lines.push(LogLine {
                level: Level::Warn,
                text: format!(
                    "{} more lines of this call were cut, {} are allowed",
                    self.cut, self.limits.log_lines
                ),
            });
        }
        std::mem::take(&mut self.lines)
    }
}

/// The longest prefix of at most `limit` bytes.
fn prefix(text: &str, limit: usize) -> &str {
    &text[..text.floor_char_boundary(limit)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(lines: usize, bytes: usize) -> Log {
        Log::new(&Arc::new(Limits {
            log_lines: lines,
            log_line: bytes,
            ..Limits::default()
        }))
    }

    fn texts(mut log: Log) -> Vec<String> {
        log.take().into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn standard_output_is_kept_by_the_line_however_it_is_written() {
        let mut whole = log(10, 100);
        whole.output("one\ntwo\n\nthree");
        assert_eq!(texts(whole), ["one", "two", "three"]);
        let mut pieces = log(10, 100);
        for piece in ["o", "ne\nt", "wo", "\n", "\n", "three\n"] {
            pieces.output(piece);
        }
        assert_eq!(texts(pieces), ["one", "two", "three"]);
    }

    #[test]
    fn what_is_over_the_limits_is_cut_between_characters_and_said() {
        let mut long = log(10, 5);
        long.write(Level::Warn, "12345");
        long.write(Level::Warn, "123456");
        long.write(Level::Warn, "1234é");
        long.output("123");
        long.output("456789\n1");
        assert_eq!(
            texts(long),
            ["12345", "12345 [cut]", "1234 [cut]", "12345 [cut]", "1"]
        );
        let mut many = log(2, 100);
        many.output("1\n2\n");
        assert_eq!(many.last_words().as_deref(), Some("1 2"));
        many.output("3\n4\n");
        assert_eq!(
            texts(many),
            [
                "1",
                "2",
                "2 more lines of this call were cut, 2 are allowed"
            ]
        );
    }
}
