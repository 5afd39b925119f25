//! `import`: what a good bundle makes of a repository, and that a bad one makes nothing of it.

mod deltas;
mod permission;
mod record;
mod refusals;
mod twin;

use std::path::{Path, PathBuf};

use airlock::format::{Checksum, Codec, Metadata, RefName};
use airlock::repo::{FsckOptions, Mode, Repo, Transaction, fsck, walk};
use airlock::workflow::seal::Signing;
use airlock::workflow::sign_ed25519;
use airlock::workflow::site::Accepted;
use airlock::workflow::{
    Error, ImportOptions, ImportOutcome, Standing, SummarySource, Trust, import, journal,
    plan_import,
};
use airlock::{Class, Silent};
use base64::Engine;
use tempfile::TempDir;

use crate::bench::{Key, NOW};
use twin::{REF, Twin, site};

fn options<'a>(bundle: &Path, trust: &'a Trust) -> ImportOptions<'a> {
    ImportOptions {
        bundle: vec![bundle.to_owned()],
        signatures: Vec::new(),
        trust,
        signing: Signing::default(),
        site_record: None,
        deltas: Default::default(),
        now: NOW,
        threads: 2,
    }
}

fn take(repo: &Repo, bundle: &Path, trust: &Trust) -> Result<ImportOutcome, Error> {
    import(repo, &options(bundle, trust), &Silent)
}

fn head(repo: &Repo) -> Option<Checksum> {
    repo.ref_commit(&REF.parse().unwrap()).unwrap()
}

/// Everything beneath a repository: names, types, modes, contents.
fn snapshot(root: &Path) -> Vec<(PathBuf, u32, Vec<u8>)> {
    use std::os::unix::fs::PermissionsExt;
    let mut found = Vec::new();
    for name in crate::repo::listing(root) {
        let path = root.join(name.trim_end_matches('/'));
        let metadata = std::fs::symlink_metadata(&path).unwrap();
        let content = match metadata.is_file() {
            true => std::fs::read(&path).unwrap(),
            false => Vec::new(),
        };
        found.push((path, metadata.permissions().mode(), content));
    }
    found
}

fn assert_sound(repo: &Repo) {
    let options = FsckOptions {
        threads: 2,
        bindings: true,
        back_refs: true,
    };
    assert_eq!(fsck(repo, &options, &Silent).unwrap().findings, []);
}

#[test]
fn full_and_update_in_every_mode() {
    let twin = Twin::new();
    let (dir, trust) = (TempDir::new().unwrap(), twin.trust());
    let full = twin.write(&dir, "full.airlock", &twin.full());
    let update = twin.write(&dir, "update.airlock", &twin.update());
    let root = rustix::process::geteuid().is_root();
    let modes = [
        Mode::Archive,
        Mode::BareUser,
        Mode::BareUserOnly,
        Mode::Bare,
    ];
    for mode in modes.into_iter().filter(|mode| root || *mode != Mode::Bare) {
        let (_dir, repo) = site(mode);
        for (bundle, commit, numbers) in [(&full, twin.first, 1), (&update, twin.second, 2)] {
            let outcome = take(&repo, bundle, &trust).unwrap();
            assert!(outcome.changed && outcome.objects > 0, "{mode}");
            assert_eq!(outcome.summary, SummarySource::Bundle);
            assert_eq!(head(&repo), Some(commit), "{mode}");
            assert_eq!(walk::missing(&repo, &[commit]).unwrap(), [], "{mode}");
            let theirs = twin.bench.repo.commitmeta(&commit).unwrap();
            assert_eq!(repo.commitmeta(&commit).unwrap(), theirs, "{mode}");
            assert_eq!(journal::read(&repo).unwrap().len(), numbers, "{mode}");
            let accepted = Accepted::load(&repo).unwrap().unwrap();
            assert_eq!(accepted.bundle, Some(outcome.bundle), "{mode}");
            assert_sound(&repo);
        }
        assert_eq!(crate::repo::listing(&repo.path().join("tmp")), ["cache/"]);
        assert!(!repo.path().join("extensions/airlock/stage").exists());
    }
}

