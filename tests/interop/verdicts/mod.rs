//! airlock's verdict on signatures beside those of GnuPG and of stock ostree: `tests/data/verdicts.md`.
//!
//! ```text
//! make.sh   keys and signatures by GnuPG      odd.rs    signatures that no tool makes
//! forge.rs  their bytes                       stock.rs  what the stock tools say
//! certs.rs  by odd certificates              whys.rs   why a verdict differs
//! ```
//!
//! Each signature is judged alone, before a good one, and behind a good one. Whatever the table
//! says, airlock never takes what stock ostree refuses.

mod certs;
mod forge;
mod odd;
mod owner;
mod stock;
mod whys;

use std::collections::BTreeMap;
use std::fs;

use airlock::openpgp::Keyring;
use libtest_mimic::Trial;

use crate::tools::{self, Tool};
use crate::trial;
use crate::world::World;

const MAKE: &str = include_str!("make.sh");
const HEAD: &str = "\
# Verdicts on signatures

What airlock, GnuPG and stock ostree say of the same bytes. Written by `cargo test --test interop verdicts`
with GnuPG 2.2.40 and ostree 2022.7 (`AIRLOCK_WRITE_VERDICTS=1` writes it anew). Each signature is one
element of `ostree.gpgsigs`. The last columns say who takes a commit with it *alone*, *before* a good
signature and *behind* one: `both`, `neither`, or `ostree only`. airlock alone never does.

";

/// The tests of this file.
pub fn trials() -> Vec<Trial> {
    vec![trial(
        "verdicts: airlock is never laxer than stock ostree",
        &[Tool::Gpg, Tool::Ostree],
        table,
    )]
}

/// A signature, and the keyring that holds its certificate.
struct Case {
    name: String,
    bytes: Vec<u8>,
    keyring: String,
}

/// Where it is all judged.
struct Court {
    world: World,
    data: Vec<u8>,
    good: Vec<u8>,
    now: u64,
}

fn table() {
    let mut text = HEAD.to_owned();
    let (court, cases) = made_now();
    text += &court.section("Made by the test", &cases);
    let (court, cases) = made_once();
    text += &court.section("Of `tests/data/gpg-verdicts`", &cases);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/verdicts.md");
    if std::env::var_os("AIRLOCK_WRITE_VERDICTS").is_some() {
        fs::write(path, &text).unwrap();
    }
    if same_tools() {
        let committed = fs::read_to_string(path).unwrap();
        for (now, before) in text.lines().zip(committed.lines()) {
            assert_eq!(now, before, "verdicts have changed");
        }
        assert_eq!(text.lines().count(), committed.lines().count());
    }
}

/// Other versions of the stock tools may judge otherwise; that airlock is never laxer holds for all.
fn same_tools() -> bool {
    let here = std::path::Path::new("/");
    let gpg = tools::run(here, "gpg", ["--version"]).ok();
    let ostree = tools::run(here, "ostree", ["--version"]).ok();
    gpg.contains("(GnuPG) 2.2.40") && ostree.contains("'2022.7'")
}

fn made_now() -> (Court, Vec<Case>) {
    let world = World::new();
    world.shell("mkdir tree; ostree init --repo=made --mode=archive");
    let commit = world.ostree("commit --repo=made -b main tree").ok();
    let object = format!("made/objects/{}/{}.commit", &commit[..2], &commit[2..]);
    let data = fs::read(world.path(&object)).unwrap();
    fs::write(world.path("data"), &data).unwrap();
    world.shell(MAKE);
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let read = |name: &str| fs::read(world.path(name)).unwrap();
    let mut cases: Vec<Case> = by_gpg(&world, "all.gpg");
    let mut odd = odd::signatures(&data, &read("rsa2048.key"), &read("ed25519.key"), now);
    odd.extend(certs::certificates(&data, now));
    for (name, bytes, certificate) in odd {
        let keyring = match certificate {
            None => "all.gpg".to_owned(),
            Some(certificate) => {
                let keyring = format!("{name}.gpg");
                let both = [read("all.gpg"), certificate].concat();
                fs::write(world.path(&keyring), both).unwrap();
                keyring
            }
        };
        cases.push(Case {
            name: name.to_owned(),
            bytes,
            keyring,
        });
    }
    cases.sort_by(|one, other| one.name.cmp(&other.name));
    let good = read("ed25519.sig");
    let court = Court {
        world,
        data,
        good,
        now,
    };
    (court, cases)
}

