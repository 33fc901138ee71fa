//! What became of alerts in a program, and waiting for it.

use campanile::job::Attempt;
use campanile::store::{DeadLetter, DeadLetterFilter, DeliveryFilter, DeliveryView};

use super::World;
use crate::wait::wait_for;

/// What ends so many milliseconds from now is a lease that was taken now: while alerts are built, and while
/// they are sent.
const LEASES: [u64; 2] = [60_000, 365 * 24 * 3600 * 1000];

impl World {
    /// The default tenant's deliveries, newest first, without their messages.
    ///
    /// # Panics
    ///
    /// Where the store fails.
    pub async fn deliveries(&self) -> Vec<DeliveryView> {
        let filter = DeliveryFilter {
            tenant: Some(String::from("default")),
            limit: 1000,
            ..DeliveryFilter::default()
        };
        self.app.store.deliveries(filter).await.expect("deliveries")
    }

    /// A delivery's attempts.
    ///
    /// # Panics
    ///
    /// Where there is no such delivery.
    pub async fn attempts(&self, delivery: &str) -> Vec<Attempt> {
        self.app
            .store
            .delivery(delivery)
            .await
            .expect("a delivery")
            .expect("that delivery")
            .1
    }

    /// All attempts of the default tenant's deliveries, the oldest delivery's first.
    pub async fn all_attempts(&self) -> Vec<Attempt> {
        let mut all = Vec::new();
        for delivery in self.deliveries().await.iter().rev() {
            all.extend(self.attempts(&delivery.id).await);
        }
        all
    }

    /// All dead letters.
    ///
    /// # Panics
    ///
    /// Where the store fails.
    pub async fn dead_letters(&self) -> Vec<DeadLetter> {
        let filter = DeadLetterFilter {
            limit: 1000,
            ..DeadLetterFilter::default()
        };
        self.app
            .store
            .dead_letters(filter)
            .await
            .expect("dead letters")
    }

    /// Waits until this recipient has a dead letter.
    pub async fn dead_letter(&self, recipient: &str) -> DeadLetter {
        wait_for(recipient, || async {
            let mut dead = self.dead_letters().await.into_iter();
            dead.find(|letter| letter.recipient_name == recipient)
        })
        .await
    }

    /// Waits until this many attempts were noted, and returns all.
    pub async fn wait_for_attempts(&self, count: usize) -> Vec<Attempt> {
        wait_for(&format!("{count} attempts"), || async {
            let attempts = self.all_attempts().await;
            (attempts.len() >= count).then_some(attempts)
        })
        .await
    }

    /// Waits until nothing is queued or pending any more.
    ///
    /// # Panics
    ///
    /// Where the store fails.
    pub async fn wait_until_empty(&self) {
        wait_for("an empty queue", || async {
            let counts = self.app.store.counts().await.expect("counts");
            (counts.queued == 0 && counts.pending == 0).then_some(())
        })
        .await;
    }

    /// Waits until nothing is due at this moment: what is left waits for time to pass, or for somebody.
    ///
    /// # Panics
    ///
    /// Where the store fails.
    pub async fn wait_until_idle(&self) {
        wait_for("nothing to be due", || async {
            let due = self
                .app
                .store
                .due_recipients(self.clock.now())
                .await
                .expect("what is due");
            due.recipients.is_empty().then_some(())
        })
        .await;
    }

    /// Waits until nothing is due and nothing is in anybody's hands: what is next is a retry, or nothing.
    ///
    /// # Panics
    ///
    /// Where the store fails.
    pub async fn settled(&self) {
        wait_for("everything to be settled", || async {
            let now = self.clock.now();
            let due = self.app.store.due_recipients(now).await.expect("due");
            let in_hands = due.next.is_some_and(|next| LEASES.contains(&(next - now)));
            (due.recipients.is_empty() && !in_hands).then_some(())
        })
        .await;
    }
}
