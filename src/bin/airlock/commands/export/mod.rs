//! `airlock export REF... -o FILE|DIR`.

mod args;
mod estimate;
mod text;

use airlock::repo::Repo;
use airlock::workflow::Error;
use airlock::workflow::export::{
    ExportError, ExportOptions, ExportSigners, Index, ReadBack, Sampling, estimate_export, export,
    plan_export,
};

use crate::args::{Role, TrustArgs};
use crate::context::Context;
use crate::error::CliError;
use crate::render::Done;

pub use args::Args;
use estimate::DryRun;
use text::{done, plan_text, vouched};

/// Exports, or says what would be exported.
pub fn run(args: Args, context: &mut Context) -> Result<Done, CliError> {
    let repo = args.repo.open(context)?;
    let other = args.base.have_repo.as_ref().map(Repo::open).transpose()?;
    let inventory = args.inventory(context)?;
    let refs = args.refs(context)?;
    let waivers = args.waivers();
    let trust = TrustArgs {
        trust: args.trust_updates.clone(),
    };
    let trust = trust.load(context)?;
    let options = ExportOptions {
        refs: &refs,
        base: args.base(context, other.as_ref(), inventory.as_ref()),
        site: match &inventory {
            Some(taken) => taken.inventory.site.clone(),
            None => args.site(context)?.unwrap_or_default(),
        },
        output: &args.output,
        form: args.form.form(),
        index: if args.no_summary {
            Index::LeftOut
        } else {
            Index::Carried
        },
        may_return: args.may_return(),
        permit_rollback: args.permit_rollback.as_ref(),
        history: args.history,
        trust: trust.as_ref(),
        attachments: &args.attach,
        expires: args
            .expires
            .or(context.config().expires)
            .map(|length| context.now() + length),
        level: args.form.level,
        costs: args.form.costs(),
        read_back: if args.form.read_back {
            ReadBack::Done
        } else {
            ReadBack::Skipped
        },
        waivers: &waivers,
        now: context.now(),
    };
    if args.dry_run {
        let plan = plan_export(&repo, &options, context.observer()).map_err(explain)?;
        let (sampling, observer) = (Sampling::default(), context.observer());
        let estimate = estimate_export(&repo, &options, &plan, sampling, observer)?;
        let text = plan_text(&plan) + &estimate::text(&estimate);
        let done = Done::new(&DryRun { plan, estimate }).text(text);
        return Ok(match &inventory {
            Some(taken) => done.note(vouched(taken)),
            None => done,
        });
    }
    let mut keys = args.signing.open(context)?;
    let bundle = keys.signers(Role::Bundle)?;
    let summary = keys.signers(Role::Summary)?;
    let ed25519 = args.ed25519.keys()?;
    if bundle.is_empty() && !args.sign_later {
        return Err(CliError::usage("no key to sign the bundle with")
            .next("add --key FILE or --gpg-sign KEY-ID; or --sign-later for a signing room"));
    }
    let signers = ExportSigners {
        bundle: &bundle,
        summary: &summary,
        ed25519: &ed25519,
    };
    let outcome = export(&repo, &options, signers, context.observer()).map_err(explain)?;
    let done = done(&outcome);
    Ok(match &inventory {
        Some(taken) => done.note(vouched(taken)),
        None => done,
    })
}

/// Says why nothing is known of the site, and which base was probably meant.
fn explain(error: Error) -> CliError {
    let Error::Export(ExportError::NoBase {
        suggestion, site, ..
    }) = &error
    else {
        return error.into();
    };
    let why = match site {
        Some(site) => format!("nothing was exported for site {site} before"),
        None => "airlock.toml names no `site`, whose last export would say it".to_owned(),
    };
    let once = match suggestion {
        Some(commit) => format!("add --from {commit} (the release before), or --full"),
        None => "add --full, for there is no release before".to_owned(),
    };
    let next = match site {
        Some(_) => format!("{once}; only this once"),
        None => format!("{once}; with `site` in airlock.toml only once"),
    };
    CliError::from(error).why(why).next(next)
}
