//! Between the contract crate's words and the bindings'.

use campanile_contract::{alert, text};

use crate::{Action, Entity, Markup, Piece, Severity, Unit, Value};

/// An unknown markup is read as plain text, as the host does.
pub(crate) fn markup(markup: &Markup) -> text::Markup {
    match markup {
        Markup::Plain => text::Markup::Plain,
        Markup::Html => text::Markup::Html,
        Markup::Markdown => text::Markup::Markdown,
        Markup::Slack => text::Markup::Slack,
        Markup::Telegram => text::Markup::Telegram,
        Markup::Other(name) => text::Markup::from_name(name).unwrap_or(text::Markup::Plain),
    }
}

pub(crate) fn unit(unit: Unit) -> text::Unit {
    match unit {
        Unit::Characters => text::Unit::Characters,
        Unit::Utf16 => text::Unit::Utf16,
        Unit::Bytes => text::Unit::Bytes,
    }
}

pub(crate) fn severity(severity: alert::Severity) -> Severity {
    match severity {
        alert::Severity::Debug => Severity::Debug,
        alert::Severity::Info => Severity::Info,
        alert::Severity::Notice => Severity::Notice,
        alert::Severity::Warning => Severity::Warning,
        alert::Severity::Error => Severity::Error,
        alert::Severity::Critical => Severity::Critical,
        alert::Severity::Alert => Severity::Alert,
        alert::Severity::Emergency => Severity::Emergency,
    }
}

pub(crate) fn action(action: alert::Action) -> Action {
    match action {
        alert::Action::Stored => Action::Stored,
        alert::Action::Engaged => Action::Engaged,
        alert::Action::Updated => Action::Updated,
        alert::Action::Reminded => Action::Reminded,
        alert::Action::Acknowledged => Action::Acknowledged,
        alert::Action::Released => Action::Released,
    }
}

pub(crate) fn entity(entity: &alert::Entity) -> Entity {
    Entity {
        kind: entity.kind.clone(),
        value: entity.value.clone(),
        name: entity.name.clone(),
    }
}

fn contract_entity(entity: &Entity) -> alert::Entity {
    alert::Entity {
        kind: entity.kind.clone(),
        value: entity.value.clone(),
        name: entity.name.clone(),
    }
}

/// A value of a kind that this version does not know is written as its text.
pub(crate) fn value(value: &Value) -> text::Value {
    match value {
        Value::Text(text) | Value::Other((_, text)) => text::Value::Text(text.clone()),
        Value::Integer(number) => text::Value::Integer(*number),
        Value::Number(number) => text::Value::Number(*number),
        Value::Bytes(bytes) => text::Value::Bytes(*bytes),
        Value::Duration(milliseconds) => text::Value::Duration(*milliseconds),
        Value::Instant(milliseconds) => text::Value::Instant(*milliseconds),
        Value::Entity(entity) => text::Value::Entity(contract_entity(entity)),
        Value::Key(key) => text::Value::Key(key.clone()),
    }
}

pub(crate) fn piece(piece: &Piece) -> text::Piece {
    match piece {
        Piece::Key((key, args)) => text::Piece::Key(
            key.clone(),
            args.iter()
                .map(|(name, given)| (name.clone(), value(given)))
                .collect(),
        ),
        Piece::Plain(text) => text::Piece::Plain(text.clone()),
        Piece::Strong(text) => text::Piece::Strong(text.clone()),
        Piece::Code(text) => text::Piece::Code(text.clone()),
        Piece::Link((text, url)) => text::Piece::Link(text.clone(), url.clone()),
        Piece::Entity(entity) => text::Piece::Entity(contract_entity(entity)),
    }
}
