//! Help in the language of whoever asks. The English text stands beside each argument, where clap takes it
//! from; a test holds `locales/cli/en.json` to it, and the other languages to that.

use clap::{Arg, ArgAction, Command};

use super::words::Words;

/// The same command, its help in these words.
pub(super) fn localised(command: Command, words: &Words) -> Command {
    if words.is_english() {
        return command;
    }
    let mut command = command
        .disable_help_flag(true)
        .disable_version_flag(true)
        .arg(flag("help", 'h', ArgAction::Help))
        .arg(flag("version", 'V', ArgAction::Version));
    command.build();
    translated(command, "help", words)
}

fn flag(name: &'static str, short: char, action: ArgAction) -> Arg {
    Arg::new(name)
        .short(short)
        .long(name)
        .action(action)
        .global(true)
}

fn translated(command: Command, path: &str, words: &Words) -> Command {
    let header = command.get_styles().get_header();
    let usage_header = format!("{header}{}{header:#}", words.say("frame.usage"));
    let usage = command.clone().render_usage().to_string();
    let usage = usage
        .strip_prefix("Usage: ")
        .unwrap_or(&usage)
        .replace("[OPTIONS]", &words.say("frame.options_hole"))
        .replace("[COMMAND]", &words.say("frame.command_hole"))
        .replace("<COMMAND>", &words.say("frame.command_hole"));
    let about = words.say(&format!("{path}.about"));
    let names: Vec<String> = command
        .get_subcommands()
        .map(|sub| sub.get_name().to_owned())
        .collect();
    let mut command = command
        .about(about)
        .override_usage(usage)
        .subcommand_help_heading(words.say("frame.commands"))
        .help_template(format!(
            "{{about-with-newline}}\n{usage_header} {{usage}}\n\n{{all-args}}"
        ))
        .mut_args(|arg| argument(arg, path, words));
    for name in names {
        let below = format!("{path}.{}", name.replace('-', "_"));
        command = command.mut_subcommand(name, |sub| translated(sub, &below, words));
    }
    command
}

fn argument(arg: Arg, path: &str, words: &Words) -> Arg {
    let mut help = words.say(&key(path, arg.get_id().as_str()));
    let mut note = |key: &str, value: &str| {
        help.push_str(&format!(" [{}: {value}]", words.say(key)));
    };
    let defaults: Vec<_> = arg
        .get_default_values()
        .iter()
        .map(|value| value.to_string_lossy())
        .collect();
    if !defaults.is_empty() && arg.get_action().takes_values() {
        note("frame.default", &defaults.join(" "));
    }
    if let Some(variable) = arg.get_env() {
        note("frame.environment", &variable.to_string_lossy());
    }
    if arg.get_action().takes_values() {
        let possible: Vec<_> = arg
            .get_possible_values()
            .iter()
            .map(|value| value.get_name().to_owned())
            .collect();
        if !possible.is_empty() {
            note("frame.possible", &possible.join(", "));
        }
    }
    let heading = if arg.is_positional() {
        "frame.arguments"
    } else {
        "frame.options"
    };
    arg.help(help)
        .help_heading(words.say(heading))
        .hide_default_value(true)
        .hide_env(true)
        .hide_possible_values(true)
}

/// Arguments that several commands have, with one text.
const SHARED: [&str; 11] = [
    "help",
    "version",
    "json",
    "language",
    "data",
    "master_key",
    "server",
    "token",
    "recipient",
    "limit",
    "before",
];

/// The key of an argument's help. `serve` and `redrive` mean something of their own by a shared name.
fn key(path: &str, id: &str) -> String {
    let own = matches!(
        (path, id),
        ("help.serve", "data") | ("help.dead_letter.redrive", "recipient")
    );
    if SHARED.contains(&id) && !own {
        format!("help.shared.{id}")
    } else {
        format!("{path}.{}", id.replace('-', "_"))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use clap::CommandFactory;
    use serde_json::{Map, Value};

    use super::super::Cli;
    use super::*;

    /// What the English help says, by key.
    fn english() -> BTreeMap<String, String> {
        fn collect(command: &Command, path: &str, texts: &mut BTreeMap<String, String>) {
            let about = command.get_about().map(ToString::to_string);
            texts.insert(format!("{path}.about"), about.unwrap_or_default());
            for arg in command.get_arguments() {
                let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
                let key = key(path, arg.get_id().as_str());
                if let Some(known) = texts.insert(key.clone(), help.clone()) {
                    assert_eq!(known, help, "{key} is shared: it has one text");
                }
            }
            for sub in command.get_subcommands() {
                collect(
                    sub,
                    &format!("{path}.{}", sub.get_name().replace('-', "_")),
                    texts,
                );
            }
        }
        let mut command = Cli::command().disable_help_subcommand(true);
        command.build();
        let mut texts = BTreeMap::new();
        collect(&command, "help", &mut texts);
        texts
    }

    fn flat(path: &str, table: &Map<String, Value>, texts: &mut BTreeMap<String, String>) {
        for (name, value) in table {
            let key = format!("{path}.{name}");
            match value {
                Value::Object(below) => flat(&key, below, texts),
                other => {
                    texts.insert(key, other.as_str().unwrap_or_default().to_owned());
                }
            }
        }
    }

    #[test]
    fn the_help_in_the_locales_is_the_help_beside_the_arguments() {
        let file: Value =
            serde_json::from_str(include_str!("../../../locales/cli/en.json")).unwrap();
        let mut written = BTreeMap::new();
        flat("help", file["help"].as_object().unwrap(), &mut written);
        let english = english();
        for (key, text) in &english {
            assert_eq!(
                written.get(key),
                Some(text),
                "locales/cli/en.json: {key} is not what stands beside the argument; mend all languages"
            );
        }
        let unused: Vec<_> = written
            .keys()
            .filter(|key| !english.contains_key(*key))
            .collect();
        assert!(
            unused.is_empty(),
            "locales/cli/en.json: nothing has {unused:?}"
        );
    }

    #[test]
    fn every_page_of_help_is_in_the_language_that_was_asked_for() {
        fn collect(command: &mut Command, pages: &mut Vec<String>) {
            pages.push(command.render_help().to_string());
            for sub in command.get_subcommands_mut() {
                collect(sub, pages);
            }
        }
        for (language, usage) in [("it", "Uso:"), ("de-AT", "Aufruf:")] {
            let mut command = localised(Cli::command(), &Words::new(language));
            let mut all = Vec::new();
            collect(&mut command, &mut all);
            assert!(all.len() > 15, "{} pages", all.len());
            for page in all {
                assert!(page.contains(usage), "{page}");
                for word in [
                    "Usage",
                    "Options",
                    "Commands:",
                    "Arguments",
                    "[OPTIONS]",
                    "COMMAND",
                    "default:",
                    "env:",
                    "possible values",
                    "Print ",
                    "help.",
                ] {
                    assert!(!page.contains(word), "{word} in {page}");
                }
            }
        }
    }

    #[test]
    fn a_language_that_nobody_wrote_is_english() {
        let help = |language: &str| {
            localised(Cli::command(), &Words::new(language))
                .render_help()
                .to_string()
        };
        assert_eq!(help("fr"), help("en"));
        assert!(help("en").contains("Usage:"));
    }
}
