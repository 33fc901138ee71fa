//! The first layer: filters made from the table of system calls. The kernel asks all of them and takes the
//! severest answer, so each is one question. They hold for all threads at once.

use std::collections::BTreeMap;

use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen as Length, SeccompCmpOp as Compare,
    SeccompCondition, SeccompFilter, SeccompRule, apply_filter_all_threads,
};

use super::calls::{Answer, CALLS, Call, Check, Span};
use super::{Missing, Purpose};

/// One question: the answer for calls that its rows allow, that for all others, and which rows.
struct Filter {
    answer: SeccompAction,
    otherwise: SeccompAction,
    rows: fn(&Call) -> bool,
}

/// What holds from the start. What ends the process comes last: installing needs calls that it ends.
const FILTERS: [Filter; 3] = [
    Filter {
        answer: SeccompAction::Errno(libc::EPERM.unsigned_abs()),
        otherwise: SeccompAction::Allow,
        rows: |call| matches!(call.answer, Answer::Refuse),
    },
    Filter {
        answer: SeccompAction::Errno(libc::ENOSYS.unsigned_abs()),
        otherwise: SeccompAction::Allow,
        rows: |call| matches!(call.answer, Answer::Unknown),
    },
    Filter {
        answer: SeccompAction::Allow,
        otherwise: SeccompAction::KillProcess,
        rows: |_| true,
    },
];

/// What ends the start, its own installation too.
const END: Filter = Filter {
    answer: SeccompAction::KillProcess,
    otherwise: SeccompAction::Allow,
    rows: |call| matches!(call.span, Span::Start),
};

/// Installs the filters that hold from the start.
pub(super) fn install(purpose: Purpose) -> Result<(), Missing> {
    apply(purpose, &FILTERS)
}

/// Installs the filter that ends the start.
pub(super) fn end_start(purpose: Purpose) -> Result<(), Missing> {
    apply(purpose, &[END])
}

fn apply(purpose: Purpose, filters: &[Filter]) -> Result<(), Missing> {
    filters
        .iter()
        .try_for_each(|filter| apply_filter_all_threads(&filter.program(purpose)?))
        .map_err(|_| Missing::SystemCalls)
}

impl Filter {
    fn program(&self, purpose: Purpose) -> Result<BpfProgram, BackendError> {
        let mut rules: BTreeMap<i64, Vec<SeccompRule>> = BTreeMap::new();
        let calls = CALLS
            .iter()
            .filter(|call| call.span.holds(purpose) && (self.rows)(call));
        for call in calls {
            let rules = rules.entry(call.number).or_default();
            if !call.checks.is_empty() {
                rules.extend(ways(call.checks)?);
            }
        }
        let (otherwise, answer) = (self.otherwise.clone(), self.answer.clone());
        let architecture = std::env::consts::ARCH.try_into()?;
        SeccompFilter::new(rules, otherwise, answer, architecture)?.try_into()
    }
}

/// Checks with several values are as many rules, for conditions of one rule all hold.
fn ways(checks: &[Check]) -> Result<Vec<SeccompRule>, BackendError> {
    let mut ways = vec![Vec::new()];
    for check in checks {
        let conditions = conditions(check)?;
        ways = ways
            .iter()
            .flat_map(|way| {
                conditions.iter().map(move |condition| {
                    let mut way = way.clone();
                    way.push(condition.clone());
                    way
                })
            })
            .collect();
    }
    ways.into_iter().map(SeccompRule::new).collect()
}

/// A check, as conditions of which one has to hold.
fn conditions(check: &Check) -> Result<Vec<SeccompCondition>, BackendError> {
    let any = |argument, length: Length, compare: Compare, values: &[u64]| {
        values
            .iter()
            .map(|value| SeccompCondition::new(argument, length.clone(), compare.clone(), *value))
            .collect()
    };
    match *check {
        Check::Int(argument, values) => any(argument, Length::Dword, Compare::Eq, values),
        Check::Word(argument, values) => any(argument, Length::Qword, Compare::Eq, values),
        Check::Mask(argument, without, values) => {
            let compare = Compare::MaskedEq(u64::from(!without));
            any(argument, Length::Dword, compare, values)
        }
        Check::UpTo(argument, most) => any(argument, Length::Dword, Compare::Le, &[most]),
        Check::Own(argument) => {
            let own = u64::from(std::process::id());
            any(argument, Length::Dword, Compare::Eq, &[own])
        }
    }
}

#[cfg(test)]
mod tests;
