//! Signatures that were made elsewhere: each is checked against the bytes and the trust before it is stored.
//!
//! ```text
//! the bytes ─▶ FILE ─▶ (a signing room: any OpenPGP tool) ─▶ SIG
//! SIG, the bytes, trust ─▶ good? ─▶ may it sign this? ─▶ new? ─▶ stored beside the others
//! ```
//!
//! One that does not count refuses them all: nobody is left to guess which were taken.

use std::collections::BTreeSet;

use super::error::Error;
use super::finding::Finding;
use super::policy::Role;
use super::subject::Subject;
use super::trust::Trust;
use crate::format::RefName;
use crate::openpgp::{Fingerprint, split_signatures};

/// Signatures over some bytes, handed in as files: armored or binary, one or several in each.
pub(super) struct Handed<'a> {
    /// What the files hold.
    pub(super) files: &'a [Vec<u8>],
    /// What they must be signatures over.
    pub(super) data: &'a [u8],
    /// What that is.
    pub(super) subject: Subject,
    /// The role it is signed for.
    pub(super) role: Role,
    /// The refs it speaks of; whoever may sign for one of them may add a signature.
    pub(super) refs: &'a [RefName],
    /// Who may sign.
    pub(super) trust: &'a Trust,
    /// The time to judge at.
    pub(super) now: u64,
}

/// A signature that may be stored.
pub(super) struct Admitted {
    /// The certificate that made it.
    pub(super) certificate: Fingerprint,
    /// The key of that certificate that made it.
    pub(super) key: Fingerprint,
    /// The binary packet.
    pub(super) signature: Vec<u8>,
}

impl Handed<'_> {
    /// Returns the signatures that are not among `present` yet; refuses if one does not count.
    pub(super) fn admit(&self, present: &[Vec<u8>]) -> Result<Vec<Admitted>, Error> {
        let mut packets = Vec::new();
        for file in self.files {
            packets.extend(split_signatures(file)?);
        }
        if packets.is_empty() {
            return Err(Error::refused(Finding::Unsigned {
                subject: self.subject.clone(),
            }));
        }
        let allowed = self.trust.policy().signers(self.role, self.refs);
        let mut signed: BTreeSet<Fingerprint> =
            self.trust.verify(self.data, present, self.now).signers();
        let (mut admitted, mut findings) = (Vec::new(), Vec::new());
        for packet in packets {
            match self.judge(packet, &allowed) {
                Err(finding) => findings.push(*finding),
                Ok(one) if signed.insert(one.certificate.clone()) => admitted.push(one),
                Ok(_) => {}
            }
        }
        Error::refuse_any(findings)?;
        Ok(admitted)
    }

    fn judge(
        &self,
        packet: Vec<u8>,
        allowed: &BTreeSet<Fingerprint>,
    ) -> Result<Admitted, Box<Finding>> {
        let subject = || self.subject.clone();
        let packets = [packet];
        let mut verdict = self.trust.verify(self.data, &packets, self.now);
        let [signature] = packets;
        let Some(good) = verdict.good.pop() else {
            return Err(Box::new(match verdict.rejected.pop() {
                Some(rejected) => Finding::SignatureNotAdded {
                    subject: subject(),
                    rejected,
                },
                None => Finding::Unsigned { subject: subject() },
            }));
        };
        match allowed.contains(&good.cert) {
            true => Ok(Admitted {
                certificate: good.cert,
                key: good.key,
                signature,
            }),
            false => Err(Box::new(Finding::MayNotSign {
                subject: subject(),
                certificate: good.cert,
            })),
        }
    }
}
