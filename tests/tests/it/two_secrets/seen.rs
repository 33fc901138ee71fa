//! What was seen, without what differs from run to run by itself: ids, addresses, places and durations.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use regex::Regex;
use tracing_subscriber::fmt::MakeWriter;

/// What is put in place of what.
static BY_ITSELF: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    [
        (
            r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
            "UUID",
        ),
        // Names of mails' threads, of the master key.
        (r"\b[0-9a-f]{32}\b", "NAME"),
        (r"\b(127\.0\.0\.1|localhost):[0-9]+", "ADDRESS"),
        (r#"duration_ms"?[:=] ?[0-9]+"#, "DURATION"),
        (r"\b[0-9]+ ms\b", "DURATION"),
        // Retries have a random part.
        (r#"(retry_at|due)"?[:=] ?(Some\()?[0-9]+"#, "LATER"),
        (r"\b20[0-9]{2}-[0-9]{2}-[0-9]{2}[T ][0-9:.]+Z?", "TIME"),
        // Columns are as wide as what stands in them.
        (r" +", " "),
        (r"[─═]+", "─"),
    ]
    .map(|(pattern, name)| (Regex::new(pattern).expect("a pattern"), name))
    .into()
});

/// All outputs of a run, by what they are of.
#[derive(Default)]
pub(super) struct Seen {
    outputs: BTreeMap<String, Vec<String>>,
    places: Vec<(String, &'static str)>,
}

impl Seen {
    /// From now on, this place is written by its name.
    pub(super) fn name(&mut self, place: String, name: &'static str) {
        self.places.push((place, name));
    }

    /// Adds an output.
    pub(super) fn add(&mut self, what: &str, text: &str) {
        let text = self.plain(text);
        let lines = text.lines().map(|line| line.trim_end().to_owned());
        let what = self.plain(what);
        self.outputs.entry(what).or_default().extend(lines);
    }

    fn plain(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (place, name) in &self.places {
            text = text.replace(place.as_str(), name);
        }
        for (pattern, name) in BY_ITSELF.iter() {
            text = pattern.replace_all(&text, *name).into_owned();
        }
        text
    }

    /// All of it, each line once: in which order and how often the same is said depends on who was served
    /// first.
    pub(super) fn into_outputs(mut self) -> BTreeMap<String, Vec<String>> {
        for lines in self.outputs.values_mut() {
            lines.sort_unstable();
            lines.dedup();
        }
        self.outputs
    }
}

/// Keeps what is logged.
#[derive(Clone, Default)]
pub(super) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub(super) fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
