//! `airlock trust init`.

use std::path::PathBuf;

use airlock::openpgp::Fingerprint;
use airlock::workflow::init_trust;

use crate::error::CliError;
use crate::render::{Done, clean};

/// Begin a trust directory from certificates whose fingerprints were read out to you
#[derive(clap::Args)]
pub struct Args {
    /// The file of one or several certificates
    #[arg(value_name = "CERT")]
    file: PathBuf,
    /// The fingerprint as somebody you know read it out, by telephone; once for each certificate
    #[arg(long, value_name = "FPR", required = true)]
    fingerprint: Vec<Fingerprint>,
    /// The policy [default: any one of the certificates may sign anything]
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// The directory, which must not exist
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
}

/// Writes the directory if the fingerprints are those of the certificates.
pub fn run(args: Args) -> Result<Done, CliError> {
    let Args {
        file,
        fingerprint,
        policy,
        output,
    } = args;
    let outcome = init_trust(&file, &fingerprint, policy.as_deref(), &output)?;
    let directory = clean(&outcome.directory.display().to_string());
    Ok(Done::new(&outcome)
        .text(format!("{directory}\n"))
        .note("the fingerprints are those that were read out")
        .changed(true))
}
