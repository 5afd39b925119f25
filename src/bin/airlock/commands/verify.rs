//! `airlock verify BUNDLE`.

use std::path::PathBuf;

use airlock::workflow::{
    self, Finding, Subject, Trust, VerifiedRelease, VerifyOptions, VerifyOutcome, bundle_signatures,
};

use crate::args::{ConfineArgs, TrustArgs};
use crate::confine::Rights;
use crate::context::Context;
use crate::error::CliError;
use crate::render::{Done, bytes, clean, count, green, signatures, time, trust_updates};

/// Check everything about a bundle that can be checked without a repository
#[derive(clap::Args)]
pub struct Args {
    /// The bundle: a file, a directory, or volumes in any order (one finds the others)
    #[arg(required = true, value_name = "BUNDLE")]
    bundle: Vec<PathBuf>,
    #[command(flatten)]
    trust: TrustArgs,
    /// Further signatures; those in BUNDLE.asc are found without this
    #[arg(long = "signature", value_name = "FILE")]
    signatures: Vec<PathBuf>,
    #[command(flatten)]
    confine: ConfineArgs,
}

/// Verifies the bundle and says who vouches for it.
pub fn run(args: Args, context: &mut Context) -> Result<Done, CliError> {
    let trust = Trust::load(&args.trust.required(context)?).map_err(workflow::Error::from)?;
    let rights = Rights::new().bundle(&args.bundle).reading(&args.signatures);
    args.confine.enter(&rights, context)?;
    context.about(&args.bundle);
    let options = VerifyOptions {
        bundle: args.bundle,
        signatures: args.signatures,
        trust: &trust,
        now: context.now(),
    };
    let outcome = workflow::verify(&options, context.observer())
        .map_err(|error| with_signatures(error, &options))?;
    let checked = format!(
        "{} objects, {}",
        count(outcome.objects),
        bytes(outcome.bytes)
    );
    Ok(Done::new(&outcome)
        .text(text(&outcome))
        .note(format!("checked {checked}")))
}

/// A bundle that too few have signed is on its way to the next signer: show how far it has come.
fn with_signatures(error: workflow::Error, options: &VerifyOptions<'_>) -> CliError {
    let concerns = |finding: &Finding| {
        matches!(
            finding,
            Finding::Unsigned {
                subject: Subject::Bundle
            } | Finding::TooFewSigners {
                subject: Subject::Bundle,
                ..
            }
        )
    };
    let signing = error.findings().iter().any(concerns);
    let made = CliError::from(error);
    if !signing {
        return made;
    }
    let VerifyOptions { trust, now, .. } = *options;
    match bundle_signatures(&options.bundle, &options.signatures, trust, now) {
        Ok(report) => made.showing(&report, signatures(&report)),
        Err(_) => made,
    }
}

fn text(outcome: &VerifyOutcome) -> String {
    let mut text = format!("{} {}\n", green("verified"), outcome.bundle);
    if outcome.trust_version > 0 {
        let version = format!("version {}", outcome.trust_version);
        text.push_str(&fact("trust", &version));
    }
    text.push_str(&trust_updates(&outcome.trust_updates));
    text.push_str(&fact("made", &time(outcome.created)));
    text.push_str(&fact(
        "expires",
        &outcome.expires.map_or("never".to_owned(), time),
    ));
    if let Some(signers) = &outcome.summary_signers {
        text.push_str(&fact("summary", &format!("signed by {}", names(signers))));
    }
    for release in &outcome.releases {
        text.push_str(&release_text(release));
    }
    format!("{text}\n{}", signatures(&outcome.signatures))
}

fn release_text(release: &VerifiedRelease) -> String {
    let from: Vec<String> = release.from.iter().map(ToString::to_string).collect();
    let needs = if from.is_empty() {
        "nothing: complete in itself".to_owned()
    } else {
        from.join(" or ")
    };
    let title = match &release.version {
        Some(version) => format!("{} {}", release.name, version),
        None => release.name.to_string(),
    };
    let facts = [
        fact("commit", &release.commit.to_string()),
        fact("date", &time(release.timestamp)),
        fact("signed by", &names(&release.signers)),
        fact("needs", &needs),
    ];
    format!("\n{}\n{}", clean(&title), facts.concat())
}

fn names(signers: &std::collections::BTreeSet<airlock::openpgp::Fingerprint>) -> String {
    signers
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}

fn fact(what: &str, fact: &str) -> String {
    format!("  {what:<11} {fact}\n")
}
