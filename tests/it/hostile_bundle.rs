//! What bad input gets: every row is a bundle or a site that is wrong in one way, the class and
//! the finding it must get, and proof that the repository is the same afterwards, byte for byte.

mod forge;
mod lies;
mod medium;
mod policy;
mod site;
pub mod tree;
mod trust;

use std::error::Error as _;
use std::fs;
use std::path::{Path, PathBuf};

use airlock::repo::Mode;
use airlock::workflow::{Error, VerifyOptions, verify};
use airlock::{Class, Silent};
use tempfile::TempDir;

use forge::{Forged, NOW};
use site::{Mount, Site};

/// Writes a bundle into a directory; returns its files.
type Make = Box<dyn Fn(&Path) -> Vec<PathBuf>>;

/// One bad bundle, and what it must get.
struct Row {
    name: String,
    make: Make,
    /// What stands in `policy.toml`; empty for none.
    policy: &'static str,
    verify: Verdict,
    import: Verdict,
}

/// What an attempt must get.
#[derive(Clone)]
struct Verdict {
    /// Any one of these.
    classes: Vec<Class>,
    /// What must stand in the finding's name or in the sentences.
    text: &'static str,
}

impl Row {
    fn new(
        name: String,
        make: impl Fn() -> Vec<u8> + 'static,
        class: Class,
        text: &'static str,
    ) -> Row {
        let make = move |dir: &Path| vec![write(dir, &make())];
        Row::of_files(name, make, class, text)
    }

    /// A row whose bytes decide which of several checks finds it.
    fn either(name: String, make: impl Fn() -> Vec<u8> + 'static, classes: &[Class]) -> Row {
        let mut row = Row::new(name, make, Class::Corrupt, "");
        for verdict in [&mut row.verify, &mut row.import] {
            verdict.classes = classes.to_vec();
        }
        row
    }

    fn of_files(
        name: String,
        make: impl Fn(&Path) -> Vec<PathBuf> + 'static,
        class: Class,
        text: &'static str,
    ) -> Row {
        let verdict = Verdict {
            classes: vec![class],
            text,
        };
        Row {
            name,
            make: Box::new(make),
            policy: "",
            verify: verdict.clone(),
            import: verdict,
        }
    }

    /// It is judged under this policy.
    fn under(self, policy: &'static str) -> Row {
        Row { policy, ..self }
    }

    /// Import, which knows the site, finds another reason.
    fn at_import(self, class: Class, text: &'static str) -> Row {
        let import = Verdict {
            classes: vec![class],
            text,
        };
        Row { import, ..self }
    }
}

impl Verdict {
    /// Holds what happened to what must happen; returns what is wrong with it.
    fn judge(&self, result: Result<(), Error>) -> Option<String> {
        let Verdict { classes, text } = self;
        match result {
            Ok(()) => Some("accepted".to_owned()),
            Err(error) if !classes.contains(&error.class()) => {
                let (class, said) = (error.class(), said(&error));
                Some(format!("class {class:?}, not {classes:?}: {said}"))
            }
            Err(error) => {
                let said = said(&error);
                (!said.contains(text)).then(|| format!("no {text:?} in: {said}"))
            }
        }
    }
}

/// Everything an error says: its findings by name, and the sentences down to the first cause.
fn said(error: &Error) -> String {
    let mut said = error.to_string();
    for finding in error.findings() {
        said.push_str(&format!("\n  {}", serde_json::to_string(finding).unwrap()));
    }
    let mut cause = error.source();
    while let Some(error) = cause {
        said.push_str(&format!("\n  {error}"));
        cause = error.source();
    }
    said
}

fn write(dir: &Path, bytes: &[u8]) -> PathBuf {
    let path = dir.join("x.airlock");
    fs::write(&path, bytes).unwrap();
    path
}

fn try_verify(bundle: Vec<PathBuf>, policy: &str) -> Result<(), Error> {
    let options = VerifyOptions {
        bundle,
        signatures: Vec::new(),
        trust: &forge::trust(policy),
        now: NOW,
    };
    verify(&options, &Silent).map(drop)
}

impl Row {
    /// Tries to import it; returns what is wrong with what it got, or with the repository.
    fn try_import(&self, site: &Site) -> Option<String> {
        let dir = TempDir::new().unwrap();
        let paths = (self.make)(dir.path());
        let before = tree::listing(&site.path());
        let result = site.import(paths, self.policy);
        let changes = tree::changes(&before, &tree::listing(&site.path()));
        if !changes.is_empty() {
            let name = &self.name;
            return Some(format!(
                "{name}: the repository changed:\n{}",
                changes.join("\n")
            ));
        }
        let wrong = self.import.judge(result.map(drop))?;
        Some(format!("{}: import: {wrong}", self.name))
    }

