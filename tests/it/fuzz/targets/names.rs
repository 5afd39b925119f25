//! Names from outside: each becomes a path or a key somewhere.

use std::fmt::Display;
use std::str::FromStr;

use airlock::bundle::{AttachmentName, MemberName, SiteName};
use airlock::format::delta::DeltaName;
use airlock::format::{Checksum, CollectionId, ObjectName, RefName, RefSpec, RemoteName};
use airlock::openpgp::Fingerprint;
use airlock::workflow::policy::RefPattern;

/// A name that is accepted is shown as it was given, and so has one spelling; what becomes a path
/// neither climbs, nor is absolute, nor hides a NUL. A pattern matches or does not, within the timeout.
pub fn names(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else {
        return false;
    };
    let paths = [
        same::<RefName>(text),
        same::<RemoteName>(text),
        same::<AttachmentName>(text),
        same::<SiteName>(text),
        same::<MemberName>(text),
        same::<ObjectName>(text),
    ];
    let accepted = paths.contains(&true);
    assert!(!accepted || stays_below(text), "{text:?}");
    same::<RefSpec>(text);
    same::<CollectionId>(text);
    same::<Checksum>(text);
    same::<DeltaName>(text);
    if let Ok(fingerprint) = text.parse::<Fingerprint>() {
        assert!(same::<Fingerprint>(fingerprint.as_str()));
    }
    if let Ok(checksum) = Checksum::from_base64(text) {
        assert_eq!(checksum.to_base64(), text);
    }
    if let Some((pattern, name)) = text.split_once('\n')
        && let (Some(pattern), Ok(name)) = (RefPattern::new(pattern), name.parse::<RefName>())
    {
        let literal = RefPattern::new(name.as_str()).expect("a ref matches itself");
        assert!(literal.matches(&name));
        let _ = pattern.matches(&name);
    }
    accepted
}

/// Tells whether a name is accepted; if so it is shown as it was given.
fn same<T: FromStr + Display>(text: &str) -> bool {
    let Ok(name) = text.parse::<T>() else {
        return false;
    };
    assert_eq!(name.to_string(), text);
    true
}

fn stays_below(path: &str) -> bool {
    let plain = |name: &str| !matches!(name, "" | "." | "..") && !name.contains('\0');
    path.split('/').all(plain)
}
