//! A formatter that fails as the alert's own field says, or in the one way of its definition.

use std::hash::{BuildHasher, RandomState};

use campanile_guest::text::arg;
use campanile_guest::{Event, Formatter, Piece, Value};

struct Faulty;

campanile_guest::export_formatter!(Faulty);

impl Formatter for Faulty {
    fn format(event: &Event) -> Result<Vec<Piece>, String> {
        let field = |name: &str| {
            let found = event.fields.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value)
        };
        match &*event.kind {
            "needs_a_field" => {
                field("name").expect("a name");
            }
            "fears_text" => {
                if let Some(Value::Text(text)) = field("port")
                    && text.contains('<')
                {
                    return Err(String::from("no words for this text"));
                }
            }
            "silent" => return Ok(vec![Piece::plain(" ")]),
            "leaves_holes" => return Ok(vec![Piece::key("faulty.two", [arg("one", "1")])]),
            "lost_keys" => return Ok(vec![Piece::key("faulty.no_such_key", [])]),
            "links_nowhere" => return Ok(vec![Piece::link("here", "javascript:alert(1)")]),
            "fickle" => {
                let number = RandomState::new().hash_one("");
                return Ok(vec![Piece::plain(number.to_string())]);
            }
            _ => {}
        }
        let fault = field("fault").and_then(|value| match value {
            Value::Text(text) => Some(text.as_str()),
            _ => None,
        });
        match fault {
            Some("trap") => panic!("asked to"),
            Some("spin") => loop {
                std::hint::spin_loop();
            },
            Some("refuse") => Err(String::from("no words for this one")),
            _ => Ok(vec![Piece::Plain(String::from("formatted"))]),
        }
    }
}
