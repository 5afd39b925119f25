//! What is read before anything is trusted: signature files, and keys.

use airlock::ed25519::read_public_keys;
use airlock::openpgp::{
    Keyring, MAX_SIGNATURE_PACKETS, armor_signatures, issuers, split_signatures,
};

/// Packets that are split out of a file come out of their own armor as they went in; none of them
/// is made up by a byte that was not in the file; looking at who made them, and holding them against
/// no certificate at all, never panics and counts for nobody.
pub fn signatures(data: &[u8]) -> bool {
    let Ok(packets) = split_signatures(data) else {
        return false;
    };
    assert!(packets.len() <= MAX_SIGNATURE_PACKETS);
    let total: usize = packets.iter().map(Vec::len).sum();
    assert!(total <= data.len());
    let again = split_signatures(&armor_signatures(&packets));
    assert_eq!(again.expect("airlock armored them"), packets);
    assert_eq!(
        split_signatures(&packets.concat()).expect("binary"),
        packets
    );
    for packet in &packets {
        let _ = issuers(packet);
    }
    let verification = Keyring::new().verify(b"data", &packets, 1_700_000_000);
    assert!(verification.good.is_empty());
    !packets.is_empty()
}

/// Public keys that are read are read again from what shows them, and none is weak.
pub fn ed25519_keys(data: &[u8]) -> bool {
    let Ok(keys) = read_public_keys(data) else {
        return false;
    };
    let lines: Vec<String> = keys.iter().map(ToString::to_string).collect();
    let again = read_public_keys(lines.join("\n").as_bytes());
    assert_eq!(again.expect("as shown"), keys);
    true
}
