//! The whole route with the library: a twin, bundles by `export`, a site that imports them.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use airlock::Silent;
use airlock::bundle::Form;
use airlock::delta::CostModel;
use airlock::format::{Checksum, Metadata, RefName};
use airlock::repo::{Mode, Repo, Transaction};
use airlock::workflow::export::{
    Base, ExportOptions, ExportSigners, Exported, Index, MayReturn, ReadBack, export,
};
use airlock::workflow::promote::{PromoteOptions, plan};
use airlock::workflow::seal::{Signing, sign_commit};
use airlock::workflow::{
    Error, ImportOptions, ImportOutcome, Trust, VerifyOptions, VerifyOutcome, import, verify,
};
use tempfile::TempDir;

use crate::bench::{Bench, Key, NOW};
use crate::repo::hasty;

pub const STABLE: &str = "os/stable";
pub const V1: &[(&str, &str)] = &[("a", "one"), ("b", "two"), ("c", "three")];
pub const V2: &[(&str, &str)] = &[("a", "one"), ("b", "two, changed"), ("d", "four")];
pub const V3: &[(&str, &str)] = &[("a", "one"), ("b", "two, again"), ("e", "five")];

/// A twin and a site; time passes with every release.
pub struct Route {
    pub twin: Bench,
    pub key: Key,
    pub site: Repo,
    pub out: TempDir,
    pub clock: Cell<u64>,
    _dir: TempDir,
}

impl Route {
    pub fn new() -> Route {
        Route::of(Bench::new(Mode::Archive))
    }

    pub fn of(twin: Bench) -> Route {
        let (_dir, site) = hasty(Mode::Archive);
        Route {
            twin,
            key: Key::new("release"),
            site,
            out: TempDir::new().unwrap(),
            clock: Cell::new(NOW),
            _dir,
        }
    }

    /// A twin and a site of one collection.
    pub fn of_collection(id: &str) -> Route {
        let mut route = Route::of(Bench::of_collection(Mode::Archive, Some(id)));
        let site = Bench::of_collection(Mode::Archive, Some(id));
        (route.site, route._dir) = (site.repo, site.dir);
        route
    }

    /// Promotes a tree, an hour after the last; a collection's metadata is made with it.
    pub fn promote(&self, files: &[(&str, &str)]) -> Checksum {
        let now = self.clock.get() + 3600;
        self.clock.set(now);
        let source = self
            .twin
            .commit("os/dev", files, |commit| commit.timestamp = now - 60);
        let options = PromoteOptions::new(source.to_string(), STABLE.parse().unwrap(), now);
        let plan = plan(&self.twin.repo, &self.twin.repo, options).unwrap();
        plan.execute(self.key.signing(), &Silent).unwrap().commit
    }

    /// Releases a tree, an hour after the last.
    pub fn release(&self, name: &str, files: &[(&str, &str)]) -> Checksum {
        let now = self.clock.get() + 3600;
        self.clock.set(now);
        let commit = self
            .twin
            .commit(name, files, |commit| commit.timestamp = now - 60);
        let tx = Transaction::begin(&self.twin.repo).unwrap();
        sign_commit(&tx, &commit, Metadata::new(), self.key.signers(), now - 30).unwrap();
        tx.publish(&Silent).unwrap();
        commit
    }

    /// Exports refs, with what `ask` asks for.
    pub fn try_export<'a>(
        &'a self,
        refs: &'a [RefName],
        base: Base<'a>,
        ask: impl FnOnce(&mut ExportOptions<'a>),
    ) -> Result<Option<Exported>, Error> {
        static NONE: BTreeSet<airlock::workflow::export::Waiver> = BTreeSet::new();
        let mut options = ExportOptions {
            refs,
            base,
            site: "default".parse().unwrap(),
            output: self.out.path(),
            form: Form::Tar { split: None },
            index: Index::Carried,
            may_return: MayReturn::Nowhere,
            permit_rollback: None,
            history: 0,
            trust: None,
            attachments: &[],
            expires: None,
            level: None,
            costs: CostModel::default(),
            read_back: ReadBack::Skipped,
            waivers: &NONE,
            now: self.clock.get(),
        };
        ask(&mut options);
        let signers = ExportSigners {
            bundle: self.key.signers(),
            summary: self.key.signers(),
            ..ExportSigners::default()
        };
        Ok(export(&self.twin.repo, &options, signers, &Silent)?.bundle)
    }

    /// Exports the one ref of most tests.
    pub fn export(&self, base: Base<'_>, may_return: MayReturn<'_>) -> Exported {
        let refs = [STABLE.parse().unwrap()];
        self.try_export(&refs, base, |options| options.may_return = may_return)
            .unwrap()
            .expect("a bundle")
    }

    /// Verifies a bundle as somebody does who trusts the release key.
    pub fn verify(&self, files: &[PathBuf]) -> VerifyOutcome {
        let trust = Trust::of(self.key.keyring());
        let options = VerifyOptions {
            bundle: files.to_vec(),
            signatures: Vec::new(),
            trust: &trust,
            now: self.clock.get(),
        };
        verify(&options, &Silent).unwrap()
    }

    pub fn import(&self, files: &[PathBuf]) -> Result<ImportOutcome, Error> {
        let trust = Trust::of(self.key.keyring());
        let options = ImportOptions {
            bundle: files.to_vec(),
            signatures: Vec::new(),
            trust: &trust,
            signing: Signing::default(),
            site_record: None,
            deltas: Default::default(),
            now: self.clock.get(),
            threads: 2,
        };
        import(&self.site, &options, &Silent)
    }

    /// The refs and the summary pair that the site publishes.
    pub fn published(&self) -> (BTreeMap<RefName, Checksum>, [Option<Vec<u8>>; 2]) {
        let refs = self.site.refs().unwrap().into_iter();
        (
            refs.map(|(name, entry)| (name, entry.commit)).collect(),
            [
                self.site.summary().unwrap(),
                self.site.summary_signature().unwrap(),
            ],
        )
    }
}
