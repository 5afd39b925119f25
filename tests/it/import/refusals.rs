//! What import refuses, each time without changing a byte.

use std::fs;
use std::rc::Rc;

use airlock::format::Checksum;
use airlock::format::delta::DeltaName;
use airlock::repo::summary::SummaryScope;
use airlock::repo::{Mode, RefPlace, Repo};
use airlock::workflow::{Error, Trust, import, plan_import};
use airlock::{Class, Silent};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::twin::{Cargo, REF, Twin, site};
use super::{options, snapshot, take};
use crate::bench::{Key, NOW};
use crate::handmade::filez;

/// The code of the finding, as JSON tells it.
pub fn code(error: &Error) -> String {
    match error.findings().first() {
        Some(finding) => serde_json::to_value(finding).unwrap()["finding"]
            .as_str()
            .unwrap()
            .to_owned(),
        None => format!("error: {error}"),
    }
}

fn edited(mut cargo: Cargo, edit: impl Fn(&mut Value) + 'static) -> Cargo {
    cargo.edit = Rc::new(edit);
    cargo
}

fn set_config(repo: &Repo, line: &str) -> Repo {
    let config = repo.path().join("config");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, format!("{text}{line}\n")).unwrap();
    Repo::open(repo.path()).unwrap()
}

/// Imports into a site that has the first release, and holds it to its refusal.
fn assert_refused(
    name: &str,
    twin: &Twin,
    cargo: &Cargo,
    prepare: impl FnOnce(Repo) -> Repo,
    class: Class,
    finding: &str,
) {
    let (dir, trust) = (TempDir::new().unwrap(), twin.trust());
    let full = twin.write(&dir, "full.airlock", &twin.full());
    let bundle = twin.write(&dir, "next.airlock", cargo);
    let (_dir, repo) = site(Mode::Archive);
    take(&repo, &full, &trust).unwrap();
    let repo = prepare(repo);
    let before = snapshot(repo.path());
    let error = take(&repo, &bundle, &trust).unwrap_err();
    assert_eq!(code(&error), finding, "{name}: {error}");
    assert_eq!(error.class(), class, "{name}: {error}");
    assert_eq!(snapshot(repo.path()), before, "{name}");
}

#[test]
fn bundles_that_do_not_fit_the_repository() {
    let twin = Twin::new();
    let same = |repo: Repo| repo;
    let day = 86_400;
    let far = edited(twin.update(), move |m| m["created"] = json!(NOW + 2 * day));
    assert_refused(
        "created ahead",
        &twin,
        &far,
        same,
        Class::Refused,
        "from-the-future",
    );
    let far = edited(twin.update(), move |m| {
        m["sequence"] = json!({ REF: NOW + 2 * day })
    });
    assert_refused(
        "sequence ahead",
        &twin,
        &far,
        same,
        Class::Refused,
        "from-the-future",
    );
    let other = edited(twin.update(), |m| {
        m["repository"]["id"] = json!("1".repeat(32))
    });
    assert_refused(
        "other twin",
        &twin,
        &other,
        same,
        Class::Refused,
        "other-repository",
    );
    let absent = Checksum::of(b"absent");
    let based = edited(twin.update(), move |m| {
        m["releases"][0]["from"] = json!([absent])
    });
    assert_refused(
        "base missing",
        &twin,
        &based,
        same,
        Class::NotFound,
        "base-missing",
    );
    let first = twin.first;
    let partial = |repo: Repo| {
        fs::write(
            repo.path().join(format!("state/{first}.commitpartial")),
            b"",
        )
        .unwrap();
        repo
    };
    assert_refused(
        "base partial",
        &twin,
        &twin.update(),
        partial,
        Class::NotFound,
        "base-missing",
    );
    let local = |repo: Repo| {
        let name = "local".parse().unwrap();
        repo.write_ref(&RefPlace::Heads, &name, Some(&first))
            .unwrap();
        repo
    };
    assert_refused(
        "local ref",
        &twin,
        &twin.update(),
        local,
        Class::Refused,
        "unlisted-refs",
    );
    let auto = |repo: Repo| set_config(&repo, "auto-update-summary=true");
    assert_refused(
        "auto",
        &twin,
        &twin.update(),
        auto,
        Class::Refused,
        "auto-update-summary",
    );
    let full = |repo: Repo| set_config(&repo, "min-free-space-size=900000TB");
    let mut cargo = twin.update();
    cargo.edit = Rc::new(|m| m["releases"][0]["bytes"]["stored"] = json!(1 << 30));
    assert_refused("no space", &twin, &cargo, full, Class::System, "no-space");
    let mut bare = twin.update();
    bare.summary = false;
    let finding = "summary-would-lose-signature";
    assert_refused("no summary", &twin, &bare, same, Class::Refused, finding);
    let unbased = edited(twin.update(), |m| {
        m["refs-after"]["os/other"] = json!("e".repeat(64))
    });
    assert_refused(
        "nowhere",
        &twin,
        &unbased,
        same,
        Class::NotFound,
        "base-missing",
    );
}

/// Puts the head of a delta where clients would look for it.
fn add_delta(repo: &Repo, to: Checksum, content: &[u8]) {
    let name = DeltaName { from: None, to };
    fs::create_dir_all(repo.path().join(name.directory())).unwrap();
    fs::write(repo.path().join(name.superblock_path()), content).unwrap();
}

