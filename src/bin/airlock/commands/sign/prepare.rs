//! `sign ... --prepare FILE`, and `sign show FILE` on the signer's side.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use airlock::workflow::{self, MAX_STATEMENT, Signable};

use crate::context::Context;
use crate::error::CliError;
use crate::render::{Done, sheet};

/// Show what a signer is asked to sign, from the bytes alone
///
/// Needs no repository: run it on the machine that signs, and compare the digest with the sheet.
#[derive(clap::Args)]
pub struct ShowArgs {
    /// What --prepare wrote, or any commit, summary, manifest or document of airlock
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Shows a file's statement.
pub fn show(args: ShowArgs, _: &Context) -> Result<Done, CliError> {
    let mut bytes = Vec::new();
    File::open(&args.file)
        .and_then(|open| open.take(MAX_STATEMENT + 1).read_to_end(&mut bytes))
        .map_err(|error| CliError::io("read", &args.file, &error))?;
    let signable = Signable::read(&bytes).map_err(workflow::Error::from)?;
    Ok(Done::new(&signable)
        .text(sheet(&signable))
        .note("nobody was believed: this is what the bytes say"))
}

/// Writes the bytes that are to be signed, and beside them the sheet that says what they are.
pub fn write(file: &Path, bytes: &[u8]) -> Result<Signable, CliError> {
    let signable = Signable::read(bytes).map_err(workflow::Error::from)?;
    let mut name = file.as_os_str().to_owned();
    name.push(".txt");
    // The sheet first: whoever finds the bytes finds what they are.
    replace(Path::new(&name), sheet(&signable).as_bytes())?;
    replace(file, bytes)?;
    Ok(signable)
}

/// Says what to do with a prepared file.
pub fn next_step(done: Done, file: &Path) -> Done {
    let file = file.display();
    done.note(format!("{file}: to be signed; {file}.txt says what it is"))
        .note(format!(
            "sign it elsewhere: gpg --digest-algo SHA512 -b {file}"
        ))
        .note("then run the same with --attach SIG in place of --prepare")
}

fn replace(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    workflow::replace_file(path, bytes).map_err(|error| CliError::io("write", path, &error))
}