    fn try_verify(&self) -> Option<String> {
        let dir = TempDir::new().unwrap();
        let paths = (self.make)(dir.path());
        let wrong = self.verify.judge(try_verify(paths, self.policy))?;
        Some(format!("{}: verify: {wrong}", self.name))
    }
}

/// Lets each row have its way with an archive repository.
fn run(rows: Vec<Row>) {
    run_at(&Site::following(), rows);
}

/// Lets each row have its way, and tells of all that did not go as they should.
fn run_at(site: &Site, rows: Vec<Row>) {
    let wrong: Vec<String> = rows
        .iter()
        .flat_map(|row| [row.try_verify(), row.try_import(site)])
        .flatten()
        .collect();
    assert!(
        wrong.is_empty(),
        "of {} rows:\n{}",
        rows.len(),
        wrong.join("\n")
    );
    // After all of that, the good one is still good.
    assert!(site.take(&Forged::update()).changed);
}

#[test]
fn the_bundles_of_these_tests_are_good_until_they_are_spoilt() {
    let dir = TempDir::new().unwrap();
    for bundle in [Forged::first(), Forged::update()] {
        let path = write(dir.path(), &bundle.tar());
        try_verify(vec![path], "").unwrap_or_else(|error| panic!("{}", said(&error)));
    }
}

#[test]
fn the_same_again_and_an_older_one_change_nothing() {
    let site = Site::following();
    assert!(site.take(&Forged::update()).changed);
    let before = tree::listing(&site.path());
    for bundle in [Forged::update(), Forged::first()] {
        assert!(!site.take(&bundle).changed);
        let changes = tree::changes(&before, &tree::listing(&site.path()));
        assert_eq!(changes, [""; 0]);
    }
}

#[test]
fn spoilt_on_the_medium() {
    run(medium::rows());
}

#[test]
fn not_signed_as_it_must_be() {
    run(medium::signatures());
}

#[test]
fn not_as_the_policy_has_it() {
    run(policy::rows());
    let mut both = Forged::update();
    both.sign = policy::BOTH;
    let dir = TempDir::new().unwrap();
    let path = write(dir.path(), &both.tar());
    try_verify(vec![path], policy::TWO).unwrap_or_else(|error| panic!("{}", said(&error)));
}

#[test]
fn changes_of_the_trust_that_must_not_be() {
    run(trust::rows());
}

#[test]
fn lies_under_a_good_signature() {
    run(lies::rows());
}

#[test]
fn lies_in_packs_for_a_repository_that_inflates() {
    let site = Site::empty(Mode::BareUser);
    site.take(&Forged::first());
    run_at(&site, lies::in_packs());
}

#[test]
fn a_site_that_must_not_take_it() {
    let wrong: Vec<String> = site::rows().iter().filter_map(site::SiteRow::run).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
#[ignore = "mounts a file system, which only root can; .ci/run does"]
fn a_disk_too_small_for_what_the_bundle_says() {
    let mount = Mount::tmpfs("4m");
    let site = mount.site();
    site.keep_nothing_free();
    mount.fill(4);
    let make = || Forged::update().tar();
    let row = Row::new("disk full".to_owned(), make, Class::System, "no-space");
    assert_eq!(row.try_import(&site), None);
}

/// The bundle says that it needs no space at all, so that the disk is full in mid-work: a little
/// later each time, until the import gets through.
#[test]
#[ignore = "mounts a file system, which only root can; .ci/run does"]
fn a_disk_that_is_full_at_every_moment() {
    let mount = Mount::tmpfs("4m");
    let site = mount.site();
    site.keep_nothing_free();
    let mut update = Forged::update();
    update.manifest["releases"][0]["bytes"] =
        serde_json::json!({"stored": 0, "content": forge::CONTENT});
    let dir = TempDir::new().unwrap();
    let bundle = write(dir.path(), &update.tar());
    let before = tree::listing(&site.path());
    let gets_through = |free: &u64| {
        mount.fill(*free);
        let result = site.import(vec![bundle.clone()], "");
        let Err(error) = result else { return true };
        assert_eq!(error.class(), Class::System, "{free}: {}", said(&error));
        let changes = tree::changes(&before, &tree::listing(&site.path()));
        assert!(
            changes.is_empty(),
            "{free} KiB free: {}:\n{}",
            said(&error),
            changes.join("\n")
        );
        false
    };
    let enough = (0..1000).step_by(4).find(gets_through).unwrap();
    assert!(enough > 60, "{enough} KiB sufficed");
}

#[test]
#[ignore = "mounts a file system, which only root can; .ci/run does"]
fn a_read_only_repository() {
    let mount = Mount::tmpfs("4m");
    let site = mount.site();
    mount.make_read_only();
    let make = || Forged::update().tar();
    let row = Row::new("read-only".to_owned(), make, Class::System, "");
    assert_eq!(row.try_import(&site), None);
}
