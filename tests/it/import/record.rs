//! The record of what a site accepted: it outlives the repository, and losing it opens no door.

use std::fs;
use std::path::Path;
use std::rc::Rc;

use airlock::repo::{Mode, RefPlace, Repo};
use airlock::workflow::site::{Accepted, RecoverOptions, RecoverOutcome, recover};
use airlock::workflow::{Error, ImportOptions, ImportOutcome, Standing, Trust, import, journal};
use airlock::{Class, Silent};
use serde_json::json;
use tempfile::TempDir;

use super::refusals::code;
use super::twin::{REF, Twin, site};
use super::{head, options, snapshot};
use crate::bench::NOW;

const DAY: u64 = 86_400;

/// Imports with a copy of the record in `dir`.
fn keep(
    repo: &Repo,
    bundle: &Path,
    trust: &Trust,
    dir: &Path,
    now: u64,
) -> Result<ImportOutcome, Error> {
    let options = ImportOptions {
        site_record: Some(dir.to_owned()),
        deltas: Default::default(),
        now,
        ..options(bundle, trust)
    };
    import(repo, &options, &Silent)
}

fn rebuild(repo: &Repo, at_least: &[(&str, u64)]) -> Result<RecoverOutcome, Error> {
    let told = at_least.iter();
    let options = RecoverOptions {
        site_record: None,
        at_least: told
            .map(|(name, number)| (name.parse().unwrap(), *number))
            .collect(),
        now: NOW,
    };
    recover(repo, &options, &Silent)
}

fn codes(error: &Error) -> Vec<String> {
    let names = error.findings().iter();
    let name = |finding| serde_json::to_value(finding).unwrap()["finding"].clone();
    names
        .map(|f| name(f).as_str().unwrap().to_owned())
        .collect()
}

/// A site that has taken in both releases, with a copy of its record.
struct Kept {
    twin: Twin,
    trust: Trust,
    dir: TempDir,
    _home: TempDir,
    repo: Repo,
}

impl Kept {
    fn new() -> Kept {
        let twin = Twin::new();
        let (dir, trust) = (TempDir::new().unwrap(), twin.trust());
        let (home, repo) = site(Mode::Archive);
        let kept = Kept {
            twin,
            trust,
            dir,
            _home: home,
            repo,
        };
        kept.take("full", NOW).unwrap();
        kept.take("update", NOW).unwrap();
        kept
    }

    fn take(&self, which: &str, now: u64) -> Result<ImportOutcome, Error> {
        self.take_into(&self.repo, which, now)
    }

    fn take_into(&self, repo: &Repo, which: &str, now: u64) -> Result<ImportOutcome, Error> {
        let twin = &self.twin;
        let cargo = match which {
            "full" => twin.full(),
            "update" => twin.update(),
            "whole" => twin.cargo(twin.second, None, 3),
            other => panic!("no bundle {other}"),
        };
        let mut bundle = self.dir.path().join(format!("{which}.airlock"));
        if !bundle.exists() {
            bundle = twin.write(&self.dir, &format!("{which}.airlock"), &cargo);
        }
        keep(repo, &bundle, &self.trust, &self.records(), now)
    }

    fn records(&self) -> std::path::PathBuf {
        self.dir.path().join("record")
    }

    fn copy(&self) -> std::path::PathBuf {
        self.records().join(format!("{}.json", "0".repeat(32)))
    }

    fn own(&self) -> std::path::PathBuf {
        self.repo.path().join("extensions/airlock/accepted.json")
    }
}

#[test]
fn both_sides_hold_the_same() {
    let kept = Kept::new();
    let own = Accepted::load(&kept.repo).unwrap().unwrap();
    let copy: Accepted = serde_json::from_slice(&fs::read(kept.copy()).unwrap()).unwrap();
    assert_eq!(own, copy);
    assert_eq!((own.imports, own.latest), (2, NOW - 100));
    assert_eq!(own.heads[REF], kept.twin.second);
    assert_eq!(own.copy.as_deref(), Some(kept.records().as_path()));
    let last = journal::read(&kept.repo).unwrap().pop().unwrap();
    assert_eq!(last.entry.accepted.unwrap().sequence, own.sequence);
}

