//! A twin whose trust changes hands, and sites that follow it.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use airlock::Silent;
use airlock::bundle::{Form, TrustUpdate};
use airlock::delta::CostModel;
use airlock::format::{Metadata, RefName};
use airlock::repo::{Mode, Repo, Transaction};
use airlock::workflow::export::{
    Base, ExportOptions, ExportSigners, Index, MayReturn, ReadBack, export,
};
use airlock::workflow::seal::{Signing, sign_commit};
use airlock::workflow::{
    Error, ImportOptions, ImportOutcome, Trust, VerifyOptions, VerifyOutcome, import, verify,
};
use tempfile::TempDir;

use super::state::State;
use crate::bench::{Bench, Key, NOW};
use crate::repo::hasty;

pub const REF: &str = "os/stable";

/// The release side.
pub struct Fleet {
    twin: Bench,
    out: TempDir,
    pub clock: Cell<u64>,
}

impl Fleet {
    pub fn new() -> Fleet {
        Fleet {
            twin: Bench::new(Mode::Archive),
            out: TempDir::new().unwrap(),
            clock: Cell::new(NOW),
        }
    }

    /// Releases something new, signs all of it with one key, and exports everything.
    pub fn release(&self, key: &Key, trust: Option<&Trust>) -> Vec<PathBuf> {
        self.release_as(key, trust, Form::Tar { split: None })
            .unwrap()
    }

    pub fn release_as(
        &self,
        key: &Key,
        trust: Option<&Trust>,
        form: Form,
    ) -> Result<Vec<PathBuf>, Error> {
        static NONE: BTreeSet<airlock::workflow::export::Waiver> = BTreeSet::new();
        let now = self.clock.get() + 3600;
        self.clock.set(now);
        let text = now.to_string();
        let commit = self
            .twin
            .commit(REF, &[("a", &text), ("b", "same")], |commit| {
                commit.timestamp = now - 60;
            });
        let tx = Transaction::begin(&self.twin.repo).unwrap();
        sign_commit(&tx, &commit, Metadata::new(), key.signers(), now - 30).unwrap();
        tx.publish(&Silent).unwrap();
        let refs: [RefName; 1] = [REF.parse().unwrap()];
        let options = ExportOptions {
            refs: &refs,
            base: Base::Full,
            site: "default".parse().unwrap(),
            output: &self.out.path().join(format!("{now}.airlock")),
            form,
            index: Index::Carried,
            may_return: MayReturn::Nowhere,
            history: 0,
            costs: CostModel::default(),
            permit_rollback: None,
            trust,
            attachments: &[],
            expires: None,
            level: None,
            read_back: ReadBack::Done,
            waivers: &NONE,
            now,
        };
        let signers = ExportSigners {
            bundle: key.signers(),
            summary: key.signers(),
            ..ExportSigners::default()
        };
        let outcome = export(&self.twin.repo, &options, signers, &Silent)?;
        Ok(outcome.bundle.expect("a bundle").files)
    }

    pub fn import(
        &self,
        site: &Repo,
        files: &[PathBuf],
        trust: &Trust,
    ) -> Result<ImportOutcome, Error> {
        import(site, &options(files, trust, self.clock.get()), &Silent)
    }

    pub fn verify(&self, files: &[PathBuf], trust: &Trust) -> Result<VerifyOutcome, Error> {
        let options = VerifyOptions {
            bundle: files.to_vec(),
            signatures: Vec::new(),
            trust,
            now: self.clock.get(),
        };
        verify(&options, &Silent)
    }
}

pub fn options<'a>(files: &[PathBuf], trust: &'a Trust, now: u64) -> ImportOptions<'a> {
    ImportOptions {
        bundle: files.to_vec(),
        signatures: Vec::new(),
        trust,
        signing: Signing::default(),
        site_record: None,
        deltas: Default::default(),
        now,
        threads: 2,
    }
}

pub fn site() -> (TempDir, Repo) {
    hasty(Mode::Archive)
}

/// Writes a trust directory with the versions behind it.
pub fn install(state: &State, chain: &[TrustUpdate], dir: &Path) -> Trust {
    state.install(dir);
    std::fs::create_dir_all(dir.join("chain")).unwrap();
    for update in chain {
        let path = dir.join(format!("chain/{}.json", update.version));
        std::fs::write(&path, &update.statement).unwrap();
        std::fs::write(path.with_extension("json.asc"), &update.signatures).unwrap();
    }
    Trust::load(dir).unwrap()
}

/// The trust of whoever has this state in force.
pub fn in_force(state: &State, chain: &[TrustUpdate]) -> Trust {
    let dir = TempDir::new().unwrap();
    install(state, chain, dir.path())
}

/// The findings of a refusal, by name.
pub fn findings(error: &Error) -> Vec<String> {
    let name = |finding| serde_json::to_value(finding).unwrap()["finding"].clone();
    let names = error.findings().iter().map(name);
    names
        .map(|name| name.as_str().unwrap().to_owned())
        .collect()
}
