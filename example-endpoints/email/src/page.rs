//! The HTML part, as mail programs read it: tables and styles in place, nothing from elsewhere, and no colours
//! but that of the bar, so that a dark screen stays dark.

use campanile_guest::text::{escape, translate};
use campanile_guest::{Markup, Notification, Recipient};

use crate::words::{Words, colour};

/// The page.
pub(crate) fn html(recipient: &Recipient, alerts: &[Notification]) -> String {
    let language = escape(recipient.language(), &Markup::Html);
    let blocks: String = alerts
        .iter()
        .map(|alert| block(alert, alerts.len()))
        .collect();
    [
        "<!DOCTYPE html>\n<html lang=\"",
        &language,
        "\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n</head>\n\
         <body style=\"font-family: sans-serif; font-size: 15px; line-height: 1.4\">\n",
        &blocks,
        "</body>\n</html>\n",
    ]
    .concat()
}

fn block(alert: &Notification, count: usize) -> String {
    let words = Words::of(alert, &Markup::Html, count);
    let link = if words.link.is_empty() {
        String::new()
    } else {
        let open = translate("email.open", &[], &Markup::Html);
        ["<a href=\"", &words.link, "\">", &open, "</a>"].concat()
    };
    let lines = [words.about, words.state, words.repeats];
    let facts: Vec<_> = lines.into_iter().filter(|line| !line.is_empty()).collect();
    [
        // Outlook draws the borders of cells, and not those of other elements.
        "<table role=\"presentation\" cellpadding=\"0\" cellspacing=\"0\" style=\"margin: 0 0 16px 0\">\n\
         <tr><td style=\"border-left: 6px solid ",
        colour(alert),
        "; padding: 2px 0 2px 12px\">\n",
        &paragraph(&["<b>", &words.title, "</b>"].concat()),
        &paragraph(&words.message),
        &paragraph(&facts.join("\n")),
        &paragraph(&link),
        "</td></tr>\n</table>\n",
    ]
    .concat()
}

/// Lines of HTML, one below the other; nothing where there are none.
fn paragraph(html: &str) -> String {
    if html.is_empty() {
        return String::new();
    }
    let lines = html.replace('\n', "<br>\n");
    ["<p style=\"margin: 4px 0\">", &lines, "</p>\n"].concat()
}
