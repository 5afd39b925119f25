//! What a trust directory means: every certificate, and for every role who may sign what.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{Policy, RefPattern, Role, Rule};
use crate::format::{CollectionId, RefName};
use crate::openpgp::{CertInfo, Fingerprint, Keyring};

/// A trust directory, told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct TrustMeaning {
    /// Whether somebody wrote a policy down; without one, any one certificate may sign anything.
    pub written: bool,
    /// The only ref that is looked at, if not all are.
    #[serde(rename = "ref")]
    pub name: Option<RefName>,
    /// The certificates of the directory.
    pub certificates: Vec<NamedCertificate>,
    /// Who may sign what, each role once.
    pub roles: Vec<RoleMeaning>,
}

/// A certificate, and what the policy calls it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct NamedCertificate {
    /// Its names in `[certificates]`.
    pub names: Vec<String>,
    /// What it says about itself.
    #[serde(flatten)]
    pub info: CertInfo,
    /// The roles in which it may sign anything.
    pub roles: BTreeSet<Role>,
}

/// The rules of one role; all that match a ref must hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RoleMeaning {
    /// The role.
    pub role: Role,
    /// Its rules; without any, whatever claims the role is refused.
    pub rules: Vec<RuleMeaning>,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RuleMeaning {
    /// The line of `policy.toml` where it begins; 0 for a rule that nobody wrote.
    pub line: usize,
    /// The refs it holds for; empty for every ref.
    pub refs: Vec<RefPattern>,
    /// How many of the certificates must sign.
    pub threshold: usize,
    /// The certificates that may.
    pub certificates: BTreeSet<Fingerprint>,
    /// Those of them that can make a signature that counts now.
    pub able: BTreeSet<Fingerprint>,
    /// The collection that is wanted.
    pub collection: Option<CollectionId>,
    /// The oldest age allowed, in seconds.
    pub max_age: Option<u64>,
    /// Whether the statement must expire.
    pub require_expiry: bool,
}

impl Policy {
    /// Tells what the policy means with these certificates at `now`: for one ref, or for all.
    pub fn meaning(&self, keyring: &Keyring, name: Option<&RefName>, now: u64) -> TrustMeaning {
        let infos = keyring.certs(now);
        let able: BTreeSet<Fingerprint> = infos
            .iter()
            .filter(|info| info.can_sign())
            .map(|info| info.fingerprint.clone())
            .collect();
        let roles = Role::ALL.map(|role| RoleMeaning {
            role,
            rules: self
                .rules(role)
                .filter(|rule| name.is_none_or(|name| rule.concerns(name)))
                .map(|rule| rule_meaning(rule, &able))
                .collect(),
        });
        let certificates = infos
            .into_iter()
            .map(|info| self.named(info, &roles))
            .collect();
        TrustMeaning {
            written: self.written,
            name: name.cloned(),
            certificates,
            roles: roles.into(),
        }
    }

    fn named(&self, info: CertInfo, roles: &[RoleMeaning]) -> NamedCertificate {
        let may = |role: &&RoleMeaning| {
            let mut rules = role.rules.iter();
            rules.any(|rule| rule.certificates.contains(&info.fingerprint))
        };
        NamedCertificate {
            names: self.names(&info.fingerprint).map(str::to_owned).collect(),
            roles: roles.iter().filter(may).map(|role| role.role).collect(),
            info,
        }
    }
}

fn rule_meaning(rule: &Rule, able: &BTreeSet<Fingerprint>) -> RuleMeaning {
    RuleMeaning {
        line: rule.line,
        refs: rule.refs.clone(),
        threshold: rule.threshold,
        certificates: rule.certificates.clone(),
        able: rule.certificates.intersection(able).cloned().collect(),
        collection: rule.collection.clone(),
        max_age: rule.max_age,
        require_expiry: rule.require_expiry,
    }
}
