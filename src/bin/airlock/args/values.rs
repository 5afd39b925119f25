//! Times, lengths of time and sizes as they are typed.

use airlock::format::gvariant::Value;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// Reads `@SECONDS`, RFC 3339, or a date with or without a time of day (UTC).
pub fn timestamp(text: &str) -> Result<u64, String> {
    if let Some(seconds) = text.strip_prefix('@') {
        return seconds
            .parse()
            .map_err(|_| format!("`{seconds}` is no number of seconds"));
    }
    let in_utc = |at: DateTime| at.to_zoned(TimeZone::UTC).ok().map(|at| at.timestamp());
    let read = text.parse::<Timestamp>().ok();
    let read = read.or_else(|| in_utc(text.parse::<DateTime>().ok()?));
    let read = read.or_else(|| {
        in_utc(
            text.parse::<Date>()
                .ok()?
                .to_datetime(jiff::civil::Time::midnight()),
        )
    });
    read.and_then(|at| u64::try_from(at.as_second()).ok())
        .ok_or_else(|| "expected @SECONDS, 2026-11-20, or 2026-11-20T13:00:00Z".to_owned())
}

/// Reads a length of time: `90d`, `12h`, `6w`, `30m`, `45s`, or seconds.
pub fn seconds(text: &str) -> Result<u64, String> {
    const UNITS: [(&str, u64); 6] = [
        ("s", 1),
        ("m", 60),
        ("h", 3600),
        ("d", 86_400),
        ("w", 604_800),
        ("y", 31_557_600),
    ];
    with_unit(text, &UNITS).ok_or_else(|| "expected a number with s, m, h, d, w or y".to_owned())
}

/// Reads a size: `3900M`, `4G` (powers of 1024, as `split -b`), `700MB` (powers of 1000), or bytes.
pub fn size(text: &str) -> Result<u64, String> {
    const UNITS: [(&str, u64); 12] = [
        ("KB", 1000),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
        ("TB", 1_000_000_000_000),
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
        ("TiB", 1 << 40),
        ("K", 1 << 10),
        ("M", 1 << 20),
        ("G", 1 << 30),
        ("T", 1 << 40),
    ];
    with_unit(text, &UNITS).ok_or_else(|| "expected bytes, or a number with K, M, G, T".to_owned())
}

/// Reads `KEY=VALUE`; the value may be empty, the key not.
pub fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("expected KEY=VALUE".to_owned()),
    }
}

/// Reads `KEY=VALUE` with a value in GVariant's text format.
pub fn key_variant(text: &str) -> Result<(String, Value), String> {
    let (key, value) = key_value(text)?;
    match Value::from_text(&value) {
        Ok(value) => Ok((key, value)),
        Err(error) => Err(format!("`{value}` is not understood: {error}")),
    }
}

fn with_unit(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let at = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(at);
    let number: u64 = number.parse().ok()?;
    match unit {
        "" => Some(number),
        _ => number.checked_mul(units.iter().find(|(name, _)| *name == unit)?.1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        for (text, at) in [
            ("@1700000000", Some(1_700_000_000)),
            ("2023-11-14T22:13:20Z", Some(1_700_000_000)),
            ("2023-11-14 23:13:20+01:00", Some(1_700_000_000)),
            ("2023-11-14 22:13:20", Some(1_700_000_000)),
            ("2023-11-14", Some(1_699_920_000)),
            ("@-1", None),
            ("1969-12-31", None),
            ("tomorrow", None),
            ("", None),
        ] {
            assert_eq!(timestamp(text).ok(), at, "{text}");
        }
    }

    #[test]
    fn lengths_and_sizes() {
        for (text, long) in [
            ("90d", Some(7_776_000)),
            ("7", Some(7)),
            ("1.5h", None),
            ("d", None),
        ] {
            assert_eq!(seconds(text).ok(), long, "{text}");
        }
        for (text, big) in [
            ("3900M", Some(3900 << 20)),
            ("700MB", Some(700_000_000)),
            ("4GiB", Some(4 << 30)),
            ("17", Some(17)),
            ("99999999999T", None),
            ("-1", None),
            ("1g", None),
        ] {
            assert_eq!(size(text).ok(), big, "{text}");
        }
    }
}
