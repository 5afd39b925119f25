//! `inventory` and `export --inventory`: what the site says it has is left out, and nothing more is believed.

use std::path::PathBuf;

use airlock::Class;
use airlock::bundle::{Inventory, RepositoryId};
use airlock::format::Checksum;
use airlock::workflow::export::{Base, ExportError, Exported};
use airlock::workflow::inventory::{
    InventoryOptions, InventoryOutcome, SiteInventory, Vouched, inventory, read_inventory,
};
use airlock::workflow::{Error, Finding, Trust};

use crate::bench::Key;
use crate::route::{Route, STABLE, V1, V2};

struct Site {
    route: Route,
    key: Key,
    file: PathBuf,
}

impl Site {
    /// A site that has version 1, with a key of its own; the twin has version 2.
    fn new() -> (Site, Checksum, Checksum) {
        let route = Route::new();
        let first = route.release(STABLE, V1);
        let full = route.export(Base::Full, airlock::workflow::export::MayReturn::Nowhere);
        route.import(&full.files).unwrap();
        let second = route.release(STABLE, V2);
        let file = route.out.path().join("inventory.json");
        let key = Key::new("site");
        (Site { route, key, file }, first, second)
    }

    fn take(&self, key: Option<&Key>) -> InventoryOutcome {
        let options = InventoryOptions {
            site: "oslo".parse().unwrap(),
            output: Some(&self.file),
            signers: key.map_or(&[], Key::signers),
            now: self.route.clock.get(),
        };
        inventory(&self.route.site, &options).unwrap()
    }

    fn read(&self, trust: Option<&Key>) -> Result<SiteInventory, Error> {
        let trust = trust.map(|key| Trust::of(key.keyring()));
        read_inventory(&self.file, trust.as_ref(), self.route.clock.get())
    }

    fn export(&self, taken: &SiteInventory) -> Result<Option<Exported>, Error> {
        let refs = [STABLE.parse().unwrap()];
        self.route.try_export(&refs, Base::Inventory(taken), |_| ())
    }

    /// Changes the inventory without a signature.
    fn forge(&self, change: impl FnOnce(&mut Inventory)) -> SiteInventory {
        let mut taken = self.read(None).unwrap();
        change(&mut taken.inventory);
        taken.vouched = Vouched::Unsigned;
        taken
    }
}

