//! A trust directory in plain words, within 80 columns.
//!
//! ```text
//! Certificates
//!   3388351782F7E931C33C6937769346DFAA830E4D
//!     called release
//!     EdDSA 256; signs with EdDSA 256; expires 2029-11-20 10:00:00 +0000
//!
//! A bundle is accepted
//!   of refs example/** (line 8)
//!     when all 2 of these have signed it: release, officer
//!   of any other ref: never
//! ```

use std::collections::BTreeSet;

use airlock::openpgp::{CertInfo, Fingerprint};
use airlock::workflow::Role;
use airlock::workflow::policy::{NamedCertificate, RuleMeaning, TrustMeaning};

use crate::render::{bold, clean, count, duration, time, wrap};

/// Explains everything.
pub fn explain(meaning: &TrustMeaning, now: u64) -> String {
    let mut text = format!("{}\n", bold("Certificates"));
    for certificate in &meaning.certificates {
        text += &certificate_text(certificate, now);
    }
    if !meaning.written {
        text += "\nThere is no policy.toml: any one certificate may sign anything.\n";
    }
    for role in &meaning.roles {
        let what = what(role.role);
        text += &format!("\n{}\n", bold(&format!("{what} is accepted")));
        for rule in &role.rules {
            text += &rule_text(meaning, role.role, rule);
        }
        text += &otherwise(meaning, role.role, &role.rules);
    }
    text
}

/// Returns what people call the certificate: its name in the policy, else its user ID, else its fingerprint.
pub fn label(certificates: &[NamedCertificate], fingerprint: &Fingerprint) -> String {
    let mut found = certificates.iter();
    let found = found.find(|certificate| certificate.info.fingerprint == *fingerprint);
    let named = found.and_then(|certificate| certificate.names.first());
    let called = found.and_then(|certificate| certificate.info.user_ids.first());
    named
        .or(called)
        .map_or_else(|| fingerprint.to_string(), |name| clean(name))
}

fn certificate_text(certificate: &NamedCertificate, now: u64) -> String {
    let info = &certificate.info;
    let mut text = format!("  {}\n", info.fingerprint);
    let names: Vec<String> = certificate.names.iter().map(|name| clean(name)).collect();
    if !names.is_empty() {
        text += &wrap(4, &format!("called {}", names.join(", ")));
    }
    for id in &info.user_ids {
        text += &wrap(4, &clean(id));
    }
    let keys: Vec<&str> = info
        .signing_keys
        .iter()
        .map(|key| key.algorithm.as_str())
        .collect();
    let signs = match keys.as_slice() {
        [] => "no key that may sign now".to_owned(),
        keys => format!("signs with {}", keys.join(", ")),
    };
    text += &wrap(
        4,
        &format!("{}; {signs}; {}", info.algorithm, state(info, now)),
    );
    let roles: Vec<String> = certificate.roles.iter().map(Role::to_string).collect();
    text += &wrap(
        4,
        &match roles.as_slice() {
            [] => "may sign nothing here".to_owned(),
            roles => format!("may sign for: {}", roles.join(", ")),
        },
    );
    text
}

/// Tells how a certificate stands at `now`.
fn state(info: &CertInfo, now: u64) -> String {
    match info {
        CertInfo { revoked: true, .. } => "revoked".into(),
        CertInfo {
            expires: Some(at), ..
        } if *at <= now => format!("expired {}", time(*at)),
        CertInfo {
            invalid: Some(why), ..
        } => format!("not valid: {}", clean(why)),
        CertInfo {
            expires: Some(at), ..
        } => format!("expires {}", time(*at)),
        _ => "never expires".into(),
    }
}

fn what(role: Role) -> &'static str {
    match role {
        Role::Bundle => "A bundle",
        Role::Commit => "A commit",
        Role::Summary => "A summary",
        Role::Trust => "A change of this trust, or a permission to go back,",
    }
}

fn rule_text(meaning: &TrustMeaning, role: Role, rule: &RuleMeaning) -> String {
    let line = match rule.line {
        0 => String::new(),
        line => format!(" (line {line})"),
    };
    let mut text = match (role, rule.refs.as_slice()) {
        (Role::Trust, _) => wrap(2, &format!("in any case{line}")),
        (_, []) => wrap(2, &format!("of every ref{line}")),
        (_, refs) => {
            let refs: Vec<String> = refs
                .iter()
                .map(|pattern| clean(&pattern.to_string()))
                .collect();
            wrap(2, &format!("of refs {}{line}", refs.join(", ")))
        }
    };
    let names = |all: &BTreeSet<Fingerprint>| {
        let all: Vec<String> = all
            .iter()
            .map(|fingerprint| label(&meaning.certificates, fingerprint))
            .collect();
        all.join(", ")
    };
    let of = rule.certificates.len();
    let signers = names(&rule.certificates);
    text += &wrap(
        4,
        &match (rule.threshold, of) {
            (1, 1) => format!("when {signers} has signed it"),
            (1, _) => format!("when any one of these {of} has signed it: {signers}"),
            (all, _) if all == of => format!("when all {of} of these have signed it: {signers}"),
            (some, _) => format!("when {some} of these {of} have signed it: {signers}"),
        },
    );
    let unable: BTreeSet<_> = rule.certificates.difference(&rule.able).cloned().collect();
    if !unable.is_empty() {
        text += &wrap(
            4,
            &format!("of whom these cannot sign now: {}", names(&unable)),
        );
    }
    if let Some(collection) = &rule.collection {
        text += &wrap(4, &format!("and it belongs to the collection {collection}"));
    }
    if let Some(age) = rule.max_age {
        text += &wrap(4, &format!("and it is not older than {}", days(age)));
    }
    if rule.require_expiry {
        text += &wrap(4, "and it says when it expires");
    }
    text
}

/// Says what becomes of what no rule matches.
fn otherwise(meaning: &TrustMeaning, role: Role, rules: &[RuleMeaning]) -> String {
    let every = rules.iter().any(|rule| rule.refs.is_empty());
    match (rules.len(), &meaning.name) {
        (0, Some(name)) => wrap(2, &format!("never of {name}: no rule matches it")),
        (0, None) => wrap(2, "never: the policy has no rule for it"),
        (1, Some(_)) => String::new(),
        (_, Some(_)) => wrap(2, "All of these must hold."),
        (1, None) if every || role == Role::Trust => String::new(),
        (_, None) if every || role == Role::Trust => {
            wrap(2, "Every rule that matches the ref must hold.")
        }
        (1, None) => wrap(2, "of any other ref: never"),
        (_, None) => wrap(
            2,
            "of any other ref: never. Every rule that matches the ref must hold.",
        ),
    }
}

fn days(seconds: u64) -> String {
    const DAY: u64 = 86_400;
    match seconds {
        DAY => "1 day".to_owned(),
        _ if seconds > 0 && seconds.is_multiple_of(DAY) => format!("{} days", count(seconds / DAY)),
        _ => duration(std::time::Duration::from_secs(seconds)),
    }
}
