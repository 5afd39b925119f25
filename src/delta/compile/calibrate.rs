//! What the cost model is calibrated with: `cargo test --release calibrate -- --ignored --nocapture`
//! measures it on a file of yours, and on its older version.

use std::hint::black_box;
use std::time::Instant;

use zstd::bulk::Compressor;

use super::Effort;
use crate::delta::diff::{Differ, Grain};
use crate::delta::patch::Patch;
use crate::delta::{SourceFile, compile::job::undo};
use crate::format::filez::{Checker, Deflater};
use crate::format::{FileHeader, Xattrs};

/// Prints the nanoseconds that each step takes for a byte of content.
#[test]
#[ignore = "measures, and needs OLD and NEW: two versions of a large shared library"]
fn calibrate() {
    let read = |name: &str| std::fs::read(std::env::var(name).unwrap()).unwrap();
    let (old, new) = (read("OLD"), read("NEW"));
    let header = FileHeader::regular(0, 0, 0o100_755, Xattrs::default());
    let per_byte = |what: &str, work: &mut dyn FnMut()| {
        let began = Instant::now();
        work();
        let took = began.elapsed().as_nanos() as f64 / new.len() as f64;
        println!("{what:24} {took:7.2} ns a byte");
    };
    let mut filez = Vec::new();
    per_byte("deflate", &mut || {
        filez = Deflater::new(6).filez(&header, &new);
    });
    per_byte("inflate and hash", &mut || {
        black_box(Checker::new().check(&filez).unwrap());
    });
    let mut stream = Vec::new();
    per_byte("compare", &mut || {
        let grain = Grain::of(&old, &new, Effort::Balanced);
        Differ::default().diff(&old, &new, grain, &mut stream);
    });
    per_byte("try out", &mut || {
        black_box(undo(old.clone(), &new, &stream).unwrap());
    });
    for effort in [Effort::Fast, Effort::Balanced, Effort::Small] {
        per_byte(&format!("compress, {effort:?}"), &mut || {
            let mut compressor = Compressor::new(effort.level(false)).unwrap();
            black_box(compressor.compress(&stream).unwrap());
        });
    }
    per_byte("apply", &mut || {
        let source = SourceFile::from(old.clone());
        let mut patch = Patch::new(&stream, new.len() as u64);
        let mut piece = vec![0; 64 << 10];
        while patch.read(&source, &mut piece).unwrap() > 0 {
            black_box(&piece);
        }
    });
}
