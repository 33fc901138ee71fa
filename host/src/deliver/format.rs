//! Step 5: an alert becomes a notification in its recipient's language. Where there is no definition, or
//! a formatter fails, the host has its own text: no alert is held up by its formatter.

use std::collections::HashMap;

use campanile_contract::manifest::{COMPUTED, Definition};
use campanile_contract::notification::Notification;
use campanile_contract::text::{Arg, Localizer, Markup, Piece, Rich, Value};

use super::own::{self, Told};
use crate::alert::Alert;
use crate::directory::{Component, Recipient, Snapshot};
use crate::job::Job;
use crate::sandbox::{Answered, Call, Event, Sandboxes};
use crate::template::Texts;

/// The host's text for an alert of which nothing else is known.
const FALLBACK: &str = "alert.message";

/// Renders jobs for their recipient, in their order.
pub(super) async fn notifications(
    sandboxes: &Sandboxes,
    snapshot: &Snapshot,
    recipient: &Recipient,
    jobs: &[Job],
    now: u64,
) -> Vec<Notification> {
    let mut descriptions = computed(sandboxes, snapshot, &recipient.tenant, jobs, now).await;
    let mut localizers: HashMap<&str, Localizer<'_>> = HashMap::new();
    let mut notifications = Vec::with_capacity(jobs.len());
    for (job, description) in jobs.iter().zip(&mut descriptions) {
        let definition = snapshot.definition(&recipient.tenant, &job.alert.kind);
        let digest = definition.map_or("", |(component, _)| component.digest.as_str());
        let localizer = localizers.entry(digest).or_insert_with(|| {
            let catalog = definition.map(|(component, _)| &component.catalog);
            Localizer::new(catalog, &recipient.seen.language, &recipient.seen.time_zone)
        });
        let definition = definition.map(|(_, definition)| definition);
        let told = told(&job.alert, definition, description.take(), localizer);
        notifications.push(notification(
            job,
            definition,
            &recipient.texts,
            told,
            localizer,
        ));
    }
    notifications
}

/// The computed descriptions, by job; `None` where there is none, or its formatter failed.
async fn computed(
    sandboxes: &Sandboxes,
    snapshot: &Snapshot,
    tenant: &str,
    jobs: &[Job],
    now: u64,
) -> Vec<Option<Vec<Piece>>> {
    let mut descriptions = vec![None; jobs.len()];
    let mut by_formatter: HashMap<&str, (&Component, Vec<usize>)> = HashMap::new();
    for (at, job) in jobs.iter().enumerate() {
        if let Some((component, definition)) = snapshot.definition(tenant, &job.alert.kind)
            && definition.description.as_deref() == Some(COMPUTED)
        {
            by_formatter
                .entry(&component.digest)
                .or_insert_with(|| (component, Vec::new()))
                .1
                .push(at);
        }
    }
    for (component, at) in by_formatter.into_values() {
        let alerts: Vec<&Alert> = at.iter().map(|at| &jobs[*at].alert).collect();
        let mut computed = format(sandboxes, tenant, component, &alerts, now).await;
        if computed.is_none() && at.len() > 1 {
            // One alert may have failed the call for all: each is asked for alone.
            let mut alone = Vec::with_capacity(at.len());
            for alert in &alerts {
                alone.push(
                    format(sandboxes, tenant, component, &[alert], now)
                        .await
                        .and_then(|mut one| one.pop().flatten()),
                );
            }
            computed = Some(alone);
        }
        for (at, description) in at.into_iter().zip(computed.into_iter().flatten()) {
            descriptions[at] = description;
        }
    }
    descriptions
}

async fn format(
    sandboxes: &Sandboxes,
    tenant: &str,
    component: &Component,
    alerts: &[&Alert],
    now: u64,
) -> Option<Vec<Option<Vec<Piece>>>> {
    let events = alerts
        .iter()
        .filter_map(|alert| Some(event(alert, component.manifest.definition(&alert.kind)?)));
    let call = Call::Format(events.collect());
    let answer = sandboxes.call(tenant, &component.digest, now, call).await;
    let name = &component.manifest.name;
    match answer.result {
        Ok(Answered::Descriptions(descriptions)) if descriptions.len() == alerts.len() => Some(
            descriptions
                .into_iter()
                .map(|description| {
                    description
                        .inspect_err(|words| tracing::warn!(formatter = %name, reason = ?words, "no description"))
                        .ok()
                })
                .collect(),
        ),
        Ok(_) => {
            tracing::warn!(formatter = %name, "not one description for each alert");
            None
        }
        Err(fault) => {
            tracing::warn!(formatter = %name, reason = %fault.reason, detail = ?fault.detail, "the formatter failed");
            None
        }
    }
}

