//! What bad input gets: every row is a bundle or a site that is wrong in one way, the class and
//! the finding it must get, and proof that the repository is the same afterwards, byte for byte.

mod forge;
mod lies;
mod medium;
mod tree;

use std::error::Error as _;
use std::fs;
use std::path::{Path, PathBuf};

use airlock::workflow::{Error, VerifyOptions, verify};
use airlock::{Class, Silent};
use tempfile::TempDir;

use forge::{Forged, NOW};

/// One bad bundle, and what it must get.
struct Row {
    name: String,
    make: Box<dyn Fn(&Path) -> Vec<PathBuf>>,
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
        let row = Row::new(name, make, Class::Corrupt, "");
        Row {
            classes: classes.to_vec(),
            ..row
        }
    }

    fn of_files(
        name: String,
        make: impl Fn(&Path) -> Vec<PathBuf> + 'static,
        class: Class,
        text: &'static str,
    ) -> Row {
        Row {
            name,
            make: Box::new(make),
            classes: vec![class],
            text,
        }
    }

    /// Holds what happened to what must happen; returns what is wrong with it.
    fn judge(&self, verb: &str, result: Result<(), Error>) -> Option<String> {
        let name = &self.name;
        match result {
            Ok(()) => Some(format!("{name}: {verb} accepted it")),
            Err(error) if !self.classes.contains(&error.class()) => {
                let (got, said) = (error.class(), said(&error));
                Some(format!(
                    "{name}: {verb}: class {got:?}, not {:?}: {said}",
                    self.classes
                ))
            }
            Err(error) => {
                let said = said(&error);
                let fine = said.contains(self.text);
                (!fine).then(|| format!("{name}: {verb}: no {:?} in: {said}", self.text))
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

fn try_verify(bundle: Vec<PathBuf>) -> Result<(), Error> {
    let options = VerifyOptions {
        bundle,
        signatures: Vec::new(),
        trust: &forge::trust(),
        now: NOW,
    };
    verify(&options, &Silent).map(drop)
}

/// Lets each row have its way, and tells of all that did not go as they should.
fn run(rows: Vec<Row>) {
    let mut wrong = Vec::new();
    for row in &rows {
        let dir = TempDir::new().unwrap();
        let paths = (row.make)(dir.path());
        wrong.extend(row.judge("verify", try_verify(paths)));
    }
    assert!(
        wrong.is_empty(),
        "{} of {} rows:\n{}",
        wrong.len(),
        rows.len(),
        wrong.join("\n")
    );
}

#[test]
fn the_bundles_of_these_tests_are_good_until_they_are_spoilt() {
    let dir = TempDir::new().unwrap();
    for bundle in [Forged::first(), Forged::update()] {
        let path = write(dir.path(), &bundle.tar());
        try_verify(vec![path]).unwrap_or_else(|error| panic!("{}", said(&error)));
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
fn lies_under_a_good_signature() {
    run(lies::rows());
}
