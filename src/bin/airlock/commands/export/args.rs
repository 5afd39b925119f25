//! The options of `airlock export`.

use std::collections::BTreeSet;
use std::path::PathBuf;

use airlock::bundle::{Form, SiteName};
use airlock::delta::{CostModel, Effort};
use airlock::format::RefName;
use airlock::repo::Repo;
use airlock::workflow::export::{Base, MayReturn, PermitRollback, Waiver};
use airlock::workflow::inventory::{SiteInventory, read_inventory};
use airlock::workflow::{self, Trust};
use clap::ValueEnum;

use crate::args::{Ed25519Args, RepoArg, SigningArgs, values};
use crate::context::Context;
use crate::error::CliError;

/// Write what a site lacks as one signed bundle
#[derive(clap::Args)]
pub struct Args {
    /// The refs to export [default: every `to` of airlock.toml]
    #[arg(value_name = "REF")]
    pub(super) refs: Vec<RefName>,
    #[command(flatten)]
    pub(super) repo: RepoArg,
    /// The bundle; in an existing directory it becomes REF-VERSION-SEQUENCE.airlock
    #[arg(short, long, value_name = "FILE|DIR")]
    pub(super) output: PathBuf,
    /// For which site; without a base, what was exported for it last [default: `site` in airlock.toml]
    #[arg(long, value_name = "NAME")]
    pub(super) site: Option<SiteName>,
    /// How long the bundle is acceptable: 90d, 12h [default: `expires` in airlock.toml, else for ever]
    #[arg(long, value_name = "TIME", value_parser = values::seconds)]
    pub(super) expires: Option<u64>,
    /// Let the site take the release back without a key, to REV [default: the one before]; repeatable
    #[arg(
        long,
        value_name = "REV",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = ""
    )]
    pub(super) may_return: Vec<String>,
    /// Let sites take REF back to the older commit it has here now, once: from what was exported
    /// last, or from SEQUENCE; counts when the `trust` role signs the bundle
    #[arg(long, value_name = "REF[=SEQUENCE]", value_parser = permit)]
    pub(super) permit_rollback: Option<PermitRollback>,
    /// Tell of up to N releases that the site skipped: their commits without trees, for `log`
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub(super) history: usize,
    /// Trust directory whose updates travel along [default: `trust` in airlock.toml]
    #[arg(long, value_name = "DIR")]
    pub(super) trust_updates: Option<PathBuf>,
    /// Let a file ride along, such as airlock itself; `inspect --extract` takes it out; repeatable
    #[arg(long, value_name = "FILE")]
    pub(super) attach: Vec<PathBuf>,
    /// Leave the summary out; the site makes and signs its own
    #[arg(long)]
    pub(super) no_summary: bool,
    /// Leave the manifest unsigned, for a signing room
    #[arg(long, requires = "no_summary")]
    pub(super) sign_later: bool,
    /// Export a commit that has no signature
    #[arg(long)]
    pub(super) allow_unsigned_commit: bool,
    /// Export a commit that binds no ref, which clients accept under any
    #[arg(long)]
    pub(super) allow_unbound_commit: bool,
    /// Say what would be written, and write nothing
    #[arg(short = 'n', long)]
    pub(super) dry_run: bool,
    #[command(flatten)]
    pub(super) base: BaseArgs,
    /// Believe the inventory only if one of these certificates signed it
    #[arg(long, value_name = "PATH", requires = "inventory")]
    pub(super) trust: Option<PathBuf>,
    #[command(flatten)]
    pub(super) form: FormArgs,
    #[command(flatten)]
    pub(super) signing: SigningArgs,
    #[command(flatten)]
    pub(super) ed25519: Ed25519Args,
}

/// What the site has already.
#[derive(clap::Args)]
#[command(next_help_heading = "What the site has already")]
#[group(multiple = false)]
pub(super) struct BaseArgs {
    /// Nothing: export everything
    #[arg(long)]
    pub(super) full: bool,
    /// This commit or ref, or one of several; repeatable
    #[arg(long, value_name = "REV")]
    pub(super) from: Vec<String>,
    /// What this repository has under the same refs
    #[arg(long, value_name = "PATH")]
    pub(super) have_repo: Option<PathBuf>,
    /// What this file says, which `airlock inventory` wrote at the site
    #[arg(long, value_name = "FILE")]
    pub(super) inventory: Option<PathBuf>,
}

