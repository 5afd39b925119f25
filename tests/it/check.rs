//! `fsck`, `show`, `log` and `refs` over a repository that stock `ostree` made and signed.

use std::fs;

use airlock::format::Checksum;
use airlock::openpgp::Keyring;
use airlock::repo::{FsckFinding, Repo};
use airlock::workflow::{
    self, CheckFinding, CheckOptions, CheckOutcome, Existing, Finding, SummaryFault, Trust, refs,
};
use airlock::{Class, Silent};

use crate::commit::{FROM, TO, id};
use crate::repo::objects::fixture;
use crate::repo::scratch;

/// A time at which the fixtures' keys are alive.
const NOW: u64 = 1_800_000_000;
const MAIN: &str = "test/x86_64/main";

fn trust() -> Trust {
    let mut keyring = Keyring::new();
    let bytes = include_bytes!("../data/gpg-verdicts/keyring-all.gpg");
    keyring.add_bytes(bytes).unwrap();
    Trust::of(keyring)
}

fn check(repo: &Repo, trust: Option<&Trust>) -> CheckOutcome {
    let options = CheckOptions {
        trust,
        now: NOW,
        threads: 2,
        bindings: false,
        back_refs: false,
    };
    workflow::check(repo, &options, &Silent).unwrap()
}

/// The fixture without its alias, which its commit is not bound to.
fn sound() -> (tempfile::TempDir, Repo) {
    let (dir, repo) = fixture("archive-repo");
    fs::remove_file(repo.path().join("refs/heads/stable")).unwrap();
    (dir, repo)
}

#[test]
fn a_client_that_verifies_refuses_the_alias_and_nothing_else() {
    let (_dir, repo) = fixture("archive-repo");
    assert_eq!(check(&repo, None).findings, []);
    let outcome = check(&repo, Some(&trust()));
    let unbound = CheckFinding::Repository(FsckFinding::Unbound {
        name: "stable".to_owned(),
        commit: id(TO),
        bound: vec![MAIN.to_owned()],
    });
    assert_eq!(outcome.findings, [unbound]);
    assert_eq!(outcome.commits, 2);
    assert_eq!(outcome.trusted.len(), 2, "both names' commit is signed");
}

#[test]
fn every_fault_of_the_summary_is_named() {
    let (_dir, repo) = sound();
    let trust = trust();
    let stale = |name: &str, listed, here| {
        let name = name.parse().unwrap();
        CheckFinding::Summary(SummaryFault::SummaryStale { name, listed, here })
    };
    let gone = || stale("stable", Some(id(TO)), None);
    assert_eq!(check(&repo, Some(&trust)).findings, [gone()]);

    let main = repo.path().join("refs/heads").join(MAIN);
    fs::write(&main, format!("{FROM}\n")).unwrap();
    let older = stale(MAIN, Some(id(TO)), Some(id(FROM)));
    assert_eq!(check(&repo, Some(&trust)).findings, [older, gone()]);
    fs::write(&main, format!("{TO}\n")).unwrap();

    fs::remove_file(repo.path().join("summary.sig")).unwrap();
    let outcome = check(&repo, Some(&trust));
    assert!(matches!(
        outcome.findings[1],
        CheckFinding::Trust(Finding::Unsigned { .. })
    ));
    assert_eq!(
        CheckFinding::gravest(&outcome.findings),
        Some(Class::Corrupt)
    );

    fs::write(repo.path().join("summary"), "nonsense").unwrap();
    let outcome = check(&repo, Some(&trust));
    let malformed = |finding: &CheckFinding| {
        matches!(
            finding,
            CheckFinding::Summary(SummaryFault::SummaryMalformed { .. })
        )
    };
    assert!(outcome.findings.iter().any(malformed));
    fs::remove_file(repo.path().join("summary")).unwrap();
    let none = CheckFinding::Summary(SummaryFault::NoSummary);
    assert_eq!(check(&repo, Some(&trust)).findings, [none]);
}

#[test]
fn unsigned_commits_and_missing_objects_are_found() {
    let (_dir, repo) = sound();
    let commitmeta = format!("objects/{}/{}.commitmeta", &TO[..2], &TO[2..]);
    fs::remove_file(repo.path().join(commitmeta)).unwrap();
    let outcome = check(&repo, Some(&trust()));
    let unsigned =
        |finding: &CheckFinding| matches!(finding, CheckFinding::Trust(Finding::Unsigned { .. }));
    assert!(
        outcome.findings.iter().any(unsigned),
        "{:?}",
        outcome.findings
    );
    assert!(outcome.trusted.is_empty());

    let tree = repo.commit(&id(TO)).unwrap().tree.to_string();
    let tree = format!("objects/{}/{}.dirtree", &tree[..2], &tree[2..]);
    fs::remove_file(repo.path().join(tree)).unwrap();
    let outcome = check(&repo, None);
    assert!(matches!(
        outcome.findings[..],
        [CheckFinding::Repository(FsckFinding::Missing { .. })]
    ));
}

