//! `--publish-deltas`: what clients are offered after an import, and when it is refused.

use airlock::format::Summary;
use airlock::format::delta::DeltaName;
use airlock::repo::summary::SummaryScope;
use airlock::repo::{Mode, Repo};
use airlock::workflow::delta::{self, Existing, GenerateOptions, Place, generate};
use airlock::workflow::seal::Signing;
use airlock::workflow::{
    Deltas, Error, Finding, ImportOptions, ImportOutcome, Standing, Trust, import, journal,
    plan_import,
};
use airlock::{Silent, delta::CostModel};
use tempfile::TempDir;

use super::twin::{Twin, site};
use super::{assert_sound, options, snapshot, take};
use crate::bench::{Key, NOW};

/// A site that has the first release, and the bundle of the second.
struct Site {
    twin: Twin,
    trust: Trust,
    repo: Repo,
    update: std::path::PathBuf,
    _dirs: [TempDir; 2],
}

impl Site {
    fn new(scope: SummaryScope) -> Site {
        let twin = Twin::new();
        let name = DeltaName {
            from: Some(twin.first),
            to: twin.second,
        };
        if scope == SummaryScope::Repository {
            generate(&twin.bench.repo, &offer(&name), &Silent).unwrap();
        }
        let (dir, trust) = (TempDir::new().unwrap(), twin.trust());
        let full = twin.write(&dir, "full.airlock", &twin.full());
        let mut cargo = twin.update();
        cargo.scope = scope;
        let update = twin.write(&dir, "update.airlock", &cargo);
        let (place, repo) = site(Mode::Archive);
        take(&repo, &full, &trust).unwrap();
        Site {
            twin,
            trust,
            repo,
            update,
            _dirs: [dir, place],
        }
    }

    fn name(&self) -> DeltaName {
        DeltaName {
            from: Some(self.twin.first),
            to: self.twin.second,
        }
    }

    fn options<'a>(&'a self, signing: Signing<'a>) -> ImportOptions<'a> {
        ImportOptions {
            deltas: Deltas::Published,
            signing,
            ..options(&self.update, &self.trust)
        }
    }

    fn import(&self, signing: Signing<'_>) -> Result<ImportOutcome, Error> {
        import(&self.repo, &self.options(signing), &Silent)
    }

    fn deltas(&self) -> Vec<DeltaName> {
        delta::list(&self.repo).unwrap()
    }
}

fn offer(name: &DeltaName) -> GenerateOptions<'static> {
    GenerateOptions {
        from: name.from,
        to: name.to,
        place: Place::Repository,
        existing: Existing::Replaced,
        inline: false,
        costs: CostModel::default(),
        limits: Default::default(),
        signing: Signing::default(),
        now: NOW,
    }
}

#[test]
fn beside_a_summary_of_the_twin() {
    let site = Site::new(SummaryScope::Site);
    let outcome = site.import(Signing::default()).unwrap();
    assert_eq!(outcome.deltas_failed, None);
    assert_eq!(outcome.deltas.len(), 1);
    assert_eq!(site.deltas(), [site.name()]);
    assert_sound(&site.repo);
    // The summary is the twin's to the byte; clients go by the index, which it says there is.
    let bytes = site.repo.summary().unwrap().unwrap();
    let summary = Summary::decode(&bytes).unwrap();
    assert!(summary.indexes_deltas() && summary.static_deltas().unwrap().is_empty());
    assert!(site.repo.summary_signature().unwrap().is_some());
    let verbs = journal::read(&site.repo).unwrap().into_iter();
    let verbs: Vec<_> = verbs.map(|record| record.entry.verb).collect();
    use journal::Verb::{Delta, Import};
    assert_eq!(verbs, [Import, Import, Delta]);

    let before = snapshot(site.repo.path());
    let again = site.import(Signing::default()).unwrap();
    assert_eq!((again.standing, again.changed), (Standing::Present, false));
    assert_eq!(snapshot(site.repo.path()), before);
}

#[test]
fn what_was_cut_off_is_made_by_the_same_import() {
    let site = Site::new(SummaryScope::Site);
    // As if the power went after the release was published.
    take(&site.repo, &site.update, &site.trust).unwrap();
    assert_eq!(site.deltas(), []);
    let again = site.import(Signing::default()).unwrap();
    assert_eq!((again.standing, again.changed), (Standing::Present, true));
    assert_eq!(site.deltas(), [site.name()]);
}

#[test]
fn in_a_summary_of_the_site() {
    let site = Site::new(SummaryScope::Site);
    let key = Key::new("site");
    let outcome = site.import(key.signing()).unwrap();
    assert_eq!(outcome.deltas.len(), 1);
    let bytes = site.repo.summary().unwrap().unwrap();
    let listed = Summary::decode(&bytes).unwrap().static_deltas().unwrap();
    assert_eq!(listed, site.repo.static_deltas().unwrap());
    assert_eq!(listed.len(), 1);
}

#[test]
fn not_where_the_signed_summary_lists_its_own() {
    let site = Site::new(SummaryScope::Repository);
    let before = snapshot(site.repo.path());
    let planned = plan_import(&site.repo, &site.options(Signing::default()), &Silent).unwrap();
    assert!(planned.findings.contains(&Finding::DeltasNotListed));
    match site.import(Signing::default()).unwrap_err() {
        Error::Refused { findings } => assert_eq!(findings, [Finding::DeltasNotListed]),
        other => panic!("{other}"),
    }
    assert_eq!(snapshot(site.repo.path()), before);
}

#[test]
fn a_delta_that_cannot_be_made_takes_no_release_back() {
    let site = Site::new(SummaryScope::Site);
    // A file where the directory of deltas would be.
    std::fs::write(site.repo.path().join("extensions/airlock/deltas"), "").unwrap();
    let outcome = site.import(Signing::default()).unwrap();
    assert!(outcome.changed && outcome.deltas.is_empty());
    let failed = outcome.deltas_failed.expect("a reason");
    assert!(failed.contains("deltas"), "{failed}");
    assert_eq!(super::head(&site.repo), Some(site.twin.second));
    assert_sound(&site.repo);
}
