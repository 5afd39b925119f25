//! Inventories, which come back from a site over the same stick: whatever one says, an export reads it
//! in bounded memory, believes no more than it must, and writes nothing that it refuses to make.

use std::fs;

use airlock::bundle::Inventory;
use airlock::openpgp::armor_signatures;

use crate::attack::Desk;
use crate::forge::{NOW, OLD, REF, TRUSTED};
use crate::tree;

const FILE: &str = "inventory.json";
const BESIDE: &str = "inventory.json.asc";

/// What a site says that has the head.
fn good() -> String {
    let mut inventory = Inventory::new("oslo".parse().unwrap(), NOW, "archive".to_owned());
    let name = REF.parse().unwrap();
    inventory.heads.insert(name, OLD.parse().unwrap());
    String::from_utf8(inventory.to_bytes()).unwrap()
}

/// The good one, with something else in one place.
fn with(what: &str, other: &str) -> String {
    let good = good();
    assert!(good.contains(what), "{good}");
    good.replacen(what, other, 1)
}

fn extended(text: &str) -> String {
    with("\"extensions\":{}", &format!("\"extensions\":{{{text}}}"))
}

/// Exports what an inventory leaves over, and says what went wrong.
fn try_export(desk: &Desk, name: &str, codes: &[i32], more: &[&str]) -> Option<String> {
    let repo = desk.repos().remove(0);
    let before = tree::listing(repo.as_ref());
    let words = ["export", REF, "--repo", &repo, "--inventory", FILE];
    let last = ["-o", "out.airlock", "--sign-later", "--no-summary"];
    let ended = desk.run(&[&words[..], more, &last].concat());
    let changes = tree::changes(&before, &tree::listing(repo.as_ref()));
    let written = desk.path().join("out.airlock").exists();
    let fault = ended.fault().or_else(|| match ended.code {
        Ok(code) if !codes.contains(&code) => Some(format!("exit {code}, not {codes:?}")),
        Err(ref ended_by) => Some(ended_by.clone()),
        Ok(0) => written.then(|| "a bundle of nothing".to_owned()),
        Ok(_) if written || !changes.is_empty() => Some(format!("written: {changes:?}")),
        Ok(_) => (!ended.stderr.contains("Nothing was changed.")).then(|| "no promise".to_owned()),
    });
    fault.map(|fault| format!("{name}: {fault}: {}", ended.stderr))
}