#[test]
fn what_is_here_already_changes_nothing() {
    let twin = Twin::new();
    let (dir, trust) = (TempDir::new().unwrap(), twin.trust());
    let full = twin.write(&dir, "full.airlock", &twin.full());
    let update = twin.write(&dir, "update.airlock", &twin.update());
    let (_dir, repo) = site(Mode::Archive);
    take(&repo, &full, &trust).unwrap();
    let before = snapshot(repo.path());
    let again = take(&repo, &full, &trust).unwrap();
    assert_eq!((again.standing, again.changed), (Standing::Present, false));
    assert_eq!(snapshot(repo.path()), before);

    take(&repo, &update, &trust).unwrap();
    let before = snapshot(repo.path());
    let old = take(&repo, &full, &trust).unwrap();
    assert_eq!((old.standing, old.changed), (Standing::Superseded, false));
    assert!(old.superseded);
    assert_eq!(snapshot(repo.path()), before);
}

#[test]
fn what_a_killed_run_staged_is_not_read_again() {
    let twin = Twin::new();
    let (dir, trust) = (TempDir::new().unwrap(), twin.trust());
    let full = twin.write(&dir, "full.airlock", &twin.full());
    let (_dir, repo) = site(Mode::Archive);
    let id = plan_import(&repo, &options(&full, &trust), &Silent)
        .unwrap()
        .bundle;
    let (tx, _) = Transaction::resume(&repo, &id, 1).unwrap();
    for name in walk::reachable(&twin.bench.repo, &[twin.first]).unwrap() {
        if name.kind == airlock::format::ObjectKind::File {
            let mut file = twin.bench.repo.file(&name.checksum).unwrap();
            tx.write_file(&file.header, file.size, &mut file.reader)
                .unwrap();
        }
    }
    std::mem::forget(tx);
    let outcome = take(&repo, &full, &trust).unwrap();
    assert_eq!(outcome.resumed, 3);
    assert_eq!(head(&repo), Some(twin.first));
    assert_sound(&repo);
}

#[test]
fn a_site_signs_its_own_summary() {
    let twin = Twin::new();
    let (dir, trust) = (TempDir::new().unwrap(), twin.trust());
    let mut cargo = twin.full();
    cargo.summary = false;
    let full = twin.write(&dir, "full.airlock", &cargo);
    let (_dir, repo) = site(Mode::Archive);
    let key = Key::new("site");
    let own = ImportOptions {
        signing: key.signing(),
        ..options(&full, &trust)
    };
    let outcome = import(&repo, &own, &Silent).unwrap();
    assert_eq!(outcome.summary, SummarySource::Site);
    let signature = Metadata::decode(&repo.summary_signature().unwrap().unwrap()).unwrap();
    let signatures = signature.signatures(Metadata::GPGSIGS).unwrap();
    let summary = repo.summary().unwrap().unwrap();
    let verdict = key.keyring().verify(&summary, &signatures, NOW);
    assert_eq!(verdict.good.len(), 1);
}

#[test]
fn signatures_are_added_and_nothing_is_replaced() {
    let twin = Twin::new();
    let (dir, trust) = (TempDir::new().unwrap(), twin.trust());
    let full = twin.write(&dir, "full.airlock", &twin.full());
    let (_dir, repo) = site(Mode::Archive);
    let tx = Transaction::begin(&repo).unwrap();
    let mut present = Metadata::new();
    present.set_signatures(Metadata::SIGN_ED25519, &[vec![1; 64]]);
    present.set_signatures(Metadata::GPGSIGS, &[b"somebody else's".to_vec()]);
    tx.stage_commitmeta(&twin.first, &present);
    tx.publish(&Silent).unwrap();
    take(&repo, &full, &trust).unwrap();
    let merged = repo.commitmeta(&twin.first).unwrap();
    let signatures = merged.signatures(Metadata::GPGSIGS).unwrap();
    assert_eq!(signatures.len(), 2);
    assert_eq!(signatures[0], b"somebody else's");
    assert!(merged.get(Metadata::SIGN_ED25519).is_some());
}

