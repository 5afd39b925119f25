//! `airlock trust show`.

use std::path::PathBuf;

use airlock::format::RefName;
use airlock::repo::Repo;
use airlock::workflow::policy::TrustMeaning;
use airlock::workflow::{Error, Trust, TrustVersion};
use serde::Serialize;

use super::words;
use crate::args::TrustArgs;
use crate::context::Context;
use crate::error::CliError;
use crate::render::{Done, trust_updates};

/// Explain in plain words who may sign what
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    trust: TrustArgs,
    /// Explain what is in force for this repository: the directory, and what imports brought since
    #[arg(long, value_name = "PATH")]
    repo: Option<PathBuf>,
    /// Explain what holds for this ref only
    #[arg(long = "ref", value_name = "REF")]
    name: Option<RefName>,
}

#[derive(Serialize)]
struct Shown {
    /// 0 for a directory that no update led to.
    version: u64,
    updates: Vec<TrustVersion>,
    #[serde(flatten)]
    meaning: TrustMeaning,
}

/// Explains the directory, or what became of it.
pub fn run(args: Args, context: &mut Context) -> Result<Done, CliError> {
    let mut trust = Trust::load(&args.trust.required(context)?).map_err(Error::from)?;
    if let Some(repo) = &args.repo {
        trust = trust.of_repository(&Repo::open(repo)?)?;
    }
    let policy = trust.policy();
    let shown = Shown {
        version: trust.version(),
        updates: trust.chain().iter().map(Into::into).collect(),
        meaning: policy.meaning(trust.keyring(), args.name.as_ref(), context.now()),
    };
    let text = words::explain(&shown.meaning, context.now());
    Ok(Done::new(&shown).text(history(&shown) + &text))
}

/// Says which version is explained, and what led to it; a directory without updates has none.
fn history(shown: &Shown) -> String {
    match shown.updates.is_empty() {
        true => String::new(),
        false => format!(
            "Version {} of the trust\n{}\n",
            shown.version,
            trust_updates(&shown.updates)
        ),
    }
}