fn withstand(desk: &Desk, table: Vec<(&str, Vec<u8>, i32)>) {
    let mut wrong = Vec::new();
    for (name, bytes, code) in &table {
        fs::write(desk.path().join(FILE), bytes).unwrap();
        wrong.extend(try_export(desk, name, &[*code], &[]));
    }
    println!("{} inventories", table.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn malformed() {
    let desk = Desk::new();
    // Whoever exports first gives the repository its name; none of the others does more.
    fs::write(desk.path().join(FILE), good()).unwrap();
    assert_eq!(try_export(&desk, "good", &[0], &[]), None);
    let nested = |open: &str, close: &str| {
        let (open, close) = (open.repeat(100_000), close.repeat(100_000));
        extended(&format!("\"a\":{open}1{close}"))
    };
    let table = vec![
        ("nothing", String::new(), 5),
        ("zeros", "\0".repeat(4096), 5),
        ("a BOM", format!("\u{feff}{}", good()), 5),
        ("a manifest", with("inventory/1", "bundle/1"), 5),
        ("a later version", with("inventory/1", "inventory/2"), 7),
        ("itself behind it", good().repeat(2), 5),
        ("not closed", good().trim_end_matches("}\n").to_owned(), 5),
        (
            "an unknown field",
            with("\"created\"", "\"x\":1,\"created\""),
            5,
        ),
        (
            "a field twice",
            with("\"created\"", "\"site\":\"oslo\",\"created\""),
            5,
        ),
        ("a key twice", extended(r#""a":1,"a":2"#), 5),
        ("2^64", with(&NOW.to_string(), "18446744073709551616"), 5),
        ("-1", with(&NOW.to_string(), "-1"), 5),
        ("a NUL", extended(r#""a":"\u0000""#), 5),
        ("nine deep", extended(r#""a":[[[[[[[[1]]]]]]]]"#), 5),
        ("100,000 arrays deep", nested("[", "]"), 5),
        ("100,000 objects deep", nested("{\"a\":", "}"), 5),
        ("a site above", with("oslo", "../../oslo"), 5),
        ("a site turned round", with("oslo", "os\u{202e}lo"), 5),
        ("a ref above", with(REF, "../../x"), 5),
        ("a ref that is an option", with(REF, "-rf"), 5),
        ("a ref that steers", with(REF, "a\\u001b[2Jb"), 5),
        ("no checksum", with(OLD, "x"), 5),
        ("a longer checksum", with(OLD, &format!("{OLD}00")), 5),
        ("17 MiB", good() + &"\n".repeat(17 << 20), 5),
    ];
    let table = table.into_iter();
    let mut table: Vec<_> = table
        .map(|(name, text, code)| (name, text.into_bytes(), code))
        .collect();
    let mut spoilt = good().into_bytes();
    spoilt.push(0xff);
    table.push(("a byte that is not UTF-8", spoilt, 5));
    withstand(&desk, table);
}

#[test]
fn huge() {
    let desk = Desk::new();
    fs::write(desk.path().join(FILE), good()).unwrap();
    assert_eq!(try_export(&desk, "good", &[0], &[]), None);
    let refs = (0..190_000).map(|number| format!("\"a{number:06}\":\"{OLD}\","));
    let heads = with(
        "\"heads\":{",
        &format!("\"heads\":{{{}", refs.collect::<String>()),
    );
    let arrays = extended(&format!("\"a\":[{}[]]", "[],".repeat(5_000_000)));
    let digits = with(&NOW.to_string(), &"9".repeat(1_000_000));
    let name = with(REF, &"n".repeat(1_000_000));
    let table = vec![
        ("190,000 refs", heads, 0),
        ("five million arrays", arrays, 0),
        ("a number of a million digits", digits, 5),
        ("a ref of a million bytes", name, 5),
    ];
    let table = table.into_iter();
    let table = table.map(|(name, text, code)| (name, text.into_bytes(), code));
    withstand(&desk, table.collect());
    let file = desk.path().join(FILE);
    fs::remove_file(&file).unwrap();
    std::os::unix::fs::symlink("/dev/zero", &file).unwrap();
    assert_eq!(try_export(&desk, "without an end", &[5], &[]), None);
}

#[test]
fn lies() {
    let desk = Desk::new();
    fs::write(desk.path().join(FILE), good()).unwrap();
    assert_eq!(try_export(&desk, "good", &[0], &[]), None);
    let nowhere = "11".repeat(32);
    let other = "\"follows\":\"00112233445566778899aabbccddeeff\"";
    let collection = "\"collection\":\"org.example.Other\"";
    let table = vec![
        ("a head that nobody has", with(OLD, &nowhere), 2),
        ("another twin", with("\"follows\":null", other), 2),
        (
            "another collection",
            with("\"collection\":null", collection),
            2,
        ),
    ];
    let table = table.into_iter();
    let table = table.map(|(name, text, code)| (name, text.into_bytes(), code));
    withstand(&desk, table.collect());
}

#[test]
fn signatures() {
    let desk = Desk::new();
    let file = desk.path().join(FILE);
    fs::write(&file, good()).unwrap();
    assert_eq!(try_export(&desk, "good", &[0], &[]), None);
    let armored = armor_signatures(&[TRUSTED.sign(good().as_bytes())]);
    let trust = ["--trust", "trust.asc"];
    let table = [
        ("signed", armored.clone(), 0),
        ("no signature", Vec::new(), 4),
        ("noise", vec![b'x'; 4096], 5),
        ("many", armored.repeat(2000), 5),
        ("of another", armor_signatures(&[TRUSTED.sign(b"x")]), 4),
    ];
    for (name, bytes, code) in table {
        fs::write(desk.path().join(BESIDE), bytes).unwrap();
        assert_eq!(try_export(&desk, name, &[code], &trust), None);
    }
    fs::remove_file(desk.path().join(BESIDE)).unwrap();
    assert_eq!(try_export(&desk, "unsigned", &[4], &trust), None);
}
