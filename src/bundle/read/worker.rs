//! The workers: each object is checked against its name before the sink sees it.

use std::ops::Range;

use crossbeam_channel::Receiver;

use crate::bundle::MemberName;
use crate::format::Checksum;
use crate::format::filez::Checker;

use super::engine::{Pass, Stop};
use super::error::ReadError;
use super::gate::Permit;
use super::large::{Incoming, LargeFilez};
use super::sink::{FilezObject, PayloadSink};

/// Something a worker does; the permit is given back when it is done.
pub(super) struct Job<'a> {
    pub(super) release: usize,
    pub(super) task: Task,
    pub(super) permit: Permit<'a>,
}

/// What is to be done.
pub(super) enum Task {
    /// A part of the spine.
    Part(usize, Vec<u8>),
    /// Objects that fit in memory.
    Objects(Batch),
    /// An object that does not.
    Large(Incoming),
}

/// Objects that lie in one buffer.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) member: MemberName,
    pub(super) bytes: Vec<u8>,
    pub(super) objects: Vec<(Checksum, Range<usize>)>,
}

/// Does jobs until there are no more; after a failure, only takes them from the queue.
pub(super) fn work<S: PayloadSink>(pass: &Pass<'_, S>, queue: &Receiver<Job<'_>>) {
    let mut checker = Checker::new();
    for job in queue {
        let Job {
            release,
            task,
            permit,
        } = job;
        if !pass.is_stopped() {
            // The reason has been noted where it arose.
            let _: Result<(), Stop> = run(pass, release, task, &mut checker);
        }
        drop(permit);
    }
}

fn run<S: PayloadSink>(
    pass: &Pass<'_, S>,
    release: usize,
    task: Task,
    checker: &mut Checker,
) -> Result<(), Stop> {
    match task {
        Task::Part(part, bytes) => pass.sunk(pass.sink.part(release, part, &bytes)),
        Task::Objects(batch) => batch.objects.iter().try_for_each(|(name, range)| {
            // The ranges were made together with the buffer.
            let stored = batch.bytes.get(range.clone()).unwrap_or_default();
            whole(pass, release, batch.member, name, stored, checker)
        }),
        Task::Large(large) => streamed(pass, release, large),
    }
}

fn whole<S: PayloadSink>(
    pass: &Pass<'_, S>,
    release: usize,
    member: MemberName,
    name: &Checksum,
    stored: &[u8],
    checker: &mut Checker,
) -> Result<(), Stop> {
    if pass.is_stopped() {
        return Err(Stop);
    }
    let checked = checker.check(stored);
    let info = pass.bundle(checked.map_err(|source| ReadError::Object {
        member,
        name: *name,
        source,
    }))?;
    if info.checksum != *name {
        let (name, actual) = (*name, info.checksum);
        return pass.bundle(Err(ReadError::ObjectChecksum {
            member,
            name,
            actual,
        }));
    }
    let object = FilezObject::Whole {
        stored,
        info: &info,
    };
    pass.sunk(pass.sink.object(release, name, object))
}

fn streamed<S: PayloadSink>(
    pass: &Pass<'_, S>,
    release: usize,
    incoming: Incoming,
) -> Result<(), Stop> {
    let name = incoming.name;
    let mut large = pass.bundle(LargeFilez::open(incoming))?;
    let taken = pass
        .sink
        .object(release, &name, FilezObject::Streamed(&mut large));
    match taken {
        Err(refusal) if !large.is_faulty() => pass.sunk(Err(refusal)),
        // A fault of the object explains whatever the sink made of it.
        taken => {
            pass.bundle(large.finish())?;
            pass.sunk(taken)
        }
    }
}
