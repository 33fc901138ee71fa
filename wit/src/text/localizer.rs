//! One recipient's language and time zone.

use std::sync::OnceLock;

use jiff::Timestamp;
use jiff::fmt::strtime;
use jiff::tz::{self, TimeZone, TimeZoneDatabase};

use super::bidi;
use super::catalog::{Catalog, Found, Language};
use super::figures::{Digits, Figure};
use super::template::{Part, Template};
use super::value::{Arg, Filling, Piece, Value};
use super::writer::Writer;
use super::{Markup, Rich, Span};
use crate::alert::{Action, Entity, Severity};

/// Makes text of keys and values in one language and time zone. Cheap to make: one for each call.
#[derive(Debug, Clone)]
pub struct Localizer<'a> {
    component: Vec<&'a Language>,
    host: Vec<&'static Language>,
    digits: Digits<'static>,
    zone: TimeZone,
}

impl<'a> Localizer<'a> {
    /// For a language tag such as `it` or `fr-CA` (an unknown one falls back to its ancestors, then to
    /// English) and an IANA time zone (UTC where it is unknown). A component's messages come before the
    /// host's, but not in place of the host's own words: severities, labels, formats.
    #[must_use]
    pub fn new(component: Option<&'a Catalog>, language: &str, time_zone: &str) -> Self {
        let host = Catalog::host().chain(language);
        let digits = Digits {
            group: literal(&host, "format.group").unwrap_or(","),
            decimal: literal(&host, "format.decimal").unwrap_or("."),
        };
        Self {
            component: component
                .map(|catalog| catalog.chain(language))
                .unwrap_or_default(),
            host,
            digits,
            zone: zones().get(time_zone).unwrap_or(TimeZone::UTC),
        }
    }

    /// The message with this key: the component's, then the host's, each in the language, its ancestors
    /// and English; then the key as it is. A hole without an argument stays, so that the mistake is seen.
    /// An entity at the very start gets a capital.
    #[must_use]
    pub fn message(&self, key: &str, args: &[Arg]) -> Rich {
        let mut out = Writer::default();
        self.write_message(&mut out, key, args);
        out.into_rich()
    }

    /// [`Localizer::message`], unless one of its holes has no argument.
    #[must_use]
    pub fn whole_message(&self, key: &str, args: &[Arg]) -> Option<Rich> {
        self.unfilled(key, args)
            .is_empty()
            .then(|| self.message(key, args))
    }

    /// The holes of a message for which there is no argument.
    #[must_use]
    pub fn unfilled(&self, key: &str, args: &[Arg]) -> Vec<&str> {
        let Some((language, message)) = self.find(key) else {
            return Vec::new();
        };
        let holes = message.form(language, args).holes();
        holes
            .filter(|hole| !args.iter().any(|(name, _)| name == hole))
            .collect()
    }

    /// [`Localizer::message`] without markup.
    #[must_use]
    pub fn text(&self, key: &str, args: &[Arg]) -> String {
        self.message(key, args).render(Markup::Plain)
    }

    /// A message that is in no catalog, such as a recipient's own title.
    #[must_use]
    pub fn fill(&self, template: &Template, args: &[Arg]) -> Rich {
        let mut out = Writer::default();
        self.write_template(&mut out, template, args);
        out.into_rich()
    }

