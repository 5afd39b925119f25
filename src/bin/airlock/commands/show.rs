//! `airlock show`.

use std::fmt::Write;

use airlock::ed25519::Verdict;
use airlock::openpgp::Verification;
use airlock::workflow::{self, Finding, MetadataEntry, ShowOutcome};

use super::log;
use crate::args::{RepoArg, TrustArgs};
use crate::context::Context;
use crate::error::CliError;
use crate::render::{Done, bytes, clean, time};

/// Show one commit; with --trust, judge who signed it
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    repo: RepoArg,
    #[command(flatten)]
    trust: TrustArgs,
    /// The ref or commit
    rev: String,
}

/// Describes a commit and, where somebody says whom to trust, its signatures.
pub fn run(args: Args, context: &mut Context) -> Result<Done, CliError> {
    let repo = args.repo.open(context)?;
    let trust = args.trust.of_repository(context, &repo)?;
    let outcome = workflow::show(&repo, &args.rev, trust.as_ref(), context.now())?;
    let done = Done::new(&outcome)
        .text(text(&outcome))
        .findings(&outcome.findings);
    Ok(match outcome.findings.is_empty() {
        true => done,
        false => done.failed(Finding::gravest(&outcome.findings)),
    })
}

fn text(outcome: &ShowOutcome) -> String {
    let mut text = log::describe(&outcome.entry);
    text.push('\n');
    if !outcome.refs.is_empty() {
        let names: Vec<String> = outcome.refs.iter().map(ToString::to_string).collect();
        log::line(&mut text, "Refs", &names.join(", "));
    }
    let bound = match &outcome.ref_binding {
        None => "to no ref".to_owned(),
        Some(names) if names.is_empty() => "to the empty list of refs".to_owned(),
        Some(names) => clean(&names.join(", ")),
    };
    log::line(&mut text, "Bound", &bound);
    if let Some(collection) = &outcome.collection_binding {
        log::line(&mut text, "Collection", &clean(collection));
    }
    for entry in &outcome.metadata {
        let _ = writeln!(text, "    {}", metadata(entry));
    }
    if let Some(verification) = &outcome.verification {
        signatures(&mut text, verification);
    }
    for verdict in outcome.ed25519.iter().flatten() {
        text.push_str(&ed25519(verdict));
    }
    text
}

fn metadata(entry: &MetadataEntry) -> String {
    let key = clean(&entry.key);
    match &entry.value {
        Some(value) => format!("{key} = {}", clean(value)),
        None => format!("{key} ({}, {})", entry.signature, bytes(entry.bytes as u64)),
    }
}

fn ed25519(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Good { key } => format!("Good ed25519 signature by {key}\n"),
        Verdict::Unknown => "No good ed25519 signature by any key of the trust\n".to_owned(),
        Verdict::WrongLength { length } => {
            format!("No ed25519 signature: it has {length} bytes\n")
        }
    }
}

fn signatures(text: &mut String, verification: &Verification) {
    for good in &verification.good {
        let name = good.user_id.as_deref().unwrap_or("no user id");
        let made = time(good.created);
        let _ = writeln!(
            text,
            "Good signature by {} ({}), made {made}",
            good.cert,
            clean(name)
        );
    }
    for rejected in &verification.rejected {
        let issuer = rejected.issuer.as_deref().unwrap_or("an unknown key");
        let _ = writeln!(text, "No good signature by {issuer}: {}", rejected.reason);
    }
    if verification.good.is_empty() && verification.rejected.is_empty() {
        text.push_str("Not signed\n");
    }
}
