//! The command line as its users meet it: help pages, error texts, exit codes, streams.

mod exits;
mod help;
mod jobs;
mod monthly;
mod run;
mod speech;
