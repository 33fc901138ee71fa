//! Before there are alerts: languages, `lint`, the line for administrators, the test message.

use std::collections::BTreeSet;

use campanile_contract::manifest::Manifest;
use campanile_contract::text::Catalog;

use super::report::{Finding, Ledger};
use super::rule::Rule;
use super::stand::{Stand, in_words};
use crate::sandbox::{self, Answered, Call, Installed};

/// What a list of recipients has room for, in characters.
const LINE: usize = 200;

/// That every key that the manifest names is there, and in which of the host's languages. That all
/// languages have English's keys and holes is checked when a component is installed.
pub(super) fn languages(installed: &Installed, ledger: &mut Ledger) {
    let catalog = Catalog::parse(&installed.manifest.locales).unwrap_or_default();
    let own = format!("{}.", installed.manifest.name);
    for (place, key) in keys(&installed.manifest) {
        ledger.look(Rule::Languages);
        if key.starts_with(&own) && !key.contains(' ') && !catalog.has(&key) {
            ledger.add(
                Rule::Languages,
                Finding::failure(
                    place,
                    format!("there is no message `{key}`"),
                    "the key itself would be shown to people",
                    "add it to locales/en.json and to every other language",
                ),
            );
        }
    }
    let there: BTreeSet<_> = catalog.languages().collect();
    let missing: Vec<_> = Catalog::host()
        .languages()
        .filter(|language| !there.contains(language))
        .collect();
    ledger.look(Rule::Languages);
    if !missing.is_empty() {
        let finding = Finding::failure(
            "locales",
            format!("there is nothing in {}", missing.join(", ")),
            "people who read these languages are shown English",
            "add a file for each in locales/",
        );
        ledger.add(Rule::Languages, finding.as_advice());
    }
}

/// Every text of a manifest that may be a key, with where it stands.
fn keys(manifest: &Manifest) -> Vec<(String, String)> {
    let mut keys = vec![
        (String::from("title"), manifest.title.clone()),
        (String::from("summary"), manifest.summary.clone()),
    ];
    for (level, params) in [
        ("endpoint-param", &manifest.endpoint_params),
        ("recipient-param", &manifest.recipient_params),
    ] {
        for (at, param) in params.iter().enumerate() {
            let texts = [("label", &param.label), ("hint", &param.hint)];
            for (name, text) in texts {
                keys.extend(
                    text.clone()
                        .map(|text| (format!("{level}[{at}].{name}"), text)),
                );
            }
            for (number, choice) in param.choices.iter().enumerate() {
                let place = format!("{level}[{at}].choices[{number}].label");
                keys.push((place, choice.label.clone()));
            }
        }
    }
    keys
}

/// Calls everything that needs no alert.
pub(super) fn check(stand: &mut Stand<'_>) {
    lint(stand);
    line(stand);
    let languages: Vec<String> = stand.catalog.languages().map(str::to_owned).collect();
    let own = stand.recipient.language.clone();
    for language in languages.into_iter().chain([own]) {
        stand.recipient.language = language.clone();
        let case = format!("in `{language}`");
        match stand.call(Rule::Test, &case, Call::RunTest(stand.recipient.clone())) {
            Some(Answered::Messages(messages)) => {
                let counted = sandbox::check_messages(&messages, stand.sandbox.limits());
                if let Err(fault) = counted {
                    stand.failed(Rule::Test, "run-test", &case, &fault);
                }
                for (at, message) in messages.iter().enumerate() {
                    stand.message(&format!("run-test, {case}"), at, message);
                }
            }
            Some(Answered::Invalid(problems)) => {
                stand.invalid(Rule::Test, "run-test", &case, &problems);
            }
            _ => {}
        }
    }
}

/// `lint` of the whole, of the endpoint's own part, and of the whole without each required parameter.
fn lint(stand: &mut Stand<'_>) {
    let all = stand.recipient.params.clone();
    let is_endpoints = |name: &str, manifest: &Manifest| {
        let mut own = manifest.endpoint_params.iter();
        own.any(|spec| spec.name == name)
    };
    let own: Vec<_> = all
        .iter()
        .filter(|param| is_endpoints(&param.name, &stand.manifest))
        .cloned()
        .collect();
    for (case, params, complete) in [
        ("all parameters", all.clone(), true),
        ("the endpoint's parameters", own, false),
    ] {
        let Some(Answered::Problems(problems)) =
            stand.call(Rule::Lint, case, Call::Lint { params, complete })
        else {
            continue;
        };
        for problem in problems {
            let words = in_words(Some(&stand.catalog), &problem.message, &problem.args);
            let place = problem
                .param
                .as_ref()
                .map_or_else(|| String::from("lint"), |name| format!("lint, of `{name}`"));
            let finding = Finding::failure(
                place,
                format!("it refuses the sample: {words}"),
                "an administrator could not save these parameters",
                "correct lint, or the sample",
            );
            stand.ledger.add(Rule::Lint, finding.of(stand.case(case)));
        }
    }
    let required: Vec<String> = stand
        .manifest
        .params()
        .filter(|spec| spec.required && spec.default.is_none())
        .map(|spec| spec.name.clone())
        .collect();
    for name in required {
        let params = all.iter().filter(|param| param.name != name);
        let params: Vec<_> = params.cloned().collect();
        let specs = stand.manifest.params().cloned().collect::<Vec<_>>();
        let case = format!("without `{name}`");
        let lint = Call::Lint {
            params: params.clone(),
            complete: true,
        };
        let by_host = campanile_contract::params::check(&specs, &params);
        let Some(Answered::Problems(by_component)) = stand.call(Rule::Lint, &case, lint) else {
            continue;
        };
        let named = by_host
            .iter()
            .chain(&by_component)
            .any(|problem| problem.param.as_deref() == Some(&name));
        if !named {
            let finding = Finding::failure(
                format!("`{name}`"),
                "it is left out, and nobody names it",
                "an administrator would not learn what is missing",
                "say `required = true` in the manifest, or name it in lint",
            );
            stand.ledger.add(Rule::Lint, finding.of(stand.case(&case)));
        }
        for unknown in by_component
            .iter()
            .filter_map(|problem| problem.param.as_ref())
        {
            if specs.iter().all(|spec| spec.name != *unknown) {
                let finding = Finding::failure(
                    "lint",
                    format!("it names the parameter `{unknown}`, which is not in the manifest"),
                    "no field of the form has that name",
                    "name a parameter of the manifest, or none",
                );
                stand.ledger.add(Rule::Lint, finding.of(stand.case(&case)));
            }
        }
    }
}

/// `format-recipient-params`.
fn line(stand: &mut Stand<'_>) {
    let call = Call::FormatRecipientParams(stand.recipient.clone());
    let Some(Answered::Line(line)) = stand.call(Rule::Line, "the sample", call) else {
        return;
    };
    let (what, fix) = if line.trim().is_empty() {
        (
            String::from("it is empty"),
            "say where the alerts go, such as the channel's name",
        )
    } else if line.chars().any(char::is_control) {
        (
            format!("it is not one line of text: {line:?}"),
            "take line breaks and control characters out",
        )
    } else if line.chars().count() > LINE {
        let long = line.chars().count();
        (
            format!("it has {long} characters, and {LINE} have room"),
            "say less",
        )
    } else {
        return;
    };
    let why = "an administrator finds a recipient by this line in a list";
    let finding = Finding::failure("format-recipient-params", what, why, fix);
    stand
        .ledger
        .add(Rule::Line, finding.of(stand.case("the sample")));
}
