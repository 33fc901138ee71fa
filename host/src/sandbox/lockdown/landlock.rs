//! The second layer: everything that Landlock knows is handled, and nothing is allowed.

use ::landlock::{
    ABI, Access, AccessFs, AccessNet, LandlockStatus, RestrictionStatus, Ruleset, RulesetAttr,
    RulesetError, RulesetStatus, Scope,
};

use super::Missing;

/// The newest that is known; an older kernel gives what it has of it.
const NEWEST: ABI = ABI::V9;

/// The first that holds signals and abstract sockets (Linux 6.12). What came later holds nothing that a
/// process without sockets and files could do.
const WHOLE: ABI = ABI::V6;

pub(super) fn restrict() -> Result<(), Missing> {
    let status = everything().map_err(|_| Missing::Landlock)?;
    match status.landlock {
        _ if status.ruleset == RulesetStatus::NotEnforced => Err(Missing::Landlock),
        LandlockStatus::Available { effective_abi, .. } if effective_abi >= WHOLE => Ok(()),
        LandlockStatus::Available { .. } => Err(Missing::LandlockScopes),
        LandlockStatus::NotEnabled | LandlockStatus::NotImplemented => Err(Missing::Landlock),
    }
}

fn everything() -> Result<RestrictionStatus, RulesetError> {
    Ruleset::default()
        .handle_access(AccessFs::from_all(NEWEST))?
        .handle_access(AccessNet::from_all(NEWEST))?
        .scope(Scope::from_all(NEWEST))?
        .create()?
        .restrict_self()
}