fn reason(result: Result<Option<Exported>, Error>) -> ExportError {
    match result {
        Err(Error::Export(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_the_site_has_is_left_out() {
    let (site, first, second) = Site::new();
    let outcome = site.take(Some(&site.key));
    assert_eq!(outcome.signers, std::slice::from_ref(&site.key.fingerprint));
    let taken = site.read(Some(&site.key)).unwrap();
    assert_eq!(taken.inventory, outcome.inventory);
    assert_eq!(
        taken.vouched,
        Vouched::Verified([site.key.fingerprint.clone()].into())
    );
    assert_eq!(taken.inventory.heads[STABLE], first);
    let id = site.route.twin.repo.ensure_id().unwrap();
    assert_eq!(taken.inventory.follows.unwrap().to_string(), id);

    let update = site.export(&taken).unwrap().unwrap();
    assert_eq!(update.releases[0].from, [first]);
    assert_eq!(update.releases[0].objects.file, 2);
    site.route.import(&update.files).unwrap();
    assert_eq!(site.route.published().0[STABLE], second);

    // It has everything now.
    site.take(None);
    let taken = site.read(None).unwrap();
    assert_eq!(taken.vouched, Vouched::Unsigned);
    assert!(site.export(&taken).unwrap().is_none());
}

#[test]
fn signatures_are_judged_when_certificates_are_given() {
    let (site, _, _) = Site::new();
    let other = Key::new("other");
    site.take(None);
    let unsigned = site.read(Some(&site.key)).unwrap_err();
    assert_eq!(unsigned.class(), Class::Untrusted);
    site.take(Some(&site.key));
    assert_eq!(site.read(None).unwrap().vouched, Vouched::Unchecked);
    let unknown = site.read(Some(&other)).unwrap_err();
    assert_eq!(unknown.class(), Class::Untrusted);
    let text = std::fs::read_to_string(&site.file).unwrap();
    std::fs::write(&site.file, text.replace("oslo", "bergen")).unwrap();
    let altered = site.read(Some(&site.key)).unwrap_err();
    assert_eq!(altered.class(), Class::Untrusted);
    // Taken anew without a key, no old signature is left beside it.
    site.take(None);
    assert_eq!(site.read(None).unwrap().vouched, Vouched::Unsigned);
    std::fs::write(&site.file, "{}").unwrap();
    assert_eq!(site.read(None).unwrap_err().class(), Class::Corrupt);
    std::fs::remove_file(&site.file).unwrap();
    assert_eq!(site.read(None).unwrap_err().class(), Class::NotFound);
}

#[test]
fn a_forged_one_makes_an_import_fail_and_nothing_worse() {
    let (site, _, second) = Site::new();
    let between = site.route.release(STABLE, &[("a", "one")]);
    site.take(None);
    let forged = site.forge(|taken| {
        taken.heads.insert(STABLE.parse().unwrap(), second);
        // A ref that the twin has, and one that it has not: neither gets into what is signed.
        taken.heads.insert("os/testing".parse().unwrap(), second);
        taken.heads.insert("os/none".parse().unwrap(), second);
    });
    site.route.release("os/testing", V1);
    let bundle = site.export(&forged).unwrap().unwrap();
    assert_eq!(bundle.refs_after.len(), 1, "{:?}", bundle.refs_after);
    assert_eq!(bundle.refs_after[STABLE], Some(between));
    let before = site.route.published();
    let error = site.route.import(&bundle.files).unwrap_err();
    assert_eq!(error.class(), Class::NotFound);
    assert!(
        matches!(error.findings(), [Finding::BaseMissing { any_of, .. }] if *any_of == [second]),
        "{error:?}"
    );
    assert_eq!(site.route.published(), before);
}

#[test]
fn a_verified_one_corrects_what_the_twin_believed() {
    let (site, _, _) = Site::new();
    let testing = site.route.release("os/testing", V1);
    site.take(Some(&site.key));
    let mut taken = site.read(Some(&site.key)).unwrap();
    taken
        .inventory
        .heads
        .insert("os/testing".parse().unwrap(), testing);
    let bundle = site.export(&taken).unwrap().unwrap();
    assert_eq!(bundle.refs_after["os/testing"], Some(testing));
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let (site, _, _) = Site::new();
    site.take(None);
    let elsewhere = Checksum::of(b"never here");
    let unknown = site.forge(|taken| {
        taken.heads.insert(STABLE.parse().unwrap(), elsewhere);
    });
    let error = reason(site.export(&unknown));
    assert!(
        matches!(error, ExportError::UnknownHead { commit, .. } if commit == elsewhere),
        "{error:?}"
    );
    let foreign = site.forge(|taken| taken.follows = Some(RepositoryId::from_bytes([1; 16])));
    let collection = site.forge(|taken| taken.collection = Some("org.example.Os".parse().unwrap()));
    for taken in [foreign, collection] {
        let error = reason(site.export(&taken));
        assert!(
            matches!(error, ExportError::ForeignInventory { .. }),
            "{error:?}"
        );
    }
    let ahead = site.forge(|taken| {
        taken.sequence.insert(STABLE.parse().unwrap(), u64::MAX);
    });
    let error = site.export(&ahead).unwrap_err();
    assert!(
        matches!(error.findings(), [Finding::Replayed { .. }]),
        "{error:?}"
    );
}

#[test]
fn an_incomplete_head_is_left_out() {
    let (site, first, _) = Site::new();
    let marker = format!("state/{first}.commitpartial");
    std::fs::write(site.route.site.path().join(marker), "").unwrap();
    let outcome = site.take(None);
    assert_eq!(outcome.incomplete, [STABLE.parse().unwrap()]);
    assert!(outcome.inventory.heads.is_empty());
    // So the next export brings everything.
    let bundle = site.export(&site.read(None).unwrap()).unwrap().unwrap();
    assert!(bundle.releases[0].from.is_empty());
}
