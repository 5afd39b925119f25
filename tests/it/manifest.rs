//! The manifest's reader: one good document, and everything that must not pass for one.

use airlock::Class;
use airlock::bundle::{MANIFEST_PREFIX, MAX_MANIFEST, MAX_MEMBER, Manifest};
use serde_json::{Value, json};

/// A manifest with a summary, two releases, parts, packs and a cut member.
fn good() -> Value {
    let digest = |byte: &str| byte.repeat(32);
    let small = |name: &str| json!({"name": name, "size": 7, "sha256": digest("aa"), "chunks": [digest("aa")]});
    let packed = |name: &str| {
        let mut member = small(name);
        member["unpacked"] = json!(1536);
        member
    };
    let mut pack = packed("payload/0/objects-0.tar.zst");
    pack["objects"] = json!(2);
    let chunks = vec![digest("cc"); (MAX_MEMBER / (4 << 20)) as usize];
    let mut first = packed("payload/1/objects-0.tar.zst.001");
    first["objects"] = json!(1);
    first["size"] = json!(MAX_MEMBER);
    first["chunks"] = json!(chunks);
    json!({
        "airlock": "bundle/1",
        "repository": {"id": "00112233445566778899aabbccddeeff", "collection": "org.example.Os"},
        "site": "default",
        "created": 1_700_000_000,
        "expires": null,
        "origin": {"tool": "airlock 0.1.0"},
        "sequence": {"os/stable": 1_700_000_000, "os/testing": 5},
        "releases": [
            release("os/stable", &digest("11"), 2),
            release("os/testing", &digest("22"), 1),
        ],
        "refs-after": {"os/stable": digest("11"), "os/testing": digest("22"), "os/old": null},
        "rollback": {"ref": "os/stable", "from-sequence": 1_699_999_990, "to": digest("11")},
        "may-return": {"os/stable": [digest("33")], "os/old": [digest("44"), digest("55")]},
        "members": [
            small("summary"),
            small("summary.sig"),
            small("payload/0/superblock"),
            packed("payload/0/0.zst"),
            packed("payload/0/1.zst"),
            pack,
            small("payload/1/superblock"),
            first,
            small("payload/1/objects-0.tar.zst.002"),
        ],
        "extensions": {},
    })
}

fn release(name: &str, commit: &str, files: u64) -> Value {
    json!({
        "ref": name, "collection": "org.example.Os", "commit": commit, "parent": null,
        "from": ["33".repeat(32)], "version": "1.0", "timestamp": 1_699_999_999,
        "objects": {"commit": 1, "dirtree": 1, "dirmeta": 1, "file": files},
        "bytes": {"stored": 10, "content": 20},
    })
}

/// Writes the value with `airlock` first, as a manifest has it.
fn text(manifest: &Value) -> Vec<u8> {
    let mut rest = manifest.clone();
    rest.as_object_mut().unwrap().remove("airlock");
    let mut bytes = MANIFEST_PREFIX.to_vec();
    bytes.extend_from_slice(&serde_json::to_vec(&rest).unwrap()[1..]);
    bytes
}

/// The whole chain of reasons, in one line.
fn refusal(bytes: &[u8]) -> String {
    Manifest::parse(bytes)
        .expect_err("must be refused")
        .to_string()
}

#[test]
fn a_good_manifest_reads_as_it_was_written() {
    let manifest = Manifest::parse(&text(&good())).unwrap();
    let bytes = manifest.to_bytes().unwrap();
    assert!(bytes.starts_with(MANIFEST_PREFIX));
    let mut padded = bytes.clone();
    padded.extend_from_slice(b"\n\n\n");
    assert_eq!(Manifest::parse(&padded).unwrap(), manifest);
    assert_eq!(Manifest::parse(&bytes).unwrap().to_bytes().unwrap(), bytes);
}

