//! The HTML part, as mail programs read it: tables and styles in place, nothing from elsewhere, and no colours
//! but that of the bar, so that a dark screen stays dark.

use campanile_guest::text::escape;
use campanile_guest::{Markup, Notification, Recipient};

use crate::words::Words;

/// The page.
pub(crate) fn html(recipient: &Recipient, alerts: &[Notification]) -> String {
    let language = escape(recipient.language(), &Markup::Html);
    let block = |alert| block(alert, alerts.len());
    let blocks: String = alerts.iter().map(block).collect();
    format!(
        "<!DOCTYPE html>\n<html lang=\"{language}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n</head>\n\
         <body style=\"font-family: sans-serif; font-size: 15px; line-height: 1.4\">\n\
         {blocks}</body>\n</html>\n"
    )
}

fn block(alert: &Notification, count: usize) -> String {
    let words = Words::of(alert, &Markup::Html, count);
    let title = format!("<b>{}</b>", words.title);
    let paragraphs = [title, words.message, words.facts, words.link].map(paragraph);
    // Outlook draws the borders of cells, and not those of other elements.
    format!(
        "<table role=\"presentation\" cellpadding=\"0\" cellspacing=\"0\" style=\"margin: 0 0 16px 0\">\n\
         <tr><td style=\"border-left: 6px solid #{:06x}; padding: 2px 0 2px 12px\">\n\
         {}</td></tr>\n</table>\n",
        alert.colour(),
        paragraphs.concat(),
    )
}

/// Lines of HTML, one below the other; nothing where there are none.
fn paragraph(html: String) -> String {
    if html.is_empty() {
        return html;
    }
    let lines = html.replace('\n', "<br>\n");
    format!("<p style=\"margin: 4px 0\">{lines}</p>\n")
}
