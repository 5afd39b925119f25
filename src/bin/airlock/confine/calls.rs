//! The system calls that reading a bundle never makes.
//!
//! A list of what is denied, not of what is allowed: what the standard library and the C library
//! call differs from one version to the next, and a list of those would break a site's import on an
//! update of its own machine. Denied is what would lead out of the process past Landlock's rules:
//! Landlock of today knows TCP but neither UDP nor a socket's path, and lets a file without a name
//! be executed.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use nix::libc;
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch, apply_filter_all_threads};

const DENIED: &[libc::c_long] = &[
    // Other programs.
    libc::SYS_execve,
    libc::SYS_execveat,
    // Any network, and the socket of any daemon; io_uring would make them without these calls.
    libc::SYS_socket,
    libc::SYS_socketpair,
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_io_uring_setup,
    // Other processes.
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_pidfd_getfd,
    libc::SYS_kill,
    // Another view of the file system, or of the machine.
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_fsopen,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_open_by_handle_at,
    libc::SYS_mknodat,
    // The kernel itself.
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    libc::SYS_reboot,
];

/// A kernel for x86-64 may know the same calls by a second number, with this bit; it is the same
/// architecture to a filter. Elsewhere nothing has such a number.
const X32: libc::c_long = 0x4000_0000;
/// What has a number of its own there.
const X32_ONLY: RangeInclusive<libc::c_long> = 512..=547;

/// Returns every number of what is denied.
fn numbers() -> impl Iterator<Item = libc::c_long> {
    let again = DENIED.iter().copied().chain(X32_ONLY);
    DENIED.iter().copied().chain(again.map(|call| call | X32))
}

/// Denies them to every thread; such a call fails as if permission were missing.
pub(super) fn deny() -> Result<(), seccompiler::Error> {
    let arch = TargetArch::try_from(std::env::consts::ARCH)?;
    let rules: BTreeMap<_, _> = numbers().map(|call| (call, Vec::new())).collect();
    let refuse = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, refuse, arch)?;
    let program: BpfProgram = filter.try_into()?;
    apply_filter_all_threads(&program)
}
