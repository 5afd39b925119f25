//! The `.xz` streams of parts: stored, as airlock writes them, and compressed, as stock does.

use airlock::delta::unpack_part;
use airlock::format::stored_xz;

/// A content has one stored stream: what is taken for one is written again byte for byte. Any bytes
/// are a content, which comes out of its stream as it went in, and not under a smaller limit.
pub fn stored_xz(data: &[u8]) -> bool {
    let decoded = stored_xz::decode(data, data.len());
    if let Ok(content) = &decoded {
        assert_eq!(stored_xz::encode(content), data, "a second stored form");
    }
    let stream = stored_xz::encode(data);
    assert!(stored_xz::is_stored(&stream));
    assert_eq!(
        stream.len() as u64,
        stored_xz::encoded_len(data.len() as u64)
    );
    let content = stored_xz::decode(&stream, data.len());
    assert_eq!(content.as_deref(), Ok(data));
    if let Some(less) = data.len().checked_sub(1) {
        assert!(stored_xz::decode(&stream, less).is_err());
    }
    decoded.is_ok()
}

/// A part unpacks to one payload, whichever way it is packed: the payload as it is, stored, or
/// compressed. Nothing may follow the stream.
pub fn xz_part(data: &[u8]) -> bool {
    let Ok(payload) = unpack_part(data) else {
        return false;
    };
    if data[0] == b'x' {
        assert!(unpack_part(&[data, b"\0"].concat()).is_err());
        let stored = [&b"x"[..], &stored_xz::encode(&payload)].concat();
        assert_eq!(unpack_part(&stored).expect("it is stored"), payload);
    } else {
        assert_eq!(&data[1..], &*payload);
    }
    if stored_xz::is_stored(&data[1..]) && data[0] == b'x' {
        assert_eq!(stored_xz::encode(&payload), data[1..]);
    }
    true
}