    /// [`Localizer::fill`] with whatever `filling` has for a hole, cut at `limit` bytes.
    #[must_use]
    pub fn fill_with<'f>(
        &self,
        template: &Template,
        limit: usize,
        filling: impl Fn(&str) -> Option<Filling<'f>>,
    ) -> Rich {
        let mut out = Writer::within(limit);
        for part in template.parts() {
            if out.is_full() {
                break;
            }
            match part {
                Part::Text(text) => out.text(text),
                Part::Hole(hole) => match filling(hole) {
                    Some(Filling::Value(value)) => {
                        let first = out.is_empty();
                        self.write_value(&mut out, &value, first);
                    }
                    Some(Filling::Rich(rich)) => out.rich(rich),
                    Some(Filling::Address(address)) => out.link(address, address),
                    None => out.hole(hole),
                },
            }
        }
        out.into_rich()
    }

    /// A value, as it stands in a message.
    #[must_use]
    pub fn value(&self, value: &Value) -> Rich {
        let mut out = Writer::default();
        self.write_value(&mut out, value, false);
        out.into_rich()
    }

    /// What a formatter returned. An entity at the very start gets a capital.
    #[must_use]
    pub fn pieces(&self, pieces: &[Piece]) -> Rich {
        let mut out = Writer::default();
        for piece in pieces {
            match piece {
                Piece::Key(key, args) => self.write_message(&mut out, key, args),
                Piece::Plain(text) => out.value(text),
                Piece::Strong(text) => out.span(text, Span::Strong),
                Piece::Code(text) => out.span(text, Span::Code),
                Piece::Link(text, url) => out.link(text, url),
                Piece::Entity(entity) => {
                    let first = out.is_empty();
                    self.write_entity(&mut out, entity, first);
                }
            }
        }
        out.into_rich()
    }

    /// An entity with its label: `host 192.168.1.10 [name]`; one of an unknown kind is its value alone.
    /// The label's key is `alert_messages.<kind>_entity`, its hole `entity_value`.
    #[must_use]
    pub fn entity(&self, entity: &Entity) -> Rich {
        let mut out = Writer::default();
        self.write_entity(&mut out, entity, false);
        out.into_rich()
    }

    /// A severity in the recipient's language.
    #[must_use]
    pub fn severity(&self, severity: Severity) -> String {
        self.word(&format!("severity.{severity}"), severity.as_str())
    }

    /// An action in the recipient's language.
    #[must_use]
    pub fn action(&self, action: Action) -> String {
        self.word(&format!("action.{}", action.as_str()), action.as_str())
    }

    /// A category in the recipient's language; an unknown one as it is.
    #[must_use]
    pub fn category(&self, category: &str) -> String {
        self.word(&format!("category.{category}"), category)
    }

    /// A time in the recipient's language and zone, with the zone's abbreviation. Takes milliseconds since
    /// the Unix epoch, UTC; beyond the year 9999 they are shown as they are.
    #[must_use]
    pub fn instant(&self, milliseconds: u64) -> String {
        let timestamp = i64::try_from(milliseconds)
            .ok()
            .and_then(|ms| Timestamp::from_millisecond(ms).ok());
        let Some(timestamp) = timestamp else {
            return milliseconds.to_string();
        };
        let pattern = literal(&self.host, "format.instant").unwrap_or("%Y-%m-%d %H:%M:%S %Z");
        let zoned = timestamp.to_zoned(self.zone.clone());
        strtime::format(pattern, &zoned).unwrap_or_else(|_| timestamp.to_string())
    }

    fn word(&self, key: &str, otherwise: &str) -> String {
        literal(&self.host, key).unwrap_or(otherwise).to_owned()
    }

    fn find(&self, key: &str) -> Option<Found<'_>> {
        self.component
            .iter()
            .chain(&self.host)
            .find_map(|language| language.get(key))
    }

    fn write_message(&self, out: &mut Writer, key: &str, args: &[Arg]) {
        match self.find(key) {
            Some((language, message)) => {
                self.write_template(out, message.form(language, args), args);
            }
            None => out.value(key),
        }
    }

    fn write_template(&self, out: &mut Writer, template: &Template, args: &[Arg]) {
        for part in template.parts() {
            if out.is_full() {
                return;
            }
            match part {
                Part::Text(text) => out.text(text),
                Part::Hole(hole) => match args.iter().find(|(name, _)| **name == **hole) {
                    Some((_, value)) => {
                        let first = out.is_empty();
                        self.write_value(out, value, first);
                    }
                    None => out.hole(hole),
                },
            }
        }
    }

    fn write_value(&self, out: &mut Writer, value: &Value, first: bool) {
        match value {
            Value::Text(text) => out.value(text),
            Value::Integer(number) => out.text(&self.digits.integer(*number)),
            Value::Number(number) => out.text(&self.digits.number(*number)),
            Value::Bytes(bytes) => {
                self.write_figure(out, "format.bytes", self.digits.bytes(*bytes));
            }
            Value::Duration(milliseconds) => {
                for (at, figure) in self.digits.duration(*milliseconds).into_iter().enumerate() {
                    if at > 0 {
                        out.text(" ");
                    }
                    self.write_figure(out, "format.duration", figure);
                }
            }
            Value::Instant(milliseconds) => out.text(&self.instant(*milliseconds)),
            Value::Entity(entity) => self.write_entity(out, entity, first),
            Value::Key(key) => self.write_message(out, key, &[]),
        }
    }

    fn write_figure(&self, out: &mut Writer, table: &str, (figure, unit): Figure) {
        let key = format!("{table}.{unit}");
        match find_in(&self.host, &key) {
            Some((language, message)) => {
                let args = [("value".to_owned(), Value::Text(figure))];
                self.write_template(out, message.form(language, &args), &args);
            }
            None => out.text(&figure),
        }
    }

    /// The host's label comes before a component's, so that no component renames what the host knows. A
    /// capital is for the label alone: an identifier has its own letters.
    fn write_entity(&self, out: &mut Writer, entity: &Entity, first: bool) {
        let key = format!("alert_messages.{}_entity", entity.kind);
        let shown = shown(entity);
        let label = find_in(&self.host, &key).or_else(|| find_in(&self.component, &key));
        let Some((language, message)) = label else {
            out.value(if shown.is_empty() {
                &entity.kind
            } else {
                &shown
            });
            return;
        };
        let args = [("entity_value".to_owned(), Value::Text(shown))];
        for (at, part) in message.form(language, &args).parts().iter().enumerate() {
            match part {
                Part::Text(text) => {
                    let text = if shown_is_empty(&args) {
                        text.trim()
                    } else {
                        text
                    };
                    if first && at == 0 {
                        out.capitalised(text);
                    } else {
                        out.text(text);
                    }
                }
                Part::Hole(_) => self.write_value(out, &args[0].1, false),
            }
        }
    }
}

