//! Writing the records of a patch.

/// What stands in front of a record: three numbers of eight bytes.
const CONTROL: usize = 24;

/// Appends a record: `old` and `new` as far as they are aligned, what is copied as it is, and how
/// far the old file's position moves after it.
pub(super) fn write(out: &mut Vec<u8>, old: &[u8], new: &[u8], copied: &[u8], seek: i64) {
    out.reserve(CONTROL + new.len() + copied.len());
    for number in [new.len() as i64, copied.len() as i64, seek] {
        let sign = u64::from(number < 0) << 63;
        out.extend_from_slice(&(number.unsigned_abs() | sign).to_le_bytes());
    }
    out.extend(new.iter().zip(old).map(|(new, old)| new.wrapping_sub(*old)));
    out.extend_from_slice(copied);
}

/// Appends a record that makes nothing and moves the old file's position.
pub(in crate::delta) fn seek(out: &mut Vec<u8>, by: i64) {
    write(out, &[], &[], &[], by);
}
