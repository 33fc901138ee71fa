//! The commands that ask a running server.

use std::io::{IsTerminal, Read};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use serde_json::{Value, json};

use super::client::{Remote, segment};
use super::{Page, Server, print};
use crate::api::{
    Application, ComponentView, Receipt, RecipientView, RedriveRequest, Redriven, TestView,
};
use crate::apply::Line;
use crate::config;
use crate::desired::default_tenant;

pub(super) async fn apply(
    server: &Server,
    file: &Path,
    dry_run: bool,
    prune: bool,
    as_json: bool,
) -> anyhow::Result<ExitCode> {
    let mut config = config::read(file)?;
    let remote = Remote::of(server)?;
    let mut lines = Vec::new();
    // All of it is tried before anything is changed, so that a mistake anywhere leaves no trace.
    for path in &config.component_files {
        let component = install_file(&remote, path, true).await?;
        config
            .desired
            .use_component(&path.display().to_string(), &component.digest);
        if component.new {
            lines.push(Line {
                change: String::from("created"),
                item: format!("component {} {}", component.name, component.version),
                tenant: default_tenant(),
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
        for path in &config.component_files {
            install_file(&remote, path, false).await?;
        }
        application.dry_run = false;
        let _: Vec<Line> = remote.post("/api/v1/apply", &application).await?;
    }
    if as_json {
        print::json(&lines)?;
        return Ok(ExitCode::SUCCESS);
    }
    for Line {
        change,
        item,
        tenant,
    } in &lines
    {
        let of = if tenant == "default" {
            String::new()
        } else {
            format!(" of {tenant}")
        };
        print::line(&format!("{change} {item}{of}"));
    }
    match (lines.is_empty(), dry_run) {
        (true, _) => print::line("nothing to change"),
        (false, true) => print::line("this was a dry run: nothing was changed"),
        (false, false) => {}
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn send(server: &Server, file: &Path, as_json: bool) -> anyhow::Result<ExitCode> {
    let body = if file == Path::new("-") {
        let mut body = Vec::new();
        if std::io::stdin().is_terminal() {
            print::note("reading alerts from the terminal; end with Ctrl-D");
        }
        std::io::stdin()
            .read_to_end(&mut body)
            .context("standard input cannot be read")?;
        body
    } else {
        std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?
    };
    let receipt: Receipt = Remote::of(server)?
        .post_bytes("/api/v1/alerts", body.into())
        .await?;
    if as_json {
        print::json(&receipt)?;
    } else {
        receipt
            .accepted
            .iter()
            .for_each(|taken| print::line(&format!("accepted {}", taken.id)));
        receipt
            .refused
            .iter()
            .for_each(|refused| print::line(&format!("refused {refused}")));
    }
    Ok(if receipt.refused.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn install_file(
    remote: &Remote,
    file: &Path,
    dry_run: bool,
) -> anyhow::Result<ComponentView> {
    let wasm = std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
    remote
        .post_bytes(
            &format!("/api/v1/components?dry_run={dry_run}"),
            wasm.into(),
        )
        .await
        .with_context(|| file.display().to_string())
}

pub(super) async fn install(
    server: &Server,
    file: &Path,
    as_json: bool,
) -> anyhow::Result<ExitCode> {
    let view = install_file(&Remote::of(server)?, file, false).await?;
    if as_json {
        print::json(&view)?;
    } else {
        print::line(&format!(
            "{} {} {} ({})",
            if view.new {
                "installed"
            } else {
                "already there:"
            },
            view.name,
            view.version,
            view.digest
        ));
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn components(server: &Server, as_json: bool) -> anyhow::Result<ExitCode> {
    let views: Vec<ComponentView> = Remote::of(server)?.get("/api/v1/components").await?;
    if as_json {
        print::json(&views)?;
        return Ok(ExitCode::SUCCESS);
    }
    let rows = views.into_iter().map(|view| {
        let endpoints = if view.world == "formatter" {
            String::new()
        } else {
            view.endpoints.to_string()
        };
        let origin = if view.builtin {
            "built in"
        } else {
            "installed"
        };
        vec![
            view.name,
            view.version,
            view.world,
            origin.to_owned(),
            endpoints,
            view.digest.chars().take(16).collect(),
        ]
    });
    print::table(
        &["name", "version", "world", "origin", "endpoints", "digest"],
        rows.collect(),
        "no components",
    );
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn recipients(server: &Server, as_json: bool) -> anyhow::Result<ExitCode> {
    let views: Vec<RecipientView> = Remote::of(server)?.get("/api/v1/recipients").await?;
    if as_json {
        print::json(&views)?;
        return Ok(ExitCode::SUCCESS);
    }
    let rows = views.into_iter().map(|view| {
        let state = view
            .paused
            .map_or_else(|| String::from("serving"), |why| format!("paused: {why}"));
        vec![
            view.name,
            view.endpoint,
            view.component,
            view.language,
            state,
        ]
    });
    let empty = "no recipients; describe some in a file and use `campanile apply -f FILE`";
    print::table(
        &["name", "endpoint", "component", "language", "state"],
        rows.collect(),
        empty,
    );
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn test(server: &Server, name: &str, as_json: bool) -> anyhow::Result<ExitCode> {
    let path = format!("/api/v1/recipients/{}/test", segment(name));
    let tested: Vec<TestView> = Remote::of(server)?.post(&path, &json!({})).await?;
    let delivered = tested.iter().all(|test| test.delivered);
    if as_json {
        print::json(&tested)?;
    } else {
        for test in &tested {
            print::line(&test.request);
            match (test.status, &test.failure) {
                (Some(status), _) => print::line(&format!("-> {status}")),
                (None, Some(failure)) => {
                    print::line(&format!("-> not sent, or not answered: {failure}"));
                }
                (None, None) => {}
            }
            if let Some(body) = test.body.as_ref().filter(|body| !body.is_empty()) {
                print::line(body);
            }
        }
        print::line(if delivered {
            "the test message arrived"
        } else {
            "the test message did not arrive"
        });
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
    server: &Server,
    page: &Page,
    state: Option<&str>,
    as_json: bool,
) -> anyhow::Result<ExitCode> {
    let path = format!("/api/v1/deliveries{}", query(page, state));
    let views: Vec<Value> = Remote::of(server)?.get(&path).await?;
    if as_json {
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
    print::table(
        &["id", "recipient", "state", "reason", "alerts", "built"],
        rows.collect(),
        "no deliveries",
    );
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn delivery(server: &Server, id: &str, as_json: bool) -> anyhow::Result<ExitCode> {
    let view: Value = Remote::of(server)?
        .get(&format!("/api/v1/deliveries/{}", segment(id)))
        .await?;
    if as_json {
        print::json(&view)?;
        return Ok(ExitCode::SUCCESS);
    }
    print::line(&format!("delivery  {}", text(&view, "id")));
    print::line(&format!("recipient {}", text(&view, "recipient_name")));
    print::line(&format!("state     {}", text(&view, "state")));
    for job in view["jobs"].as_array().into_iter().flatten() {
        print::line(&format!("alert     {}", text(job, "alert")));
    }
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
        "attempt", "message", "outcome", "reason", "status", "took", "again at", "detail",
    ];
    print::table(&head, rows.collect(), "no attempts yet");
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn dead_letters(
    server: &Server,
    page: &Page,
    as_json: bool,
) -> anyhow::Result<ExitCode> {
    let path = format!("/api/v1/dead-letters{}", query(page, None));
    let views: Vec<Value> = Remote::of(server)?.get(&path).await?;
    if as_json {
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
    print::table(
        &["job", "kind", "recipient", "reason", "since", "detail"],
        rows.collect(),
        "no dead letters",
    );
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn redrive(
    server: &Server,
    jobs: Vec<i64>,
    recipient: Option<String>,
    as_json: bool,
) -> anyhow::Result<ExitCode> {
    let mut named = jobs.clone();
    named.sort_unstable();
    named.dedup();
    let request = RedriveRequest { jobs, recipient };
    let done: Redriven = Remote::of(server)?
        .post("/api/v1/dead-letters/redrive", &request)
        .await?;
    if as_json {
        print::json(&done)?;
    } else {
        print::line(&format!("{} sent back into the queue", done.redriven));
    }
    // All there are is what was asked for, be it none; jobs that were named are expected to be there.
    let missing = (named.len() as u64).saturating_sub(done.redriven);
    if missing > 0 {
        print::note(&format!(
            "error: {missing} of {} are no dead letters; `campanile dead-letter list` shows those that are",
            named.len()
        ));
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}
