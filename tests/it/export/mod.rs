//! `export`: what travels, what is refused, and what the twin remembers.

mod estimate;
mod metadata;
mod patches;
mod refused;

use std::collections::BTreeSet;
use std::path::PathBuf;

use airlock::Silent;
use airlock::bundle::Form;
use airlock::delta::CostModel;
use airlock::format::gvariant::Value;
use airlock::format::{Checksum, Commit, Metadata, RefName};
use airlock::repo::{Mode, Transaction};
use airlock::workflow::export::{
    Base, ExportOptions, ExportOutcome, ExportSigners, Exported, Index, MayReturn, ReadBack,
    SiteProfile, Waiver, export, plan_export,
};
use airlock::workflow::seal::sign_commit;
use airlock::workflow::{Error, Finding, Trust, VerifyOptions, VerifyOutcome, journal, verify};

use crate::bench::{Bench, Key, NOW};

const STABLE: &str = "os/stable";

/// A twin, its key, and what is asked of export.
struct Twin {
    bench: Bench,
    key: Key,
    output: PathBuf,
    form: Form,
    index: Index,
    level: Option<i32>,
    costs: CostModel,
    waivers: BTreeSet<Waiver>,
    site: &'static str,
    now: u64,
}

impl Twin {
    fn new() -> Twin {
        Twin::of(Bench::new(Mode::Archive))
    }

    fn of(bench: Bench) -> Twin {
        let output = bench.dir.path().join("out");
        std::fs::create_dir(&output).unwrap();
        Twin {
            bench,
            key: Key::new("release"),
            output,
            form: Form::Tar { split: None },
            index: Index::Carried,
            level: None,
            costs: CostModel::default(),
            waivers: BTreeSet::new(),
            site: "default",
            now: NOW,
        }
    }

    /// Makes a release commit, and signs it.
    fn release(&self, name: &str, files: &[(&str, &str)]) -> Checksum {
        self.release_with(name, files, |_| ())
    }

    fn release_with(
        &self,
        name: &str,
        files: &[(&str, &str)],
        describe: impl FnOnce(&mut Commit),
    ) -> Checksum {
        let commit = self.bench.commit(name, files, describe);
        let tx = Transaction::begin(&self.bench.repo).unwrap();
        let signers = self.key.signers();
        sign_commit(&tx, &commit, Metadata::new(), signers, NOW - 60).unwrap();
        tx.publish(&Silent).unwrap();
        commit
    }

    fn export(&self, refs: &[&str], base: Base<'_>) -> Result<ExportOutcome, Error> {
        let refs: Vec<RefName> = refs.iter().map(|name| name.parse().unwrap()).collect();
        let signers = ExportSigners {
            bundle: self.key.signers(),
            summary: self.key.signers(),
            ..ExportSigners::default()
        };
        export(
            &self.bench.repo,
            &self.options(&refs, base),
            signers,
            &Silent,
        )
    }

    fn options<'a>(&'a self, refs: &'a [RefName], base: Base<'a>) -> ExportOptions<'a> {
        ExportOptions {
            refs,
            base,
            site: self.site.parse().unwrap(),
            output: &self.output,
            form: self.form,
            index: self.index,
            may_return: MayReturn::Nowhere,
            permit_rollback: None,
            history: 0,
            trust: None,
            attachments: &[],
            expires: Some(self.now + 86_400),
            level: self.level,
            costs: self.costs,
            read_back: ReadBack::Done,
            waivers: &self.waivers,
            now: self.now,
        }
    }

    fn exported(&self, refs: &[&str], base: Base<'_>) -> Exported {
        self.export(refs, base).unwrap().bundle.expect("a bundle")
    }

    /// Everything that can be checked without a repository.
    fn verified(&self, exported: &Exported) -> VerifyOutcome {
        let trust = Trust::of(self.key.keyring());
        let bundle = exported.files.clone();
        let options = VerifyOptions {
            bundle,
            signatures: Vec::new(),
            trust: &trust,
            now: self.now,
        };
        let outcome = verify(&options, &Silent).unwrap();
        assert_eq!(outcome.bundle, exported.id);
        outcome
    }

    fn refusal(&self, refs: &[&str], base: Base<'_>) -> Vec<Finding> {
        let error = self.export(refs, base).expect_err("must be refused");
        assert!(self.nothing_was_written());
        error.findings().to_vec()
    }

    fn nothing_was_written(&self) -> bool {
        std::fs::read_dir(&self.output).unwrap().count() == 0
    }
}

const V1: &[(&str, &str)] = &[("a", "one"), ("b", "two"), ("c", "three")];
const V2: &[(&str, &str)] = &[("a", "one"), ("b", "two, changed"), ("d", "four")];

