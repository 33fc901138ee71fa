//! A recipient's own title and message, filled with what one alert says.

use campanile_contract::text::{Filling, Localizer, Markup, Rich, Span, Value};

use crate::alert::Alert;
use crate::template::{Hole, Text, Texts};

/// Bytes of a title, filled: what intake takes of one.
const TITLE: usize = 4 << 10;

/// Bytes of a message, filled: what intake takes of one. Without it, a template of many holes would make a
/// thousand times its own size of each alert.
const MESSAGE: usize = 256 << 10;

/// An alert as its definition tells it, before the recipient's own texts.
pub(crate) struct Told<'a> {
    pub(super) alert: &'a Alert,
    pub(crate) title: Rich,
    pub(crate) message: Rich,
    pub(super) category: Option<&'a str>,
}

/// Title and message as this recipient wants them. A text of its own that comes out empty, since the alert
/// lacks all that it names, gives way to the definition's.
pub(super) fn texts(own: &Texts, told: Told<'_>, localizer: &Localizer<'_>) -> (Rich, Rich) {
    let fill = |text: &Option<Text>, limit: usize| {
        let template = &text.as_ref()?.template;
        let filled = localizer.fill_with(template, limit, |hole| told.filling(hole, localizer));
        (!filled.render(Markup::Plain).trim().is_empty()).then_some(filled)
    };
    let title = fill(&own.title, TITLE).map(one_line);
    let message = fill(&own.message, MESSAGE);
    (title.unwrap_or(told.title), message.unwrap_or(told.message))
}

impl Told<'_> {
    /// What an alert does not say is empty.
    fn filling(&self, hole: &str, localizer: &Localizer<'_>) -> Option<Filling<'_>> {
        let alert = self.alert;
        let text = |text: &str| Value::Text(text.to_owned());
        let or_nothing = |value: Option<Value>| value.unwrap_or_else(|| text(""));
        let value = match Hole::named(hole)? {
            Hole::Title => return Some(Filling::Rich(&self.title)),
            Hole::Message => return Some(Filling::Rich(&self.message)),
            Hole::Url => match &alert.url {
                Some(url) => return Some(Filling::Address(url)),
                None => text(""),
            },
            Hole::Entity => Value::Entity(alert.entity.clone()),
            Hole::Severity => Value::Text(localizer.severity(alert.severity)),
            Hole::Action => Value::Text(localizer.action(alert.action)),
            Hole::Category => or_nothing(
                self.category
                    .map(|key| Value::Text(localizer.category(key))),
            ),
            Hole::Time => Value::Instant(alert.starts_at),
            Hole::Kind => text(&alert.kind),
            Hole::Subtype => text(alert.subtype.as_deref().unwrap_or_default()),
            Hole::Source => text(&alert.source),
            Hole::Score => or_nothing(alert.score.map(|score| Value::Integer(score.into()))),
            Hole::Value => or_nothing(alert.value.map(Value::Number)),
            Hole::Threshold => or_nothing(alert.threshold.map(Value::Number)),
            Hole::Label(name) => {
                let label = alert.labels.iter().find(|(known, _)| known == name);
                text(label.map_or("", |(_, label)| label))
            }
            Hole::Detail(pointer) => Value::Text(detail(alert, pointer)),
        };
        Some(Filling::Value(value))
    }
}

/// A field as the producer wrote it. Nothing says whether a number is a quantity, a port or a time, so its
/// digits stay as they came.
fn detail(alert: &Alert, pointer: &str) -> String {
    match alert.detail(pointer) {
        None | Some("null") => String::new(),
        Some(json) => serde_json::from_str::<String>(json).unwrap_or_else(|_| json.to_owned()),
    }
}

/// A title is one line, also where a message was put into it.
fn one_line(text: Rich) -> Rich {
    let flat = |text: String| text.replace("\r\n", " ").replace(['\n', '\r'], " ");
    text.into_iter()
        .map(|span| match span {
            Span::Plain(text) => Span::Plain(flat(text)),
            Span::Strong(text) => Span::Strong(flat(text)),
            Span::Code(text) => Span::Code(flat(text)),
            Span::Link { text, url } => Span::Link {
                text: flat(text),
                url,
            },
        })
        .collect()
}
