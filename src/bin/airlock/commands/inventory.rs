//! `airlock inventory`.

use std::path::PathBuf;

use airlock::bundle::SiteName;
use airlock::workflow::inventory::{InventoryOptions, InventoryOutcome, inventory};

use crate::args::{RepoArg, Role, SigningArgs};
use crate::context::Context;
use crate::error::CliError;
use crate::render::{Done, clean};

/// Write down what a site has, for `export --inventory` to leave out
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    repo: RepoArg,
    /// The file, its signatures beside it in FILE.asc [default: print it, unsigned]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The name of this site [default: `site` in airlock.toml, else default]
    #[arg(long, value_name = "NAME")]
    site: Option<SiteName>,
    #[command(flatten)]
    signing: SigningArgs,
}

/// Takes the inventory.
pub fn run(args: Args, context: &mut Context) -> Result<Done, CliError> {
    if args.output.is_none() && args.signing.is_given() {
        return Err(CliError::usage("a signature needs a file to be beside")
            .why("without -o the inventory is printed, and nothing is signed")
            .next("add -o FILE; the signatures go to FILE.asc"));
    }
    let repo = args.repo.open(context)?;
    let site = match (&args.site, &context.config().site) {
        (Some(site), _) => site.clone(),
        (None, Some(name)) => name
            .parse()
            .map_err(|error| CliError::usage("airlock.toml: `site` is no name").because(&error))?,
        (None, None) => SiteName::default(),
    };
    let mut keys = args.signing.open(context)?;
    // Any key that a site has; it vouches for nothing that is published.
    let signers = match &args.output {
        Some(_) => keys.signers(Role::Bundle)?,
        None => Vec::new(),
    };
    let options = InventoryOptions {
        site,
        output: args.output.as_deref(),
        signers: &signers,
        now: context.now(),
    };
    Ok(done(&inventory(&repo, &options)?))
}

fn done(outcome: &InventoryOutcome) -> Done {
    let mut done = Done::new(outcome).changed(outcome.file.is_some());
    for name in &outcome.incomplete {
        let name = clean(name.as_str());
        done = done.note(format!("{name}: left out, its commit is not complete here"));
    }
    let Some(file) = &outcome.file else {
        return done.text(String::from_utf8_lossy(&outcome.inventory.to_bytes()));
    };
    let mut text = format!("{}\n", clean(&file.display().to_string()));
    for (name, commit) in &outcome.inventory.heads {
        text.push_str(&format!("  {}\n    has  {commit}\n", clean(name.as_str())));
    }
    let signed = match &outcome.signature {
        Some(beside) => format!("signed, in {}", clean(&beside.display().to_string())),
        None => "not signed: it decides only what is left out".to_owned(),
    };
    done.text(text).note(signed)
}