/// How the bundle lies on the medium.
#[derive(clap::Args)]
#[command(next_help_heading = "The medium")]
pub(super) struct FormArgs {
    /// One tar file, or a directory of files
    #[arg(
        long,
        value_name = "FORM",
        default_value = "tar",
        hide_possible_values = true
    )]
    pub(super) form: FormName,
    /// Cut the tar into volumes of this size, such as 3900M [default on FAT: below 4 GiB]
    #[arg(long, value_name = "SIZE", value_parser = values::size, conflicts_with = "form")]
    pub(super) split_size: Option<u64>,
    /// Compress files anew, 1 to 19, for a thin link: slower here and at import
    #[arg(long, value_name = "N")]
    pub(super) level: Option<i32>,
    /// How much work goes into a small bundle: fast, balanced, small; small compresses also new
    /// files anew, which takes minutes
    #[arg(
        long,
        value_name = "EFFORT",
        default_value = "balanced",
        hide_possible_values = true
    )]
    effort: EffortName,
    /// How fast the medium is, as 30M for each second: patch only what that pays for
    #[arg(long, value_name = "SIZE", value_parser = values::size)]
    media_speed: Option<u64>,
    /// Read the finished bundle again from the medium
    #[arg(long)]
    pub(super) read_back: bool,
}

#[derive(ValueEnum, Clone, Copy)]
pub(super) enum FormName {
    Tar,
    Dir,
}

impl Args {
    pub(super) fn refs(&self, context: &Context) -> Result<Vec<RefName>, CliError> {
        if !self.refs.is_empty() {
            return Ok(self.refs.clone());
        }
        let configured = context.config().promote.iter().map(|pair| pair.to.parse());
        configured
            .collect::<Result<_, _>>()
            .map_err(|error| CliError::usage("airlock.toml: `to` is no ref").because(&error))
    }

    pub(super) fn site(&self, context: &Context) -> Result<Option<SiteName>, CliError> {
        let configured = || context.config().site.as_ref().map(|name| name.parse());
        let configured = match self.site.clone() {
            Some(site) => Some(Ok(site)),
            None => configured(),
        };
        configured
            .transpose()
            .map_err(|error| CliError::usage("airlock.toml: `site` is no name").because(&error))
    }

    /// Reads the inventory; only certificates that were named here judge it, for most sites sign
    /// nothing.
    pub(super) fn inventory(&self, context: &Context) -> Result<Option<SiteInventory>, CliError> {
        let Some(file) = &self.base.inventory else {
            return Ok(None);
        };
        let trust = self.trust.as_deref().map(Trust::load).transpose();
        let trust = trust.map_err(workflow::Error::from)?;
        let read = read_inventory(file, trust.as_ref(), context.now())?;
        let site = &read.inventory.site;
        match self.site.as_ref().filter(|named| *named != site) {
            Some(named) => Err(CliError::usage(format!(
                "the inventory is of site {site}, not of {named}"
            ))
            .next("leave --site out, or take the inventory of that site")),
            None => Ok(Some(read)),
        }
    }

    /// A site that was named says what it has; the default one is not asked, for nobody meant it.
    pub(super) fn base<'a>(
        &'a self,
        context: &Context,
        other: Option<&'a Repo>,
        inventory: Option<&'a SiteInventory>,
    ) -> Base<'a> {
        if let Some(inventory) = inventory {
            return Base::Inventory(inventory);
        }
        match (&self.base, other) {
            (_, Some(other)) => Base::Repository(other),
            (BaseArgs { full: true, .. }, _) => Base::Full,
            (BaseArgs { from, .. }, _) if !from.is_empty() => Base::Revisions(from),
            _ if self.site.is_some() || context.config().site.is_some() => Base::Site,
            _ => Base::Unstated,
        }
    }

    /// No value stands for what was there before.
    pub(super) fn may_return(&self) -> MayReturn<'_> {
        match self.may_return.as_slice() {
            [] => MayReturn::Nowhere,
            [one] if one.is_empty() => MayReturn::Before,
            revisions => MayReturn::Revisions(revisions),
        }
    }

    pub(super) fn waivers(&self) -> BTreeSet<Waiver> {
        let unsigned = self.allow_unsigned_commit.then_some(Waiver::UnsignedCommit);
        let unbound = self.allow_unbound_commit.then_some(Waiver::UnboundCommit);
        unsigned.into_iter().chain(unbound).collect()
    }
}

#[derive(ValueEnum, Clone, Copy)]
enum EffortName {
    Fast,
    Balanced,
    Small,
}

impl FormArgs {
    pub(super) fn costs(&self) -> CostModel {
        CostModel {
            effort: match self.effort {
                EffortName::Fast => Effort::Fast,
                EffortName::Balanced => Effort::Balanced,
                EffortName::Small => Effort::Small,
            },
            media_speed: self.media_speed,
        }
    }

    pub(super) fn form(&self) -> Form {
        match self.form {
            FormName::Tar => Form::Tar {
                split: self.split_size,
            },
            FormName::Dir => Form::Directory,
        }
    }
}

fn permit(text: &str) -> Result<PermitRollback, String> {
    let (name, number) = match text.split_once('=') {
        Some((name, number)) => (name, Some(number)),
        None => (text, None),
    };
    let number = number.map(str::parse).transpose();
    Ok(PermitRollback {
        name: name.parse().map_err(|error| format!("{name}: {error}"))?,
        from_sequence: number.map_err(|_| "the sequence is no number")?,
    })
}
