//! `campanile demo`: the whole path on one machine, with receivers that stand for the destinations and
//! check what they get. Nothing is faked in between: the same server, store, sandbox and way out.

mod chats;
mod check;
mod log;
mod mail;
mod receivers;
pub mod smtp;

use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use http::header;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::app::{App, Contact, Options};
use crate::cli::print;
use crate::desired::Desired;
use crate::store::Counts;
use chats::Chats;
use log::Log;
use mail::Post;
use receivers::{Receivers, SIGNING_KEY, TOKEN};
use smtp::Mail;

/// How long the alerts may take to arrive before the demo gives up; they take well under a second.
const PATIENCE: Duration = Duration::from_secs(30);

/// Recipients: name, endpoint, language, time zone.
const RECIPIENTS: [(&str, &str, &str, &str); 4] = [
    ("telegram-en", "demo-telegram", "en", "Europe/London"),
    ("telegram-it", "demo-telegram", "it", "Europe/Rome"),
    ("webhook-en", "demo-webhook", "en", "Europe/London"),
    ("webhook-it", "demo-webhook", "it", "Europe/Rome"),
];

/// Runs the demo; fails where a receiver did not get what it should.
///
/// # Errors
///
/// Where the server cannot be started, or the alerts do not arrive.
pub async fn run(once: bool, listen: SocketAddr, json: bool) -> anyhow::Result<ExitCode> {
    let data = std::env::temp_dir().join(format!("campanile-demo-{}", uuid::Uuid::now_v7()));
    let result = play(once, listen, json, &data).await;
    // Whatever came of it, nothing stays behind.
    let _ = std::fs::remove_dir_all(&data);
    let mut key = data.into_os_string();
    key.push(".key");
    let _ = std::fs::remove_file(key);
    result
}

