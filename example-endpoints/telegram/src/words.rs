//! What a message says, in Telegram's HTML: <https://core.telegram.org/bots/api#html-style>.

use campanile_guest::text::{add_line, arg, split, translate};
use campanile_guest::{Markup, Notification, Recipient, Unit};

const HTML: &Markup = &Markup::Telegram;

/// <https://core.telegram.org/bots/api#sendmessage>: 1 to 4096 characters, which Telegram counts in
/// UTF-16 units.
const LIMIT: u32 = 4096;

/// An alert, in as many texts as it needs.
pub(crate) fn alert(alert: &Notification) -> Vec<String> {
    let mut text = [alert.emoji(), " <b>", &alert.title(HTML), "</b>"].concat();
    add_line(&mut text, &alert.message(HTML));
    text.push('\n');
    add_line(&mut text, &alert.names(HTML));
    add_line(&mut text, &alert.state_and_time(HTML));
    add_line(&mut text, &alert.repeats(HTML));
    let link = alert.link("telegram.open", HTML);
    add_line(&mut text, &link.unwrap_or_default());
    if text.len() <= LIMIT as usize {
        return vec![text];
    }
    split(&text, HTML, LIMIT, Unit::Utf16)
}

/// The test message.
pub(crate) fn test(recipient: &Recipient) -> String {
    let args = [arg("recipient", recipient.name())];
    ["\u{1F514} ", &translate("telegram.test", &args, HTML)].concat()
}
