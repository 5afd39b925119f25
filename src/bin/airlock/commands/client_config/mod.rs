//! `airlock client-config`.

mod check;

use std::path::PathBuf;

use airlock::format::{RefName, RemoteName};
use airlock::workflow::{ClientConfigOptions, Error, Trust, client_config};

use crate::args::{RepoArg, TrustArgs};
use crate::context::Context;
use crate::error::CliError;
use crate::render::Done;

/// Write what clients need to pull from a repository and verify it
///
/// With --check, read what clients have instead, and report every remote that
/// verifies less than it could: exit 4 if there is one. With --trust their
/// keyrings are compared with the trust directory, with --repo also with who
/// signed what is in the repository now.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    repo: RepoArg,
    #[command(flatten)]
    trust: TrustArgs,
    /// What clients call the repository
    #[arg(long, value_name = "NAME", required_unless_present = "check")]
    remote: Option<RemoteName>,
    /// Where the repository is served
    #[arg(long, value_name = "URL", required_unless_present = "check")]
    url: Option<String>,
    /// A ref that clients may follow; repeatable [default: every ref of the repository]
    #[arg(long = "ref", value_name = "REF")]
    refs: Vec<RefName>,
    /// PEM file with whoever may certify the web server
    #[arg(long, value_name = "FILE")]
    tls_ca: Option<PathBuf>,
    /// Have clients verify Ed25519 signatures too; only for clients built with it
    #[arg(long)]
    sign_verify: bool,
    /// The directory that gets the files
    #[arg(long, short, value_name = "DIR", required_unless_present = "check")]
    output: Option<PathBuf>,
    /// Check a configuration: a file, a remotes.d, a repository, or the root of a system
    #[arg(
        long,
        value_name = "PATH",
        conflicts_with_all = ["remote", "url", "refs", "tls_ca", "sign_verify", "output"]
    )]
    check: Option<PathBuf>,
}

/// Writes the files, or checks those that are there.
pub fn run(args: Args, context: &mut Context) -> Result<Done, CliError> {
    if let Some(path) = args.check {
        return check::run(path, &args.repo, &args.trust, context);
    }
    let (Some(remote), Some(url), Some(output)) = (args.remote, args.url, args.output) else {
        return Err(CliError::usage(
            "--remote, --url and --output belong together",
        ));
    };
    let repo = args.repo.open(context)?;
    let trust = Trust::load(&args.trust.required(context)?).map_err(Error::from)?;
    let trust = trust.of_repository(&repo)?;
    let refs = match args.refs.is_empty() {
        true => {
            let refs = repo.refs()?.into_keys();
            refs.filter(|name| *name != airlock::repo::summary::metadata_ref())
                .collect()
        }
        false => args.refs,
    };
    let tls_ca = args
        .tls_ca
        .map(|path| std::fs::read(&path).map_err(|error| CliError::io("read", &path, &error)));
    let options = ClientConfigOptions {
        remote,
        url,
        refs,
        collection: repo.collection_id().cloned(),
        tls_ca: tls_ca.transpose()?,
        sign_verify: args.sign_verify,
        output,
        now: context.now(),
    };
    let outcome = client_config(&trust, &options)?;
    let files: String = outcome
        .files
        .iter()
        .map(|path| format!("{}\n", path.display()))
        .collect();
    let mut done = Done::new(&outcome).text(files).changed(true);
    if outcome.certificates.len() > 1 {
        done = done.note(format!(
            "clients know no thresholds: any one of the {} certificates suffices to them",
            outcome.certificates.len()
        ));
    }
    if !args.sign_verify && !trust.ed25519().is_empty() {
        done =
            done.note("clients built with Ed25519 can verify these signatures too: --sign-verify");
    }
    for certificate in &outcome.left_out {
        done = done.note(format!("left out, for it cannot sign now: {certificate}"));
    }
    Ok(done)
}
