//! `airlock trust show`.

use airlock::format::RefName;
use airlock::workflow::{Error, Trust};

use super::words;
use crate::args::TrustArgs;
use crate::context::Context;
use crate::error::CliError;
use crate::render::Done;

/// Explain in plain words who may sign what
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    trust: TrustArgs,
    /// Explain what holds for this ref only
    #[arg(long = "ref", value_name = "REF")]
    name: Option<RefName>,
}

/// Explains the directory.
pub fn run(args: Args, context: &mut Context) -> Result<Done, CliError> {
    let trust = Trust::load(&args.trust.required(context)?).map_err(Error::from)?;
    let policy = trust.policy();
    let meaning = policy.meaning(trust.keyring(), args.name.as_ref(), context.now());
    Ok(Done::new(&meaning).text(words::explain(&meaning, context.now())))
}