async fn play(
    once: bool,
    listen: SocketAddr,
    json: bool,
    data: &std::path::Path,
) -> anyhow::Result<ExitCode> {
    let receivers = Receivers::start().await?;
    let post_office = Post::start().await?;
    let chats = Chats::start().await?;
    let log = Log::start().await?;
    let mut options = Options::new(data);
    post_office.trust(&mut options.egress);
    let app = App::open(options).await?;
    // The usual port may be taken; the demo works on any.
    let listener = match TcpListener::bind(listen).await {
        Ok(listener) => listener,
        Err(_) if once => TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?,
        Err(error) => {
            return Err(error)
                .with_context(|| format!("cannot listen on {listen}; choose with --listen"));
        }
    };
    let contact = app.announce(data, listener.local_addr()?).await?;
    let mut desired = desired(&receivers, &chats, &post_office, &log)?;
    // All of it stays on this machine.
    let lines = app.apply(&desired, false, true, "en").await?;
    crate::apply::grant(&mut desired, &lines);
    app.apply(&desired, false, false, "en").await?;
    let (stop, stopped) = watch::channel(false);
    let server = {
        let app = app.clone();
        tokio::spawn(async move { app.run(listener, stopped).await })
    };
    post(&contact).await?;
    let recipients =
        RECIPIENTS.len() + Chats::recipients() + post_office.recipients() + Log::recipients();
    arrive(&app, recipients).await?;
    let mails = post_office.received(alerts().len()).await;
    let mistakes = report(&receivers, &chats, mails, log.received(), json)?;
    if mistakes.is_empty() && !once && !json {
        let stopped = crate::cli::stop_signal();
        print::line(&format!(
            "The server goes on at {} until Ctrl-C. Post an alert of your own with:",
            contact.url
        ));
        print::line(&format!(
            "  curl -H 'Authorization: Bearer {}' {}/api/v1/alerts \\\n    -d '{}'",
            contact.ingest_token,
            contact.url,
            r#"{"kind":"disk_full","severity":"error","entity":{"kind":"host","value":"db1"},"message":"97 % of /var"}"#
        ));
        print::line("and see what became of it with:");
        print::line(&format!(
            "  campanile delivery list --data {}",
            data.display()
        ));
        stopped.await;
    }
    let _ = stop.send(true);
    server.await??;
    app.store.clone().close().await?;
    Ok(if mistakes.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn desired(
    receivers: &Receivers,
    chats: &Chats,
    post_office: &Post,
    log: &Log,
) -> anyhow::Result<Desired> {
    let recipients: Vec<_> = RECIPIENTS
        .iter()
        .map(|(name, endpoint, language, time_zone)| {
            let params = if *endpoint == "demo-telegram" {
                json!({"chat": if *language == "en" { "-1001" } else { "-1002" }})
            } else {
                json!({})
            };
            json!({"name": name, "endpoint": endpoint, "language": language, "time_zone": time_zone, "params": params})
        })
        .collect();
    let mut desired = json!({
        "endpoints": [
            {"name": "demo-telegram", "component": "telegram",
             "params": {"token": TOKEN, "api": format!("http://{}", receivers.telegram)}},
            {"name": "demo-webhook", "component": "webhook",
             "params": {"url": format!("http://{}/hooks/campanile", receivers.webhook),
                        "signing": "standard-webhooks", "signing_key": SIGNING_KEY}},
        ],
        "recipients": recipients,
        "networks": [{"allow": [format!("{}/http", receivers.telegram), format!("{}/http", receivers.webhook)]}],
    });
    chats.configure(&mut desired);
    post_office.configure(&mut desired);
    log.configure(&mut desired);
    Ok(serde_json::from_value(desired)?)
}

/// What ntopng sends for a blacklisted flow, and for the beginning and end of a flow flooder. The
/// flooder's name tries to be markup.
fn alerts() -> [Value; 3] {
    let flow = json!({"ifid": 1, "action": "store", "is_flow_alert": true, "tstamp": 1_720_517_074, "score": 100,
        "alert_id": 1, "alert_category": 1, "entity_id": 4, "entity_val": "flow", "proto": 6, "vlan_id": 0,
        "cli_ip": "192.168.1.10", "cli_port": 54321, "cli_name": "laptop", "srv_ip": "203.0.113.9", "srv_port": 443,
        "srv_blacklisted": true, "json": "{\"alert_generation\":{\"script_key\":\"blacklisted\"}}"});
    let host = |action: &str, value: u32| {
        json!({"ifid": 1, "action": action, "alert_id": 4, "alert_category": 1, "score": 100, "subtype": "",
            "ip": "192.168.1.19", "name": "<b>R&D \"lab\"</b>", "vlan_id": 0, "entity_id": 1,
            "entity_val": "192.168.1.19@0", "tstamp": 1_720_517_000, "tstamp_end": 1_720_517_300,
            "is_attacker": true, "is_victim": false, "granularity": 60,
            "json": format!("{{\"alert_generation\":{{\"script_key\":\"flow_flood\",\"subdir\":\"host\"}},\
                \"is_attacker\":true,\"value\":{value},\"threshold\":256}}")})
    };
    [flow, host("engage", 1081), host("release", 12)]
}

async fn post(contact: &Contact) -> anyhow::Result<()> {
    let body = json!({"version": "0.2", "alerts": alerts()}).to_string();
    let request = http::Request::post(format!("{}/ingest/ntopng", contact.url))
        .header(
            header::AUTHORIZATION,
            format!("Bearer {}", contact.ingest_token),
        )
        .header(header::CONTENT_TYPE, "application/json")
        .body(Full::new(axum::body::Bytes::from(body)))?;
    let response = Client::builder(TokioExecutor::new())
        .build_http()
        .request(request)
        .await?;
    let status = response.status();
    let body = response.into_body().collect().await?.to_bytes();
    if status != http::StatusCode::ACCEPTED {
        bail!(
            "the server answered {status}: {}",
            String::from_utf8_lossy(&body)
        );
    }
    Ok(())
}

/// Waits until every job has left the queue.
async fn arrive(app: &App, recipients: usize) -> anyhow::Result<()> {
    let wanted = u64::try_from(alerts().len() * recipients)?;
    let waiting = async {
        loop {
            let Counts {
                queued,
                pending,
                delivered,
                dead,
                ..
            } = app.store.counts().await?;
            if queued == 0 && pending == 0 && delivered + dead >= wanted {
                return Ok::<_, anyhow::Error>(());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting)
        .await
        .context("the alerts did not arrive in time")?
}

/// Prints what the receivers got, and returns what is wrong with it.
fn report(
    receivers: &Receivers,
    chats: &Chats,
    mails: (Vec<Mail>, Vec<String>),
    lines: (Vec<String>, Vec<String>),
    as_json: bool,
) -> anyhow::Result<Vec<String>> {
    let (telegram, webhook) = receivers.received();
    let mut mistakes = check::telegram(&telegram);
    mistakes.extend(check::webhook(&webhook));
    let chats = chats.received();
    mistakes.extend(chats::mistakes(&chats));
    let [slack, discord] = chats;
    let all = [
        ("Bot API server", telegram),
        ("webhook receiver", webhook),
        slack,
        discord,
    ];
    let (mails, wrong) = mails;
    mistakes.extend(wrong);
    let (lines, wrong) = lines;
    mistakes.extend(wrong);
    if as_json {
        let requests = all.iter().flat_map(|(_, requests)| requests);
        let all: Vec<_> = requests.map(receivers::Request::to_json).collect();
        let mails: Vec<_> = mails.iter().map(mail::to_json).collect();
        print::json(
            &json!({"received": all, "mails": mails, "lines": lines, "mistakes": mistakes}),
        )?;
        return Ok(mistakes);
    }
    for (name, requests) in &all {
        for (number, request) in requests.iter().enumerate() {
            let total = requests.len();
            print::line(&format!("── {name}, request {} of {total}", number + 1));
            print::line(&request.to_string());
        }
    }
    for (number, mail) in mails.iter().enumerate() {
        let total = mails.len();
        print::line(&format!("── mail server, mail {} of {total}", number + 1));
        print::line(&mail::shown(mail));
    }
    for (number, line) in lines.iter().enumerate() {
        let total = lines.len();
        print::line(&format!("── syslog server, line {} of {total}", number + 1));
        print::line(line);
    }
    if mistakes.is_empty() {
        if !mails.is_empty() {
            print::line(&format!(
                "{} mails arrived through TLS and are right: read strictly, threads, both languages.",
                mails.len()
            ));
        }
        print::line(&format!(
            "{} syslog lines arrived and are right: frames, structured data, both languages.",
            lines.len()
        ));
        print::line(&format!(
            "{} requests arrived and are right: JSON, markup, replies, threads, signatures, both languages.",
            all.iter()
                .map(|(_, requests)| requests.len())
                .sum::<usize>()
        ));
    } else {
        mistakes
            .iter()
            .for_each(|mistake| print::note(&format!("wrong: {mistake}")));
    }
    Ok(mistakes)
}
