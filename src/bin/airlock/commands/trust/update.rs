//! `airlock trust update` and `airlock trust sign`.

use std::path::PathBuf;

use airlock::openpgp::MAX_SIGNATURE_BYTES;
use airlock::workflow::{TrustUpdateOptions, TrustUpdateOutcome, sign_trust, update_trust};

use crate::args::{Role, SigningArgs, TrustArgs, values};
use crate::context::Context;
use crate::error::CliError;
use crate::render::{Done, clean};

/// Make the next version of the trust, which bundles then bring to every site
///
/// NEW is a trust directory as it is to be: certificates added, renewed, revoked
/// or left out, another policy. It gets NEW/chain/N.json, which the officers of
/// the old directory and of the new one have to sign.
#[derive(clap::Args)]
pub struct UpdateArgs {
    /// The directory that is to be in force
    #[arg(long, value_name = "NEW")]
    new: PathBuf,
    #[command(flatten)]
    trust: TrustArgs,
    /// What people should know of it
    #[arg(short = 'm', long, value_name = "TEXT", default_value = "")]
    notes: String,
    /// How long a site may take it that does not know it yet: 90d [default: for ever]
    #[arg(long, value_name = "TIME", value_parser = values::seconds)]
    expires: Option<u64>,
    #[command(flatten)]
    signing: SigningArgs,
}

/// Sign the last version in a trust directory, or attach signatures made elsewhere over its N.json
#[derive(clap::Args)]
pub struct SignArgs {
    /// The trust directory
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// A detached signature over DIR/chain/N.json; repeatable
    #[arg(long, value_name = "SIG")]
    attach: Vec<PathBuf>,
    #[command(flatten)]
    signing: SigningArgs,
}

/// Makes the next version.
pub fn update(args: UpdateArgs, context: &mut Context) -> Result<Done, CliError> {
    let before = args.trust.required(context)?;
    let signers = args.signing.open(context)?.signers(Role::Trust)?;
    let outcome = update_trust(&TrustUpdateOptions {
        before: &before,
        after: &args.new,
        notes: args.notes,
        expires: args.expires.map(|length| context.now() + length),
        signers: &signers,
        now: context.now(),
    })?;
    Ok(done(&outcome, true))
}

/// Signs the last version.
pub fn sign(args: SignArgs, context: &mut Context) -> Result<Done, CliError> {
    let signers = args.signing.open(context)?.signers(Role::Trust)?;
    if signers.is_empty() && args.attach.is_empty() {
        let made = CliError::usage("nobody to sign");
        return Err(made.next("add --key FILE, --gpg-sign KEY-ID or --attach SIG"));
    }
    let attached = args.attach.iter().map(read);
    let attached: Vec<Vec<u8>> = attached.collect::<Result<_, _>>()?;
    let outcome = sign_trust(&args.directory, &attached, &signers, context.now())?;
    let changed = !outcome.signers.is_empty() || !attached.is_empty();
    Ok(done(&outcome, changed))
}

fn read(file: &PathBuf) -> Result<Vec<u8>, CliError> {
    use std::io::Read;
    let mut bytes = Vec::new();
    std::fs::File::open(file)
        .and_then(|open| {
            open.take(MAX_SIGNATURE_BYTES as u64 + 1)
                .read_to_end(&mut bytes)
        })
        .map_err(|error| CliError::io("read the signature", file, &error))?;
    Ok(bytes)
}

fn done(outcome: &TrustUpdateOutcome, changed: bool) -> Done {
    let mut text = format!("trust version {}\n", outcome.version);
    let statement = clean(&outcome.statement.display().to_string());
    text.push_str(&format!("  statement   {statement}\n"));
    text.push_str(&format!("  sha256      {}\n", outcome.sha256));
    for (what, certificates) in [
        ("added", &outcome.added),
        ("retired", &outcome.retired),
        ("signed by", &outcome.signers),
    ] {
        for certificate in certificates {
            text.push_str(&format!("  {what:<11} {certificate}\n"));
        }
    }
    let mut done = Done::new(outcome).text(text).changed(changed);
    for finding in &outcome.missing {
        done = done.note(format!(
            "no site takes it yet: {}",
            clean(&finding.to_string())
        ));
    }
    match outcome.missing.is_empty() {
        true => done.note("complete: bundles exported with this directory bring it"),
        false => done.note("add signatures: airlock trust sign"),
    }
}
