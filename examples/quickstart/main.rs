//! The main job from beginning to end: `cargo run --release --example quickstart`.
//!
//! A build machine promotes, signs and exports an image; an offline machine, which has nothing but
//! the release certificate, refuses what was altered or stripped and imports what is good; a client
//! would trust the result. Every command is the real `airlock`, run on a real image of a few
//! thousand files. Nothing is needed but Rust and a C compiler; where `ostree` is installed, it has
//! the last word.

mod shell;
mod tamper;
mod tree;

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use shell::{Result, Shell, is_installed, say};

fn main() -> ExitCode {
    match story() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("\n\x1b[1;31mthe story went wrong:\x1b[0m {error}"));
            ExitCode::FAILURE
        }
    }
}

fn story() -> Result<()> {
    let began = Instant::now();
    let dir = tempfile::Builder::new()
        .prefix("airlock-quickstart.")
        .tempdir()?;
    let shell = Shell::build(dir.path())?;
    images(&shell)?;
    release(&shell)?;
    refusals(&shell)?;
    update(&shell)?;
    clients(&shell)?;
    say(&format!(
        "All as it should be, in {:.1} s.",
        began.elapsed().as_secs_f64()
    ));
    Ok(())
}

fn images(shell: &Shell) -> Result<()> {
    for version in [1, 2] {
        let made = tree::build(&shell.dir.join(format!("image-v{version}")), version)?;
        let xattrs = if made.xattrs { "with" } else { "without" };
        let (files, size) = (made.files, made.bytes as f64 / 1e6);
        say(&format!(
            "image-v{version}: {files} files, {size:.1} MB, {xattrs} user xattrs"
        ));
    }
    Ok(())
}

fn release(shell: &Shell) -> Result<()> {
    chapter("The connected side: commit, promote what passed its tests, export");
    for repository in ["dev", "release", "offline"] {
        shell.quietly(&format!("airlock init --repo {repository}"))?;
    }
    shell.run(
        "airlock key generate --user-id 'Example Release' -o os --quiet",
        &[],
    )?;
    shell.run(
        "airlock commit --repo dev -b os/dev --tree dir=image-v1 -s 'Release 1'",
        &[],
    )?;
    shell.run(PROMOTE, &[])?;
    shell.run(
        "airlock export --repo release os/stable --full -o full.airlock --key os.key",
        &["size"],
    )
}

fn refusals(shell: &Shell) -> Result<()> {
    chapter("The offline side: what is altered or unsigned changes nothing");
    let full = shell.dir.join("full.airlock");
    let before = listing(&shell.dir.join("offline"))?;
    tamper::flip_a_bit(&full, &shell.dir.join("tampered.airlock"))?;
    shell.expect(&import("tampered"), 5)?;
    tamper::strip_signature(&full, &shell.dir.join("unsigned.airlock"))?;
    shell.expect(&import("unsigned"), 4)?;
    if listing(&shell.dir.join("offline"))? != before {
        return Err("a refused bundle changed the repository".into());
    }
    shell.run(&import("full"), &[])
}

fn update(shell: &Shell) -> Result<()> {
    chapter("A month later: only what changed");
    shell.quietly("airlock commit --repo dev -b os/dev --tree dir=image-v2 -s 'Release 2'")?;
    shell.run(PROMOTE, &[])?;
    shell.run(
        "airlock export --repo release os/stable --from os/stable^ -o update.airlock --key os.key",
        &["size"],
    )?;
    shell.run(&import("update"), &[])
}

fn import(bundle: &str) -> String {
    format!("airlock import {bundle}.airlock --repo offline --trust os.asc")
}

fn clients(shell: &Shell) -> Result<()> {
    chapter("What a client sees");
    shell.run("airlock fsck --repo offline --trust os.asc", &[""])?;
    let url = format!("file://{}/offline", shell.dir.display());
    let config =
        "airlock client-config --repo offline --remote os --trust os.asc -o client-config --url";
    shell.quietly(&format!("{config} {url}"))?;
    if is_installed("ostree") {
        pull(shell)
    } else {
        say("(ostree is not installed here; it would pull and verify now)");
        Ok(())
    }
}

/// A client with the configuration and the keyring that `client-config` wrote.
fn pull(shell: &Shell) -> Result<()> {
    shell.quietly("ostree --repo=client init --mode=bare-user")?;
    let written = shell.dir.join("client-config/remotes.d");
    let remote = std::fs::read(written.join("os.conf"))?;
    let config = File::options()
        .append(true)
        .open(shell.dir.join("client/config"));
    config?.write_all(&[b"\n", remote.as_slice()].concat())?;
    std::fs::copy(
        written.join("os.trustedkeys.gpg"),
        shell.dir.join("client/os.trustedkeys.gpg"),
    )?;
    shell.run("ostree --repo=client pull os os/stable", &[])?;
    let pulled = shell.quietly("ostree --repo=client rev-parse os:os/stable")?;
    let released = shell.quietly("ostree --repo=release rev-parse os/stable")?;
    if pulled != released {
        return Err("the client did not get the release".into());
    }
    say("the client has os/stable; it verified the commit and the summary");
    Ok(())
}

const PROMOTE: &str =
    "airlock promote --repo release --from-repo dev os/dev os/stable --key os.key";

fn chapter(title: &str) {
    say(&format!("\x1b[1;36m{title}\x1b[0m"));
}

/// Every path below `root` with its size, but for the lock file that the first command makes.
fn listing(root: &Path) -> Result<Vec<(std::path::PathBuf, u64)>> {
    let mut found = Vec::new();
    let mut open = vec![root.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(dir)? {
            let entry = entry?;
            if entry.file_name() == ".lock" {
                continue;
            }
            let about = entry.metadata()?;
            found.push((entry.path(), about.len()));
            if about.is_dir() {
                open.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}
