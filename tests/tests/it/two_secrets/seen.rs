//! What was seen, without what differs from run to run by itself. Clock, addresses, master key and code are the same
//! in both runs; what is left is chance, and where this run's folder and server are.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use regex::Regex;
use tracing_subscriber::fmt::MakeWriter;

/// What is put in place of what.
static CHANCE: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    [
        (
            r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
            "UUID",
        ),
        // Retries have a random part.
        (r#"(retry_at|due)"?[:=] ?(Some\()?[0-9]+"#, "LATER"),
        (r" ms +20[0-9-]{8}T[0-9:.]{12}Z", "LATER"),
    ]
    .map(|(pattern, name)| (Regex::new(pattern).expect("a pattern"), name))
    .into()
});

/// All outputs of a run, by what they are of.
pub(super) type Outputs = BTreeMap<String, Vec<String>>;

/// Takes outputs in.
#[derive(Default)]
pub(super) struct Seen {
    outputs: Outputs,
    names: Vec<(String, String)>,
}

impl Seen {
    /// From now on, this run's own text is written by its name.
    pub(super) fn name(&mut self, text: String, name: String) {
        self.names.push((text, name));
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
        for (own, name) in &self.names {
            text = text.replace(own.as_str(), name);
        }
        for (pattern, name) in CHANCE.iter() {
            text = pattern.replace_all(&text, *name).into_owned();
        }
        text
    }

    /// All of it, with the lines of each output in the order of the alphabet: who is served first is chance.
    pub(super) fn into_outputs(mut self) -> Outputs {
        self.outputs
            .values_mut()
            .for_each(|lines| lines.sort_unstable());
        self.outputs
    }
}

/// What two runs saw differently, in words.
pub(super) fn differences(one: &Outputs, other: &Outputs) -> Vec<String> {
    let none = Vec::new();
    let names: BTreeSet<_> = one.keys().chain(other.keys()).collect();
    let compared = names.into_iter().filter_map(|name| {
        let lines = |outputs: &'_ Outputs| outputs.get(name).unwrap_or(&none).clone();
        let (one, other) = (lines(one), lines(other));
        let only = |lines: &[String], others: &[String]| {
            let mut others = others.to_vec();
            let is_new = |line: &&String| match others.iter().position(|other| other == *line) {
                Some(at) => {
                    others.swap_remove(at);
                    false
                }
                None => true,
            };
            let only: Vec<_> = lines.iter().filter(is_new).cloned().collect();
            only.join("\n   ")
        };
        (one != other).then(|| {
            let (count, counted) = (one.len(), other.len());
            let (less, more) = (only(&one, &other), only(&other, &one));
            format!("{name}: {count} and {counted} lines\n - {less}\n + {more}")
        })
    });
    compared.collect()
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
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.extend_from_slice(bytes);
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
