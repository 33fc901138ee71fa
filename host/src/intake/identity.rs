//! Ids of alerts: `UUIDv7` (RFC 9562), in the order of one body.

use uuid::Builder;

use crate::clock::Millis;

/// Ids for one body: random once, then counted up, so that they sort as the alerts stood and cost one
/// call of the system.
pub(super) struct Ids {
    now: Millis,
    random: [u8; 10],
    next: u64,
}

impl Ids {
    /// # Panics
    ///
    /// When the system has no randomness.
    pub(super) fn new(now: Millis) -> Self {
        let mut random = [0; 10];
        getrandom::fill(&mut random).expect("the system has randomness");
        let low = u64::from_be_bytes(random[2..].try_into().expect("eight bytes"));
        // The variant takes the upper two of these bits; one more leaves room to count.
        Self {
            now,
            random,
            next: low >> 3,
        }
    }

    pub(super) fn next(&mut self) -> String {
        self.random[2..].copy_from_slice(&self.next.to_be_bytes());
        self.next += 1;
        Builder::from_unix_timestamp_millis(self.now, &self.random)
            .into_uuid()
            .to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_version_7_unique_and_in_order() {
        let mut ids = Ids::new(1_720_517_073_250);
        let made: Vec<String> = (0..1000).map(|_| ids.next()).collect();
        assert!(made.is_sorted_by(|one, next| one < next));
        let id: uuid::Uuid = made[0].parse().unwrap();
        assert_eq!(id.get_version_num(), 7);
        assert_eq!(id.get_variant(), uuid::Variant::RFC4122);
        assert_eq!(
            id.get_timestamp().unwrap().to_unix(),
            (1_720_517_073, 250_000_000)
        );
        assert_ne!(Ids::new(0).next(), Ids::new(0).next());
    }
}