#[test]
fn fields_that_lie_are_refused() {
    let no_bases: Vec<String> = (0..65).map(|n| format!("{n:064x}")).collect();
    let c = |byte: &str| Value::from(byte.repeat(32));
    let table: &[(&str, Value, &str)] = &[
        ("/repository/id", json!("0011"), "repository id"),
        (
            "/repository/collection",
            json!("org.other.Os"),
            "collection is not the repository's",
        ),
        ("/site", json!("../x"), "site name"),
        ("/created", json!("now"), "invalid type"),
        ("/created", json!(-1), "integer `-1`"),
        ("/expires", json!(1), "expires before"),
        ("/unknown", json!(1), "unknown field"),
        ("/origin/host", json!("a"), "unknown field"),
        ("/sequence/os~1stable", Value::Null, "invalid type"),
        ("/sequence/os~1new", json!(1), "not among refs-after"),
        ("/rollback/ref", json!("os/old"), "does not fit"),
        ("/rollback/to", json!("33".repeat(32)), "does not fit"),
        (
            "/rollback/from-sequence",
            json!(1_700_000_000),
            "does not fit",
        ),
        ("/rollback/until", json!(1), "unknown field"),
        ("/may-return/os~1stable", json!([]), "may-return"),
        (
            "/may-return/os~1stable",
            json!(["11".repeat(32)]),
            "may-return",
        ),
        ("/may-return/os~1stable", json!(no_bases), "may-return"),
        (
            "/may-return/os~1stable",
            json!(["44".repeat(32), "44".repeat(32)]),
            "may-return",
        ),
        (
            "/may-return/os~1new",
            json!(["44".repeat(32)]),
            "may-return",
        ),
        (
            "/may-return/os~1stable",
            json!("44".repeat(32)),
            "invalid type",
        ),
        ("/releases", json!([]), "lists 0 releases"),
        (
            "/releases/1",
            release("os/stable", &"11".repeat(32), 1),
            "listed twice",
        ),
        ("/releases/0/ref", json!("../x"), "line 1"),
        ("/releases/0/commit", json!("11"), "line 1"),
        ("/releases/0/commit", c("44"), "refs-after does not name"),
        ("/releases/0/commit", c("AA"), "line 1"),
        ("/releases/0/from", json!(["11".repeat(32)]), "bases repeat"),
        (
            "/releases/0/from",
            json!(["33".repeat(32), "33".repeat(32)]),
            "bases repeat",
        ),
        ("/releases/0/from", json!(no_bases), "too many alternative"),
        (
            "/releases/0/objects/file",
            json!(1),
            "more objects than it announces",
        ),
        ("/releases/0/objects/tree", json!(1), "unknown field"),
        (
            "/refs-after/os~1stable",
            Value::Null,
            "refs-after does not name",
        ),
        ("/members/0/name", json!("Summary"), "not a name"),
        ("/members/0/size", json!(0), "outside"),
        ("/members/0/chunks", json!([]), "do not match its size"),
        (
            "/members/0/chunks",
            json!([c("aa"), c("aa")]),
            "do not match its size",
        ),
        ("/members/0/sha256", c("bb"), "only chunk"),
        ("/members/0/unpacked", json!(7), "unpacked"),
        ("/members/0/objects", json!(7), "object count"),
        (
            "/members/2/name",
            json!("payload/1/superblock"),
            "out of order",
        ),
        ("/members/3/unpacked", Value::Null, "unpacked"),
        ("/members/3/unpacked", json!(257 << 20), "unpacked"),
        ("/members/3/name", json!("payload/0/1.zst"), "out of order"),
        ("/members/4/name", json!("payload/0/0.zst"), "out of order"),
        ("/members/4/name", json!("payload/0/2.zst"), "out of order"),
        ("/members/4/name", json!("payload/1/1.zst"), "out of order"),
        ("/members/5/objects", json!(0), "object count"),
        (
            "/members/5/name",
            json!("payload/0/objects-1.tar.zst"),
            "out of order",
        ),
        (
            "/members/6/name",
            json!("payload/2/superblock"),
            "out of order",
        ),
        (
            "/members/6/name",
            json!("payload/0/superblock"),
            "out of order",
        ),
        ("/members/7/size", json!(MAX_MEMBER - 1), "not cut where"),
        (
            "/members/7/name",
            json!("payload/1/objects-0.tar.zst"),
            "out of order",
        ),
        (
            "/members/8/name",
            json!("payload/1/objects-0.tar.zst.003"),
            "out of order",
        ),
        (
            "/members/8/name",
            json!("payload/1/objects-0.tar.zst.001"),
            "unpacked",
        ),
        ("/members/8/unpacked", json!(1), "unpacked"),
        ("/extensions", json!([]), "invalid type"),
        ("/extensions/a", json!(1.5), "floating point"),
        ("/extensions/a", json!("\0"), "NUL"),
    ];
    for (pointer, value, reason) in table {
        let mut manifest = good();
        set(&mut manifest, pointer, value.clone());
        let said = refusal(&text(&manifest));
        assert!(said.contains(reason), "{pointer} = {value:.80}: {said}");
    }
}

/// Sets what the pointer names, as a new key where there was none.
fn set(manifest: &mut Value, pointer: &str, value: Value) {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match manifest.pointer_mut(parent).unwrap() {
        Value::Array(items) => items[key.parse::<usize>().unwrap()] = value,
        parent => parent[key.replace("~1", "/")] = value,
    }
}

#[test]
fn members_that_are_missing_are_named() {
    for (index, missing) in [
        (0, "summary.sig is out of order"),
        (1, "payload/0/superblock is out of order"),
        (2, "payload/0/0.zst is out of order"),
        (3, "payload/0/1.zst is out of order"),
        (6, "payload/1/objects-0.tar.zst.001 is out of order"),
        (7, "payload/1/objects-0.tar.zst.002 is out of order"),
        (8, "not cut where"),
    ] {
        let mut manifest = good();
        manifest["members"].as_array_mut().unwrap().remove(index);
        let said = refusal(&text(&manifest));
        assert!(said.contains(missing), "{index}: {said}");
    }
    let mut manifest = good();
    manifest["members"].as_array_mut().unwrap().truncate(6);
    assert!(refusal(&text(&manifest)).contains("end where payload/1/superblock must follow"));
    manifest["members"].as_array_mut().unwrap().truncate(1);
    assert!(refusal(&text(&manifest)).contains("end where summary.sig must follow"));
}

