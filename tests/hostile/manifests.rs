//! Manifests that are signed and no manifests, or say what no manifest may.

use airlock::openpgp::armor_signatures;
use serde_json::{Value, json};

use crate::attack::{Attack, withstand};
use crate::forge::{Forged, NEW, NOW, OLD, REF, TRUSTED};
use crate::handmade::tar_of;

/// The update, its manifest changed as bytes before it is signed.
fn spelt(change: impl Fn(Vec<u8>) -> Vec<u8>) -> Vec<u8> {
    let mut files = Forged::update().files();
    let manifest = change(std::mem::take(&mut files[0].1));
    files[1].1 = armor_signatures(&[TRUSTED.sign(&manifest)]);
    files[0].1 = manifest;
    tar_of(&files)
}

/// Puts text into the `extensions`, where nearly everything is allowed.
fn extended(text: &str) -> Vec<u8> {
    spelt(|manifest| {
        let manifest = String::from_utf8(manifest).unwrap();
        let empty = "\"extensions\":{}";
        assert!(manifest.contains(empty));
        manifest
            .replace(empty, &format!("\"extensions\":{{{text}}}"))
            .into_bytes()
    })
}

/// An attack by what stands in the `extensions`.
fn extension(name: &str, text: impl Fn() -> String + 'static) -> Attack {
    Attack::of_bytes(format!("extensions: {name}"), "", move || extended(&text()))
}

