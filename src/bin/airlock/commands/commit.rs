//! `airlock commit`.

use std::path::PathBuf;
use std::str::FromStr;

use airlock::format::RefName;
use airlock::format::gvariant::Value;
use airlock::repo::Repo;
use airlock::workflow::commit::{
    self, Bindings, Bootable, CommitOptions, CommitOutcome, Exceptions, ListError, MissingParents,
    Modifier, Parent, Permissions, Sizes, TreeSource, Unchanged, XattrPolicy,
};
use airlock::workflow::sign_ed25519::sign_commits;

use crate::args::values;
use crate::args::{Ed25519Args, RepoArg, Role, SigningArgs};
use crate::context::Context;
use crate::error::CliError;
use crate::render::{Done, bytes, count};

/// Commit directories, tars or the trees of other commits to a branch
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    repo: RepoArg,
    /// The branch
    #[arg(
        short = 'b',
        long,
        value_name = "REF",
        required_unless_present = "orphan"
    )]
    branch: Option<RefName>,
    /// Make a commit that no ref names
    #[arg(long, conflicts_with = "branch")]
    orphan: bool,
    /// What to commit: dir=PATH, tar=FILE (plain, gzip or zstd), or ref=REV, a commit of this
    /// repository; repeatable, later ones lie on top
    #[arg(long, value_name = "KIND=WHAT", required = true)]
    tree: Vec<Tree>,
    /// The commit before this one, or none [default: the branch's current commit]
    #[arg(long, value_name = "REV")]
    parent: Option<String>,
    /// One line that says what this is
    #[arg(short = 's', long, default_value = "", hide_default_value = true)]
    subject: String,
    /// More lines
    #[arg(short = 'm', long, default_value = "", hide_default_value = true)]
    body: String,
    /// Say something about the commit, such as version=1.2; repeatable
    #[arg(long, value_name = "KEY=VALUE", value_parser = values::key_value)]
    add_metadata_string: Vec<(String, String)>,
    /// The same with a value in GVariant's text format, such as size=uint64 7; repeatable
    #[arg(long, value_name = "KEY=VALUE", value_parser = values::key_variant)]
    add_metadata: Vec<(String, Value)>,
    /// Say that it can be booted, and name the one kernel beneath usr/lib/modules
    #[arg(long)]
    bootable: bool,
    /// List the sizes of all objects in the commit (archive repositories only)
    #[arg(long)]
    generate_sizes: bool,
    /// Bind the commit to no ref, so that clients accept it under any
    #[arg(long, conflicts_with = "bind_ref")]
    no_bindings: bool,
    /// Another ref under which the commit may be published; repeatable
    #[arg(long, value_name = "REF")]
    bind_ref: Vec<RefName>,
    /// When it was made: @SECONDS or a date [default: now]
    #[arg(long, value_name = "TIME", value_parser = values::timestamp)]
    timestamp: Option<u64>,
    /// Do nothing when the tree is that of the parent
    #[arg(long)]
    skip_if_unchanged: bool,
    #[command(flatten)]
    files: FileArgs,
    #[command(flatten)]
    signing: SigningArgs,
    #[command(flatten)]
    ed25519: Ed25519Args,
}

/// How owners, modes and extended attributes are changed.
#[derive(clap::Args)]
#[command(next_help_heading = "Files")]
struct FileArgs {
    /// The owner of every file
    #[arg(long, value_name = "UID")]
    owner_uid: Option<u32>,
    /// The group of every file
    #[arg(long, value_name = "GID")]
    owner_gid: Option<u32>,
    /// Leave extended attributes out
    #[arg(long)]
    no_xattrs: bool,
    /// Owner 0, no setuid, not writable by others: what bare-user-only repositories can hold
    #[arg(long, conflicts_with_all = ["owner_uid", "owner_gid"])]
    canonical_permissions: bool,
    /// Make directories that a tar leaves out
    #[arg(long)]
    tar_autocreate_parents: bool,
    /// Other modes: lines of `[=]MODE PATH`, decimal as for ostree (2048 adds setuid)
    #[arg(long, value_name = "FILE")]
    statoverride: Option<PathBuf>,
    /// Paths to leave out, one per line
    #[arg(long, value_name = "FILE")]
    skip_list: Option<PathBuf>,
}

#[derive(Clone, Debug)]
enum Tree {
    Dir(PathBuf),
    Tar(PathBuf),
    Ref(String),
}

impl FromStr for Tree {
    type Err = String;

    fn from_str(text: &str) -> Result<Tree, String> {
        match text.split_once('=') {
            Some(("dir", path)) => Ok(Tree::Dir(path.into())),
            Some(("tar", path)) => Ok(Tree::Tar(path.into())),
            Some(("ref", rev)) => Ok(Tree::Ref(rev.to_owned())),
            _ => Err("expected dir=PATH, tar=FILE or ref=REV".to_owned()),
        }
    }
}

