//! `sign ... --attach SIG`: signatures that were made elsewhere.

use airlock::workflow::promote::{AttachOptions, Attached};
use airlock::workflow::seal::Unsigned;
use airlock::workflow::{self, Finding, Trust};

use crate::args::{SealingArgs, TrustArgs, TwoStepArgs};
use crate::context::Context;
use crate::error::CliError;
use crate::render::{Done, clean};

/// Loads the trust, which every signature from elsewhere is held against.
pub fn trust(args: &TrustArgs, context: &Context) -> Result<Trust, CliError> {
    Ok(Trust::load(&args.required(context)?).map_err(workflow::Error::from)?)
}

/// Runs an attachment to a commit; the keys here sign the summary, should a ref move.
pub fn with_options(
    two_step: &TwoStepArgs,
    trust_args: &TrustArgs,
    sealing: &SealingArgs,
    unsigned: Unsigned,
    context: &Context,
    run: impl Fn(&AttachOptions<'_>) -> Result<Attached, workflow::Error>,
) -> Result<Done, CliError> {
    let files = two_step.signatures()?;
    let trust = trust(trust_args, context)?;
    let keys = sealing.open(context)?;
    let attached = run(&AttachOptions {
        files: &files,
        trust: &trust,
        signing: keys.signing(),
        unsigned,
        now: context.now(),
    })?;
    Ok(report(&attached))
}

fn report(attached: &Attached) -> Done {
    let done = Done::new(attached)
        .changed(attached.changed())
        .text(format!("{}\n", attached.commit));
    let added = match attached.added.len() {
        0 => "signed already".to_owned(),
        added => format!("{added} signature(s) added"),
    };
    let done = done.note(added);
    match &attached.name {
        None => done,
        Some(name) if attached.promoted => {
            done.note(format!("{name} has moved to {}", attached.commit))
        }
        Some(name) => attached.wanting.iter().fold(
            done.note(format!("{name} stays where it is until more have signed")),
            wanting,
        ),
    }
}

fn wanting(done: Done, finding: &Finding) -> Done {
    let details = finding.details();
    details.iter().fold(
        done.note(format!("  {}", clean(&finding.to_string()))),
        |done, detail| done.note(format!("  - {}", clean(detail))),
    )
}