#[test]
fn json() {
    let fixed = [
        ("a key twice", r#""a":1,"a":1"#),
        ("a key twice, further in", r#""a":{"b":1,"b":2}"#),
        ("a key twice, spelt differently", r#""a":1,"\u0061":1"#),
        ("1e999", r#""a":1e999"#),
        ("a fraction", r#""a":1.5"#),
        ("-0", r#""a":-0"#),
        ("-1", r#""a":-1"#),
        ("2^64", r#""a":18446744073709551616"#),
        ("01", r#""a":01"#),
        ("0x10", r#""a":0x10"#),
        ("NaN", r#""a":NaN"#),
        ("Infinity", r#""a":Infinity"#),
        ("a NUL", r#""a":"\u0000""#),
        ("a NUL in a key", r#""\u0000":1"#),
        ("half of a character", r#""a":"\ud800""#),
        ("a comment", r#""a":1/* no */"#),
        ("a comma too many", r#""a":1,"#),
        ("a control character", "\"a\":\"\u{1b}[2J\""),
        ("another string", "'a':1"),
        ("nine deep", r#""a":[[[[[[[[1]]]]]]]]"#),
    ];
    let mut attacks: Vec<Attack> = fixed
        .into_iter()
        .map(|(name, text)| extension(name, move || text.to_owned()))
        .collect();
    attacks.extend([
        extension("100,000 arrays deep", || {
            format!("\"a\":{}{}", "[".repeat(100_000), "]".repeat(100_000))
        }),
        extension("100,000 objects deep", || {
            format!(
                "\"a\":{}1{}",
                "{\"a\":".repeat(100_000),
                "}".repeat(100_000)
            )
        }),
        extension("a number of a million digits", || {
            format!("\"a\":{}", "9".repeat(1_000_000))
        }),
        extension("an exponent of a million digits", || {
            format!("\"a\":1e{}", "9".repeat(1_000_000))
        }),
        extension("five million arrays, then a key twice", || {
            format!("\"a\":[{}[]],\"a\":1", "[],".repeat(5_000_000))
        }),
    ]);
    withstand(attacks);
}

#[test]
fn bytes() {
    type Change = fn(Vec<u8>) -> Vec<u8>;
    let table: [(&str, Change); 12] = [
        ("a BOM", |m| [b"\xef\xbb\xbf", &m[..]].concat()),
        ("UTF-16", |m| m.iter().flat_map(|byte| [*byte, 0]).collect()),
        ("a blank in front", |m| [b" ", &m[..]].concat()),
        ("a blank inside the first key", |m| {
            [b"{ ", &m[1..]].concat()
        }),
        ("a blank at the end", |m| [&m[..], b" "].concat()),
        ("a NUL at the end", |m| [&m[..], b"\0"].concat()),
        ("another document behind it", |m| [&m[..], b"{}"].concat()),
        ("itself behind it", |m| m.repeat(2)),
        ("not closed", |m| m[..m.len() - 1].to_vec()),
        ("nothing", |_| Vec::new()),
        ("a byte that is not UTF-8", |mut m| {
            let at = m.windows(7).position(|at| at == b"by hand").unwrap();
            m[at] = 0xff;
            m
        }),
        ("17 MiB", |m| [&m[..], &vec![b'\n'; 17 << 20]].concat()),
    ];
    let attack = |(name, change): (&str, Change)| {
        Attack::of_bytes(format!("manifest: {name}"), "", move || spelt(change))
    };
    withstand(table.into_iter().map(attack).collect());
}

/// The update, with a field changed.
fn edited(name: impl Into<String>, edit: impl Fn(&mut Value) + 'static) -> Attack {
    Attack::new(name, "", move || {
        let mut bundle = Forged::update();
        edit(&mut bundle.manifest);
        bundle
    })
}

#[test]
fn names_of_refs() {
    let long = "n".repeat(256);
    let longer = "n/".repeat(2000) + "n";
    let hex = "a".repeat(64);
    let names = [
        "",
        ".",
        "..",
        "../x",
        "a/../b",
        "a/./b",
        "/a",
        "a/",
        "a//b",
        "-rf",
        "a/-rf",
        ".hidden",
        "a b",
        "a\n",
        "a\u{1b}[31mb",
        "a\u{202e}b",
        "a\u{200b}b",
        "a\0b",
        "a:b",
        "a\\b",
        "a*",
        "e\u{301}",
        &long,
        &longer,
        &hex,
    ];
    let mut attacks = Vec::new();
    for name in names {
        let shown: String = name.chars().take(20).collect();
        let name = name.to_owned();
        attacks.push(edited(format!("refs-after {shown:?}"), move |manifest| {
            manifest["refs-after"][&name] = json!(OLD);
        }));
    }
    let tricks = ["../x", "-rf", "a\u{202e}b", "a\u{1b}[31m"];
    for name in tricks {
        attacks.push(edited(format!("a release of {name:?}"), move |manifest| {
            manifest["releases"][0]["ref"] = json!(name);
        }));
        attacks.push(edited(format!("a sequence of {name:?}"), move |manifest| {
            manifest["sequence"][name] = json!(NOW);
        }));
        attacks.push(edited(format!("a collection {name:?}"), move |manifest| {
            manifest["repository"]["collection"] = json!(name);
        }));
        attacks.push(edited(format!("a site {name:?}"), move |manifest| {
            manifest["site"] = json!(name);
        }));
    }
    withstand(attacks);
}

#[test]
fn numbers() {
    let set = |path: &'static [&'static str], value: Value| {
        edited(format!("{path:?} is {value}"), move |manifest| {
            let at = path
                .iter()
                .fold(manifest, |at, key| match key.parse::<usize>() {
                    Ok(index) => &mut at[index],
                    Err(_) => &mut at[*key],
                });
            *at = value.clone();
        })
    };
    let huge = || json!(u64::MAX);
    withstand(vec![
        set(&["created"], huge()).exits(&[6]).verify_exit(0),
        set(&["created"], json!("soon")),
        set(&["created"], Value::Null),
        set(&["expires"], json!(-1)),
        set(&["sequence", REF], huge()).exits(&[6]).verify_exit(0),
        set(&["releases", "0", "timestamp"], huge()).import_exit(6),
        set(&["releases", "0", "objects", "file"], huge()),
        set(&["releases", "0", "objects", "dirtree"], huge()),
        set(&["releases", "0", "objects", "commit"], json!(0)),
        set(&["releases", "0", "bytes", "content"], json!(0)),
        set(
            &["releases", "0", "bytes"],
            json!({"stored": u64::MAX, "content": u64::MAX}),
        )
        .import_exit(1)
        .verify_exit(0),
        set(&["releases", "0", "from"], json!(vec![OLD; 65])),
        set(&["releases", "0", "from"], json!([OLD, OLD])),
        set(&["releases", "0", "from"], json!([NEW])),
        set(&["releases"], json!([])),
        set(&["repository", "id"], json!("5".repeat(31))),
        set(&["may-return"], json!({REF: [NEW]})),
        set(&["may-return"], json!({"other": [OLD]})),
        set(
            &["rollback"],
            json!({"ref": REF, "from-sequence": u64::MAX, "to": NEW}),
        ),
        set(&["trust"], json!({"version": u64::MAX, "sha256": OLD})).exits(&[4]),
    ]);
}

#[test]
fn many() {
    let refs = |count: u32| {
        move |manifest: &mut Value| {
            let after = manifest["refs-after"].as_object_mut().unwrap();
            after.extend((0..count).map(|n| (format!("r{n}"), json!(OLD))));
        }
    };
    withstand(vec![
        edited("250,000 refs, more than a manifest holds", refs(250_000)),
        edited("20,000 refs that the summary has not", refs(20_000)).import_exit(6),
        edited("2,000 releases", |manifest| {
            let one = manifest["releases"][0].clone();
            let release = |n: u32| {
                let mut one = one.clone();
                one["ref"] = json!(format!("r{n}"));
                one
            };
            manifest["releases"] = (0..2000).map(release).collect();
        }),
        edited("the same release twice", |manifest| {
            let one = manifest["releases"][0].clone();
            manifest["releases"] = json!([one, one]);
        }),
        edited("50,000 members", |manifest| {
            let member = |n: u32| {
                json!({"name": format!("payload/0/{n}.zst"), "size": 1, "sha256": OLD,
                       "chunks": [OLD], "unpacked": 1})
            };
            manifest["members"] = (0..50_000).map(member).collect();
        }),
        edited("members of 2^60 bytes", |manifest| {
            let member = json!({"name": "payload/0/superblock", "size": 1_u64 << 60,
                                "sha256": OLD, "chunks": [OLD]});
            manifest["members"] = json!([member]);
        }),
    ]);
}