#[test]
fn a_stray_summary_is_put_right_by_the_same_bundle() {
    let twin = Twin::new();
    let (dir, trust) = (TempDir::new().unwrap(), twin.trust());
    let full = twin.write(&dir, "full.airlock", &twin.full());
    let (_dir, repo) = site(Mode::Archive);
    take(&repo, &full, &trust).unwrap();
    let pair = || (repo.summary().unwrap(), repo.summary_signature().unwrap());
    let signed = pair();
    std::fs::write(repo.path().join("summary"), b"stray").unwrap();
    std::fs::remove_file(repo.path().join("summary.sig")).unwrap();
    let outcome = take(&repo, &full, &trust).unwrap();
    assert!(outcome.changed);
    assert_eq!(pair(), signed);
}

#[test]
fn a_dry_run_tells_and_changes_nothing() {
    let twin = Twin::new();
    let (dir, trust) = (TempDir::new().unwrap(), twin.trust());
    let full = twin.write(&dir, "full.airlock", &twin.full());
    let (_dir, repo) = site(Mode::Archive);
    let before = snapshot(repo.path());
    let plan = plan_import(&repo, &options(&full, &trust), &Silent).unwrap();
    assert_eq!(plan.findings, []);
    assert_eq!(
        plan.refs[&REF.parse::<RefName>().unwrap()].to,
        Some(twin.first)
    );
    assert_eq!(snapshot(repo.path()), before);
}

#[test]
fn a_locked_repository_is_busy() {
    let twin = Twin::new();
    let (dir, trust) = (TempDir::new().unwrap(), twin.trust());
    let full = twin.write(&dir, "full.airlock", &twin.full());
    let (_dir, repo) = site(Mode::Archive);
    let _held = repo.lock_airlock().unwrap();
    let other = Repo::open(repo.path()).unwrap();
    assert_eq!(
        take(&other, &full, &trust).unwrap_err().class(),
        Class::Busy
    );
}

#[test]
fn an_ed25519_signature_is_carried_when_the_trust_knows_its_key() {
    let twin = Twin::new();
    let pair = |seed| ed25519_dalek::SigningKey::from_bytes(&[seed; 32]);
    let text = |bytes: &[u8]| base64::engine::general_purpose::STANDARD.encode(bytes);
    let keys = [7, 8].map(|seed| {
        let line = text(&pair(seed).to_keypair_bytes());
        airlock::ed25519::read_secret_keys(line.as_bytes())
            .unwrap()
            .remove(0)
    });
    let name = [twin.first.to_string()];
    sign_ed25519::sign_commits(&twin.bench.repo, &name, &keys, NOW, &Silent).unwrap();
    let dir = TempDir::new().unwrap();
    let bundle = twin.write(&dir, "b.airlock", &twin.full());
    let directory = dir.path().join("trust");
    std::fs::create_dir(&directory).unwrap();
    std::fs::write(directory.join("r.asc"), &twin.key.certificate).unwrap();
    std::fs::write(directory.join("k.ed25519"), keys[1].public().to_string()).unwrap();
    for (trust, carried) in [(twin.trust(), 0), (Trust::load(&directory).unwrap(), 1)] {
        let (_dir, repo) = site(Mode::Archive);
        take(&repo, &bundle, &trust).unwrap();
        let beside = repo.commitmeta(&twin.first).unwrap();
        let found = beside.signatures(Metadata::SIGN_ED25519).unwrap();
        let commit = repo.commit(&twin.first).unwrap();
        let wanted: Vec<_> = keys[1..]
            .iter()
            .map(|key| key.sign(commit.bytes()))
            .collect();
        assert_eq!(found, wanted[..carried]);
        assert_eq!(beside.signatures(Metadata::GPGSIGS).unwrap().len(), 1);
    }
}
