//! What was found: by rule, each with its place, the reason, and what to do about it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::rule::Rule;

/// Cases that are listed of one finding; more are counted.
const LISTED: usize = 3;

/// What came of checking one component.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Absent where it does not install.
    pub component: Option<Identity>,
    /// In the order of [`Rule::ALL`]; a rule that could not be looked at is not there.
    pub checks: Vec<Check>,
    /// What was used of the limits, at most.
    pub usage: Vec<Usage>,
}

/// Which component it was.
#[derive(Debug, Clone, Serialize)]
pub struct Identity {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its digest.
    pub digest: String,
    /// Whether it asks for the larger limits.
    pub large: bool,
}

/// One rule, and what was found of it.
#[derive(Debug, Clone, Serialize)]
pub struct Check {
    /// Which.
    pub rule: Rule,
    /// How many cases were looked at.
    pub cases: usize,
    /// None where all is well.
    pub findings: Vec<Finding>,
}

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// It has to be mended.
    Failure,
    /// Worth a look.
    Advice,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How much it matters.
    pub level: Level,
    /// Where: a key of the manifest, a function, a part of a request.
    pub place: String,
    /// What is wrong there.
    pub what: String,
    /// Why that is wrong.
    pub why: String,
    /// What to do.
    pub fix: String,
    /// In which cases, the first few of them.
    pub cases: Vec<String>,
    /// How many more cases there were.
    pub more: usize,
}

/// What was used of a limit.
#[derive(Debug, Clone, Serialize)]
pub struct Usage {
    /// Of what.
    pub limit: &'static str,
    /// The most that one call used.
    pub used: u64,
    /// What one call may use.
    pub allowed: u64,
    /// Of both.
    pub unit: &'static str,
}

impl Finding {
    /// Something that has to be mended.
    pub fn failure(
        place: impl Into<String>,
        what: impl Into<String>,
        why: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self {
            level: Level::Failure,
            place: place.into(),
            what: what.into(),
            why: why.into(),
            fix: fix.into(),
            cases: Vec::new(),
            more: 0,
        }
    }

    /// Something that is worth a look, and no failure.
    #[must_use]
    pub fn as_advice(mut self) -> Self {
        self.level = Level::Advice;
        self
    }

    /// In this case.
    #[must_use]
    pub fn of(mut self, case: impl Into<String>) -> Self {
        self.cases.push(case.into());
        self
    }
}

impl Check {
    /// Whether there is nothing to mend.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.findings
            .iter()
            .all(|finding| finding.level == Level::Advice)
    }
}

impl Report {
    /// Whether there is nothing to mend.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.checks.iter().all(Check::passed)
    }

    /// What was found of a rule.
    #[must_use]
    pub fn of(&self, rule: Rule) -> &[Finding] {
        self.checks
            .iter()
            .find(|check| check.rule == rule)
            .map_or(&[], |check| &check.findings)
    }
}

/// A report in the making.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    checks: BTreeMap<Rule, (usize, Vec<Finding>)>,
}

impl Ledger {
    /// Counts a case that was looked at.
    pub(super) fn look(&mut self, rule: Rule) {
        self.checks.entry(rule).or_default().0 += 1;
    }

    /// Adds a finding, or its case to the same finding of another case.
    pub(super) fn add(&mut self, rule: Rule, finding: Finding) {
        let findings = &mut self.checks.entry(rule).or_default().1;
        let same = findings
            .iter_mut()
            .find(|known| known.place == finding.place && known.what == finding.what);
        let Some(known) = same else {
            findings.push(finding);
            return;
        };
        for case in finding.cases {
            if known.cases.contains(&case) {
                continue;
            }
            if known.cases.len() < LISTED {
                known.cases.push(case);
            } else {
                known.more += 1;
            }
        }
    }

    pub(super) fn report(self, component: Option<Identity>, usage: Vec<Usage>) -> Report {
        let checks = self
            .checks
            .into_iter()
            .map(|(rule, (cases, findings))| Check {
                rule,
                cases,
                findings,
            });
        Report {
            component,
            checks: checks.collect(),
            usage,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_finding_of_many_cases_is_one_and_counts_them() {
        let mut ledger = Ledger::default();
        for case in ["a", "b", "a", "c", "d", "e"] {
            ledger.look(Rule::Texts);
            ledger.add(Rule::Texts, Finding::failure("p", "w", "y", "f").of(case));
        }
        ledger.add(
            Rule::Texts,
            Finding::failure("p", "other", "y", "f").as_advice(),
        );
        ledger.add(Rule::Lint, Finding::failure("p", "w", "y", "f").as_advice());
        let report = ledger.report(None, Vec::new());
        let [lint, texts] = report.checks.as_slice() else {
            panic!("{report:?}");
        };
        assert!(lint.rule == Rule::Lint && lint.passed());
        assert!(!texts.passed() && !report.passed() && texts.cases == 6);
        let cases: Vec<_> = texts
            .findings
            .iter()
            .map(|it| (it.cases.len(), it.more))
            .collect();
        assert_eq!(cases, [(3, 2), (0, 0)]);
    }
}
