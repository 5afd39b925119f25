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
    connected(&shell)?;
    refused(&shell)?;
    offline(&shell)?;
    update(&shell)?;
    clients(&shell)?;
    say(&format!(
        "\nAll as it should be, in {:.1} s.",
        began.elapsed().as_secs_f64()
    ));
    Ok(())
}

fn images(shell: &Shell) -> Result<()> {
    for version in [1, 2] {
        let root = shell.dir.join(format!("image-v{version}"));
        let made = tree::build(&root, version)?;
        let xattrs = if made.xattrs { "with" } else { "without" };
        let megabytes = made.bytes as f64 / 1e6;
        say(&format!(
            "image-v{version}: {} files, {megabytes:.0} MB, {xattrs} user xattrs",
            made.files
        ));
    }
    Ok(())
}

fn connected(shell: &Shell) -> Result<()> {
    chapter("The connected side: compose, test, promote, export");
    shell.run("airlock key generate --user-id 'Example Release' -o keys/release")?;
    std::fs::create_dir(shell.dir.join("trust"))?;
    std::fs::copy(
        shell.dir.join("keys/release.asc"),
        shell.dir.join("trust/release.asc"),
    )?;
    shell.run("airlock init --repo dev")?;
    shell.run("airlock init --repo release")?;
    shell.run(
        "airlock commit --repo dev -b os/dev --tree dir=image-v1 --owner-uid 0 --owner-gid 0 -s v1",
    )?;
    shell.run(
        "airlock promote --repo release --from-repo dev os/dev os/stable --key keys/release.key",
    )?;
    shell.run(
        "airlock export --repo release os/stable --full -o full.airlock --key keys/release.key",
    )?;
    shell.run("airlock verify full.airlock --trust trust")
}

fn refused(shell: &Shell) -> Result<()> {
    chapter("The offline side believes nothing it cannot check");
    let full = shell.dir.join("full.airlock");
    shell.run("airlock init --repo offline")?;
    let before = listing(&shell.dir.join("offline"))?;
    tamper::flip_a_bit(&full, &shell.dir.join("tampered.airlock"))?;
    shell.expect(
        "airlock import tampered.airlock --repo offline --trust trust",
        5,
    )?;
    tamper::strip_signature(&full, &shell.dir.join("unsigned.airlock"))?;
    shell.expect(
        "airlock import unsigned.airlock --repo offline --trust trust",
        4,
    )?;
    if listing(&shell.dir.join("offline"))? != before {
        return Err("a refused bundle changed the repository".into());
    }
    Ok(())
}

fn offline(shell: &Shell) -> Result<()> {
    chapter("A good bundle");
    shell.run("airlock import full.airlock --repo offline --trust trust")
}

fn update(shell: &Shell) -> Result<()> {
    chapter("A month later");
    shell.quietly(
        "airlock commit --repo dev -b os/dev --tree dir=image-v2 --owner-uid 0 --owner-gid 0 -s v2",
    )?;
    shell.run(
        "airlock promote --repo release --from-repo dev os/dev os/stable --key keys/release.key",
    )?;
    shell.run("airlock export --repo release os/stable --from os/stable^ -o update.airlock --key keys/release.key")?;
    shell.run("airlock import update.airlock --repo offline --trust trust")
}

fn clients(shell: &Shell) -> Result<()> {
    chapter("As a client sees it");
    shell.run("airlock fsck --repo offline --trust trust")?;
    let url = format!("file://{}/offline", shell.dir.display());
    shell.run(&format!(
        "airlock client-config --repo offline --remote os --url {url} --trust trust -o client"
    ))?;
    if !is_installed("ostree") {
        say("(ostree is not installed here: it would pull and verify now)");
        return Ok(());
    }
    Ok(())
}

fn chapter(title: &str) {
    say(&format!("\n\x1b[1;36m{title}\x1b[0m"));
}

/// Every path below `root` with its size.
fn listing(root: &Path) -> Result<Vec<(std::path::PathBuf, u64)>> {
    let mut found = Vec::new();
    let mut open = vec![root.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(dir)? {
            let entry = entry?;
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
