//! `airlock export REF... -o FILE|DIR`.

use std::collections::BTreeSet;
use std::path::PathBuf;

use airlock::bundle::{Form, SiteName};
use airlock::format::RefName;
use airlock::repo::Repo;
use airlock::workflow::Error;
use airlock::workflow::export::{
    Base, ExportError, ExportOptions, ExportOutcome, ExportPlan, ExportSigners, Exported, Index,
    ReadBack, Waiver, export, plan_export,
};
use clap::ValueEnum;

use crate::args::{RepoArg, Role, SigningArgs, values};
use crate::context::Context;
use crate::error::CliError;
use crate::render::{Align, Done, Table, bytes, clean, count, time};

/// Write what a site lacks as one signed bundle
#[derive(clap::Args)]
pub struct Args {
    /// The refs to export [default: every `to` of airlock.toml]
    #[arg(value_name = "REF")]
    refs: Vec<RefName>,
    #[command(flatten)]
    repo: RepoArg,
    /// The bundle; in an existing directory it becomes REF-VERSION-SEQUENCE.airlock
    #[arg(short, long, value_name = "FILE|DIR")]
    output: PathBuf,
    /// For which site; without a base, what was exported for it last [default: `site` in airlock.toml]
    #[arg(long, value_name = "NAME")]
    site: Option<SiteName>,
    /// How long the bundle is acceptable: 90d, 12h [default: `expires` in airlock.toml, else for ever]
    #[arg(long, value_name = "TIME", value_parser = values::seconds)]
    expires: Option<u64>,
    /// Leave the summary out; the site makes and signs its own
    #[arg(long)]
    no_summary: bool,
    /// Leave the manifest unsigned, for a signing room
    #[arg(long, requires = "no_summary")]
    sign_later: bool,
    /// Export a commit that has no signature
    #[arg(long)]
    allow_unsigned_commit: bool,
    /// Export a commit that binds no ref, which clients accept under any
    #[arg(long)]
    allow_unbound_commit: bool,
    /// Say what would be written, and write nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
    #[command(flatten)]
    base: BaseArgs,
    #[command(flatten)]
    form: FormArgs,
    #[command(flatten)]
    signing: SigningArgs,
}

/// What the site has already.
#[derive(clap::Args)]
#[command(next_help_heading = "What the site has already")]
#[group(multiple = false)]
struct BaseArgs {
    /// Nothing: export everything
    #[arg(long)]
    full: bool,
    /// This commit or ref, or one of several; repeatable
    #[arg(long, value_name = "REV")]
    from: Vec<String>,
    /// What this repository has under the same refs
    #[arg(long, value_name = "PATH")]
    have_repo: Option<PathBuf>,
}

/// How the bundle lies on the medium.
#[derive(clap::Args)]
#[command(next_help_heading = "The medium")]
struct FormArgs {
    /// One tar file, or a directory of files
    #[arg(
        long,
        value_name = "FORM",
        default_value = "tar",
        hide_possible_values = true
    )]
    form: FormName,
    /// Cut the tar into volumes of this size, such as 3900M [default on FAT: below 4 GiB]
    #[arg(long, value_name = "SIZE", value_parser = values::size, conflicts_with = "form")]
    split_size: Option<u64>,
    /// Compress files anew, 1 to 19, for a thin link: slower here and at import
    #[arg(long, value_name = "N")]
    level: Option<i32>,
    /// Read the finished bundle again from the medium
    #[arg(long)]
    read_back: bool,
}

#[derive(ValueEnum, Clone, Copy)]
enum FormName {
    Tar,
    Dir,
}

/// Exports, or says what would be exported.
pub fn run(args: Args, context: &mut Context) -> Result<Done, CliError> {
    let repo = args.repo.open(context)?;
    let other = args.base.have_repo.as_ref().map(Repo::open).transpose()?;
    let refs = args.refs(context)?;
    let waivers = args.waivers();
    let options = ExportOptions {
        refs: &refs,
        base: args.base(context, other.as_ref()),
        site: args.site(context)?.unwrap_or_default(),
        output: &args.output,
        form: args.form.form(),
        index: if args.no_summary {
            Index::LeftOut
        } else {
            Index::Carried
        },
        expires: args
            .expires
            .or(context.config().expires)
            .map(|length| context.now() + length),
        level: args.form.level,
        read_back: if args.form.read_back {
            ReadBack::Done
        } else {
            ReadBack::Skipped
        },
        waivers: &waivers,
        now: context.now(),
    };
    if args.dry_run {
        let plan = plan_export(&repo, &options, context.observer()).map_err(explain)?;
        return Ok(Done::new(&plan).text(plan_text(&plan)));
    }
    let mut keys = args.signing.open(context)?;
    let bundle = keys.signers(Role::Bundle)?;
    let summary = keys.signers(Role::Summary)?;
    if bundle.is_empty() && !args.sign_later {
        return Err(CliError::usage("no key to sign the bundle with")
            .next("add --key FILE or --gpg-sign KEY-ID; or --sign-later for a signing room"));
    }
    let signers = ExportSigners {
        bundle: &bundle,
        summary: &summary,
    };
    let outcome = export(&repo, &options, signers, context.observer()).map_err(explain)?;
    Ok(done(&outcome))
}

impl Args {
    fn refs(&self, context: &Context) -> Result<Vec<RefName>, CliError> {
        if !self.refs.is_empty() {
            return Ok(self.refs.clone());
        }
        let configured = context.config().promote.iter().map(|pair| pair.to.parse());
        configured
            .collect::<Result<_, _>>()
            .map_err(|error| CliError::usage("airlock.toml: `to` is no ref").because(&error))
    }

