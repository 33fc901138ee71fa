//! A formatter that fails as the alert's own field says.

use campanile_guest::{Event, Formatter, Piece, Value};

struct Faulty;

campanile_guest::export_formatter!(Faulty);

impl Formatter for Faulty {
    fn format(event: &Event) -> Result<Vec<Piece>, String> {
        let fault = event.fields.iter().find_map(|(name, value)| match value {
            Value::Text(text) if name == "fault" => Some(text.as_str()),
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