#[test]
fn a_lost_repository_takes_no_old_bundle() {
    let kept = Kept::new();
    let (_home, fresh) = site(Mode::Archive);
    drop(fresh.lock_airlock().unwrap());
    let before = snapshot(fresh.path());
    let error = kept.take_into(&fresh, "full", NOW).unwrap_err();
    assert_eq!(
        (code(&error).as_str(), error.class()),
        ("replayed", Class::Refused)
    );
    assert_eq!(snapshot(fresh.path()), before);
    // Without the copy it could not know better.
    let (_other, blind) = site(Mode::Archive);
    let bundle = kept.dir.path().join("full.airlock");
    super::take(&blind, &bundle, &kept.trust).unwrap();
    // A newer one brings the site back, and the copy goes on counting.
    kept.take_into(&fresh, "whole", NOW).unwrap();
    assert_eq!(head(&fresh), Some(kept.twin.second));
    assert_eq!(Accepted::load(&fresh).unwrap().unwrap().imports, 3);
}

#[test]
fn a_repository_restored_from_a_backup_takes_nothing_older_than_the_copy() {
    let kept = Kept::new();
    let mut own: Accepted = serde_json::from_slice(&fs::read(kept.own()).unwrap()).unwrap();
    own.imports = 1;
    own.sequence
        .values_mut()
        .for_each(|number| *number = NOW - 999);
    fs::write(kept.own(), own.to_bytes()).unwrap();
    let name = REF.parse().unwrap();
    kept.repo
        .write_ref(&RefPlace::Heads, &name, Some(&kept.twin.first))
        .unwrap();
    let other = kept.twin.cargo(kept.twin.second, Some(kept.twin.first), 1);
    let bundle = kept.twin.write(&kept.dir, "other.airlock", &other);
    let error = keep(&kept.repo, &bundle, &kept.trust, &kept.records(), NOW).unwrap_err();
    assert_eq!(codes(&error), ["replayed"]);
}

#[test]
fn a_crash_between_copy_and_publish_ends_well() {
    let kept = Kept::new();
    // The copy of a site that was about to publish, and the repository that it was.
    let (home, repo) = site(Mode::Archive);
    fs::remove_file(kept.copy()).unwrap();
    kept.take_into(&repo, "full", NOW).unwrap();
    let tree = TempDir::new().unwrap();
    let saved = tree.path().join("repo");
    let copied = std::process::Command::new("cp")
        .arg("-a")
        .arg(repo.path())
        .arg(&saved)
        .status();
    assert!(copied.unwrap().success());
    kept.take_into(&repo, "update", NOW).unwrap();
    drop(home);
    let old = Repo::open(&saved).unwrap();
    assert_eq!(head(&old), Some(kept.twin.first));
    let again = kept.take_into(&old, "update", NOW).unwrap();
    assert_eq!((again.standing, again.changed), (Standing::Ahead, true));
    assert_eq!(head(&old), Some(kept.twin.second));
    assert_eq!(journal::read(&old).unwrap().len(), 2);
    let older = kept.take_into(&old, "full", NOW).unwrap();
    assert_eq!(
        (older.standing, older.changed),
        (Standing::Superseded, false)
    );
}

#[test]
fn a_lost_record_means_refusal_until_it_is_recovered() {
    type Lose = fn(&Kept);
    let table: [(&str, Lose); 5] = [
        ("the copy", |kept| fs::remove_file(kept.copy()).unwrap()),
        ("its directory", |kept| {
            fs::remove_dir_all(kept.records()).unwrap()
        }),
        ("the repository's", |kept| {
            fs::remove_file(kept.own()).unwrap()
        }),
        ("a damaged copy", |kept| {
            fs::write(kept.copy(), b"{").unwrap()
        }),
        ("both", |kept| {
            fs::remove_file(kept.copy()).unwrap();
            fs::remove_file(kept.own()).unwrap();
        }),
    ];
    for (name, lose) in table {
        let kept = Kept::new();
        let before: Accepted = serde_json::from_slice(&fs::read(kept.own()).unwrap()).unwrap();
        lose(&kept);
        let tree = snapshot(kept.repo.path());
        let error = kept.take("whole", NOW).unwrap_err();
        assert_eq!(codes(&error)[0], "record-lost", "{name}");
        assert_eq!(error.class(), Class::Refused, "{name}");
        assert_eq!(snapshot(kept.repo.path()), tree, "{name}");

        let options = RecoverOptions {
            site_record: Some(kept.records()),
            at_least: Default::default(),
            now: NOW,
        };
        let outcome = recover(&kept.repo, &options, &Silent).unwrap();
        assert!(outcome.changed && !outcome.lost.is_empty(), "{name}");
        let after: Accepted = serde_json::from_slice(&fs::read(kept.own()).unwrap()).unwrap();
        assert_eq!(after, before, "{name}");
        assert_eq!(
            fs::read(kept.copy()).unwrap(),
            fs::read(kept.own()).unwrap(),
            "{name}"
        );
        assert!(
            !recover(&kept.repo, &options, &Silent).unwrap().changed,
            "{name}"
        );
        kept.take("whole", NOW).unwrap();
    }
}

