//! The world's imports.

use std::cell::RefCell;
use std::mem::{Discriminant, discriminant};

use crate::bindings::endpoint::campanile::alerts::{notifications, text};
use crate::{Arg, Markup, Notification};

pub(crate) use crate::bindings::endpoint::campanile::alerts::host::has;
pub(crate) use crate::bindings::endpoint::campanile::alerts::log::write as log;
pub(crate) use crate::bindings::endpoint::campanile::alerts::notifications::Notification as Handle;
pub(crate) use crate::bindings::endpoint::campanile::alerts::text::split;

/// As the host escapes it. Text that has nothing to escape is most text, and costs no call.
pub(crate) fn escape(text: &str, markup: &Markup) -> String {
    let like_html = matches!(markup, Markup::Plain | Markup::Html | Markup::Telegram);
    let plain = |byte: u8| matches!(byte, b' '..=b'~') && !br#"&<>"'"#.contains(&byte);
    if like_html && text.bytes().all(plain) {
        return text.to_owned();
    }
    text::escape(text, markup)
}

/// A message without holes is the same for every alert of a call, which an instance lives for.
pub(crate) fn translate(key: &str, args: &[Arg], markup: &Markup) -> String {
    thread_local! {
        static SAID: RefCell<Vec<(String, Discriminant<Markup>, String)>> = const { RefCell::new(Vec::new()) };
    }
    if !args.is_empty() || matches!(markup, Markup::Other(_)) {
        return text::translate(key, args, markup);
    }
    let kind = discriminant(markup);
    let said = SAID.with_borrow(|said| {
        let known = said
            .iter()
            .find(|(known, of, _)| known == key && *of == kind);
        known.map(|(_, _, message)| message.clone())
    });
    said.unwrap_or_else(|| {
        let message = text::translate(key, args, markup);
        SAID.with_borrow_mut(|said| said.push((key.to_owned(), kind, message.clone())));
        message
    })
}

pub(crate) fn dequeue(max: u32) -> Vec<Notification> {
    notifications::dequeue(max)
        .into_iter()
        .map(Notification::new)
        .collect()
}
