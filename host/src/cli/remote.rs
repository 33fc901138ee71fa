//! The commands that ask a running server.

use std::io::{IsTerminal, Read};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use serde_json::{Value, json};

use super::client::{Remote, segment};
use super::component;
use super::consent::{self, consent};
use super::print::Terminal;
use super::{Page, Server, print};
use crate::api::{Application, Receipt, RecipientView, RedriveRequest, Redriven, TestView};
use crate::apply::Line;
use crate::config;
use crate::desired::default_tenant;

/// How a file is applied.
#[derive(Debug, Clone, Copy)]
pub(super) struct How {
    pub(super) dry_run: bool,
    pub(super) prune: bool,
    pub(super) yes: bool,
}

pub(super) async fn apply(
    terminal: &Terminal,
    server: &Server,
    file: &Path,
    how: How,
) -> anyhow::Result<ExitCode> {
    let How {
        dry_run,
        prune,
        yes,
    } = how;
    let mut config = config::read(file)?;
    if !config.server.ceilings.is_empty() {
        terminal.tell("apply.ceilings_stay", &[]);
    }
    let remote = Remote::of(server, &terminal.words)?;
    let mut lines = Vec::new();
    // All of it is tried before anything is changed, so that a mistake anywhere leaves no trace.
    for path in &config.component_files {
        let component = component::send(terminal, &remote, path, true, None).await?;
        config
            .desired
            .use_component(&path.display().to_string(), &component.digest);
        if component.new {
            lines.push(Line {
                change: String::from("created"),
                item: format!("component {} {}", component.name, component.version),
                tenant: default_tenant(),
                consent: None,
            });
        }
    }
    let mut application = Application {
        desired: config.desired,
        prune,
        dry_run: true,
    };
    let changes: Vec<Line> = remote.post("/api/v1/apply", &application).await?;
    lines.extend(changes);
    if !dry_run {
        consent(terminal, &mut application.desired, &lines, yes)?;
        for path in &config.component_files {
            component::send(terminal, &remote, path, false, None).await?;
        }
        application.dry_run = false;
        let _: Vec<Line> = remote.post("/api/v1/apply", &application).await?;
    }
    if terminal.json {
        print::json(&lines)?;
        return Ok(ExitCode::SUCCESS);
    }
    for Line {
        change,
        item,
        tenant,
        ..
    } in &lines
    {
        let item = terminal.words.item(item, tenant);
        terminal.say(&format!("apply.{change}"), &[("item", &item)]);
    }
    if dry_run {
        for line in consent::shown(terminal, &lines) {
            print::line(&line);
        }
    }
    match (lines.is_empty(), dry_run) {
        (true, _) => terminal.say("apply.nothing", &[]),
        (false, true) => terminal.say("apply.dry_run", &[]),
        (false, false) => {}
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn send(
    terminal: &Terminal,
    server: &Server,
    file: &Path,
) -> anyhow::Result<ExitCode> {
    let body = if file == Path::new("-") {
        let mut body = Vec::new();
        if std::io::stdin().is_terminal() {
            terminal.tell("send.from_terminal", &[]);
        }
        std::io::stdin()
            .read_to_end(&mut body)
            .with_context(|| terminal.words.say("error.standard_input"))?;
        body
    } else {
        std::fs::read(file).with_context(|| unreadable(terminal, file))?
    };
    let receipt: Receipt = Remote::of(server, &terminal.words)?
        .post_bytes("/api/v1/alerts", body.into())
        .await?;
    if terminal.json {
        print::json(&receipt)?;
    } else {
        receipt
            .accepted
            .iter()
            .for_each(|taken| terminal.say("send.accepted", &[("id", &taken.id)]));
        receipt
            .refused
            .iter()
            .for_each(|refused| terminal.say("send.refused", &[("what", refused)]));
    }
    Ok(if receipt.refused.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

pub(super) fn unreadable(terminal: &Terminal, file: &Path) -> String {
    terminal
        .words
        .fill("error.unreadable", &[("file", &file.display())])
}

pub(super) async fn recipients(terminal: &Terminal, server: &Server) -> anyhow::Result<ExitCode> {
    let views: Vec<RecipientView> = Remote::of(server, &terminal.words)?
        .get("/api/v1/recipients")
        .await?;
    if terminal.json {
        print::json(&views)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut head = vec!["name", "endpoint", "component", "language", "state"];
    // Most recipients have no texts of their own.
    let own = |view: &RecipientView| view.title.is_some() || view.message.is_some();
    let own = views.iter().any(own);
    if own {
        head.extend(["title", "message"]);
    }
    let rows = views.into_iter().map(|view| {
        let state = view.paused.map_or_else(
            || terminal.words.say("recipient.serving"),
            |why| terminal.words.fill("recipient.paused", &[("reason", &why)]),
        );
        let mut row = vec![
            view.name,
            view.endpoint,
            view.component,
            view.language,
            state,
        ];
        if own {
            row.extend([view.title, view.message].map(Option::unwrap_or_default));
        }
        row
    });
    terminal.table(&head, rows.collect(), "recipient.none");
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn test(
    terminal: &Terminal,
    server: &Server,
    name: &str,
) -> anyhow::Result<ExitCode> {
    let path = format!("/api/v1/recipients/{}/test", segment(name));
    let tested: Vec<TestView> = Remote::of(server, &terminal.words)?
        .post(&path, &json!({}))
        .await?;
    let delivered = tested.iter().all(|test| test.delivered);
    if terminal.json {
        print::json(&tested)?;
    } else {
        for test in &tested {
            print::line(&test.request);
            match (test.status, &test.failure) {
                (Some(status), _) => print::line(&format!("-> {status}")),
                (None, Some(failure)) => {
                    terminal.say("recipient.no_answer", &[("failure", failure)]);
                }
                (None, None) => {}
            }
            if let Some(body) = test.body.as_ref().filter(|body| !body.is_empty()) {
                print::line(body);
            }
        }
        let key = if delivered {
            "recipient.arrived"
        } else {
            "recipient.not_arrived"
        };
        terminal.say(key, &[]);
    }
    Ok(if delivered {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn query(page: &Page, state: Option<&str>) -> String {
    let mut query = format!("?limit={}", page.limit);
    let named = [
        ("recipient", page.recipient.as_deref()),
        ("before", page.before.as_deref()),
        ("state", state),
    ];
    for (name, value) in named {
        if let Some(value) = value {
            query.push_str(&format!("&{name}={}", segment(value)));
        }
    }
    query
}

fn text(value: &Value, name: &str) -> String {
    match &value[name] {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn when(value: &Value, name: &str) -> String {
    value[name].as_u64().map(print::time).unwrap_or_default()
}

pub(super) async fn deliveries(
    terminal: &Terminal,
    server: &Server,
    page: &Page,
    state: Option<&str>,
) -> anyhow::Result<ExitCode> {
    let path = format!("/api/v1/deliveries{}", query(page, state));
    let views: Vec<Value> = Remote::of(server, &terminal.words)?.get(&path).await?;
    if terminal.json {
        print::json(&views)?;
        return Ok(ExitCode::SUCCESS);
    }
    let rows = views.iter().map(|view| {
        vec![
            text(view, "id"),
            text(view, "recipient_name"),
            text(view, "state"),
            text(view, "reason"),
            view["jobs"].as_array().map_or(0, Vec::len).to_string(),
            when(view, "created_at"),
        ]
    });
    terminal.table(
        &["id", "recipient", "state", "reason", "alerts", "built"],
        rows.collect(),
        "delivery.none",
    );
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn delivery(
    terminal: &Terminal,
    server: &Server,
    id: &str,
) -> anyhow::Result<ExitCode> {
    let view: Value = Remote::of(server, &terminal.words)?
        .get(&format!("/api/v1/deliveries/{}", segment(id)))
        .await?;
    if terminal.json {
        print::json(&view)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut facts = vec![
        ("delivery", text(&view, "id")),
        ("recipient", text(&view, "recipient_name")),
        ("state", text(&view, "state")),
    ];
    for job in view["jobs"].as_array().into_iter().flatten() {
        facts.push(("alert", text(job, "alert")));
    }
    terminal.facts("", &facts);
    for shown in view["shown"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
    {
        print::line(&format!("\n{shown}"));
    }
    print::line("");
    let rows = view["attempt_list"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|attempt| {
            vec![
                when(attempt, "started_at"),
                text(attempt, "message"),
                text(attempt, "outcome"),
                text(attempt, "reason"),
                text(attempt, "status"),
                format!("{} ms", text(attempt, "duration_ms")),
                when(attempt, "retry_at"),
                text(attempt, "detail"),
            ]
        });
    let head = [
        "attempt", "message", "outcome", "reason", "status", "took", "again_at", "detail",
    ];
    terminal.table(&head, rows.collect(), "delivery.no_attempts");
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn dead_letters(
    terminal: &Terminal,
    server: &Server,
    page: &Page,
) -> anyhow::Result<ExitCode> {
    let path = format!("/api/v1/dead-letters{}", query(page, None));
    let views: Vec<Value> = Remote::of(server, &terminal.words)?.get(&path).await?;
    if terminal.json {
        print::json(&views)?;
        return Ok(ExitCode::SUCCESS);
    }
    let rows = views.iter().map(|view| {
        vec![
            text(view, "job"),
            text(view, "kind"),
            text(view, "recipient_name"),
            text(view, "reason"),
            when(view, "died_at"),
            text(view, "detail"),
        ]
    });
    terminal.table(
        &["job", "kind", "recipient", "reason", "since", "detail"],
        rows.collect(),
        "dead_letter.none",
    );
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn redrive(
    terminal: &Terminal,
    server: &Server,
    jobs: Vec<i64>,
    recipient: Option<String>,
) -> anyhow::Result<ExitCode> {
    let mut named = jobs.clone();
    named.sort_unstable();
    named.dedup();
    let request = RedriveRequest { jobs, recipient };
    let done: Redriven = Remote::of(server, &terminal.words)?
        .post("/api/v1/dead-letters/redrive", &request)
        .await?;
    if terminal.json {
        print::json(&done)?;
    } else {
        print::line(&terminal.words.count("dead_letter.redriven", done.redriven));
    }
    // All there are is what was asked for, be it none; jobs that were named are expected to be there.
    let missing = (named.len() as u64).saturating_sub(done.redriven);
    if missing > 0 {
        let what = terminal.words.fill(
            "dead_letter.missing",
            &[("missing", &missing), ("named", &named.len())],
        );
        terminal.error(&anyhow::anyhow!(what));
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}
