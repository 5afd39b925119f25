//! UNIX seconds ⇄ OpenPGP's 32 bits of them. Times come in as parameters; nothing here asks a clock.

use std::time::{SystemTime, UNIX_EPOCH};

use sequoia_openpgp::types::Timestamp;

/// Converts UNIX seconds; a time past OpenPGP's last one (2106) becomes that last one.
pub(super) fn system_time(seconds: u64) -> SystemTime {
    Timestamp::from(u32::try_from(seconds).unwrap_or(u32::MAX)).into()
}

/// Converts to UNIX seconds; a time before 1970, which OpenPGP cannot express, becomes 0.
pub(super) fn unix_seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}