#[test]
fn a_full_bundle_holds_everything_and_verifies() {
    let twin = Twin::new();
    let commit = twin.release(STABLE, V1);
    let exported = twin.exported(&[STABLE], Base::Full);
    assert_eq!(
        exported.files,
        [twin.output.join(format!("os-stable-1-{NOW}.airlock"))]
    );
    assert_eq!(
        exported.size,
        std::fs::metadata(&exported.files[0]).unwrap().len()
    );
    let [release] = exported.releases.as_slice() else {
        panic!("one release")
    };
    assert_eq!((release.commit, release.from.as_slice()), (commit, &[][..]));
    let objects = serde_json::to_value(release.objects).unwrap();
    let expected = serde_json::json!({"commit": 1, "dirtree": 2, "dirmeta": 1, "file": 3});
    assert_eq!(objects, expected);
    let outcome = twin.verified(&exported);
    assert_eq!(
        outcome.signers,
        BTreeSet::from([twin.key.fingerprint.clone()])
    );
    assert_eq!(
        exported.signers,
        std::slice::from_ref(&twin.key.fingerprint)
    );
}

#[test]
fn an_update_holds_what_no_base_lacks() {
    let twin = Twin::new();
    let first = twin.release(STABLE, V1);
    let second = twin.release(STABLE, V2);
    let third = twin.release(STABLE, &[("a", "one"), ("d", "four"), ("e", "five")]);
    let files = |from: &[String]| {
        let exported = twin.exported(&[STABLE], Base::Revisions(from));
        twin.verified(&exported);
        let release = &exported.releases[0];
        std::fs::remove_file(&exported.files[0]).unwrap();
        (
            release.from.clone(),
            release.objects.file,
            exported.releases[0].commit,
        )
    };
    let (first_text, second_text) = (first.to_string(), second.to_string());
    assert_eq!(
        files(std::slice::from_ref(&second_text)),
        (vec![second], 1, third)
    );
    assert_eq!(
        files(std::slice::from_ref(&first_text)),
        (vec![first], 2, third)
    );
    // `d` is in one of the two only, so it travels.
    assert_eq!(
        files(&[first_text, second_text]),
        (vec![first, second], 2, third)
    );
    assert_eq!(files(&["os/stable^".to_owned()]), (vec![second], 1, third));
}

#[test]
fn a_site_that_has_it_already_gets_nothing() {
    let twin = Twin::new();
    twin.release(STABLE, V1);
    let outcome = twin
        .export(&[STABLE], Base::Revisions(&[STABLE.to_owned()]))
        .unwrap();
    assert!(outcome.bundle.is_none() && twin.nothing_was_written());
    assert_eq!(outcome.up_to_date, [STABLE.parse().unwrap()]);
}

#[test]
fn several_refs_share_their_objects() {
    let twin = Twin::new();
    twin.release(STABLE, V1);
    twin.release("os/testing", V2);
    let exported = twin.exported(&[STABLE, "os/testing"], Base::Full);
    let files: Vec<_> = exported
        .releases
        .iter()
        .map(|release| release.objects.file)
        .collect();
    assert_eq!(files, [3, 2]);
    twin.verified(&exported);
}

#[test]
fn the_twin_remembers_what_the_site_has() {
    let mut twin = Twin::new();
    twin.site = "oslo";
    let stable = twin.release(STABLE, V1);
    let testing = twin.release("os/testing", V1);
    let first = twin.exported(&[STABLE, "os/testing"], Base::Full);
    let profile = SiteProfile::load(&twin.bench.repo, &"oslo".parse().unwrap())
        .unwrap()
        .unwrap();
    assert_eq!(profile.bundle, first.id);
    assert_eq!(profile.refs[STABLE], stable);
    let newer = twin.release(STABLE, V2);
    let second = twin.exported(&[STABLE], Base::Site);
    assert_eq!(second.releases[0].from, [stable]);
    let after = |exported: &Exported, name: &str| exported.refs_after[name];
    assert_eq!(after(&second, STABLE), Some(newer));
    assert_eq!(after(&second, "os/testing"), Some(testing));
    twin.verified(&second);
    let name: RefName = STABLE.parse().unwrap();
    assert!(second.sequence[&name] > first.sequence[&name]);
    // A ref that the twin has no more is deleted at the site.
    let tx = Transaction::begin(&twin.bench.repo).unwrap();
    tx.set_ref(&"os/testing".parse().unwrap(), None);
    tx.publish(&Silent).unwrap();
    twin.release(STABLE, V1);
    let third = twin.exported(&[STABLE], Base::Site);
    assert_eq!(after(&third, "os/testing"), None);
    assert!(third.sequence.contains_key("os/testing"));
    let records = journal::read(&twin.bench.repo).unwrap();
    let bundles: Vec<_> = records
        .iter()
        .filter_map(|record| record.entry.bundle)
        .collect();
    assert_eq!(bundles, [first.id, second.id, third.id]);
}

