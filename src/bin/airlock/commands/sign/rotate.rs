//! `sign commit --all`: a new key joins the older ones.

use airlock::openpgp::Keyring;
use airlock::repo::Repo;
use airlock::workflow::policy::RefPattern;
use airlock::workflow::rotate::{RotateOptions, RotateOutcome, rotate};
use airlock::workflow::seal::Signing;
use airlock::workflow::sign::SignatureChanges;

use crate::args::{Role, SigningArgs};
use crate::context::Context;
use crate::error::CliError;
use crate::render::{Done, count};

/// Signs what the refs lead to, and says how much that was.
pub(super) fn run(
    repo: &Repo,
    refs: &[RefPattern],
    mut keyring: Keyring,
    signing: &SigningArgs,
    context: &Context,
) -> Result<Done, CliError> {
    let mut keys = signing.open(context)?;
    let (commit, summary) = (keys.signers(Role::Commit)?, keys.signers(Role::Summary)?);
    if commit.is_empty() {
        return Err(CliError::usage("nobody to sign").next("add --key FILE or --gpg-sign KEY-ID"));
    }
    for signer in commit.iter().chain(&summary) {
        keyring.extend(signer.public())?;
    }
    let options = RotateOptions {
        refs,
        signing: Signing {
            commit: &commit,
            summary: &summary,
            ed25519: &[],
        },
        keyring: &keyring,
        now: context.now(),
    };
    Ok(report(&rotate(repo, &options, context.observer())?))
}

fn report(outcome: &RotateOutcome) -> Done {
    let signed = outcome.commits.values().filter(|changes| changes.any());
    let (signed, all) = (signed.count() as u64, outcome.commits.len() as u64);
    let mut done = Done::new(outcome).changed(outcome.changed());
    done = done.note(format!(
        "{} of {} commits signed",
        count(signed),
        count(all)
    ));
    if !outcome.partial.is_empty() {
        let partial = count(outcome.partial.len() as u64);
        done = done.note(format!(
            "{partial} commits are known without their trees, and were left"
        ));
    }
    if outcome.summary.as_ref().is_some_and(SignatureChanges::any) {
        done = done.note("the summary was signed");
    }
    for delta in &outcome.deltas.renewed {
        done = done.note(format!("delta {delta}: carries the new signature"));
    }
    for delta in &outcome.deltas.dropped {
        done = done
            .note(format!(
                "delta {delta}: dropped; the signed summary lists it as it was"
            ))
            .note("make it again when all who sign the summary do: ostree static-delta generate");
    }
    done
}

/// Reads a pattern for refs.
pub(super) fn pattern(text: &str) -> Result<RefPattern, String> {
    RefPattern::new(text).ok_or_else(|| "no ref could match this".to_owned())
}
