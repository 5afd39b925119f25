//! `airlock client-config --check PATH`.

use std::path::PathBuf;

use airlock::Class;
use airlock::repo::Repo;
use airlock::workflow::{
    CheckedRemote, ClientCheckOptions, ClientCheckOutcome, RemoteFinding, check_client,
};
use serde::Serialize;

use crate::args::{RepoArg, TrustArgs};
use crate::context::Context;
use crate::error::CliError;
use crate::render::{Align, Done, Table, clean, wrap_item};

/// A finding of the `--json` document: it says of which remote it is.
#[derive(Serialize)]
struct Told<'a> {
    remote: &'a str,
    remark: bool,
    #[serde(flatten)]
    finding: &'a RemoteFinding,
}

impl std::fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.remote, self.finding)
    }
}

/// Checks the configuration.
pub fn run(
    path: PathBuf,
    repo: &RepoArg,
    trust: &TrustArgs,
    context: &Context,
) -> Result<Done, CliError> {
    let trust = trust.load(context)?;
    let given = repo.repo.clone().or_else(|| context.config().repo.clone());
    let repo = given.map(Repo::open).transpose()?;
    let outcome = check_client(&ClientCheckOptions {
        path,
        repo: repo.as_ref(),
        trust: trust.as_ref(),
        now: context.now(),
    })?;
    let told = outcome.remotes.iter().flat_map(|remote| {
        remote.findings.iter().map(|finding| Told {
            remote: &remote.name,
            remark: finding.is_remark(),
            finding,
        })
    });
    let told: Vec<Told<'_>> = told.collect();
    let done = Done::new(&outcome).text(text(&outcome)).told(&told);
    Ok(match outcome.remotes.iter().all(CheckedRemote::is_sound) {
        true => done,
        false => done
            .failed(Class::Untrusted)
            .next("write these remotes anew: airlock client-config --remote NAME"),
    })
}

fn text(outcome: &ClientCheckOutcome) -> String {
    let mut table = Table::new(&[
        ("REMOTE", Align::Left),
        ("COMMITS", Align::Left),
        ("SUMMARY", Align::Left),
        ("KEYS", Align::Right),
        ("STATE", Align::Left),
        ("FILE", Align::Left),
    ]);
    let verified = |yes| match yes {
        true => "verified",
        false => "NOT VERIFIED",
    };
    for remote in &outcome.remotes {
        let state = match remote.is_sound() {
            true => "good",
            false => "look",
        };
        table.row([
            clean(&remote.name),
            verified(remote.verifies_commits).to_owned(),
            verified(remote.verifies_summary).to_owned(),
            remote.certificates.len().to_string(),
            state.to_owned(),
            clean(&remote.file.display().to_string()),
        ]);
    }
    let mut text = table.render();
    for remote in outcome
        .remotes
        .iter()
        .filter(|remote| !remote.findings.is_empty())
    {
        text += &format!("\n{}\n", clean(&remote.name));
        for finding in &remote.findings {
            let mark = if finding.is_remark() { "note: " } else { "" };
            text += &wrap_item(&format!("{mark}{}", clean(&finding.to_string())));
        }
    }
    text
}
