//! Variable-length integers of delta operations: unsigned LEB128, at most 10 bytes.
//!
//! ```text
//! 1ccccccc 1bbbbbbb 0aaaaaaa   →   aaaaaaabbbbbbbccccccc
//! ```

use super::DeltaFault;

/// Bytes of the longest number: 64 bits in groups of 7.
const MAX_LEN: usize = 10;

/// Takes one number off the front of `bytes`.
///
/// Stock readers drop bits over 64 and accept needless zero groups; no writer makes either, and a
/// number has one spelling here.
pub fn read(bytes: &mut &[u8]) -> Result<u64, DeltaFault> {
    let mut value = 0u64;
    for (group, &byte) in bytes.iter().enumerate().take(MAX_LEN) {
        let bits = u64::from(byte & 0x7f);
        if group == MAX_LEN - 1 && bits > 1 {
            return Err(DeltaFault::NumberOverflow);
        }
        value |= bits << (7 * group);
        if byte & 0x80 == 0 {
            if byte == 0 && group > 0 {
                return Err(DeltaFault::NumberNotMinimal);
            }
            *bytes = bytes.get(group + 1..).unwrap_or_default();
            return Ok(value);
        }
    }
    Err(if bytes.len() < MAX_LEN {
        DeltaFault::NumberTruncated
    } else {
        DeltaFault::NumberOverflow
    })
}

/// Appends one number to `out`.
pub fn write(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_have_one_spelling() {
        let table: [(&[u8], Result<u64, DeltaFault>); 9] = [
            (&[0], Ok(0)),
            (&[0x7f], Ok(127)),
            (&[0x80, 1], Ok(128)),
            (
                &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
                Ok(u64::MAX),
            ),
            (&[], Err(DeltaFault::NumberTruncated)),
            (&[0x80], Err(DeltaFault::NumberTruncated)),
            (&[0x80, 0], Err(DeltaFault::NumberNotMinimal)),
            (
                &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2],
                Err(DeltaFault::NumberOverflow),
            ),
            (&[0x80; 11], Err(DeltaFault::NumberOverflow)),
        ];
        for (bytes, want) in table {
            assert_eq!(read(&mut &*bytes), want, "{bytes:02x?}");
        }
    }

    proptest! {
        #[test]
        fn every_number_comes_back(value in any::<u64>(), shift in 0u32..64, after in any::<u8>()) {
            let value = value >> shift;
            let mut bytes = Vec::new();
            write(&mut bytes, value);
            bytes.push(after);
            let mut rest = bytes.as_slice();
            prop_assert_eq!(read(&mut rest), Ok(value));
            prop_assert_eq!(rest, [after]);
        }

        #[test]
        fn what_reads_is_what_writes(bytes in prop::collection::vec(any::<u8>(), 0..12)) {
            let mut rest = bytes.as_slice();
            if let Ok(value) = read(&mut rest) {
                let mut again = Vec::new();
                write(&mut again, value);
                prop_assert_eq!(again.as_slice(), &bytes[..bytes.len() - rest.len()]);
            }
        }
    }
}