#[test]
fn deltas_are_those_that_the_signed_summary_names() {
    let twin = Twin::new();
    let (first, second) = (twin.first, twin.second);
    add_delta(&twin.bench.repo, second, b"listed");
    let cargo = Cargo {
        scope: SummaryScope::Repository,
        ..twin.update()
    };
    type Prepare = Box<dyn FnOnce(Repo) -> Repo>;
    let with = |deltas: Vec<(Checksum, &'static [u8])>| -> Prepare {
        Box::new(move |repo| {
            for (to, content) in deltas {
                add_delta(&repo, to, content);
            }
            repo
        })
    };
    let (listed, finding) = ((second, b"listed".as_slice()), "summary-deltas");
    for (name, prepare) in [
        ("none is here", with(vec![])),
        ("another of that name", with(vec![(second, b"another")])),
        ("one more", with(vec![listed, (first, b"stray")])),
    ] {
        assert_refused(name, &twin, &cargo, prepare, Class::Refused, finding);
    }
    let (dir, trust) = (TempDir::new().unwrap(), twin.trust());
    let full = twin.write(&dir, "full.airlock", &twin.full());
    let next = twin.write(&dir, "next.airlock", &cargo);
    let (_dir, repo) = site(Mode::Archive);
    take(&repo, &full, &trust).unwrap();
    add_delta(&repo, second, b"listed");
    take(&repo, &next, &trust).unwrap();
}

#[test]
fn bundles_that_are_not_what_they_say() {
    let twin = Twin::new();
    let same = |repo: Repo| repo;
    let mut cargo = twin.update();
    cargo.without = 1;
    assert_refused(
        "a file left out",
        &twin,
        &cargo,
        same,
        Class::Corrupt,
        "incomplete",
    );
    let mut cargo = twin.update();
    cargo.strays = vec![filez(b"stray")];
    assert_refused("a stray file", &twin, &cargo, same, Class::Corrupt, "stray");
    let lie = edited(twin.update(), |m| {
        m["releases"][0]["timestamp"] = json!(NOW)
    });
    assert_refused(
        "timestamp",
        &twin,
        &lie,
        same,
        Class::Corrupt,
        "contradiction",
    );
}

#[test]
fn going_back_is_refused() {
    let twin = Twin::new();
    let (dir, trust) = (TempDir::new().unwrap(), twin.trust());
    let second = twin.write(&dir, "second.airlock", &twin.cargo(twin.second, None, 1));
    let (_dir, repo) = site(Mode::Archive);
    take(&repo, &second, &trust).unwrap();
    let before = snapshot(repo.path());
    let older = twin.write(&dir, "older.airlock", &twin.cargo(twin.first, None, 2));
    let error = take(&repo, &older, &trust).unwrap_err();
    assert_eq!(code(&error), "downgrade");
    assert_eq!(snapshot(repo.path()), before);

    // A number that was used, by another bundle, after the ref was set back by hand.
    let again = twin.write(&dir, "again.airlock", &twin.cargo(twin.first, None, 1));
    repo.write_ref(&RefPlace::Heads, &REF.parse().unwrap(), None)
        .unwrap();
    let error = take(&repo, &again, &trust).unwrap_err();
    assert_eq!(code(&error), "replayed");
}

#[test]
fn an_untrusted_bundle_leaves_an_untouched_repository_untouched() {
    let twin = Twin::new();
    let dir = TempDir::new().unwrap();
    let full = twin.write(&dir, "full.airlock", &twin.full());
    let (_dir, repo) = site(Mode::Archive);
    let before = snapshot(repo.path());
    let stranger = Trust::of(Key::new("stranger").keyring());
    let error = take(&repo, &full, &stranger).unwrap_err();
    assert_eq!(error.class(), Class::Untrusted);
    assert_eq!(snapshot(repo.path()), before);

    let mut bytes = fs::read(&full).unwrap();
    bytes[600] ^= 1;
    fs::write(&full, bytes).unwrap();
    let error = take(&repo, &full, &twin.trust()).unwrap_err();
    assert_ne!(error.class(), Class::System);
    assert_eq!(snapshot(repo.path()), before);
}

#[test]
fn a_commit_that_nobody_trusted_signed() {
    let twin = Twin::new();
    let dir = TempDir::new().unwrap();
    let unsigned = twin.bench.commit(REF, &super::twin::SECOND, |commit| {
        commit.timestamp = NOW - 60
    });
    let bundle = twin.write(&dir, "x.airlock", &twin.cargo(unsigned, None, 3));
    let (_dir, repo) = site(Mode::Archive);
    let error = take(&repo, &bundle, &twin.trust()).unwrap_err();
    assert_eq!(
        (code(&error).as_str(), error.class()),
        ("unsigned", Class::Untrusted)
    );
    assert_eq!(repo.refs().unwrap().len(), 0);
}

#[test]
fn a_dry_run_lists_every_reason_at_once() {
    let twin = Twin::new();
    let (dir, trust) = (TempDir::new().unwrap(), twin.trust());
    let absent = Checksum::of(b"absent");
    let mut cargo = edited(twin.update(), move |m| {
        m["created"] = json!(NOW + 2 * 86_400);
        m["releases"][0]["from"] = json!([absent]);
        m["releases"][0]["timestamp"] = json!(NOW);
    });
    cargo.strays = vec![filez(b"stray")];
    let bundle = twin.write(&dir, "x.airlock", &cargo);
    let (_dir, repo) = site(Mode::Archive);
    let before = snapshot(repo.path());
    let plan = plan_import(&repo, &options(&bundle, &trust), &Silent).unwrap();
    let found: Vec<_> = plan
        .findings
        .iter()
        .map(|finding| serde_json::to_value(finding).unwrap()["finding"].clone())
        .collect();
    for code in ["from-the-future", "base-missing", "contradiction", "stray"] {
        assert!(found.contains(&json!(code)), "{code} in {found:?}");
    }
    assert!(!plan.changed);
    assert_eq!(snapshot(repo.path()), before);
    assert!(import(&repo, &options(&bundle, &trust), &Silent).is_err());
}
