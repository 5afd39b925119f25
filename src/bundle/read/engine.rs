//! One pass over the medium, on all cores, in bounded memory.
//!
//! ```text
//! read_members ──chunks──▶ unpack ──jobs──▶ workers ──▶ sink
//!   one thread             this thread       one per core
//! ```

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::bundle::{CHUNK_SIZE, Manifest};
use crate::{Event, Observer, Stage, Unit};

use super::chunks::{Outlet, read_members};
use super::deal::Dealer;
use super::error::ReadError;
use super::gate::Gate;
use super::medium::Medium;
use super::sink::{PayloadSink, StreamError};
use super::spare::Spare;
use super::unpack::Inlet;
use super::worker::{Job, Urgent, work};

/// Chunks that were read and not yet unpacked.
const CHUNKS_AHEAD: usize = 2;
/// Jobs that wait for a worker: so few that what was unpacked is still in the processor's cache.
const JOBS_AHEAD: usize = 16;
/// Memory of what was unpacked and is not yet done with. Together with chunks (16 MiB), one zstd
/// window (32 MiB) and a summary or superblock (64 MiB) it stays well below 512 MiB; it is enough for
/// the largest part, and mostly for others beside a large one.
const IN_FLIGHT: u64 = 256 << 20;
/// More workers than this would wait for the one thread that unpacks.
const MAX_WORKERS: usize = 32;

/// What all threads of one pass share.
pub(super) struct Pass<'a, S: PayloadSink> {
    pub(super) sink: &'a S,
    pub(super) gate: &'a Gate,
    pub(super) spare: Spare,
    stopped: AtomicBool,
    fault: Mutex<Option<StreamError<S::Error>>>,
}

/// The pass is over before its end; the reason was noted.
#[derive(Debug)]
pub(super) struct Stop;

impl<S: PayloadSink> Pass<'_, S> {
    /// Notes the first failure, which ends the pass.
    pub(super) fn stop(&self, error: StreamError<S::Error>) -> Stop {
        let mut fault = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        fault.get_or_insert(error);
        self.stopped.store(true, Ordering::Release);
        Stop
    }

    /// Returns whether somebody has failed.
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    /// Notes a fault of the bundle.
    pub(super) fn bundle<T>(&self, result: Result<T, ReadError>) -> Result<T, Stop> {
        result.map_err(|error| self.stop(StreamError::Bundle(error)))
    }

    /// Notes a refusal of the sink.
    pub(super) fn sunk(&self, result: Result<(), S::Error>) -> Result<(), Stop> {
        result.map_err(|error| self.stop(StreamError::Sink(error)))
    }
}

/// Streams every member into the sink.
pub(super) fn stream<S: PayloadSink>(
    medium: &Medium,
    manifest: &Manifest,
    stage: Stage,
    sink: &S,
    observer: &dyn Observer,
) -> Result<(), StreamError<S::Error>> {
    let total = manifest.members.iter().map(|member| member.size).sum();
    observer.event(Event::Begin {
        stage,
        total: Some(total),
        unit: Unit::Bytes,
    });
    let gate = Gate::new(IN_FLIGHT);
    let pass = Pass {
        sink,
        gate: &gate,
        spare: Spare::default(),
        stopped: AtomicBool::new(false),
        fault: Mutex::new(None),
    };
    let (outlet, inlet) = pipe();
    let (jobs, queue): (Sender<Job<'_>>, Receiver<Job<'_>>) = bounded(JOBS_AHEAD);
    let urgent = Urgent::default();
    thread::scope(|scope| {
        scope.spawn(move || read_members(medium, manifest, &outlet, (observer, stage)));
        for _ in 0..workers() {
            let queue = queue.clone();
            let (pass, urgent) = (&pass, &urgent);
            scope.spawn(move || work(pass, &queue, urgent));
        }
        // Dropping its ends of the channels, on failure too, is what ends the other threads.
        let dealer = Dealer::new(&pass, inlet, jobs, &urgent);
        drop(dealer.deal(manifest));
    });
    observer.event(Event::End { stage });
    let fault = pass
        .fault
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    fault.map_or(Ok(()), Err)
}

/// Joins the reading thread to the unpacking one.
fn pipe() -> (Outlet, Inlet) {
    let (chunks, incoming) = bounded(CHUNKS_AHEAD);
    let (buffers, returned) = bounded(CHUNKS_AHEAD + 2);
    const { assert!((CHUNKS_AHEAD as u64 + 2) * CHUNK_SIZE <= 32 << 20) };
    (
        Outlet {
            chunks,
            buffers: returned,
        },
        Inlet {
            chunks: incoming,
            buffers,
        },
    )
}

fn workers() -> usize {
    thread::available_parallelism().map_or(1, |cores| cores.get().min(MAX_WORKERS))
}
