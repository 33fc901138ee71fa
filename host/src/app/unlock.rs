//! Which master key the stored secrets were sealed with, and that it is the one at hand. It also ends what
//! a rotation began that was cut off: both keys are there until no secret needs the first.

use anyhow::Context;

use super::key::{KeyError, KeyPlace};
use crate::clock::Millis;
use crate::secret::MasterKey;
use crate::store::{Change, EndpointRow, Store};

/// Why stored secrets cannot be opened. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Locked {
    /// There is a key, and it is another.
    #[error(
        "this is not the key that the secrets were sealed with: put that one there and start again; if it is lost, `campanile secret forget` lets go of the secrets, and `campanile apply` enters them again"
    )]
    AnotherKey,
    /// There is none.
    #[error(
        "the master key that the secrets were sealed with is not there: put it back and start again; if it is lost, `campanile secret forget` lets go of the secrets, and `campanile apply` enters them again"
    )]
    NoKey,
}

/// The key that fits the store, made at first start.
///
/// # Errors
///
/// [`Locked`] where another one fits; those of the file and of the store.
pub(super) async fn unlock(
    place: &KeyPlace,
    store: &Store,
    now: Millis,
) -> anyhow::Result<MasterKey> {
    let at = |place: &KeyPlace| place.path().display().to_string();
    let configuration = store.configuration().await?;
    let known = configuration.key_check.as_deref();
    let here = place.load().with_context(|| at(place))?;
    let next = place.next();
    if let Some(key) = &here
        && known == Some(&key.check())
    {
        // A rotation may have been cut off before it sealed anything.
        next.remove().with_context(|| at(&next))?;
    } else if let Some(key) = next.load().with_context(|| at(&next))?
        && known == Some(&key.check())
    {
        // A rotation was cut off after it had sealed everything.
        store.vacuum().await?;
        place.advance().with_context(|| at(place))?;
        return Ok(key);
    } else if configuration.endpoints.iter().any(EndpointRow::has_secrets)
        && (known.is_some() || here.is_none())
    {
        let locked = match here {
            Some(_) => Locked::AnotherKey,
            None => Locked::NoKey,
        };
        return Err(anyhow::Error::new(locked).context(at(place)));
    }
    let key = match here {
        Some(key) => key,
        None => made(place).with_context(|| at(place))?,
    };
    if known != Some(&key.check()) {
        let check = Change::PutKeyCheck(Some(key.check()));
        store.apply(vec![check], now).await?;
    }
    Ok(key)
}

fn made(place: &KeyPlace) -> Result<MasterKey, KeyError> {
    tracing::info!(key = %place.path().display(), "the master key is made: keep it, and keep it apart");
    place.create()
}
