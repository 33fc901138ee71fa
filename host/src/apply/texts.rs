//! What is wrong with a recipient's own title and message, in the person's language.

use campanile_contract::text::Value;

use super::{Mistake, Planner};
use crate::desired::Recipient;
use crate::template::{Wrong, check_message, check_title};

impl Planner<'_> {
    /// The mistakes in both texts, each with its field.
    pub(super) fn texts(&self, wanted: &Recipient) -> Vec<Mistake> {
        let checked = [
            ("title", wanted.title.as_deref().map(check_title)),
            ("message", wanted.message.as_deref().map(check_message)),
        ];
        let mistake = |(field, wrong): (&str, Wrong)| Mistake {
            item: format!("recipient {}", wanted.name),
            tenant: wanted.tenant.clone(),
            param: Some(field.to_owned()),
            message: self.wrong(wrong),
        };
        checked
            .into_iter()
            .filter_map(|(field, checked)| Some((field, checked?.err()?)))
            .map(mistake)
            .collect()
    }

    fn wrong(&self, wrong: Wrong) -> String {
        let text = |name: &str, text: String| (name.to_owned(), Value::Text(text));
        match wrong {
            Wrong::Empty => self.say("template.empty", &[]),
            Wrong::ControlCharacter => self.say("template.control_character", &[]),
            Wrong::TooLong { length, limit } => self.say(
                "template.too_long",
                &[
                    text("length", length.to_string()),
                    text("limit", limit.to_string()),
                ],
            ),
            Wrong::Unclosed(from) => self.say("template.unclosed", &[text("from", from)]),
            Wrong::Unknown(name) => self.say(
                "template.unknown",
                &[
                    text("hole", format!("%{{{name}}}")),
                    text("holes", Wrong::holes()),
                ],
            ),
        }
    }
}
