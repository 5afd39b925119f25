//! `airlock inspect BUNDLE`.

use std::path::{Path, PathBuf};

use airlock::workflow::{self, ExtractOptions, InspectOutcome, InspectedRelease, Trust, extract};

use crate::args::{ConfineArgs, TrustArgs};
use crate::confine::Rights;
use crate::context::Context;
use crate::error::CliError;
use crate::render::{Align, Done, Table, bytes, clean, count, time, trust_updates, yellow};

/// Show what a bundle claims to hold, without verifying any of it
#[derive(clap::Args)]
pub struct Args {
    /// The bundle: a file, a directory, or volumes in any order (one finds the others)
    #[arg(required = true, value_name = "BUNDLE")]
    bundle: Vec<PathBuf>,
    /// Write the same as one self-contained page
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// List every member
    #[arg(long)]
    members: bool,
    /// Verify the signatures, and take out what rides along; nothing there is replaced
    #[arg(long, value_name = "DIR", conflicts_with_all = ["html", "members"])]
    extract: Option<PathBuf>,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    confine: ConfineArgs,
}

/// Shows what the manifest claims.
pub fn run(args: Args, context: &mut Context) -> Result<Done, CliError> {
    if let Some(directory) = &args.extract {
        return take_out(&args, directory, context);
    }
    let rights = Rights::new().bundle(&args.bundle);
    let rights = match &args.html {
        Some(page) => rights.changing(page),
        None => rights,
    };
    args.confine.enter(&rights, context)?;
    let outcome = workflow::inspect(&args.bundle)?;
    context.warn("not verified: this is what the bundle claims; `airlock verify` checks it");
    if let Some(page) = &args.html {
        std::fs::write(page, workflow::html(&outcome))
            .map_err(|e| CliError::io("write", page, &e))?;
    }
    let mut text = claims(&outcome);
    for release in &outcome.releases {
        text.push_str(&release_text(release));
    }
    if args.members {
        text.push_str(&format!("\n{}", member_table(&outcome)));
    }
    Ok(Done::new(&outcome).text(text))
}

/// Extracts what the signatures vouch for; without certificates nothing is.
fn take_out(args: &Args, directory: &Path, context: &mut Context) -> Result<Done, CliError> {
    let trust = Trust::load(&args.trust.required(context)?).map_err(workflow::Error::from)?;
    let rights = Rights::new().bundle(&args.bundle).changing(directory);
    args.confine.enter(&rights, context)?;
    let outcome = extract(&ExtractOptions {
        bundle: args.bundle.clone(),
        signatures: Vec::new(),
        trust: &trust,
        directory,
        now: context.now(),
    })?;
    let files = outcome.files.iter();
    let text: String = files
        .map(|file| format!("{}\n", clean(&file.display().to_string())))
        .collect();
    let signers: Vec<_> = outcome.signers.iter().map(ToString::to_string).collect();
    Ok(Done::new(&outcome)
        .text(text)
        .note(format!("signed by {}", signers.join(", ")))
        .changed(true))
}

fn claims(outcome: &InspectOutcome) -> String {
    let signers = match outcome.signers.is_empty() {
        true => "nobody".to_owned(),
        false => clean(&outcome.signers.join(", ")),
    };
    let collection = outcome
        .collection
        .as_ref()
        .map_or("none".to_owned(), ToString::to_string);
    let removed: Vec<_> = outcome
        .refs_after
        .iter()
        .filter(|(_, at)| at.is_none())
        .map(|(name, _)| name)
        .collect();
    let mut text = lines(&[
        (
            "bundle",
            format!("{}  {}", outcome.bundle, yellow("NOT VERIFIED")),
        ),
        ("repository", outcome.repository.to_string()),
        ("collection", clean(&collection)),
        ("site", outcome.site.to_string()),
        (
            "made",
            format!("{} by {}", time(outcome.created), clean(&outcome.tool)),
        ),
        ("expires", outcome.expires.map_or("never".to_owned(), time)),
        ("signatures", signers),
        (
            "members",
            format!(
                "{}, {}",
                count(outcome.members.len() as u64),
                bytes(outcome.bytes)
            ),
        ),
    ]);
    text.push_str(&trust_updates(&outcome.trust_updates));
    for name in removed {
        text.push_str(&lines(&[("removes", clean(name.as_ref()))]));
    }
    text
}

fn release_text(release: &InspectedRelease) -> String {
    let from: Vec<String> = release.from.iter().map(ToString::to_string).collect();
    let needs = if from.is_empty() {
        "nothing: complete in itself".to_owned()
    } else {
        from.join(" or ")
    };
    let size = format!(
        "{} in {} files",
        bytes(release.bytes.stored),
        count(release.objects.file)
    );
    let facts = lines(&[
        ("commit", release.commit.to_string()),
        (
            "version",
            clean(release.version.as_deref().unwrap_or("none")),
        ),
        ("date", time(release.timestamp)),
        ("needs", needs),
        ("size", size),
    ]);
    format!("\n{}\n{facts}", clean(release.name.as_ref()))
}

fn lines(facts: &[(&str, String)]) -> String {
    facts
        .iter()
        .map(|(what, fact)| format!("  {what:<11} {fact}\n"))
        .collect()
}

fn member_table(outcome: &InspectOutcome) -> String {
    let mut table = Table::new(&[
        ("member", Align::Left),
        ("size", Align::Right),
        ("unpacked", Align::Right),
        ("objects", Align::Right),
    ]);
    for member in &outcome.members {
        table.row([
            member.name.to_string(),
            count(member.size),
            member.unpacked.map(count).unwrap_or_default(),
            member.objects.map(count).unwrap_or_default(),
        ]);
    }
    table.render()
}
