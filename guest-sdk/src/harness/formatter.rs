//! A formatter, and the events that it describes.

use campanile_contract::manifest::COMPUTED;
use campanile_contract::text::Markup;

use super::{convert, description};
use crate::{Action, Entity, Event, Formatter, Severity};

/// An event of this kind: an engaged `error` of the interface `eth0` about the host `192.168.1.10`.
#[must_use]
pub fn event(kind: &str) -> Event {
    Event {
        kind: kind.into(),
        subtype: None,
        severity: Severity::Error,
        action: Action::Engaged,
        entity: Entity {
            kind: "host".into(),
            value: "192.168.1.10".into(),
            name: None,
        },
        source: "eth0".into(),
        threshold: None,
        value: None,
        fields: Vec::new(),
    }
}

/// The description of an event, as plain text in `language`.
///
/// # Errors
/// What the formatter says.
///
/// # Panics
/// Where the manifest has no definition of this kind whose description is computed.
pub fn describe_event<F: Formatter>(event: &Event, language: &str) -> Result<String, String> {
    let computed = description::of::<F>()
        .manifest
        .definition(&event.kind)
        .is_some_and(|definition| definition.description.as_deref() == Some(COMPUTED));
    assert!(computed, "no definition of `{}` is computed", event.kind);
    let pieces: Vec<_> = F::format(event)?.iter().map(convert::piece).collect();
    Ok(description::localizer::<F>(language, "UTC")
        .pieces(&pieces)
        .render(Markup::Plain))
}
