//! Manifests with their locales, as authors write them and as components return them.

use campanile_contract::manifest::Manifest;
use campanile_contract::text::Catalog;

/// A manifest that is taken says the same when it is written and read again; one that is not has a reason.
///
/// # Panics
///
/// Where that is not so.
#[must_use]
pub fn run(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else {
        return false;
    };
    let mut taken = false;
    for read in [Manifest::from_json(text), Manifest::from_toml(text)] {
        match read {
            Ok(manifest) => {
                taken = true;
                let written = serde_json::to_string(&manifest).expect("a manifest is data");
                let again = Manifest::from_json(&written)
                    .unwrap_or_else(|mistakes| panic!("{mistakes}\nin {written}"));
                assert_eq!(again, manifest);
                if let Err(mistakes) = Catalog::parse(&manifest.locales) {
                    assert!(!mistakes.is_empty());
                }
            }
            Err(mistakes) => assert!(!mistakes.to_string().is_empty()),
        }
    }
    taken
}