#[test]
fn another_repository_says_what_the_site_has() {
    let twin = Twin::new();
    let first = twin.release(STABLE, V1);
    let site = Bench::new(Mode::Archive);
    let copied = site.commit(STABLE, V1, |commit| commit.timestamp = NOW - 3600);
    assert_eq!(copied, first);
    twin.release(STABLE, V2);
    let exported = twin.exported(&[STABLE], Base::Repository(&site.repo));
    assert_eq!(exported.releases[0].from, [first]);
    assert_eq!(exported.releases[0].objects.file, 2);
    let empty = Bench::new(Mode::Archive);
    let exported = twin.exported(&[STABLE], Base::Repository(&empty.repo));
    assert!(exported.releases[0].from.is_empty());
}

#[test]
fn a_collection_is_followed_by_its_metadata() {
    let collection = "org.example.Os";
    let bench = Bench::of_collection(Mode::Archive, Some(collection));
    let twin = Twin::of(bench);
    let bind = |commit: &mut Commit| {
        commit
            .metadata
            .insert(Metadata::COLLECTION_BINDING, Value::str(collection));
    };
    twin.release_with(STABLE, V1, bind);
    twin.release_with("ostree-metadata", &[], bind);
    let exported = twin.exported(&[STABLE], Base::Full);
    let names: Vec<_> = exported
        .releases
        .iter()
        .map(|release| release.name.to_string())
        .collect();
    assert_eq!(names, [STABLE, "ostree-metadata"]);
    twin.verified(&exported);
    twin.release("os/foreign", V1);
    assert!(matches!(
        twin.export(&["os/foreign"], Base::Full)
            .unwrap_err()
            .findings(),
        [Finding::OtherCollection { .. }]
    ));
}

#[test]
fn every_mode_and_form_makes_the_same_content() {
    for mode in [Mode::Archive, Mode::BareUser, Mode::BareUserOnly] {
        let mut twin = Twin::of(Bench::new(mode));
        let large = "0123456789abcdef".repeat(300_000);
        twin.release(STABLE, &[("a", "one"), ("empty", ""), ("large", &large)]);
        let forms = [
            Form::Tar { split: None },
            Form::Tar {
                split: Some(40_000),
            },
            Form::Directory,
        ];
        for (form, level) in forms
            .into_iter()
            .flat_map(|form| [(form, None), (form, Some(3))])
        {
            (twin.form, twin.level) = (form, level);
            let exported = twin.exported(&[STABLE], Base::Full);
            let outcome = twin.verified(&exported);
            assert_eq!(outcome.releases[0].commit, exported.releases[0].commit);
            assert!(exported.releases[0].bytes.content > large.len() as u64);
            remove(&exported.files);
        }
    }
}

fn remove(files: &[PathBuf]) {
    for file in files {
        match file.is_dir() {
            true => std::fs::remove_dir_all(file).unwrap(),
            false => std::fs::remove_file(file).unwrap(),
        }
    }
}

#[test]
fn a_large_file_has_a_part_of_its_own() {
    let mut twin = Twin::new();
    twin.level = Some(3);
    let zeros = "0".repeat(40_000_000);
    twin.release(STABLE, &[("a", "one"), ("b", &zeros), ("c", "two")]);
    let refs = [STABLE.parse().unwrap()];
    let options = twin.options(&refs, Base::Full);
    let plan = plan_export(&twin.bench.repo, &options, &Silent).unwrap();
    assert_eq!(plan.releases[0].packed_files, 0);
    let exported = twin.exported(&[STABLE], Base::Full);
    assert!(exported.size < 1_000_000);
    twin.verified(&exported);
    // A larger one than a part holds travels as it is.
    let zeros = zeros.repeat(7);
    twin.release(STABLE, &[("a", "one"), ("b", &zeros)]);
    let options = twin.options(&refs, Base::Full);
    let plan = plan_export(&twin.bench.repo, &options, &Silent).unwrap();
    assert_eq!(plan.releases[0].packed_files, 1);
}

#[test]
fn the_plan_says_what_export_does_and_writes_nothing() {
    let twin = Twin::new();
    let first = twin.release(STABLE, V1);
    twin.release(STABLE, V2);
    let before = crate::repo::listing(twin.bench.path());
    let refs = [STABLE.parse().unwrap()];
    let from = [first.to_string()];
    let options = twin.options(&refs, Base::Revisions(&from));
    let plan = plan_export(&twin.bench.repo, &options, &Silent).unwrap();
    assert_eq!(plan.releases[0].objects.file, 2);
    assert!(twin.nothing_was_written());
    let after = crate::repo::listing(twin.bench.path());
    let new: Vec<_> = after.iter().filter(|name| !before.contains(name)).collect();
    assert!(new.iter().all(|name| name.as_str() == ".lock"), "{new:?}");
    let exported = twin.exported(&[STABLE], Base::Revisions(&from));
    assert_eq!(exported.files, std::slice::from_ref(&plan.target));
    assert!(exported.size <= plan.needed);
}
