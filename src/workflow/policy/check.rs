//! What is allowed in a trust directory and yet no good idea: warnings, never a refusal.

use serde::Serialize;

use super::{Policy, Role, Rule};
use crate::openpgp::{CertInfo, Fingerprint, Keyring, Weakness};

/// Keys that expire within this time are warned of, in seconds.
pub const EXPIRES_SOON_SECS: u64 = 90 * 86_400;

/// Something about a trust directory that is worth a look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(
    tag = "finding",
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case"
)]
#[non_exhaustive]
pub enum TrustWarning {
    /// Nobody wrote down who may sign what.
    #[error("there is no policy.toml: any one certificate may sign anything")]
    NoPolicy,
    /// A certificate cannot make a signature that counts.
    #[error("{certificate} cannot sign now: {why}")]
    CannotSign {
        /// The certificate.
        certificate: Fingerprint,
        /// Whether somebody revoked it.
        revoked: bool,
        /// When it expired, in UNIX seconds, if that is why.
        expired: Option<u64>,
        /// Why it cannot.
        why: String,
    },
    /// A certificate, or its last signing key, soon expires.
    #[error("{certificate} can sign for {} more days: renew it, or add its successor", left / 86_400)]
    ExpiresSoon {
        /// The certificate.
        certificate: Fingerprint,
        /// When its last signature can be made, in UNIX seconds.
        expires: u64,
        /// How many seconds are left.
        left: u64,
    },
    /// A certificate is weaker than it need be.
    #[error("{certificate}: {weakness}")]
    Weak {
        /// The certificate.
        certificate: Fingerprint,
        /// What is weak.
        #[serde(flatten)]
        weakness: Weakness,
    },
    /// No rule names a certificate of the directory.
    #[error("no rule names {certificate}: it may sign nothing")]
    Unused {
        /// The certificate.
        certificate: Fingerprint,
    },
    /// There is no rule for a role: whatever claims it is refused.
    #[error("no rule for the role {role}: {}", without(*role))]
    NoRule {
        /// The role.
        role: Role,
    },
    /// Fewer certificates than the threshold can sign: the rule can never hold.
    #[error("line {line}: {needed} must sign, and only {able} can now")]
    CannotBeMet {
        /// The line of the rule.
        line: usize,
        /// The role.
        role: Role,
        /// How many must sign.
        needed: usize,
        /// How many can.
        able: usize,
    },
    /// Every certificate that can sign is needed: losing one key stops every release.
    #[error("line {line}: {}: one lost key stops every {}", all(*needed), stopped(*role))]
    NoSpare {
        /// The line of the rule.
        line: usize,
        /// The role.
        role: Role,
        /// How many must sign.
        needed: usize,
    },
    /// What a pattern allows, no rule of another role allows: it never comes to bear.
    #[error("line {line}: `{pattern}` never comes to bear: no [[{role}]] rule is for such refs")]
    NeverMatches {
        /// The line of the rule.
        line: usize,
        /// The pattern.
        pattern: String,
        /// The role that has no rule for these refs.
        role: Role,
    },
    /// Two rules for the same refs want different collections: nothing satisfies both.
    #[error("lines {line} and {other} want different collections of the same refs")]
    CollectionsDiffer {
        /// The line of the one rule.
        line: usize,
        /// The line of the other.
        other: usize,
    },
}

fn all(needed: usize) -> String {
    match needed {
        1 => "only one certificate can sign".to_owned(),
        _ => format!("all {needed} that can sign must sign"),
    }
}

fn stopped(role: Role) -> String {
    match role {
        Role::Trust => "trust update".to_owned(),
        _ => role.to_string(),
    }
}

fn without(role: Role) -> &'static str {
    match role {
        Role::Trust => "no trust update and no permission to go back is ever accepted",
        Role::Bundle | Role::Commit => "nothing can be imported",
        Role::Summary => "a summary that a bundle carries is refused",
    }
}