    fn site(&self, context: &Context) -> Result<Option<SiteName>, CliError> {
        let configured = || context.config().site.as_ref().map(|name| name.parse());
        let configured = match self.site.clone() {
            Some(site) => Some(Ok(site)),
            None => configured(),
        };
        configured
            .transpose()
            .map_err(|error| CliError::usage("airlock.toml: `site` is no name").because(&error))
    }

    /// A site that was named says what it has; the default one is not asked, for nobody meant it.
    fn base<'a>(&'a self, context: &Context, other: Option<&'a Repo>) -> Base<'a> {
        match (&self.base, other) {
            (_, Some(other)) => Base::Repository(other),
            (BaseArgs { full: true, .. }, _) => Base::Full,
            (BaseArgs { from, .. }, _) if !from.is_empty() => Base::Revisions(from),
            _ if self.site.is_some() || context.config().site.is_some() => Base::Site,
            _ => Base::Unstated,
        }
    }

    fn waivers(&self) -> BTreeSet<Waiver> {
        let unsigned = self.allow_unsigned_commit.then_some(Waiver::UnsignedCommit);
        let unbound = self.allow_unbound_commit.then_some(Waiver::UnboundCommit);
        unsigned.into_iter().chain(unbound).collect()
    }
}

impl FormArgs {
    fn form(&self) -> Form {
        match self.form {
            FormName::Tar => Form::Tar {
                split: self.split_size,
            },
            FormName::Dir => Form::Directory,
        }
    }
}

/// Says which base was probably meant.
fn explain(error: Error) -> CliError {
    let hint = match &error {
        Error::Export(ExportError::NoBase {
            suggestion: Some(commit),
            ..
        }) => Some(format!(
            "add --from {commit} if the site has that, or --full"
        )),
        _ => None,
    };
    let made = CliError::from(error);
    match hint {
        Some(hint) => made.next(hint),
        None => made,
    }
}

fn done(outcome: &ExportOutcome) -> Done {
    let mut done = Done::new(outcome).changed(outcome.bundle.is_some());
    for name in &outcome.up_to_date {
        done = done.note(format!("{name}: the site has it already"));
    }
    match &outcome.bundle {
        Some(exported) => done.text(text(exported)),
        None => done.note("nothing was written"),
    }
}

fn text(exported: &Exported) -> String {
    let mut text = format!("bundle {}\n", exported.id);
    for file in &exported.files {
        text.push_str(&fact("written", &clean(&file.display().to_string())));
    }
    text.push_str(&fact("size", &bytes(exported.size)));
    let signers: Vec<_> = exported.signers.iter().map(ToString::to_string).collect();
    text.push_str(&fact(
        "signed by",
        if signers.is_empty() {
            "nobody yet".to_owned()
        } else {
            signers.join(", ")
        }
        .as_str(),
    ));
    if exported.read_back == ReadBack::Done {
        text.push_str(&fact("read back", "the medium holds what was written"));
    }
    for release in &exported.releases {
        let version = release.version.as_deref().unwrap_or("");
        let title = clean(format!("{} {version}", release.name).trim_end());
        let from: Vec<_> = release.from.iter().map(ToString::to_string).collect();
        let needs = if from.is_empty() {
            "nothing".to_owned()
        } else {
            from.join(" or ")
        };
        let objects = release.objects;
        let number = objects.commit + objects.dirtree + objects.dirmeta + objects.file;
        let holds = format!("{} objects, {}", count(number), bytes(release.bytes.stored));
        text.push_str(&format!("\n{title}\n"));
        text.push_str(&fact("commit", &release.commit.to_string()));
        text.push_str(&fact("needs", &needs));
        text.push_str(&fact("holds", &holds));
    }
    text
}

fn plan_text(plan: &ExportPlan) -> String {
    let mut table = Table::new(&[
        ("ref", Align::Left),
        ("version", Align::Left),
        ("date", Align::Left),
        ("needs", Align::Left),
        ("objects", Align::Right),
        ("as they are", Align::Right),
        ("size", Align::Right),
    ]);
    for release in &plan.releases {
        let objects = release.objects;
        let number = objects.commit + objects.dirtree + objects.dirmeta + objects.file;
        let short = |commit: &airlock::format::Checksum| commit.to_string()[..12].to_owned();
        let from: Vec<_> = release.from.iter().map(short).collect();
        table.row([
            clean(release.name.as_ref()),
            clean(release.version.as_deref().unwrap_or("")),
            time(release.timestamp),
            if from.is_empty() {
                "nothing".to_owned()
            } else {
                from.join(" or ")
            },
            count(number),
            count(release.packed_files),
            bytes(release.stored),
        ]);
    }
    let mut text = if plan.releases.is_empty() {
        String::new()
    } else {
        table.render()
    };
    for name in &plan.up_to_date {
        text.push_str(&format!("{name}: the site has it already\n"));
    }
    for (name, _) in plan.refs_after.iter().filter(|(_, head)| head.is_none()) {
        text.push_str(&format!("{name}: will be removed\n"));
    }
    let target = clean(&plan.target.display().to_string());
    let room = format!(
        "needs up to {}, there are {}",
        bytes(plan.needed),
        bytes(plan.available)
    );
    text + &fact("target", &target) + &fact("space", &room)
}

fn fact(what: &str, fact: &str) -> String {
    format!("  {what:<11} {fact}\n")
}