#[test]
fn the_first_bytes_fix_kind_and_version() {
    let rest = &text(&good())[MANIFEST_PREFIX.len()..];
    for (first, class) in [
        (r#"{"airlock":"bundle/2","#, Class::Unsupported),
        (r#"{"airlock":"bundle/10","#, Class::Unsupported),
        (r#"{"airlock":"trust/1","#, Class::Corrupt),
        (r#"{ "airlock":"bundle/1","#, Class::Corrupt),
        (r#"{"airlock": "bundle/1","#, Class::Corrupt),
        (r#"{"site":"a","airlock":"bundle/1","#, Class::Corrupt),
        (" {\"airlock\":\"bundle/1\",", Class::Corrupt),
        ("\u{feff}{\"airlock\":\"bundle/1\",", Class::Corrupt),
        (
            r#"{"airlock":"bundle/1","airlock":"bundle/1","#,
            Class::Corrupt,
        ),
        (r#"{"airlock":"bundle/1","site":"a","#, Class::Corrupt),
    ] {
        let bytes = [first.as_bytes(), rest].concat();
        let fault = Manifest::parse(&bytes).expect_err(first);
        assert_eq!(fault.class(), class, "{first}: {fault}");
    }
}

#[test]
fn more_than_the_limit_is_not_parsed() {
    let mut bytes = text(&good());
    bytes.resize(MAX_MANIFEST as usize, b'\n');
    Manifest::parse(&bytes).unwrap();
    bytes.push(b'\n');
    assert!(refusal(&bytes).contains("more than a manifest may have"));
}

#[test]
fn every_truncation_is_refused() {
    let bytes = text(&good());
    for end in 0..bytes.len() {
        assert!(Manifest::parse(&bytes[..end]).is_err(), "{end}");
    }
}

#[test]
fn superblocks_have_one_limit_together() {
    let sized = |chunks: u64, size: u64| {
        let mut manifest = good();
        for at in [2, 6] {
            let member = &mut manifest["members"][at];
            assert!(member["name"].as_str().unwrap().ends_with("superblock"));
            member["size"] = json!(size);
            member["chunks"] = json!(vec!["cc".repeat(32); chunks as usize]);
        }
        text(&manifest)
    };
    Manifest::parse(&sized(8, 32 << 20)).unwrap();
    let refused = refusal(&sized(9, (32 << 20) + 1));
    assert!(refused.contains("superblocks"), "{refused}");
}

/// The manifest of `good` with these attachments behind its payload.
fn with_attachments(names: &[&str]) -> Value {
    let mut manifest = good();
    let members = manifest["members"].as_array_mut().unwrap();
    for name in names {
        let digest = "aa".repeat(32);
        members.push(json!({"name": name, "size": 7, "sha256": digest, "chunks": [digest]}));
    }
    manifest
}

#[test]
fn attachments_have_plain_names_in_one_order_at_the_end() {
    let fine = ["attachments/a", "attachments/B", "attachments/c.001"];
    Manifest::parse(&text(&with_attachments(&fine))).unwrap();
    let many: Vec<String> = (0..65).map(|n| format!("attachments/{n:02}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let table: &[(&[&str], &str)] = &[
        (&["attachments/.."], "not a name"),
        (&["attachments/../x"], "not a name"),
        (&["attachments/a/b"], "not a name"),
        (&["attachments//etc"], "not a name"),
        (&["/attachments/a"], "not a name"),
        (&["attachments/.a"], "not a name"),
        (&["attachments/a b"], "not a name"),
        (&["attachments/a", "attachments/A"], "out of order"),
        (&["attachments/a", "attachments/a"], "out of order"),
        (&["attachments/b", "attachments/a"], "out of order"),
        (&["attachments/a", "payload/2/superblock"], "out of order"),
        (&many, "65 attachments"),
    ];
    for (names, reason) in table {
        let said = refusal(&text(&with_attachments(names)));
        assert!(said.contains(reason), "{names:?}: {said}");
    }
    let field = |key: &str, value: Value| {
        let mut manifest = with_attachments(&["attachments/a"]);
        let members = manifest["members"].as_array_mut().unwrap();
        members.last_mut().unwrap()[key] = value;
        refusal(&text(&manifest))
    };
    assert!(field("size", json!(0)).contains("size"));
    assert!(field("size", json!(MAX_MEMBER + 1)).contains("size"));
    assert!(field("unpacked", json!(7)).contains("unpacked"));
    assert!(field("objects", json!(1)).contains("object count"));
    // In front of the payload, or in place of it.
    let mut first = with_attachments(&["attachments/a"]);
    let members = first["members"].as_array_mut().unwrap();
    let last = members.pop().unwrap();
    members.insert(2, last);
    assert!(refusal(&text(&first)).contains("out of order"));
    let mut short = with_attachments(&["attachments/a"]);
    short["members"].as_array_mut().unwrap().drain(6..9);
    assert!(refusal(&text(&short)).contains("must follow"));
}