impl Policy {
    /// Lists what is worth a look in this policy with these certificates at `now`.
    #[must_use]
    pub fn check(&self, keyring: &Keyring, now: u64) -> Vec<TrustWarning> {
        let infos = keyring.certs(now);
        let mut found = Vec::new();
        for info in &infos {
            found.extend(certificate_warnings(info, keyring, now));
        }
        if !self.is_written() {
            found.push(TrustWarning::NoPolicy);
            return found;
        }
        for info in &infos {
            let certificate = &info.fingerprint;
            let mut rules = self.rules.iter();
            if !rules.any(|rule| rule.certificates.contains(certificate)) {
                found.push(TrustWarning::Unused {
                    certificate: certificate.clone(),
                });
            }
        }
        for role in Role::ALL {
            if self.rules(role).next().is_none() {
                found.push(TrustWarning::NoRule { role });
            }
        }
        for rule in &self.rules {
            found.extend(signers_warning(rule, &infos));
            found.extend(self.idle_patterns(rule));
        }
        found.extend(self.conflicts());
        found
    }

    /// Finds the patterns whose refs every role allows but one: nothing of theirs is ever accepted.
    fn idle_patterns(&self, rule: &Rule) -> Vec<TrustWarning> {
        let mut found = Vec::new();
        for role in [Role::Bundle, Role::Commit, Role::Summary] {
            // A role without any rule is told once, not once for every pattern.
            if role == rule.role || self.rules(role).next().is_none() {
                continue;
            }
            let idle = rule.refs.iter().filter(|pattern| {
                !self.rules(role).any(|other| {
                    other.refs.is_empty() || other.refs.iter().any(|their| their.meets(pattern))
                })
            });
            found.extend(idle.map(|pattern| TrustWarning::NeverMatches {
                line: rule.line,
                pattern: pattern.to_string(),
                role,
            }));
        }
        found
    }

    fn conflicts(&self) -> Vec<TrustWarning> {
        let mut found = Vec::new();
        for (index, rule) in self.rules.iter().enumerate() {
            let clash = |other: &&Rule| {
                let both = rule.collection.as_ref().zip(other.collection.as_ref());
                both.is_some_and(|(one, two)| one != two) && rule.meets(other)
            };
            let others = self.rules.iter().skip(index + 1).filter(clash);
            found.extend(others.map(|other| TrustWarning::CollectionsDiffer {
                line: rule.line,
                other: other.line,
            }));
        }
        found
    }
}

impl Rule {
    /// Tells whether some ref matches both rules.
    fn meets(&self, other: &Rule) -> bool {
        let every = self.refs.is_empty() || other.refs.is_empty();
        every
            || self
                .refs
                .iter()
                .any(|one| other.refs.iter().any(|two| one.meets(two)))
    }
}

fn certificate_warnings(info: &CertInfo, keyring: &Keyring, now: u64) -> Vec<TrustWarning> {
    let certificate = || info.fingerprint.clone();
    let mut found = Vec::new();
    let expired = info.expires.filter(|&at| at <= now);
    let why = match (info.revoked, expired, &info.invalid) {
        (true, ..) => Some("it is revoked".to_owned()),
        (_, Some(_), _) => Some("it has expired".to_owned()),
        (_, _, Some(why)) => Some(format!("it is not valid: {why}")),
        _ if info.signing_keys.is_empty() => Some("it has no key for signing".to_owned()),
        _ => None,
    };
    match why {
        Some(why) => found.push(TrustWarning::CannotSign {
            certificate: certificate(),
            revoked: info.revoked,
            expired,
            why,
        }),
        None => found.extend(
            info.signs_until()
                .filter(|&at| at < now.saturating_add(EXPIRES_SOON_SECS))
                .map(|expires| TrustWarning::ExpiresSoon {
                    certificate: certificate(),
                    expires,
                    left: expires.saturating_sub(now),
                }),
        ),
    }
    let weak = keyring.weaknesses(&info.fingerprint).into_iter();
    found.extend(weak.map(|weakness| TrustWarning::Weak {
        certificate: certificate(),
        weakness,
    }));
    found
}

fn signers_warning(rule: &Rule, infos: &[CertInfo]) -> Option<TrustWarning> {
    let able = infos
        .iter()
        .filter(|info| info.can_sign() && rule.certificates.contains(&info.fingerprint))
        .count();
    let (line, role, needed) = (rule.line, rule.role, rule.threshold);
    if able < needed {
        return Some(TrustWarning::CannotBeMet {
            line,
            role,
            needed,
            able,
        });
    }
    (able == needed).then_some(TrustWarning::NoSpare { line, role, needed })
}
