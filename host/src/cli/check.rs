//! `campanile check`: runs the conformance suite on a component, and shows what was found. The frame is in the
//! reader's language; findings are for authors and in English, like a compiler's and the manifest's own.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use serde_json::json;

use super::print::{self, Terminal};
use crate::check::{self, Check, Level, Report, Samples, Usage, formatter};
use crate::sandbox::{Limits, Sandbox, Tiers, Why};

/// What could not be checked at all, such as for want of a file.
const UNUSABLE: u8 = 2;

/// Exit code 0 where nothing has to be mended, 1 where something has to be, 2 where it could not be checked.
pub(super) fn check(
    terminal: &Terminal,
    component: &str,
    params: Option<&Path>,
) -> anyhow::Result<ExitCode> {
    let checked =
        read(terminal, Path::new(component), Some(component)).and_then(|wasm| match params {
            Some(params) => endpoint(terminal, &wasm, params),
            None => formatter(terminal, &wasm),
        });
    Ok(match checked {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            terminal.error(&error);
            ExitCode::from(UNUSABLE)
        }
    })
}

fn read(terminal: &Terminal, file: &Path, builtin: Option<&str>) -> anyhow::Result<Vec<u8>> {
    match builtin.and_then(crate::app::builtin) {
        Some(wasm) if !file.is_file() => Ok(wasm.to_vec()),
        _ => std::fs::read(file).with_context(|| {
            let file = file.display();
            terminal.words.fill("error.unreadable", &[("file", &file)])
        }),
    }
}

fn endpoint(terminal: &Terminal, wasm: &[u8], params: &Path) -> anyhow::Result<bool> {
    let text = read(terminal, params, None)?;
    let samples = String::from_utf8(text)
        .map_err(anyhow::Error::from)
        .and_then(|text| Ok(Samples::parse(&text)?))
        .with_context(|| {
            let file = params.display();
            terminal.words.fill("check.no_sample", &[("file", &file)])
        })?;
    let shown = std::io::stderr().is_terminal();
    let clear = "\r\u{1b}[K";
    let report = check::endpoint(wasm, &samples, &mut |step| {
        if shown {
            let _ = write!(std::io::stderr(), "{clear}{}", print::safe(step));
            let _ = std::io::stderr().flush();
        }
    });
    if shown {
        let _ = write!(std::io::stderr(), "{clear}");
    }
    let report = report.map_err(|error| match error.downcast::<check::IsFormatter>() {
        Ok(_) => anyhow::anyhow!(terminal.words.say("check.no_samples")),
        Err(other) => other,
    })?;
    if terminal.json {
        print::json(&report)?;
    } else {
        show(terminal, &report, &Paint::of_stdout());
    }
    Ok(report.passed())
}

fn formatter(terminal: &Terminal, wasm: &[u8]) -> anyhow::Result<bool> {
    let sandbox = Sandbox::start(Tiers::all(Limits::default()), Why::Check)?;
    if sandbox
        .install(wasm)
        .is_ok_and(|installed| !installed.manifest.is_formatter())
    {
        anyhow::bail!(terminal.words.say("check.samples"));
    }
    let report = formatter::check(&sandbox, wasm);
    let passed = report.failures.is_empty();
    if terminal.json {
        let failures: Vec<_> = report
            .failures
            .iter()
            .map(|failure| {
                json!({
                    "rule": failure.rule.as_str(), "definition": failure.definition, "language": failure.language,
                    "field": failure.field, "case": failure.case, "what": failure.what, "more": failure.more,
                })
            })
            .collect();
        let (name, languages, cases) = (&report.name, &report.languages, report.cases);
        print::json(
            &json!({ "name": name, "languages": languages, "cases": cases, "failures": failures }),
        )?;
        return Ok(passed);
    }
    let languages = report.languages.join(", ");
    let described = [
        ("name", &report.name as &dyn std::fmt::Display),
        ("languages", &languages),
    ];
    let cases = terminal.words.count("check.cases", wide(report.cases));
    print::line(&format!(
        "{} ({cases})",
        terminal.words.fill("check.described", &described)
    ));
    for failure in &report.failures {
        print::line(&format!("  {failure}"));
    }
    ended(terminal, &Paint::of_stdout(), report.failures.len());
    Ok(passed)
}

fn wide(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// Colours, on a terminal whose user did not ask for none (no-color.org).
struct Paint(bool);

impl Paint {
    fn of_stdout() -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self(wanted && std::io::stdout().is_terminal())
    }

    fn with(&self, code: &str, text: &str) -> String {
        let text = print::safe(text);
        if self.0 {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text
        }
    }
}

/// A line whose parts are safe already.
fn line(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

fn show(terminal: &Terminal, report: &Report, paint: &Paint) {
    if let Some(component) = &report.component {
        let larger = if component.large {
            format!(", {}", terminal.words.say("check.larger"))
        } else {
            String::new()
        };
        let digest = &component.digest[..component.digest.len().min(12)];
        print::line(&format!(
            "{} {} ({digest}{larger})",
            component.name, component.version
        ));
    }
    for check in &report.checks {
        show_check(terminal, check, paint);
    }
    if !report.usage.is_empty() {
        line("");
        let rows = report.usage.iter().map(|usage| {
            vec![
                usage.limit.to_owned(),
                amount(usage, usage.used),
                amount(usage, usage.allowed),
            ]
        });
        terminal.indented(&["limit", "used", "allowed"], rows.collect());
    }
    let failed = report.checks.iter().filter(|check| !check.passed()).count();
    ended(terminal, paint, failed);
}

fn ended(terminal: &Terminal, paint: &Paint, failed: usize) {
    line("");
    if failed == 0 {
        line(&paint.with("32;1", &terminal.words.say("check.passed")));
    } else {
        let words = terminal.words.count("check.failed", wide(failed));
        line(&paint.with("31;1", &words));
    }
}

fn show_check(terminal: &Terminal, check: &Check, paint: &Paint) {
    let words = &terminal.words;
    let (mark, code) = if !check.passed() {
        ("check.fail", "31;1")
    } else if check.findings.is_empty() {
        ("check.ok", "32")
    } else {
        ("check.note", "33")
    };
    let name = check.rule.as_str();
    line(&format!(
        "{}  {name:<11} {} ({})",
        paint.with(code, &format!("{:4}", words.say(mark))),
        words.say(&format!("check.rule.{name}")),
        words.count("check.cases", wide(check.cases))
    ));
    for finding in &check.findings {
        let note = words.say("check.note");
        let advice = if finding.level == Level::Advice {
            format!("{note}: ")
        } else {
            String::new()
        };
        let head = format!("{advice}{}: {}", finding.place, finding.what);
        line(&format!("      {}", paint.with("1", &head)));
        let cases = finding.cases.iter().map(|case| ("check.case", case));
        let parts = [("check.why", &finding.why), ("check.do", &finding.fix)];
        for (key, text) in parts.into_iter().chain(cases) {
            print::line(&format!("        {:<8} {text}", words.say(key)));
        }
        if finding.more > 0 {
            print::line(&format!(
                "        {}",
                words.count("check.more", wide(finding.more))
            ));
        }
    }
}

fn amount(usage: &Usage, value: u64) -> String {
    let decimal = |value: u64, unit: u64, name: &str| {
        format!("{}.{} {name}", value / unit, value % unit * 10 / unit)
    };
    match usage.unit {
        "bytes" if value >= 1 << 20 => decimal(value, 1 << 20, "MiB"),
        "bytes" => decimal(value, 1 << 10, "KiB"),
        "us" => decimal(value, 1000, "ms"),
        _ => value.to_string(),
    }
}
