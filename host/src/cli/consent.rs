//! Consent on the command line: what endpoints ask to do is shown, and allowed by a person, by `--yes` or by
//! `grant` in the file.

use std::io::{BufRead, IsTerminal};

use super::print::{self, Terminal};
use crate::apply::{self, Consent, Line};
use crate::desired::Desired;

/// Allows what these lines ask, if whoever runs this does.
pub(super) fn consent(
    terminal: &Terminal,
    desired: &mut Desired,
    lines: &[Line],
    yes: bool,
) -> anyhow::Result<()> {
    let asks = lines.iter().any(|line| line.consent.is_some());
    if !asks {
        return Ok(());
    }
    if !yes {
        for line in shown(terminal, lines) {
            print::note(&line);
        }
        if !std::io::stdin().is_terminal() {
            anyhow::bail!(terminal.words.say("consent.nobody"));
        }
        terminal.tell("consent.question", &[]);
        let mut answer = String::new();
        std::io::stdin().lock().read_line(&mut answer)?;
        if !agrees(&answer, &terminal.words.say("consent.yes")) {
            anyhow::bail!(terminal.words.say("consent.refused"));
        }
    }
    apply::grant(desired, lines);
    Ok(())
}

/// What is asked, in words: a line for each endpoint and each thing that it may do then.
pub(super) fn shown(terminal: &Terminal, lines: &[Line]) -> Vec<String> {
    let mut shown = Vec::new();
    for line in lines {
        let Some(consent) = &line.consent else {
            continue;
        };
        let Consent {
            grant,
            component,
            version,
            digest,
            may,
            ..
        } = consent;
        let item = terminal.words.item(&line.item, &line.tenant);
        let args: &[(&str, &dyn std::fmt::Display)] = &[
            ("item", &item),
            ("component", component),
            ("version", version),
            ("digest", digest),
        ];
        shown.push(terminal.words.fill("consent.asks", args));
        let all_new = may.iter().all(|clause| clause.new);
        for clause in may {
            let mark = if clause.new && !all_new { "+" } else { "-" };
            shown.push(format!("  {mark} {}", one_line(&clause.text)));
        }
        if !all_new {
            shown.push(terminal.words.say("consent.new"));
        }
        shown.push(format!("  grant = \"{grant}\""));
    }
    shown
}

/// Whether an answer is one of these words; anything else is a no.
fn agrees(answer: &str, words: &str) -> bool {
    let answer = answer.trim().to_lowercase();
    words.split(' ').any(|word| word == answer)
}

/// What a component brings into the words begins no line of its own.
fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::super::words::Words;
    use super::agrees;

    #[test]
    fn only_a_yes_in_the_askers_language_or_english_is_a_yes() {
        for (language, answer, expected) in [
            ("en", "y\n", true),
            ("en", " YES \r\n", true),
            ("en", "", false),
            ("en", "\n", false),
            ("en", "n\n", false),
            ("en", "ye\n", false),
            ("en", "y yes\n", false),
            ("en", "j\n", false),
            ("it", "s\n", true),
            ("it", "S\u{ec}\n", true),
            ("it", "y\n", true),
            ("it", "no\n", false),
            ("de", "j\n", true),
            ("de", "Ja\n", true),
            ("de", "nein\n", false),
        ] {
            let words = Words::new(language).say("consent.yes");
            assert_eq!(agrees(answer, &words), expected, "{language} {answer:?}");
        }
    }
}