fn shown_is_empty(args: &[Arg; 1]) -> bool {
    matches!(&args[0].1, Value::Text(text) if text.is_empty())
}

/// The value and the name of an entity, without what says nothing: the virtual network 0 of a host, a name
/// that repeats the value, a value that repeats the kind (`flow` of kind `flow`).
fn shown(entity: &Entity) -> String {
    let value = match &*entity.kind {
        "host" => entity.value.strip_suffix("@0").unwrap_or(&entity.value),
        kind if kind == entity.value => "",
        _ => &entity.value,
    };
    let name = entity
        .name
        .as_deref()
        .filter(|name| !name.is_empty() && *name != value && *name != entity.value);
    match name {
        Some(name) if value.is_empty() => name.to_owned(),
        Some(name) => format!("{} [{}]", bidi::contained(value), bidi::contained(name)),
        None => value.to_owned(),
    }
}

fn find_in<'l>(chain: &[&'l Language], key: &str) -> Option<Found<'l>> {
    chain.iter().find_map(|language| language.get(key))
}

fn literal<'l>(chain: &[&'l Language], key: &str) -> Option<&'l str> {
    find_in(chain, key).and_then(|(_, message)| message.literal())
}

/// The zones compiled into the program where it has them: they are the same on every machine and need no
/// files. Else the system's.
fn zones() -> &'static TimeZoneDatabase {
    static ZONES: OnceLock<TimeZoneDatabase> = OnceLock::new();
    ZONES.get_or_init(|| {
        let bundled = TimeZoneDatabase::bundled();
        if bundled.is_definitively_empty() {
            tz::db().clone()
        } else {
            bundled
        }
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::super::MAX_TEXT;
    use super::*;

    fn entity(kind: &str, value: &str, name: Option<&str>) -> Entity {
        Entity {
            kind: kind.to_owned(),
            value: value.to_owned(),
            name: name.map(str::to_owned),
        }
    }

    fn arg(name: &str, value: Value) -> Arg {
        (name.to_owned(), value)
    }

    fn text(value: &str) -> Value {
        Value::Text(value.to_owned())
    }

    fn component() -> Catalog {
        let languages = BTreeMap::from([
            (
                "en".to_owned(),
                json!({
                    "flooder": "%{entity} is a flow flooder [%{value} > %{threshold} flows sent]",
                    "seen": "seen: %{entity} and %{what}",
                    "flows": {"one": "%{count} flow", "other": "%{count} flows"},
                    "english_only": "English",
                    "severity": {"error": "Not the host's"},
                    "alert_messages": {"host_entity": "not the host's %{entity_value}", "camera_entity": "camera %{entity_value}"},
                }),
            ),
            (
                "it".to_owned(),
                json!({
                    "flooder": "%{entity} genera troppi flussi [%{value} > %{threshold} inviati]",
                    "flows": {"one": "%{count} flusso", "other": "%{count} flussi"},
                }),
            ),
        ]);
        Catalog::parse(&languages).unwrap()
    }

    #[test]
    fn a_flow_flooder_is_told_in_two_languages() {
        let component = component();
        let host = Value::Entity(entity("host", "192.168.1.19@0", Some("nas")));
        let args = [
            arg("entity", host),
            arg("value", Value::Integer(1081)),
            arg("threshold", Value::Number(256.5)),
        ];
        let english = Localizer::new(Some(&component), "en", "UTC");
        assert_eq!(
            english.text("flooder", &args),
            "Host 192.168.1.19 [nas] is a flow flooder [1,081 > 256.5 flows sent]"
        );
        let italian = Localizer::new(Some(&component), "it-CH", "UTC");
        assert_eq!(
            italian.text("flooder", &args),
            "Host 192.168.1.19 [nas] genera troppi flussi [1.081 > 256,5 inviati]"
        );
    }

    #[test]
    fn messages_are_looked_for_in_order_and_keys_stay_verbatim() {
        let component = component();
        let italian = Localizer::new(Some(&component), "it", "UTC");
        assert_eq!(italian.text("english_only", &[]), "English");
        assert_eq!(italian.text("severity.error", &[]), "Not the host's");
        assert_eq!(italian.text("severity.warning", &[]), "Avviso");
        assert_eq!(
            italian.text("no.such %{key}", &[arg("key", text("x"))]),
            "no.such %{key}"
        );
        assert_eq!(
            italian.text("flows", &[arg("count", Value::Integer(1))]),
            "1 flusso"
        );
        assert_eq!(
            italian.text("flows", &[arg("count", Value::Integer(1000))]),
            "1.000 flussi"
        );
    }

    #[test]
    fn a_component_never_replaces_the_hosts_words() {
        let component = component();
        let english = Localizer::new(Some(&component), "en", "UTC");
        assert_eq!(english.severity(Severity::Error), "Error");
        assert_eq!(
            english.entity(&entity("host", "h", None)),
            Rich::plain("host h")
        );
        assert_eq!(
            english.entity(&entity("camera", "c", None)),
            Rich::plain("camera c")
        );
    }

    #[test]
    fn values_are_never_parsed_again() {
        let component = component();
        let english = Localizer::new(Some(&component), "en", "UTC");
        let args = [
            arg("entity", text("%{what} %% <b>")),
            arg("what", text("%{entity}")),
        ];
        assert_eq!(
            english.message("seen", &args),
            Rich::plain("seen: %{what} %% <b> and %{entity}")
        );
        assert_eq!(
            english.message("seen", &args).render(Markup::Html),
            "seen: %{what} %% &lt;b&gt; and %{entity}"
        );
    }

    #[test]
    fn a_hole_without_an_argument_stays() {
        let component = component();
        let english = Localizer::new(Some(&component), "en", "UTC");
        assert_eq!(
            english.text("seen", &[arg("what", text(""))]),
            "seen: %{entity} and "
        );
        let both = [arg("what", text("")), arg("entity", text("x"))];
        for (key, args, whole) in [
            ("seen", &both[..1], false),
            ("seen", &both, true),
            ("english_only", &[], true),
            ("no.such %{key}", &[], true),
        ] {
            let found = english.whole_message(key, args);
            assert_eq!(found, whole.then(|| english.message(key, args)), "{key}");
        }
    }

    #[test]
    fn what_was_made_before_keeps_its_structure_in_a_template() {
        let english = Localizer::new(None, "en", "UTC");
        let made = Rich(vec![
            Span::Plain("a %{b} \u{202e}".to_owned()),
            Span::Strong("c".to_owned()),
            Span::Link {
                text: "d".to_owned(),
                url: "https://e/".to_owned(),
            },
        ]);
        let filling = |hole: &str| match hole {
            "host" => Some(Filling::Value(Value::Entity(entity("host", "h", None)))),
            "made" => Some(Filling::Rich(&made)),
            "url" => Some(Filling::Address("https://f/")),
            _ => None,
        };
        let template = Template::parse("%{host}: %{made} %{url} %{none}");
        assert_eq!(
            english
                .fill_with(&template, 1000, filling)
                .render(Markup::Html),
            "Host h: a %{b} \u{202e}\u{202c}<strong>c</strong><a href=\"https://e/\">d</a> \
             <a href=\"https://f/\">https://f/</a> %{none}"
        );
        for limit in [0, 1, 9, 20, 30] {
            let cut = english.fill_with(&template, limit, filling);
            assert!(cut.render(Markup::Plain).len() <= limit + "\u{202c}".len());
        }
    }

    #[test]
    fn a_value_cannot_turn_the_text_around_it() {
        let english = Localizer::new(None, "en", "UTC");
        let template = Template::parse("%{a} > %{b}");
        let args = [
            arg("a", text("x\u{202e}y")),
            arg(
                "b",
                Value::Entity(entity("host", "\u{2067}z", Some("\u{2069}n"))),
            ),
        ];
        assert_eq!(
            english.fill(&template, &args),
            Rich::plain("x\u{202e}y\u{202c} > host \u{2067}z\u{2069} [n]")
        );
    }

    #[test]
    fn entities_have_labels_and_lose_what_says_nothing() {
        let table = [
            (
                entity("host", "192.168.1.19@0", None),
                "host 192.168.1.19",
                "Host 192.168.1.19",
            ),
            (
                entity("host", "192.168.1.19@12", None),
                "host 192.168.1.19@12",
                "Host 192.168.1.19@12",
            ),
            (entity("host", "h@0", Some("h")), "host h", "Host h"),
            (
                entity("network", "10.0.0.0/8@0", None),
                "network 10.0.0.0/8@0",
                "Network 10.0.0.0/8@0",
            ),
            (
                entity("interface", "3", Some("eth0")),
                "interface 3 [eth0]",
                "Interface 3 [eth0]",
            ),
            (entity("flow", "flow", None), "flow", "Flow"),
            (
                entity("system", "", Some("nas")),
                "system nas",
                "System nas",
            ),
            (entity("thing", "eth0", None), "eth0", "eth0"),
            (
                entity("thing", "eth0", Some("wan")),
                "eth0 [wan]",
                "eth0 [wan]",
            ),
            (entity("thing", "", None), "thing", "thing"),
        ];
        let english = Localizer::new(None, "en", "UTC");
        for (entity, label, first) in table {
            assert_eq!(english.entity(&entity).render(Markup::Plain), label);
            assert_eq!(
                english
                    .pieces(&[Piece::Entity(entity.clone())])
                    .render(Markup::Plain),
                first
            );
            let args = [arg("e", Value::Entity(entity))];
            assert_eq!(
                english
                    .fill(&Template::parse("%{e}"), &args)
                    .render(Markup::Plain),
                first
            );
            assert_eq!(
                english
                    .fill(&Template::parse("to %{e}"), &args)
                    .render(Markup::Plain),
                format!("to {label}")
            );
        }
    }

    #[test]
    fn pieces_keep_their_structure() {
        let component = component();
        let italian = Localizer::new(Some(&component), "it", "UTC");
        let pieces = [
            Piece::Key("flows".to_owned(), vec![arg("count", Value::Integer(2))]),
            Piece::Plain(" ".to_owned()),
            Piece::Entity(entity("interface", "eth0", None)),
            Piece::Plain(": ".to_owned()),
            Piece::Strong("a".to_owned()),
            Piece::Code(String::new()),
            Piece::Link("b".to_owned(), "https://e/".to_owned()),
        ];
        let expected = Rich(vec![
            Span::Plain("2 flussi interfaccia eth0: ".to_owned()),
            Span::Strong("a".to_owned()),
            Span::Link {
                text: "b".to_owned(),
                url: "https://e/".to_owned(),
            },
        ]);
        assert_eq!(italian.pieces(&pieces), expected);
    }

    #[test]
    fn typed_values_are_written_as_the_language_does() {
        let table = [
            (Value::Integer(1_081), "1,081", "1.081", "1.081"),
            (Value::Number(1_081.5), "1,081.5", "1.081,5", "1.081,5"),
            (Value::Bytes(1_200_000_000), "1.2 GB", "1,2 GB", "1,2 GB"),
            (Value::Bytes(512), "512 B", "512 B", "512 B"),
            (
                Value::Duration(7_500_000),
                "2 h 5 min",
                "2 h 5 min",
                "2 h 5 min",
            ),
            (Value::Duration(1_500), "1.5 s", "1,5 s", "1,5 s"),
            (Value::Duration(90_000_000), "1 d 1 h", "1 g 1 h", "1 T 1 h"),
            (
                Value::Instant(1_720_517_073_000),
                "2024-07-09 11:24:33 CEST",
                "09/07/2024 11:24:33 CEST",
                "09.07.2024 11:24:33 CEST",
            ),
            (
                Value::Instant(1_704_067_200_000),
                "2024-01-01 01:00:00 CET",
                "01/01/2024 01:00:00 CET",
                "01.01.2024 01:00:00 CET",
            ),
            (
                Value::Instant(u64::MAX),
                "18446744073709551615",
                "18446744073709551615",
                "18446744073709551615",
            ),
            (
                Value::Key("severity.error".to_owned()),
                "Error",
                "Errore",
                "Fehler",
            ),
        ];
        let english = Localizer::new(None, "en", "Europe/Rome");
        let italian = Localizer::new(None, "it", "europe/rome");
        let german = Localizer::new(None, "de-AT", "Europe/Vienna");
        for (value, expected, in_italian, in_german) in table {
            assert_eq!(english.value(&value).render(Markup::Plain), expected);
            assert_eq!(italian.value(&value).render(Markup::Plain), in_italian);
            assert_eq!(german.value(&value).render(Markup::Plain), in_german);
        }
    }

    #[test]
    fn an_unknown_zone_is_utc() {
        for zone in ["", "Atlantis/Capital", "../../etc/passwd", "Europe/Rome\0"] {
            assert_eq!(
                Localizer::new(None, "xx", zone).instant(0),
                "1970-01-01 00:00:00 UTC",
                "{zone:?}"
            );
        }
    }

    #[test]
    fn every_word_of_the_host_is_there_in_every_language() {
        for language in Catalog::host().languages() {
            let localizer = Localizer::new(None, language, "UTC");
            for severity in Severity::ALL {
                assert_ne!(localizer.severity(severity), severity.as_str());
            }
            for action in [
                Action::Stored,
                Action::Engaged,
                Action::Updated,
                Action::Reminded,
                Action::Acknowledged,
                Action::Released,
            ] {
                assert_ne!(localizer.action(action), action.as_str());
            }
            assert_ne!(localizer.category("security"), "security");
            assert_eq!(localizer.category("no such"), "no such");
            for milliseconds in [1, 1_000, 60_000, 3_600_000, 86_400_000] {
                assert!(
                    localizer
                        .value(&Value::Duration(milliseconds))
                        .render(Markup::Plain)
                        .starts_with("1 ")
                );
            }
            for power in 0..7 {
                assert!(
                    localizer
                        .value(&Value::Bytes(1000_u64.pow(power)))
                        .render(Markup::Plain)
                        .ends_with('B')
                );
            }
        }
    }

    #[test]
    fn a_message_of_many_large_values_stays_bounded() {
        let template = Template::parse(&"%{a}%{b}".repeat(10_000));
        let args = [
            arg("a", text(&"é".repeat(100_000))),
            arg("b", Value::Key("x".repeat(100_001))),
        ];
        let length = Localizer::new(None, "en", "UTC")
            .fill(&template, &args)
            .render(Markup::Plain)
            .len();
        assert!((MAX_TEXT - 1..=MAX_TEXT).contains(&length), "{length}");
    }
}
