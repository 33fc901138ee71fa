//! What ails the file as a whole, as its threads met it: nobody is served from a store that may not keep it.

use std::sync::{Arc, Mutex, PoisonError};

use crate::store::StoreError;

/// What ails it now; shared by both threads and by all handles.
#[derive(Debug, Clone, Default)]
pub(super) struct Trouble(Arc<Mutex<Option<StoreError>>>);

impl Trouble {
    /// What ails it.
    pub(super) fn now(&self) -> Option<StoreError> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Notes an error, where it tells of the file and not of one command. Damage does not pass: writing on
    /// could make it worse, so it stays noted until the store is opened again.
    pub(super) fn note(&self, error: &StoreError) {
        let damaged = matches!(error, StoreError::Corrupt(_));
        if !(damaged || error.may_pass()) {
            return;
        }
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if now.as_ref() == Some(error) || matches!(*now, Some(StoreError::Corrupt(_))) {
            return;
        }
        tracing::error!(%error, "nothing can be stored; alerts are refused, and outcomes wait");
        *now = Some(error.clone());
    }

    /// Notes that a transaction was committed.
    pub(super) fn over(&self) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if now.as_ref().is_some_and(StoreError::may_pass) {
            tracing::info!("the store can be written again");
            *now = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_pass_passes_and_damage_stays() {
        let damage = || StoreError::Corrupt("a page".to_owned());
        let io = || StoreError::Io("a write".to_owned());
        let rows = [
            (vec![StoreError::Full], Some(StoreError::Full), None),
            (vec![StoreError::Full, io()], Some(io()), None),
            (vec![StoreError::Locked], Some(StoreError::Locked), None),
            (vec![damage(), io()], Some(damage()), Some(damage())),
            (vec![io(), damage()], Some(damage()), Some(damage())),
            (vec![StoreError::Fenced], None, None),
            (vec![StoreError::Database("x".to_owned())], None, None),
            (vec![StoreError::Unreadable("x".to_owned())], None, None),
        ];
        for (met, then, after_a_commit) in rows {
            let trouble = Trouble::default();
            met.iter().for_each(|error| trouble.note(error));
            assert_eq!(trouble.now(), then, "{met:?}");
            trouble.over();
            assert_eq!(trouble.now(), after_a_commit, "{met:?}");
        }
    }
}
