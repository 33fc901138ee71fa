//! Arguments that do not fit, said in the language of whoever typed them.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::print;
use super::words::Words;

/// What clap's own errors end with, and other programs do too.
const USAGE: u8 = 2;

/// Help and versions go to standard output; mistakes to standard error. Returns the exit code.
pub(super) fn show(error: &clap::Error, words: &Words) -> u8 {
    if words.is_english()
        || !error.use_stderr()
        || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    {
        let _ = error.print();
        return if error.use_stderr() { USAGE } else { 0 };
    }
    let Some(what) = sentence(error, words) else {
        let _ = error.print();
        return USAGE;
    };
    print::note(&format!("{}: {what}", words.say("error.error")));
    for (kind, key) in [
        (ContextKind::SuggestedArg, "error.suggested"),
        (ContextKind::SuggestedSubcommand, "error.suggested"),
        (ContextKind::SuggestedValue, "error.suggested"),
        (ContextKind::ValidValue, "error.valid"),
    ] {
        if let Some(value) = text(error, kind) {
            print::note(&format!("  {}", words.fill(key, &[("value", &value)])));
        }
    }
    print::note(&format!("\n{}", words.say("error.more")));
    USAGE
}

/// What is wrong, in one sentence; `None` for what clap says too rarely to be worth a message.
fn sentence(error: &clap::Error, words: &Words) -> Option<String> {
    let get = |kind| text(error, kind).unwrap_or_default();
    let argument = get(ContextKind::InvalidArg);
    let value = get(ContextKind::InvalidValue);
    Some(match error.kind() {
        ErrorKind::UnknownArgument => {
            words.fill("error.unknown_argument", &[("argument", &argument)])
        }
        ErrorKind::InvalidSubcommand => words.fill(
            "error.unknown_command",
            &[("command", &get(ContextKind::InvalidSubcommand))],
        ),
        ErrorKind::InvalidValue if value.is_empty() => {
            words.fill("error.no_value", &[("argument", &argument)])
        }
        ErrorKind::InvalidValue => words.fill(
            "error.wrong_value",
            &[("argument", &argument), ("value", &value)],
        ),
        ErrorKind::ValueValidation => {
            let why = std::error::Error::source(error).map(ToString::to_string);
            let what = words.fill(
                "error.wrong_value",
                &[("argument", &argument), ("value", &value)],
            );
            format!("{what}: {}", why.unwrap_or_default())
        }
        ErrorKind::MissingRequiredArgument => {
            words.fill("error.missing", &[("arguments", &argument)])
        }
        ErrorKind::ArgumentConflict => words.fill(
            "error.conflict",
            &[
                ("argument", &argument),
                ("other", &get(ContextKind::PriorArg)),
            ],
        ),
        ErrorKind::MissingSubcommand => words.say("error.no_command"),
        _ => return None,
    })
}

fn text(error: &clap::Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        ContextValue::Strings(texts) => Some(texts.join(", ")),
        _ => None,
    }
    .filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::super::{Cli, help};
    use super::*;

    #[test]
    fn each_mistake_has_its_sentence() {
        let words = Words::new("de");
        let rows: [(&[&str], &str); 9] = [
            (&["demo", "--twice"], "unbekanntes Argument `--twice`"),
            (&["sevre"], "unbekannter Befehl `sevre`"),
            (&["apply"], "es fehlt: --file <FILE>"),
            (
                &["serve", "--listen"],
                "`--listen <LISTEN>` braucht einen Wert",
            ),
            (
                &["delivery", "list", "--state", "deaf"],
                "`deaf` passt nicht zu `--state <STATE>`",
            ),
            (
                &["serve", "--listen", "nowhere"],
                "`nowhere` passt nicht zu `--listen <LISTEN>`: invalid socket address syntax",
            ),
            (
                &["delivery", "list", "--server", "http://x"],
                "es fehlt: --token <TOKEN>",
            ),
            (
                &["dead-letter", "redrive", "--all", "7"],
                "`--all` und `[JOBS]...` gehen nicht zusammen",
            ),
            (
                &["dead-letter", "redrive"],
                "es fehlt: <JOBS|--all|--recipient <RECIPIENT>>",
            ),
        ];
        for (arguments, expected) in rows {
            let arguments = ["campanile"].iter().chain(arguments);
            let error = help::localised(Cli::command(), &words)
                .try_get_matches_from(arguments)
                .expect_err(expected);
            assert_eq!(sentence(&error, &words).as_deref(), Some(expected));
        }
    }
}