#[test]
fn show_judges_who_signed() {
    let (_dir, repo) = fixture("archive-repo");
    let plain = workflow::show(&repo, MAIN, None, NOW).unwrap();
    assert_eq!((plain.verification, plain.findings), (None, vec![]));
    assert_eq!(plain.entry.version.as_deref(), Some("2.0"));
    assert_eq!(plain.entry.signatures, 2);
    assert_eq!(plain.refs.len(), 2);
    assert_eq!(plain.ref_binding.unwrap(), [MAIN]);
    let shown = |key| {
        plain
            .metadata
            .iter()
            .find(|entry| entry.key == key)
            .unwrap()
    };
    assert_eq!(shown("num").value.as_deref(), Some("5"));
    assert_eq!(
        (
            shown("ostree.sizes").value.as_deref(),
            shown("ostree.sizes").signature.as_str()
        ),
        (None, "aay")
    );

    let judged = workflow::show(&repo, MAIN, Some(&trust()), NOW).unwrap();
    assert_eq!(judged.findings, []);
    assert_eq!(judged.verification.unwrap().signers().len(), 2);
    let nobody = Trust::of(Keyring::new());
    let judged = workflow::show(&repo, MAIN, Some(&nobody), NOW).unwrap();
    assert_eq!(Finding::gravest(&judged.findings), Class::Untrusted);
}

#[test]
fn log_goes_as_far_as_the_repository_does() {
    let (_dir, repo) = fixture("archive-repo");
    let commits = |limit| {
        let outcome = workflow::log(&repo, MAIN, limit).unwrap();
        let commits: Vec<Checksum> = outcome.commits.iter().map(|entry| entry.commit).collect();
        (commits, outcome.absent)
    };
    assert_eq!(commits(None), (vec![id(TO), id(FROM)], None));
    assert_eq!(commits(Some(1)), (vec![id(TO)], None));
    let commit = format!("objects/{}/{}.commit", &FROM[..2], &FROM[2..]);
    fs::remove_file(repo.path().join(commit)).unwrap();
    assert_eq!(commits(None), (vec![id(TO)], Some(id(FROM))));
    assert_eq!(
        workflow::log(&repo, "absent", None).unwrap_err().class(),
        Class::NotFound
    );
}

#[test]
fn refs_are_listed_made_and_removed() {
    let (_dir, repo) = fixture("archive-repo");
    let names = |prefix| -> Vec<String> {
        let outcome = refs::list(&repo, prefix).unwrap();
        outcome.refs.into_iter().map(|line| line.name).collect()
    };
    assert_eq!(names(None), ["stable", MAIN]);
    assert_eq!(names(Some("test")), [MAIN]);
    assert_eq!(names(Some("te")), [""; 0]);

    let name = "test/other".parse().unwrap();
    let made = refs::create(&repo, &name, &FROM[..8], Existing::Refuse).unwrap();
    assert!(made.changed && made.summary_is_stale);
    assert_eq!(made.bound_elsewhere.unwrap(), [MAIN]);
    assert_eq!(repo.resolve("test/other").unwrap(), id(FROM));
    let again = |existing| refs::create(&repo, &name, TO, existing);
    assert_eq!(again(Existing::Refuse).unwrap_err().class(), Class::Usage);
    assert!(again(Existing::Replace).unwrap().changed);

    let alias = "latest".parse().unwrap();
    let made = refs::create_alias(&repo, &alias, &name, Existing::Refuse).unwrap();
    assert_eq!(made.refs[0].alias_of, Some(name));
    let kept = refs::delete(&repo, "test").unwrap_err();
    assert_eq!(kept.class(), Class::Usage, "{kept}");
    assert!(refs::delete(&repo, "stable").unwrap().changed);
    assert!(refs::delete(&repo, "latest").unwrap().changed);
    assert_eq!(refs::delete(&repo, "test").unwrap().refs.len(), 2);
    assert!(!refs::delete(&repo, "test").unwrap().changed);
}

#[test]
fn init_gives_an_id_and_leaves_what_is_there() {
    let (_dir, repo) = scratch(airlock::repo::Mode::Archive);
    let options = airlock::repo::InitOptions {
        mode: airlock::repo::Mode::Archive,
        collection_id: None,
    };
    let first = workflow::init(repo.path(), &options).unwrap();
    let second = workflow::init(repo.path(), &options).unwrap();
    assert!(!first.created && !second.created);
    assert_eq!(first.id, second.id);
    assert!(
        workflow::init(&repo.path().join("../new"), &options)
            .unwrap()
            .created
    );
}
