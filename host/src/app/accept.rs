//! Step 2 between intake and store: alerts are routed and stored with their jobs.

use std::collections::HashMap;
use std::sync::Arc;

use campanile_contract::alert::Action;

use super::App;
use crate::alert::Alert;
use crate::condition::{self, Condition, News};
use crate::directory::{Recipient, Token};
use crate::route;
use crate::store::{Acceptance, Accepted, Idempotency, StoreError, Told};

impl App {
    /// Routes alerts, stores them with their jobs, and wakes their recipients. When it returns, they last.
    ///
    /// States are told apart by what the store knew when they came: of two posts at the same moment, both may
    /// be the first.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn accept(
        &self,
        token: &Token,
        mut alerts: Vec<Alert>,
        news: News,
        idempotency: Option<Idempotency>,
    ) -> Result<Accepted, StoreError> {
        let told = match news {
            News::Changes => Vec::new(),
            News::States => {
                let fingerprints = alerts.iter().map(|alert| alert.fingerprint.clone());
                let known = self.store.conditions(fingerprints.collect()).await?;
                told(&mut alerts, known)
            }
        };
        let snapshot = self.directory.now();
        let recipients: &[Arc<Recipient>] = snapshot.of_tenant(&token.tenant);
        let mut woken = Vec::new();
        let routed = alerts
            .into_iter()
            .map(|alert| {
                let hears =
                    |recipient: &&Arc<Recipient>| route::judge(&alert, &recipient.filter).is_ok();
                let jobs: Vec<_> = recipients
                    .iter()
                    .filter(hears)
                    .map(|recipient| recipient.id)
                    .collect();
                woken.extend(&jobs);
                (alert, jobs)
            })
            .collect();
        let accepted = self
            .store
            .accept(Acceptance {
                tenant: token.tenant.clone(),
                token: token.name.clone(),
                alerts: routed,
                told,
                idempotency,
                now: self.clock.now(),
            })
            .await?;
        woken.sort_unstable();
        woken.dedup();
        self.waker.wake(woken);
        Ok(accepted)
    }
}

/// Gives alerts that tell states their actions, one after the other, and says what is to be known of their
/// conditions from now on.
fn told(alerts: &mut [Alert], mut known: HashMap<String, Condition>) -> Vec<Told> {
    let mut told = Vec::with_capacity(alerts.len());
    for alert in alerts {
        alert.action = condition::action(alert, known.get(&alert.fingerprint));
        let fingerprint = alert.fingerprint.clone();
        if alert.action == Action::Released {
            known.remove(&fingerprint);
            told.push(Told::Ended(fingerprint));
        } else {
            let condition = Condition::of(alert);
            known.insert(fingerprint.clone(), condition.clone());
            told.push(Told::Holds(fingerprint, condition));
        }
    }
    told
}