#[test]
fn what_the_release_side_reads_out_only_raises() {
    let kept = Kept::new();
    let number = |kept: &Kept| Accepted::load(&kept.repo).unwrap().unwrap().sequence[REF];
    let before = number(&kept);
    rebuild(&kept.repo, &[(REF, 5)]).unwrap();
    assert_eq!(number(&kept), before);
    rebuild(&kept.repo, &[(REF, before + 50)]).unwrap();
    assert_eq!(number(&kept), before + 50);
    let older = kept.take("whole", NOW).unwrap();
    assert_eq!(older.standing, Standing::Superseded);
}

#[test]
fn a_broken_journal_is_reported_and_set_aside_when_somebody_vouches() {
    let kept = Kept::new();
    let path = kept.repo.path().join("extensions/airlock/journal.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen(&NOW.to_string(), "1700000000", 1)).unwrap();
    let warned = kept.take("update", NOW).unwrap();
    assert!(
        warned.warnings[0].contains("line 2 of the journal"),
        "{:?}",
        warned.warnings
    );

    fs::remove_file(kept.own()).unwrap();
    let tree = snapshot(kept.repo.path());
    let error = rebuild(&kept.repo, &[]).unwrap_err();
    assert_eq!(
        (codes(&error)[0].as_str(), error.class()),
        ("journal-broken", Class::Corrupt)
    );
    assert_eq!(snapshot(kept.repo.path()), tree);
    let outcome = rebuild(&kept.repo, &[(REF, NOW)]).unwrap();
    let aside = outcome.set_aside.unwrap();
    assert!(
        kept.repo
            .path()
            .join("extensions/airlock")
            .join(aside)
            .exists()
    );
    assert_eq!(journal::read(&kept.repo).unwrap().len(), 1);
}

#[test]
fn a_clock_that_was_set_back_makes_nothing_good() {
    let kept = Kept::new();
    let ended = |cargo: &mut super::twin::Cargo| {
        cargo.edit = Rc::new(|m| {
            m["created"] = json!(NOW - 3 * DAY);
            m["expires"] = json!(NOW - 2 * DAY);
        });
    };
    let mut cargo = kept.twin.cargo(kept.twin.second, None, 3);
    ended(&mut cargo);
    let bundle = kept.twin.write(&kept.dir, "ended.airlock", &cargo);
    for clock in [0, NOW - 3 * DAY, NOW - 2 * DAY - 1] {
        let error = keep(&kept.repo, &bundle, &kept.trust, &kept.records(), clock).unwrap_err();
        assert_eq!(codes(&error), ["expired", "clock-behind"], "{clock}");
        // The copy alone is clock enough for a repository that is new.
        let (_home, fresh) = site(Mode::Archive);
        let error = keep(&fresh, &bundle, &kept.trust, &kept.records(), clock).unwrap_err();
        assert_eq!(codes(&error), ["expired", "clock-behind"], "{clock}");
    }
    let error = keep(&kept.repo, &bundle, &kept.trust, &kept.records(), NOW).unwrap_err();
    assert_eq!(codes(&error), ["expired"]);
}

#[test]
fn nothing_dated_ahead_locks_the_site_out() {
    let twin = Twin::new();
    let (dir, trust) = (TempDir::new().unwrap(), twin.trust());
    let late = twin.bench.commit(REF, &super::twin::SECOND, |commit| {
        commit.timestamp = NOW + 2 * DAY;
    });
    let tx = airlock::repo::Transaction::begin(&twin.bench.repo).unwrap();
    let (none, signers) = (airlock::format::Metadata::new(), twin.key.signers());
    airlock::workflow::seal::sign_commit(&tx, &late, none, signers, NOW).unwrap();
    tx.publish(&Silent).unwrap();
    let bundle = twin.write(&dir, "late.airlock", &twin.cargo(late, None, 1));
    let (_home, repo) = site(Mode::Archive);
    let error = super::take(&repo, &bundle, &trust).unwrap_err();
    assert_eq!(codes(&error), ["from-the-future"]);
}