/// An alert as its formatter sees it.
pub(crate) fn event(alert: &Alert, definition: &Definition) -> Event {
    Event {
        kind: alert.kind.clone(),
        subtype: alert.subtype.clone(),
        severity: alert.severity,
        action: alert.action,
        entity: alert.entity.clone(),
        source: alert.source.clone(),
        threshold: alert.threshold,
        value: alert.value,
        fields: fields(alert, definition),
    }
}

/// The fields that a definition asks for, typed by their JSON. What is not there is left out.
fn fields(alert: &Alert, definition: &Definition) -> Vec<Arg> {
    let field =
        |(name, pointer): (&String, &String)| Some((name.clone(), typed(alert.detail(pointer)?)?));
    definition.fields.iter().filter_map(field).collect()
}

fn typed(json: &str) -> Option<Value> {
    Some(match serde_json::from_str(json).ok()? {
        serde_json::Value::String(text) => Value::Text(text),
        serde_json::Value::Bool(flag) => Value::Text(flag.to_string()),
        serde_json::Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Value::Integer(whole),
            (None, Some(float)) => Value::Number(float),
            (None, None) => Value::Text(number.to_string()),
        },
        serde_json::Value::Null => return None,
        structure => Value::Text(structure.to_string()),
    })
}

/// The alert in the words of its definition, then of its producer, then of the host.
pub(crate) fn told<'a>(
    alert: &'a Alert,
    definition: Option<&'a Definition>,
    computed: Option<Vec<Piece>>,
    localizer: &Localizer<'_>,
) -> Told<'a> {
    let title = match (definition, &alert.title) {
        (Some(definition), _) => localizer.message(&definition.title, &[]),
        (None, Some(title)) => Rich::plain(title.as_str()),
        (None, None) => localizer.message(
            "alert.title",
            &[(String::from("kind"), Value::Text(alert.kind.clone()))],
        ),
    };
    let described = definition.and_then(|definition| {
        let key = definition.description.as_deref()?;
        match computed {
            Some(pieces) => Some(localizer.pieces(&pieces)),
            None if key == COMPUTED => None,
            // Without one of its fields, the message would have a hole in it.
            None => localizer.whole_message(key, &fields(alert, definition)),
        }
    });
    let message = described.unwrap_or_else(|| match &alert.message {
        Some(message) => Rich::plain(message.as_str()),
        None => localizer.message(
            FALLBACK,
            &[
                (String::from("entity"), Value::Entity(alert.entity.clone())),
                (
                    String::from("kind"),
                    Value::Text(title.render(Markup::Plain)),
                ),
            ],
        ),
    });
    let category = alert.category.as_deref();
    Told {
        alert,
        title,
        message,
        category: category.or_else(|| definition?.category.as_deref()),
    }
}

fn notification(
    job: &Job,
    definition: Option<&Definition>,
    own: &Texts,
    told: Told<'_>,
    localizer: &Localizer<'_>,
) -> Notification {
    let alert = &job.alert;
    let category = told.category.map(str::to_owned);
    let (title, message) = own::texts(own, told, localizer);
    Notification {
        id: alert.id.clone(),
        fingerprint: alert.fingerprint.clone(),
        title,
        message,
        icon: definition.and_then(|definition| definition.icon.clone()),
        time: localizer.instant(alert.starts_at),
        starts_at: alert.starts_at,
        ends_at: alert.ends_at,
        kind: alert.kind.clone(),
        subtype: alert.subtype.clone(),
        severity: alert.severity,
        severity_label: localizer.severity(alert.severity),
        score: alert.score,
        category,
        action: alert.action,
        entity: alert.entity.clone(),
        entity_label: localizer.entity(&alert.entity),
        source: alert.source.clone(),
        labels: alert.labels.clone(),
        url: alert.url.clone(),
        receipt: job.receipt.clone(),
        suppressed: 0,
        document: alert.document_without_texts(),
    }
}
