//! Room for what is large and used for a while.
//!
//! The allocator of glibc keeps blocks in arenas, from which hardly anything returns to the system, up
//! to the size of the largest one that it saw given back, but never those of more than 32 MiB: these
//! are mapped on their own. So that is what large buffers ask for; what is never written to takes no
//! memory. Where it was not so, a process took more than twice what it used.

/// Buffers up to this size are many, and kept.
const KEPT: usize = 1 << 20;
/// What is mapped on its own.
const MAPPED: usize = 33 << 20;

/// Empties a buffer, and makes room for `len` elements in it.
pub(super) fn clear_for<T>(buffer: &mut Vec<T>, len: usize) {
    buffer.clear();
    if buffer.capacity() < len {
        // Not grown: nothing in it is to be copied.
        *buffer = Vec::new();
        let bytes = len.saturating_mul(size_of::<T>());
        let room = match bytes > KEPT {
            true => bytes.max(MAPPED),
            false => bytes,
        };
        buffer.reserve_exact(room.div_ceil(size_of::<T>().max(1)));
    }
}

/// Fills a buffer with `len` zeros, and nothing else.
pub(super) fn zero<T: Clone + Default>(buffer: &mut Vec<T>, len: usize) {
    clear_for(buffer, len);
    buffer.resize(len, T::default());
}

/// Gives the memory of a large buffer back.
pub(super) fn give_back<T>(buffer: &mut Vec<T>) {
    buffer.clear();
    if buffer.capacity().saturating_mul(size_of::<T>()) > KEPT {
        *buffer = Vec::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_large_is_mapped_and_given_back() {
        let mut buffer = vec![1_u32; 3];
        clear_for(&mut buffer, 100);
        assert!(buffer.is_empty() && (100..1000).contains(&buffer.capacity()));
        clear_for(&mut buffer, KEPT);
        assert!(buffer.capacity() * 4 >= MAPPED);
        give_back(&mut buffer);
        assert_eq!(buffer.capacity(), 0);
        clear_for(&mut buffer, 10);
        give_back(&mut buffer);
        assert!(buffer.capacity() >= 10);
    }
}
