//! A template, and behind the first line's end what fills its holes: written in every markup, and cut.

use campanile_contract::alert::Entity;
use campanile_contract::text::{Arg, Localizer, Markup, Piece, Template, Unit, Value, split};

/// Limits of a piece, small enough that much is cut.
const LIMITS: [(usize, Unit); 3] = [(64, Unit::Bytes), (40, Unit::Utf16), (17, Unit::Characters)];

/// Whether a person may type the template. Whatever fills a hole stays text: only the host's own tags stand in what is written, whole and closed, also
/// in each piece of it.
///
/// # Panics
///
/// Where that is not so.
#[must_use]
pub fn run(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else {
        return false;
    };
    let (template, value) = text.split_once('\n').unwrap_or((text, text));
    let typed = Template::checked(template).is_ok();
    let template = Template::parse(template);
    let args: Vec<Arg> = template
        .holes()
        .zip(0..)
        .map(|(hole, number)| (hole.to_owned(), filled(value, number)))
        .collect();
    let localizer = Localizer::new(None, "it", "Europe/Rome");
    let pieces = [
        Piece::Strong(value.to_owned()),
        Piece::Code(value.to_owned()),
        Piece::Plain(value.to_owned()),
        Piece::Link(value.to_owned(), value.to_owned()),
        Piece::Key(String::from("alert.suppressed"), args.clone()),
    ];
    for rich in [localizer.fill(&template, &args), localizer.pieces(&pieces)] {
        for markup in Markup::ALL {
            let written = rich.render(markup);
            judge(&written, markup);
            for (limit, unit) in LIMITS {
                for piece in split(&written, markup, limit, unit) {
                    assert!(count(&piece, unit) <= limit, "{piece:?} of {written:?}");
                    judge(&piece, markup);
                }
            }
        }
    }
    typed
}

/// Each kind of value in turn.
fn filled(value: &str, number: usize) -> Value {
    let bytes = value
        .bytes()
        .take(8)
        .fold(0, |sum: u64, byte| sum << 8 | u64::from(byte));
    match number % 8 {
        0 => Value::Text(value.to_owned()),
        1 => Value::Integer(bytes.cast_signed()),
        2 => Value::Number(f64::from_bits(bytes)),
        3 => Value::Bytes(bytes),
        4 => Value::Duration(bytes),
        5 => Value::Instant(bytes),
        6 => Value::Key(value.to_owned()),
        _ => Value::Entity(Entity {
            kind: String::from("host"),
            value: value.to_owned(),
            name: Some(value.to_owned()),
        }),
    }
}

fn count(text: &str, unit: Unit) -> usize {
    match unit {
        Unit::Bytes => text.len(),
        Unit::Characters => text.chars().count(),
        Unit::Utf16 => text.encode_utf16().count(),
    }
}

fn judge(written: &str, markup: Markup) {
    let control = |char: char| char.is_control() && !matches!(char, '\n' | '\t');
    assert!(!written.contains(control), "{written:?}");
    if !matches!(markup, Markup::Html | Markup::Telegram) {
        return;
    }
    let mut open = Vec::new();
    let mut rest = written;
    while let Some((before, behind)) = rest.split_once('<') {
        assert!(!before.contains('>'), "{written:?}");
        let (tag, behind) = behind.split_once('>').expect("a tag has an end");
        let name = tag.split(' ').next().unwrap_or_default();
        match name.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name), "{written:?}"),
            None => open.push(name),
        }
        let own = ["b", "strong", "code", "a", "/b", "/strong", "/code", "/a"];
        assert!(own.contains(&name), "{tag} in {written:?}");
        if let Some(link) = tag.strip_prefix("a ") {
            let address = link
                .strip_prefix("href=\"")
                .and_then(|link| link.strip_suffix('"'));
            let address = address.expect("an address in quotes");
            assert!(!address.contains('"'), "{written:?}");
            let schemes = ["https://", "http://", "mailto:"];
            let lower = address.to_ascii_lowercase();
            assert!(
                schemes.iter().any(|scheme| lower.starts_with(scheme)),
                "{written:?}"
            );
        }
        rest = behind;
    }
    assert!(!rest.contains('>') && open.is_empty(), "{written:?}");
}