/// Commits; the commit's checksum alone goes to stdout.
pub fn run(args: Args, context: &mut Context) -> Result<Done, CliError> {
    let repo = args.repo.open(context)?;
    let parent = match args.parent.as_deref() {
        None => Parent::Head,
        Some("none") => Parent::None,
        Some(rev) => Parent::Commit(repo.resolve(rev)?),
    };
    let signers = args.signing.open(context)?.signers(Role::Commit)?;
    let said = args.add_metadata_string.clone().into_iter();
    let options = CommitOptions {
        trees: trees(&args, &repo)?,
        exceptions: exceptions(&args.files)?,
        modifier: modifier(&args.files),
        branch: args.branch,
        parent,
        subject: args.subject,
        body: args.body,
        metadata: said
            .map(|(key, value)| (key, Value::str(&value)))
            .chain(args.add_metadata)
            .collect(),
        bindings: match args.no_bindings {
            true => Bindings::LeaveOut,
            false => Bindings::Write,
        },
        bootable: match args.bootable {
            true => Bootable::NameKernel,
            false => Bootable::Unsaid,
        },
        sizes: match args.generate_sizes {
            true => Sizes::List,
            false => Sizes::Unsaid,
        },
        bind_refs: args.bind_ref,
        timestamp: args.timestamp.unwrap_or(context.now()),
        unchanged: match args.skip_if_unchanged {
            true => Unchanged::Skip,
            false => Unchanged::Commit,
        },
        signers: &signers,
        now: context.now(),
        threads: std::thread::available_parallelism().map_or(1, usize::from),
    };
    let ed25519 = args.ed25519.keys()?;
    let mut outcome = commit::commit(&repo, &options, context.observer())?;
    if !ed25519.is_empty() && outcome.changed {
        let (revisions, now) = ([outcome.commit.to_string()], context.now());
        let signed = sign_commits(&repo, &revisions, &ed25519, now, context.observer());
        let added = signed.map_err(|error| CliError::from(error).something_changed())?;
        outcome.signatures += added.values().sum::<usize>();
    }
    Ok(Done::new(&outcome)
        .text(format!("{}\n", outcome.commit))
        .note(note(&outcome))
        .changed(outcome.changed))
}

fn note(outcome: &CommitOutcome) -> String {
    if !outcome.changed {
        return "nothing changed since that commit".to_owned();
    }
    let signed = match outcome.signatures {
        0 => "not signed".to_owned(),
        1 => "signed".to_owned(),
        n => format!("{n} signatures"),
    };
    format!(
        "{} files in {} directories, {}; {signed}",
        count(outcome.files as u64),
        count(outcome.directories as u64),
        bytes(outcome.bytes)
    )
}

fn trees(args: &Args, repo: &Repo) -> Result<Vec<TreeSource>, CliError> {
    let parents = match args.files.tar_autocreate_parents {
        true => MissingParents::Create,
        false => MissingParents::Refuse,
    };
    let source = |tree: &Tree| {
        Ok(match tree.clone() {
            Tree::Dir(path) => TreeSource::Dir(path),
            Tree::Tar(path) => TreeSource::Tar { path, parents },
            Tree::Ref(rev) => TreeSource::Commit(repo.resolve(&rev)?),
        })
    };
    args.tree.iter().map(source).collect()
}

/// Reads the lists of paths that are left out or have another mode.
fn exceptions(args: &FileArgs) -> Result<Exceptions, CliError> {
    type Take = fn(&mut Exceptions, &str) -> Result<(), ListError>;
    let mut exceptions = Exceptions::default();
    let lists: [(&Option<PathBuf>, Take); 2] = [
        (&args.statoverride, Exceptions::override_modes),
        (&args.skip_list, Exceptions::skip),
    ];
    for (path, take) in lists {
        if let Some(path) = path {
            let list = std::fs::read_to_string(path)
                .map_err(|error| CliError::io("read", path, &error))?;
            take(&mut exceptions, &list).map_err(|error| {
                let what = format!("{} is no such list", path.display());
                CliError::new(error.class(), what).because(&error)
            })?;
        }
    }
    Ok(exceptions)
}

fn modifier(args: &FileArgs) -> Modifier {
    Modifier {
        owner_uid: args.owner_uid,
        owner_gid: args.owner_gid,
        xattrs: match args.no_xattrs {
            true => XattrPolicy::Drop,
            false => XattrPolicy::Keep,
        },
        permissions: match args.canonical_permissions {
            true => Permissions::Canonical,
            false => Permissions::Keep,
        },
    }
}
