//! `airlock trust check`.

use airlock::workflow::policy::TrustWarning;
use airlock::workflow::{Error, Role, Trust};
use serde::Serialize;

use crate::args::TrustArgs;
use crate::context::Context;
use crate::error::CliError;
use crate::render::{Done, bold, clean, wrap_item, yellow};

/// Find mistakes in a trust directory, and what is worth a look
///
/// A mistake is an error (exit 2) that names the file and the line. Warnings
/// leave the exit code 0: weak keys, keys that expire within 90 days, revoked
/// and expired certificates, thresholds that cannot be met or have nothing to
/// spare, rules that never come to bear, certificates that no rule names.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    trust: TrustArgs,
}

#[derive(Serialize)]
struct Checked {
    certificates: usize,
    rules: usize,
}

/// Checks the directory.
pub fn run(args: Args, context: &mut Context) -> Result<Done, CliError> {
    let trust = Trust::load(&args.trust.required(context)?).map_err(Error::from)?;
    let policy = trust.policy();
    let warnings = policy.check(trust.keyring(), context.now());
    let rules = Role::ALL.into_iter().flat_map(|role| policy.rules(role));
    let checked = Checked {
        certificates: trust.keyring().len(),
        rules: rules.count(),
    };
    Ok(Done::new(&checked)
        .text(text(&trust, &checked, &warnings))
        .told(&warnings))
}

fn text(trust: &Trust, checked: &Checked, warnings: &[TrustWarning]) -> String {
    let plural = |number: usize, what: &str| match number {
        1 => format!("1 {what}"),
        _ => format!("{number} {what}s"),
    };
    let mut text = format!(
        "{}, {}: no mistake, {}\n",
        plural(checked.certificates, "certificate"),
        plural(checked.rules, "rule"),
        plural(warnings.len(), "warning"),
    );
    if !warnings.is_empty() {
        text += &format!("\n{}\n", yellow("Warnings"));
    }
    for warning in warnings {
        text += &wrap_item(&clean(&warning.to_string()));
    }
    let named = trust.keyring().fingerprints().filter_map(|certificate| {
        let names: Vec<String> = trust.policy().names(certificate).map(clean).collect();
        (!names.is_empty()).then(|| format!("  {certificate}  {}\n", names.join(", ")))
    });
    let named: String = named.collect();
    if !warnings.is_empty() && !named.is_empty() {
        text += &format!("\n{}\n{named}", bold("Names"));
    }
    text
}
