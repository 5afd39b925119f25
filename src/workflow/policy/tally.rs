//! How far the rules are met: who signed, how many are missing, and who could still sign.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{Policy, RefPattern, Role};
use crate::format::RefName;
use crate::openpgp::{Fingerprint, Verification};

/// How far one rule of the policy is met.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Tally {
    /// The role the rule is for.
    pub role: Role,
    /// The refs it holds for; empty for every ref.
    pub refs: Vec<RefPattern>,
    /// How many distinct certificates must sign.
    pub needed: usize,
    /// Those that did, and may.
    pub signed: BTreeSet<Fingerprint>,
    /// How many are missing.
    pub missing: usize,
    /// Those that may and did not; empty when nobody is missing.
    pub could_sign: BTreeSet<Fingerprint>,
}

impl Policy {
    /// Counts, for each rule that concerns one of these refs, who signed; without refs for every rule.
    pub fn tally(
        &self,
        role: Role,
        refs: Option<&[RefName]>,
        verification: &Verification,
    ) -> Vec<Tally> {
        let signers = verification.signers();
        let rules = self.rules(role).filter(|rule| {
            refs.is_none_or(|refs| refs.is_empty() || refs.iter().any(|name| rule.concerns(name)))
        });
        let tally = |rule: &super::Rule| {
            let signed: BTreeSet<_> = rule.certificates.intersection(&signers).cloned().collect();
            let missing = rule.threshold.saturating_sub(signed.len());
            let others = rule.certificates.difference(&signers).cloned();
            Tally {
                role,
                refs: rule.refs.clone(),
                needed: rule.threshold,
                could_sign: others.filter(|_| missing > 0).collect(),
                signed,
                missing,
            }
        };
        rules.map(tally).collect()
    }
}
