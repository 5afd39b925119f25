//! Judging by the policy. Pure: what was stated, what was verified and the time come in, findings come out.

use std::collections::BTreeSet;

use super::{Policy, Role, Rule};
use crate::format::{CollectionId, RefName};
use crate::openpgp::{Fingerprint, Verification};
use crate::workflow::{Finding, Subject};

/// A signed statement, as far as policy looks at it.
#[derive(Clone, Debug)]
pub struct Claim<'a> {
    /// The role it was signed for.
    pub role: Role,
    /// What it is, for the findings.
    pub subject: Subject,
    /// The refs it speaks of; for [`Role::Trust`] none.
    pub refs: &'a [RefName],
    /// The collection it belongs to.
    pub collection: Option<&'a CollectionId>,
    /// When it was made, in UNIX seconds.
    pub created: u64,
    /// When it expires, in UNIX seconds.
    pub expires: Option<u64>,
    /// The time to judge at, in UNIX seconds: never before the latest statement accepted earlier.
    pub now: u64,
}

impl Policy {
    /// Judges a statement before it is read: did anyone sign who may sign anything for this role?
    ///
    /// No finding does not mean that it is accepted: [`Policy::judge`] decides that.
    #[must_use]
    pub fn admit(
        &self,
        role: Role,
        subject: &Subject,
        verification: &Verification,
    ) -> Vec<Finding> {
        let allowed: BTreeSet<_> = self
            .rules(role)
            .flat_map(|rule| &rule.certificates)
            .cloned()
            .collect();
        if self.rules(role).next().is_none() {
            return vec![Finding::RoleNotListed { role }];
        }
        too_few(subject, 1, &allowed, verification)
            .into_iter()
            .collect()
    }

    /// Judges a statement: every reason to refuse it, none when it is accepted.
    #[must_use]
    pub fn judge(&self, claim: &Claim<'_>, verification: &Verification) -> Vec<Finding> {
        let mut findings = Vec::new();
        let rules = self.matching(claim, &mut findings);
        for rule in rules {
            let found = judge_rule(rule, claim, verification);
            findings.extend(
                found
                    .into_iter()
                    .filter(|finding| !findings.contains(finding))
                    .collect::<Vec<_>>(),
            );
        }
        if let Some(expires) = claim.expires.filter(|&at| at <= claim.now) {
            findings.push(Finding::Expired {
                subject: claim.subject.clone(),
                expires,
                now: claim.now,
            });
        }
        findings
    }

    /// Returns every certificate that may sign for the role on one of these refs.
    pub fn signers(&self, role: Role, refs: &[RefName]) -> BTreeSet<Fingerprint> {
        let concerned =
            |rule: &&Rule| refs.is_empty() || refs.iter().any(|name| rule.concerns(name));
        self.rules(role)
            .filter(concerned)
            .flat_map(|rule| rule.certificates.clone())
            .collect()
    }

    /// Finds the rules that must hold, and notes the refs for which there is none.
    fn matching(&self, claim: &Claim<'_>, findings: &mut Vec<Finding>) -> Vec<&Rule> {
        if self.rules(claim.role).next().is_none() {
            findings.push(Finding::RoleNotListed { role: claim.role });
            return Vec::new();
        }
        for name in claim.refs {
            if !self.rules(claim.role).any(|rule| rule.concerns(name)) {
                findings.push(Finding::RefNotAllowed {
                    role: claim.role,
                    name: name.clone(),
                });
            }
        }
        let concerned = |rule: &&Rule| {
            claim.refs.is_empty() || claim.refs.iter().any(|name| rule.concerns(name))
        };
        self.rules(claim.role).filter(concerned).collect()
    }
}

impl Rule {
    /// Tells whether the rule holds for this ref.
    pub fn concerns(&self, name: &RefName) -> bool {
        self.refs.is_empty() || self.refs.iter().any(|pattern| pattern.matches(name))
    }
}

fn judge_rule(rule: &Rule, claim: &Claim<'_>, verification: &Verification) -> Vec<Finding> {
    let subject = || claim.subject.clone();
    let mut findings = Vec::new();
    findings.extend(too_few(
        &claim.subject,
        rule.threshold,
        &rule.certificates,
        verification,
    ));
    if let Some(wanted) = &rule.collection
        && claim.collection != Some(wanted)
    {
        findings.push(Finding::CollectionNotAllowed {
            wanted: wanted.clone(),
            found: claim.collection.cloned(),
        });
    }
    if rule.require_expiry && claim.expires.is_none() {
        findings.push(Finding::ExpiryMissing { subject: subject() });
    }
    if let Some(max_age) = rule
        .max_age
        .filter(|&age| claim.created.saturating_add(age) < claim.now)
    {
        findings.push(Finding::TooOld {
            subject: subject(),
            created: claim.created,
            max_age,
            now: claim.now,
        });
    }
    findings
}

/// Counts the distinct certificates that signed and may.
fn too_few(
    subject: &Subject,
    needed: usize,
    allowed: &BTreeSet<Fingerprint>,
    verification: &Verification,
) -> Option<Finding> {
    let (signers, others): (Vec<_>, Vec<_>) = verification
        .signers()
        .into_iter()
        .partition(|signer| allowed.contains(signer));
    if signers.len() >= needed {
        return None;
    }
    if verification.good.is_empty() && verification.rejected.is_empty() {
        return Some(Finding::Unsigned {
            subject: subject.clone(),
        });
    }
    let rejected = verification.rejected.clone();
    Some(Finding::TooFewSigners {
        subject: subject.clone(),
        needed,
        signers,
        others,
        rejected,
    })
}
