//! `airlock key generate | list | inspect`.

use std::io::Read;
use std::path::{Path, PathBuf};

use airlock::openpgp::{
    CertInfo, GenerateOptions, KeyFileEntry, MAX_KEYRING_BYTES, SecretState, inspect,
};
use airlock::workflow::{NewKey, Trust, generate_key};
use clap::Subcommand;
use serde::Serialize;

use crate::args::values;
use crate::context::Context;
use crate::error::CliError;
use crate::render::{self, Align, Done, Table, clean};
use crate::secret;

/// Make and look at signing keys
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: KeyCommand,
}

#[derive(Subcommand)]
enum KeyCommand {
    Generate(Generate),
    List(List),
    Inspect(Inspect),
}

/// Make a key: NAME.key (secret), NAME.asc (certificate), NAME.rev (revocation)
#[derive(clap::Args)]
struct Generate {
    /// Whose key it is, as 'Example Release <os@example.org>'
    #[arg(long, value_name = "TEXT")]
    user_id: String,
    /// The path of the three files, without their endings
    #[arg(long, short, value_name = "NAME")]
    output: PathBuf,
    /// How long the key is valid; `never` for always
    #[arg(long, value_name = "TIME", default_value = "3y", value_parser = validity)]
    valid_for: Validity,
    /// Protect the secret key with the first line of this file
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// Protect the secret key with a passphrase that is asked for
    #[arg(long, conflicts_with = "passphrase_file")]
    ask_passphrase: bool,
}

/// List the certificates of trust directories and certificate files
#[derive(clap::Args)]
struct List {
    /// Trust directories or certificate files [default: `trust` in airlock.toml]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
}

/// Show what a certificate or secret key file holds
#[derive(clap::Args)]
struct Inspect {
    /// The file
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

#[derive(Clone, Copy)]
struct Validity(Option<u64>);

fn validity(text: &str) -> Result<Validity, String> {
    match text {
        "never" => Ok(Validity(None)),
        _ => values::seconds(text).map(|seconds| Validity(Some(seconds))),
    }
}

/// Runs `args`.
pub fn run(args: Args, context: &mut Context) -> Result<Done, CliError> {
    match args.command {
        KeyCommand::Generate(args) => generate(args, context),
        KeyCommand::List(args) => list(args, context),
        KeyCommand::Inspect(args) => show(args, context),
    }
}

fn generate(args: Generate, context: &Context) -> Result<Done, CliError> {
    let passphrase = match (&args.passphrase_file, args.ask_passphrase) {
        (Some(file), _) => Some(secret::first_line(file)?),
        (None, true) => Some(ask_twice()?),
        (None, false) => None,
    };
    if passphrase
        .as_ref()
        .is_some_and(|passphrase| passphrase.is_empty())
    {
        return Err(
            CliError::usage("the passphrase is empty").next("choose one, or leave the option out")
        );
    }
    let key = GenerateOptions {
        user_id: args.user_id,
        validity_secs: args.valid_for.0,
        passphrase,
        now: context.now(),
    };
    let files = generate_key(&NewKey {
        key,
        output: args.output,
    })?;
    let text = format!(
        "{}\n  secret key   {}\n  certificate  {}\n  revocation   {}\n",
        files.fingerprint,
        files.secret.display(),
        files.certificate.display(),
        files.revocation.display(),
    );
    let mut done = Done::new(&files).text(text).changed(true);
    if !files.protected {
        done = done.note(
            "no passphrase protects the secret key: keep the file where nobody else reads it",
        );
    }
    Ok(done)
}

fn ask_twice() -> Result<zeroize::Zeroizing<String>, CliError> {
    let ask = |prompt| {
        secret::ask(prompt).map_err(|error| {
            CliError::usage("there is no terminal to ask for a passphrase")
                .why(error.to_string())
                .next("add --passphrase-file FILE")
        })
    };
    let first = ask("New passphrase: ")?;
    match ask("Once more: ")? == first {
        true => Ok(first),
        false => Err(CliError::usage("the two passphrases differ")),
    }
}

#[derive(Serialize)]
struct Listing {
    certificates: Vec<CertInfo>,
}

fn list(args: List, context: &Context) -> Result<Done, CliError> {
    let configured = context.config().trust.clone();
    let paths = if args.paths.is_empty() {
        configured.into_iter().collect()
    } else {
        args.paths
    };
    if paths.is_empty() {
        return Err(CliError::usage("no trust directory given")
            .next("name a directory or a certificate file"));
    }
    let mut certificates = Vec::new();
    for path in &paths {
        let trust = Trust::load(path).map_err(airlock::workflow::Error::from)?;
        certificates.extend(trust.keyring().certs(context.now()));
    }
    let mut table = Table::new(&[
        ("FINGERPRINT", Align::Left),
        ("EXPIRES", Align::Left),
        ("STATE", Align::Left),
        ("USER ID", Align::Left),
    ]);
    for info in &certificates {
        let name = info
            .user_ids
            .first()
            .map(|id| clean(id))
            .unwrap_or_default();
        table.row([
            info.fingerprint.to_string(),
            expiry(info),
            state(info, context.now()),
            name,
        ]);
    }
    Ok(Done::new(&Listing { certificates }).text(table.render()))
}

fn show(args: Inspect, context: &Context) -> Result<Done, CliError> {
    let entries =
        inspect(&read(&args.file)?, context.now()).map_err(airlock::workflow::Error::from)?;
    let text: Vec<String> = entries
        .iter()
        .map(|entry| describe(entry, context.now()))
        .collect();
    Ok(Done::new(&entries).text(text.join("\n")))
}

fn describe(entry: &KeyFileEntry, now: u64) -> String {
    let info = &entry.certificate;
    let mut lines = vec![info.fingerprint.to_string()];
    lines.extend(
        info.user_ids
            .iter()
            .map(|id| format!("  user ID     {}", clean(id))),
    );
    lines.push(format!("  algorithm   {}", info.algorithm));
    lines.push(format!("  made        {}", render::time(info.created)));
    lines.push(format!("  expires     {}", expiry(info)));
    lines.push(format!("  state       {}", state(info, now)));
    for key in &info.signing_keys {
        let expires = key.expires.map_or("never".into(), render::time);
        lines.push(format!(
            "  signs with  {} ({}, expires {expires})",
            key.fingerprint, key.algorithm
        ));
    }
    let secret = match entry.secret {
        SecretState::Absent => "not in this file",
        SecretState::Protected => "here, protected by a passphrase",
        SecretState::Plain => "here, not protected",
    };
    lines.push(format!("  secret key  {secret}\n"));
    lines.join("\n")
}

fn expiry(info: &CertInfo) -> String {
    match &info.invalid {
        Some(_) => "-".into(),
        None => info.expires.map_or("never".into(), render::time),
    }
}

fn state(info: &CertInfo, now: u64) -> String {
    match info {
        CertInfo { revoked: true, .. } => "revoked".into(),
        CertInfo {
            expires: Some(at), ..
        } if *at <= now => "expired".into(),
        CertInfo {
            invalid: Some(why), ..
        } => format!("not valid: {}", clean(why)),
        CertInfo { signing_keys, .. } if signing_keys.is_empty() => "cannot sign".into(),
        _ => "good".into(),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, CliError> {
    let mut bytes = Vec::new();
    let limit = MAX_KEYRING_BYTES as u64 + 1;
    std::fs::File::open(path)
        .and_then(|file| file.take(limit).read_to_end(&mut bytes))
        .map_err(|error| CliError::io("read", path, &error))?;
    Ok(bytes)
}
