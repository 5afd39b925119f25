//! The life of a fleet, from the first release to the last: three signers of whom two must sign, and
//! stock clients that pull over HTTP before and after everything that happens.

mod cast;

use std::thread::sleep;
use std::time::Duration;

use airlock::Silent;
use airlock::repo::Repo;
use airlock::workflow::seal::Signing;
use airlock::workflow::{Finding, ImportOptions, RecordFinding, Trust, plan_import};
use libtest_mimic::Trial;
use serde_json::Value;

use crate::tools::Tool;
use cast::Fleet;

/// The tests of this file.
pub fn trials() -> Vec<Trial> {
    let needs = &[Tool::Ostree, Tool::Gpg, Tool::Apache];
    vec![crate::trial("fleet::lives", needs, lives)]
}

/// A chapter, and what happens in it.
type Chapter = (&'static str, fn(&Fleet));

/// What happens, in this order.
const LIFE: [Chapter; 8] = [
    ("one signature is missing", one_signature_is_missing),
    ("a key is replaced", a_key_is_replaced),
    ("a key is stolen", a_key_is_stolen),
    ("an old bundle is replayed", an_old_bundle_is_replayed),
    ("a bundle expires", a_bundle_expires),
    ("the record is lost", the_record_is_lost),
    ("a release is taken back", a_release_is_taken_back),
    ("and it goes on", it_goes_on),
];

fn lives() {
    let fleet = Fleet::new();
    for (chapter, happens) in LIFE {
        eprintln!("fleet: {chapter}");
        happens(&fleet);
    }
}

fn one_signature_is_missing(fleet: &Fleet) {
    fleet.release(["alice", "bob"]);
    fleet.export("first", "--full", ["alice", "bob"]);
    fleet.refuses("first", 4, "too-few-signers");
    fleet.cosign("first", "bob");
    fleet.takes("first");
    for client in ["early", "renewed"] {
        fleet.subscribe(client);
        assert_eq!(fleet.pull(client), fleet.head("twin"));
    }
}

/// Alice leaves, dave comes; the client `early` is never told.
fn a_key_is_replaced(fleet: &Fleet) {
    let world = &fleet.world;
    fleet.directory("trust-1", "bob.asc carol.asc dave.asc");
    fleet.change_trust("trust", "trust-1", ["bob", "carol"]);
    // What is out already gets the new signature beside the old ones.
    world
        .airlock("sign commit --all --repo=twin --key=dave.key")
        .ok();
    let updates = "--full --trust-updates=trust-1";
    fleet.export_by_both("overlap", updates, ["bob", "dave"]);
    let said = fleet.accepts("overlap");
    assert!(said.contains("from version 0 to 1"), "{said}");
    fleet.subscribe("of-dave");
    fleet.give_only("of-dave", "dave");
    assert_eq!(fleet.pull("of-dave"), fleet.head("twin"));

    fleet.give_keys("renewed");
    let keys = "gpg --show-keys renewed/os.trustedkeys.gpg | grep -c -e bob -e carol -e dave";
    assert_eq!(world.shell(keys), "3");
    world.shell("! gpg --show-keys renewed/os.trustedkeys.gpg | grep alice");
    fleet.release(["bob", "dave"]);
    let update = "--from=os/stable^ --trust-updates=trust-1";
    fleet.export_by_both("second", update, ["bob", "dave"]);
    fleet.accepts("second");
    // Alice's signature was worth something yesterday.
    fleet.release(["bob", "dave"]);
    fleet.export_by_both("alices", update, ["bob", "alice"]);
    fleet.refuses("alices", 4, "too-few-signers");
    fleet.export_by_both("third", update, ["bob", "dave"]);
    fleet.accepts("third");
}

/// Somebody has bob's key, and signs with it.
fn a_key_is_stolen(fleet: &Fleet) {
    let world = &fleet.world;
    world.shell(
        "gpg --batch --quiet --import bob.asc
         gpg --batch --quiet --import bob.rev
         gpg --batch --armor --export bob > revoked.asc",
    );
    fleet.directory("trust-2", "revoked.asc carol.asc dave.asc");
    fleet.change_trust("trust-1", "trust-2", ["carol", "dave"]);
    fleet.release(["carol", "dave"]);
    let updates = "--full --trust-updates=trust-2";
    fleet.export_by_both("fourth", updates, ["carol", "dave"]);
    let said = fleet.accepts("fourth");
    assert!(said.contains("from version 1 to 2"), "{said}");
    // The directory that was installed is the same as ever; what is in force is not.
    let versions = |command: &str, version: &str, updates: &str| {
        let said = world.airlock(&format!("{command} --trust=trust --json"));
        let report: Value = serde_json::from_str(&said.ok()).unwrap();
        let listed = report["result"][updates].as_array().unwrap().len();
        (report["result"][version].as_u64().unwrap(), listed)
    };
    assert_eq!(versions("trust show", "version", "updates"), (0, 0));
    let in_force = "trust show --repo=srv/offline";
    assert_eq!(versions(in_force, "version", "updates"), (2, 2));
    let verified = versions("verify fourth", "trust-version", "trust-updates");
    assert_eq!(verified, (2, 2));
    fleet.give_keys("renewed");

    fleet.release(["bob", "carol"]);
    fleet.export_by_both("stolen", "--from=os/stable^", ["bob", "carol"]);
    fleet.refuses("stolen", 4, "too-few-signers");
    // Carol sees to it that dave signs what she signed.
    world
        .airlock("sign commit --repo=twin os/stable --key=dave.key")
        .ok();
    let update = "--from=os/stable^ --trust-updates=trust-2";
    fleet.export_by_both("fifth", update, ["carol", "dave"]);
    fleet.accepts("fifth");
}

/// The disk of the site dies; what it accepted is known elsewhere.
fn an_old_bundle_is_replayed(fleet: &Fleet) {
    fleet.world.shell("mv srv/offline lost");
    fleet.world.airlock("init --repo=srv/offline").ok();
    // The first one does not even know of the trust that was in force.
    fleet.refuses("first", 4, "trust-behind");
    fleet.refuses("fourth", 6, "replayed");
    let updates = "--full --trust-updates=trust-2";
    fleet.export_by_both("again", updates, ["carol", "dave"]);
    fleet.accepts("again");
}

fn a_bundle_expires(fleet: &Fleet) {
    fleet.release(["carol", "dave"]);
    let exported = now();
    let short = "--from=os/stable^ --expires=1s";
    fleet.export_by_both("late", short, ["carol", "dave"]);
    sleep(Duration::from_millis(2100));
    fleet.refuses("late", 6, "expired");
    // Who sets the clock back has nothing of it, once the site has seen anything later.
    assert_eq!(reasons(fleet, "late", exported), []);
    let stand = fleet.head("twin");
    let refs = "refs --repo=twin --force --create=os/stable";
    fleet.world.airlock(&format!("{refs} os/stable^")).ok();
    fleet.export_by_both("still", "--full", ["carol", "dave"]);
    fleet.accepts("still");
    fleet.world.airlock(&format!("{refs} {stand}")).ok();
    let found = reasons(fleet, "late", exported);
    let expired = |finding: &Finding| matches!(finding, Finding::Expired { .. });
    assert!(found.iter().any(expired), "{found:?}");
    let behind =
        |finding: &Finding| matches!(finding, Finding::Record(RecordFinding::ClockBehind { .. }));
    assert!(found.iter().any(behind), "{found:?}");

    let day = "--from=os/stable^ --expires=1d";
    fleet.export_by_both("fresh", day, ["carol", "dave"]);
    fleet.accepts("fresh");
}

/// Once the copy is lost, once the one in the repository.
fn the_record_is_lost(fleet: &Fleet) {
    let recover = "trust recover --repo=srv/offline --site-record=record";
    for (bundle, lose) in [
        ("sixth", "rm record/*"),
        ("seventh", "rm srv/offline/extensions/airlock/accepted.json"),
    ] {
        fleet.release(["carol", "dave"]);
        fleet.export_by_both(bundle, "--from=os/stable^", ["carol", "dave"]);
        fleet.world.shell(lose);
        fleet.refuses(bundle, 6, "record-lost");
        fleet.world.airlock(recover).ok();
        // What was accepted before is still known.
        fleet.world.airlock(&format!("{recover} --json")).ok();
        fleet.accepts(bundle);
    }
}

fn a_release_is_taken_back(fleet: &Fleet) {
    let bad = fleet.head("twin");
    let back = "refs --repo=twin --force --create=os/stable os/stable^";
    fleet.world.airlock(back).ok();
    fleet.export_by_both("older", "--full", ["carol", "dave"]);
    fleet.refuses("older", 6, "downgrade");
    // The permission starts where the site stands, and "older" took a number that it never accepted.
    let permit = "--full --permit-rollback=os/stable";
    fleet.export_by_both("unfit", permit, ["carol", "dave"]);
    let found = fleet.refuses("unfit", 6, "permission-unfit");
    let permit = format!("{permit}={}", found["accepted"]);
    fleet.export("back", &permit, ["carol", "dave"]);
    fleet.refuses("back", 4, "too-few-signers");
    fleet.cosign("back", "dave");
    fleet.takes("back");
    assert_ne!(fleet.head("srv/offline"), bad);
    // Clients that have the bad release do not go back by themselves; new ones never see it.
    for client in ["early", "renewed", "of-dave"] {
        let said = fleet.stays(client);
        assert!(said.contains("Upgrade target revision"), "{said}");
    }
    fleet.subscribe("new");
    assert_eq!(fleet.pull("new"), fleet.head("twin"));
}

fn it_goes_on(fleet: &Fleet) {
    fleet.release(["carol", "dave"]);
    fleet.export_by_both("last", "--from=os/stable^", ["carol", "dave"]);
    fleet.accepts("last");
    let world = &fleet.world;
    world.airlock("fsck --repo=srv/offline --trust=trust").ok();
    for client in ["early", "renewed", "of-dave", "new"] {
        world.ostree(&format!("fsck -q --repo={client}")).ok();
    }
}

/// Every reason to refuse a bundle, were the site's clock to stand there.
fn reasons(fleet: &Fleet, bundle: &str, clock: u64) -> Vec<Finding> {
    let repo = Repo::open(fleet.world.path("srv/offline")).unwrap();
    let trust = Trust::load(&fleet.world.path("trust")).unwrap();
    let options = ImportOptions {
        bundle: vec![fleet.world.path(bundle)],
        signatures: Vec::new(),
        trust: &trust,
        signing: Signing::default(),
        site_record: Some(fleet.world.path("record")),
        deltas: Default::default(),
        now: clock,
        threads: 2,
    };
    match plan_import(&repo, &options, &Silent) {
        Ok(outcome) => outcome.findings,
        Err(error) => error.findings().to_vec(),
    }
}

fn now() -> u64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs()
}
