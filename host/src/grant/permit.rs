//! What holds for an endpoint now: its grant and its tenant's ceiling together, as the door asks them.

use std::sync::Arc;

use super::{Ask, Ceiling, Mode, Permission};
use crate::outcome::Reason;

/// What may become of a request, as far as grant and ceiling go; the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// It is sent.
    Allowed,
    /// It is sent, and what would refuse it is logged and counted.
    Reported(Reason),
    /// It is not sent.
    Refused(Reason),
}

/// What an endpoint may do at present.
#[derive(Debug, Clone)]
pub struct Permit {
    /// Everything that is asked where there is none.
    granted: Option<Ask>,
    ceiling: Option<Arc<Ceiling>>,
    /// What holds for all that the endpoint does.
    whole: Standing,
}

impl Permit {
    /// For an author's own component at home, and for tests: all that it asks.
    #[must_use]
    pub fn all() -> Self {
        Self {
            granted: None,
            ceiling: None,
            whole: Standing::Allowed,
        }
    }

    /// Of an endpoint that asks this, of the component with this digest, was granted that, and has this
    /// ceiling over it.
    #[must_use]
    pub fn new(ask: &Ask, digest: &str, granted: Ask, ceiling: Option<Arc<Ceiling>>) -> Self {
        // Messages are judged one by one. Of the rest, what was not granted spoils the whole.
        let judged_alone = |wanted: &&Permission| {
            matches!(
                wanted,
                Permission::Send { .. } | Permission::Mail { .. } | Permission::Syslog { .. }
            )
        };
        let granted_besides = ask.component == granted.component
            && ask
                .permissions
                .iter()
                .filter(|wanted| !judged_alone(wanted))
                .all(|wanted| granted.allows(wanted));
        let large = ask.permissions.contains(&Permission::Large);
        let admitted = ceiling
            .as_ref()
            .is_none_or(|ceiling| ceiling.admits(digest, large));
        let mut permit = Self {
            granted: Some(granted),
            ceiling,
            whole: Standing::Allowed,
        };
        permit.whole = match (granted_besides, admitted) {
            (false, _) => Standing::Refused(Reason::NotGranted),
            (true, false) => permit.over(),
            (true, true) => Standing::Allowed,
        };
        permit
    }

    /// What becomes of messages by this permission, which lead to this address.
    #[must_use]
    pub fn standing(&self, wanted: &Permission, address: &str) -> Standing {
        let granted = self.granted.as_ref();
        let reaches = |ceiling: &Arc<Ceiling>| ceiling.reaches(address);
        if matches!(self.whole, Standing::Refused(_)) {
            self.whole
        } else if !granted.is_none_or(|granted| granted.allows(wanted)) {
            Standing::Refused(Reason::NotGranted)
        } else if !self.ceiling.as_ref().is_none_or(reaches) {
            self.over()
        } else {
            self.whole
        }
    }

    /// The ceiling, to count what it let through.
    #[must_use]
    pub fn ceiling(&self) -> Option<&Arc<Ceiling>> {
        self.ceiling.as_ref()
    }

    fn over(&self) -> Standing {
        match self.ceiling.as_ref().map(|ceiling| ceiling.mode) {
            Some(Mode::Report) => Standing::Reported(Reason::OverCeiling),
            _ => Standing::Refused(Reason::OverCeiling),
        }
    }
}
