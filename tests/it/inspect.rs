//! What `inspect` shows of a bundle that nobody has verified.

use std::rc::Rc;

use airlock::workflow::{html, inspect};

use crate::handmade::Handmade;

#[test]
fn shows_claims_and_believes_none() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.airlock");
    let hostile = Handmade {
        signature: b"no signature".to_vec(),
        edit: Rc::new(|manifest| {
            manifest["releases"][0]["version"] = "<img src=x>\u{202e}1.2".into();
            manifest["origin"]["tool"] = "</title><script>alert(1)</script>".into();
        }),
        ..Handmade::sample()
    };
    std::fs::write(&path, hostile.tar()).unwrap();
    let outcome = inspect(&[path]).unwrap();
    assert!(!outcome.verified);
    assert_eq!(outcome.signers, ["unreadable"]);
    assert_eq!(outcome.members.len(), 6);
    assert_eq!(outcome.releases[0].sequence, Some(1));

    let page = html(&outcome);
    assert!(page.contains("Not verified."));
    assert!(page.contains("&lt;img src=x&gt;\u{27e8}U+202E\u{27e9}1.2"));
    assert!(page.contains("payload/0/objects-0.tar.zst"));
    for active in [
        "<script", "<img", "<a ", "href", "src=\"", "http:", "https:", "\u{202e}",
    ] {
        assert!(!page.contains(active), "{active}");
    }
}

#[test]
fn payload_is_not_even_looked_for() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.airlock");
    let tar = Handmade {
        signature: Vec::new(),
        ..Handmade::sample()
    }
    .tar();
    std::fs::write(&path, &tar[..8192]).unwrap();
    assert!(inspect(&[path]).is_ok());
}
