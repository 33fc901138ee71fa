//! What the host would answer, answered by the contract's own crate: the harness opens a call, and the
//! component's code finds it here.

use std::cell::RefCell;
use std::vec::IntoIter;

use campanile_contract::notification::Notification as Alert;
use campanile_contract::text::Localizer;
use campanile_contract::{manifest, text as rules};

use crate::bindings::endpoint::campanile::alerts::log::Level;
use crate::harness::convert;
use crate::{Action, Arg, Entity, Markup, Notification, Severity, Unit};

/// What is open during one call.
struct Call {
    waiting: IntoIter<Alert>,
    taken: u32,
    localizer: Localizer<'static>,
}

thread_local! {
    static CALL: RefCell<Option<Call>> = const { RefCell::new(None) };
    static LOG: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Runs `work` with a queue of these alerts; gives back its result, and the alerts that were not taken.
pub(crate) fn call<T>(
    alerts: Vec<Alert>,
    localizer: Localizer<'static>,
    work: impl FnOnce() -> T,
) -> (T, Vec<Alert>) {
    let open = Call {
        waiting: alerts.into_iter(),
        taken: 0,
        localizer,
    };
    CALL.with_borrow_mut(|call| *call = Some(open));
    let result = work();
    let left = CALL
        .with_borrow_mut(Option::take)
        .map(|call| call.waiting.collect());
    (result, left.unwrap_or_default())
}

/// The lines that were logged since the last time.
pub(crate) fn logged() -> Vec<String> {
    LOG.take()
}

pub(crate) fn dequeue(max: u32) -> Vec<Notification> {
    CALL.with_borrow_mut(|call| {
        let Some(call) = call else { return Vec::new() };
        let first = call.taken;
        let max = usize::try_from(max).unwrap_or(usize::MAX);
        let taken: Vec<Notification> = (first..)
            .zip(call.waiting.by_ref().take(max))
            .map(|(position, alert)| Notification::new(Handle { position, alert }))
            .collect();
        call.taken += u32::try_from(taken.len()).unwrap_or(u32::MAX);
        taken
    })
}

pub(crate) fn has(feature: &str) -> bool {
    manifest::feature::has(feature)
}

pub(crate) fn log(level: Level, message: &str) {
    let level = match level {
        Level::Debug => "debug",
        Level::Info => "info",
        Level::Warn => "warn",
        Level::Error => "error",
    };
    LOG.with_borrow_mut(|lines| lines.push(format!("{level}: {message}")));
}

pub(crate) fn translate(key: &str, args: &[Arg], markup: &Markup) -> String {
    let args: Vec<rules::Arg> = args
        .iter()
        .map(|(name, value)| (name.clone(), convert::value(value)))
        .collect();
    CALL.with_borrow(|call| match call {
        Some(call) => call.localizer.message(key, &args),
        None => Localizer::new(None, "en", "UTC").message(key, &args),
    })
    .render(convert::markup(markup))
}

pub(crate) fn escape(text: &str, markup: &Markup) -> String {
    convert::markup(markup).escape(text)
}

pub(crate) fn split(text: &str, markup: &Markup, limit: u32, unit: Unit) -> Vec<String> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    rules::split(text, convert::markup(markup), limit, convert::unit(unit))
}

/// The resource `notification`.
#[derive(Debug)]
pub(crate) struct Handle {
    position: u32,
    alert: Alert,
}

impl Handle {
    pub(crate) fn position(&self) -> u32 {
        self.position
    }

    pub(crate) fn id(&self) -> String {
        self.alert.id.clone()
    }

    pub(crate) fn fingerprint(&self) -> String {
        self.alert.fingerprint.clone()
    }

    pub(crate) fn title(&self, markup: &Markup) -> String {
        self.alert.title.render(convert::markup(markup))
    }

    pub(crate) fn message(&self, markup: &Markup) -> String {
        self.alert.message.render(convert::markup(markup))
    }

    pub(crate) fn icon(&self) -> Option<String> {
        self.alert.icon.clone()
    }

    pub(crate) fn time(&self) -> String {
        self.alert.time.clone()
    }

    pub(crate) fn starts_at(&self) -> u64 {
        self.alert.starts_at
    }

    pub(crate) fn ends_at(&self) -> Option<u64> {
        self.alert.ends_at
    }

    pub(crate) fn kind(&self) -> String {
        self.alert.kind.clone()
    }

    pub(crate) fn subtype(&self) -> Option<String> {
        self.alert.subtype.clone()
    }

    pub(crate) fn severity(&self) -> Severity {
        convert::severity(self.alert.severity)
    }

    pub(crate) fn severity_label(&self) -> String {
        self.alert.severity_label.clone()
    }

    pub(crate) fn score(&self) -> Option<u32> {
        self.alert.score
    }

    pub(crate) fn category(&self) -> Option<String> {
        self.alert.category.clone()
    }

    pub(crate) fn action(&self) -> Action {
        convert::action(self.alert.action)
    }

    pub(crate) fn entity(&self) -> Entity {
        convert::entity(&self.alert.entity)
    }

    pub(crate) fn entity_label(&self, markup: &Markup) -> String {
        self.alert.entity_label.render(convert::markup(markup))
    }

    pub(crate) fn source(&self) -> String {
        self.alert.source.clone()
    }

    pub(crate) fn labels(&self) -> Vec<(String, String)> {
        self.alert.labels.clone()
    }

    pub(crate) fn url(&self) -> Option<String> {
        self.alert.url.clone()
    }

    pub(crate) fn receipt(&self) -> Option<String> {
        self.alert.receipt.clone()
    }

    pub(crate) fn suppressed(&self) -> u32 {
        self.alert.suppressed
    }

    pub(crate) fn detail(&self, pointer: &str) -> Option<String> {
        let document: serde_json::Value = serde_json::from_str(&self.alert.document).ok()?;
        document
            .get("details")?
            .pointer(pointer)
            .map(ToString::to_string)
    }

    pub(crate) fn document(&self) -> String {
        self.alert.document_with_texts()
    }
}
