//! A component's manifest and messages, parsed once a thread.

use std::cell::RefCell;
use std::collections::HashMap;

use campanile_contract::manifest::Manifest;
use campanile_contract::text::{Catalog, Localizer};

use crate::Described;

/// A component's own words.
#[derive(Clone, Copy)]
pub(super) struct Description {
    pub(super) manifest: &'static Manifest,
    pub(super) catalog: &'static Catalog,
}

thread_local! {
    static PARSED: RefCell<HashMap<&'static str, Description>> = RefCell::new(HashMap::new());
}

/// Leaked on purpose: a test process knows a handful of components, and a localizer borrows from them.
pub(super) fn of<D: Described>() -> Description {
    PARSED.with_borrow_mut(|parsed| {
        *parsed.entry(D::DESCRIPTION).or_insert_with(|| {
            let manifest = Manifest::from_json(D::DESCRIPTION)
                .unwrap_or_else(|mistakes| panic!("the description is refused:\n{mistakes}"));
            let catalog = Catalog::parse(&manifest.locales).unwrap_or_else(|mistakes| {
                panic!("the locales are refused:\n{}", mistakes.join("\n"))
            });
            Description {
                manifest: Box::leak(Box::new(manifest)),
                catalog: Box::leak(Box::new(catalog)),
            }
        })
    })
}

pub(super) fn localizer<D: Described>(language: &str, time_zone: &str) -> Localizer<'static> {
    Localizer::new(Some(of::<D>().catalog), language, time_zone)
}
