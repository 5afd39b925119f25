//! Who signed a bundle, who does not count and why, and how many are missing.
//!
//! ```text
//! SIGNATURES
//!   74D2F0D6BDE904255BB3595203C13F414C4D7553  counts
//!     Alice <alice@example.org>, 2026-11-21 00:57:43 +0000
//! RULES
//!   every ref: 2 needed, 1 signed, 1 missing
//!     could sign:
//!     3FBF5D81C0D9C8B1A2ED0F6B7C30DB4470A56E1C  Bob <bob@example.org>
//! ```

use airlock::openpgp::Fingerprint;
use airlock::workflow::{SignatureReport, SignatureStanding, Tally};

use super::{bold, clean, green, red, time, yellow};

/// Returns the report as text that fits 80 columns, long user IDs apart.
pub fn signatures(report: &SignatureReport) -> String {
    let mut text = format!("{}\n", bold("SIGNATURES"));
    for one in &report.signed {
        let standing = match one.standing {
            SignatureStanding::Counts => green("counts"),
            SignatureStanding::Repeated => yellow("counts already"),
            SignatureStanding::MayNotSign => red("good, but may not sign this"),
        };
        text += &format!("  {}  {standing}\n", one.certificate);
        let name = name(report, &one.certificate);
        let gap = if name.is_empty() { "" } else { ", " };
        text += &format!("    {name}{gap}{}\n", time(one.created));
    }
    for rejected in &report.rejected {
        let issuer = rejected.issuer.as_deref().unwrap_or("nobody named");
        text += &format!("  {:<40}  {}\n", clean(issuer), red("does not count"));
        text += &format!("    {}\n", clean(&rejected.reason.to_string()));
    }
    if report.signed.is_empty() && report.rejected.is_empty() {
        text += "  none yet\n";
    }
    text += &format!("{}\n", bold("RULES"));
    for rule in &report.rules {
        text += &rule_text(report, rule);
    }
    if report.rules.is_empty() {
        text += "  none: the policy lets nobody sign this\n";
    }
    text
}

fn rule_text(report: &SignatureReport, rule: &Tally) -> String {
    let refs: Vec<String> = rule.refs.iter().map(ToString::to_string).collect();
    let refs = match refs.is_empty() {
        true => "every ref".to_owned(),
        false => clean(&refs.join(", ")),
    };
    let signed = rule.signed.len();
    let state = match rule.missing {
        0 => green("enough"),
        missing => red(&format!("{missing} missing")),
    };
    let mut text = format!(
        "  {refs}: {} needed, {signed} signed, {state}\n",
        rule.needed
    );
    if !rule.could_sign.is_empty() {
        text += "    could sign:\n";
    }
    for certificate in &rule.could_sign {
        text += &format!("    {certificate}  {}\n", name(report, certificate));
    }
    text
}

fn name(report: &SignatureReport, certificate: &Fingerprint) -> String {
    let named = report
        .names
        .iter()
        .find(|named| named.certificate == *certificate);
    let user_id = named.and_then(|named| named.user_id.as_deref());
    clean(user_id.unwrap_or_default())
}