fn made_once() -> (Court, Vec<Case>) {
    let world = World::new();
    let vectors = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/gpg-verdicts");
    world.shell(&format!("cp {vectors}/* .; mv signed-data.bin data"));
    let data = fs::read(world.path("data")).unwrap();
    let good = fs::read(world.path("good.sig")).unwrap();
    let cases = by_gpg(&world, "keyring-all.gpg");
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let court = Court {
        world,
        data,
        good,
        now,
    };
    (court, cases)
}

/// Collects the signature files of a world.
fn by_gpg(world: &World, keyring: &str) -> Vec<Case> {
    let files = fs::read_dir(world.path("")).unwrap();
    let mut cases: Vec<Case> = files
        .filter_map(|file| {
            let path = file.unwrap().path();
            (path.extension()? == "sig").then(|| Case {
                name: path.file_stem().unwrap().to_string_lossy().into_owned(),
                bytes: fs::read(&path).unwrap(),
                keyring: keyring.to_owned(),
            })
        })
        .collect();
    cases.sort_by(|one, other| one.name.cmp(&other.name));
    cases
}

impl Court {
    fn section(&self, title: &str, cases: &[Case]) -> String {
        stock::publish(&self.world, &self.data);
        let mut text = format!(
            "## {title}\n\n| signature | airlock | GnuPG | alone | before | behind | why |\n|---|---|---|---|---|---|---|\n"
        );
        let mut laxer = Vec::new();
        let mut whys = whys::all();
        for case in cases {
            text += &self.row(case, &mut whys, &mut laxer);
        }
        assert!(
            laxer.is_empty(),
            "laxer than stock ostree: {laxer:#?}\n{text}"
        );
        text + "\n"
    }

    fn row(&self, case: &Case, whys: &mut BTreeMap<&str, &str>, laxer: &mut Vec<String>) -> String {
        let mut keyring = Keyring::new();
        let bytes = fs::read(self.world.path(&case.keyring)).unwrap();
        keyring.add_bytes(&bytes).unwrap();
        let (this, good) = (case.bytes.clone(), self.good.clone());
        let lists = [
            vec![this.clone()],
            vec![this.clone(), good.clone()],
            vec![good, this.clone()],
        ];
        let mut differs = false;
        let cells = lists.map(|list| {
            let verdict = keyring.verify(&self.data, &list, self.now);
            let ours = !verdict.good.is_empty() && verdict.blocks_stock_clients().is_none();
            let stock = stock::ostree_takes(&self.world, &self.data, &list, &case.keyring);
            differs |= ours != stock;
            match (ours, stock) {
                (true, true) => "both",
                (false, false) => "neither",
                (false, true) => "ostree only",
                (true, false) => {
                    laxer.push(format!("{}: {verdict:?}", case.name));
                    "**airlock only**"
                }
            }
        });
        let why = whys.remove(case.name.as_str()).unwrap_or_default();
        assert!(
            !differs || !why.is_empty() || std::env::var_os("AIRLOCK_WRITE_VERDICTS").is_some(),
            "{} differs, without a why",
            case.name
        );
        let [alone, before, behind] = cells;
        let gpg = stock::gpg_says(&self.world, std::slice::from_ref(&this), &case.keyring);
        let says = airlock_says(&keyring, &self.data, this, self.now);
        format!(
            "| {} | {says} | {gpg} | {alone} | {before} | {behind} | {why} |\n",
            case.name
        )
    }
}

/// Returns airlock's verdict on a signature alone, in one word for each packet.
fn airlock_says(keyring: &Keyring, data: &[u8], signature: Vec<u8>, now: u64) -> String {
    let verdict = keyring.verify(data, &[signature], now);
    let good = verdict.good.iter().map(|_| "good".to_owned());
    let rejected = verdict.rejected.iter().map(|rejected| {
        let value = serde_json::to_value(&rejected.reason).unwrap();
        value["reason"].as_str().unwrap().to_owned()
    });
    let words: Vec<String> = good.chain(rejected).collect();
    match words.as_slice() {
        [] => "nothing".to_owned(),
        words => words.join(", "),
    }
}
