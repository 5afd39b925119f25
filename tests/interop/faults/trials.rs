//! The two forms: each kind of call once, and each call with each fault.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use libtest_mimic::Trial;

use super::call::Call;
use super::judge::{Expected, copy};
use super::scene::{SCENES, Scene};
use super::table::{HEAD, Table};
use super::trace::{self, Fault, Point, Traced};
use super::verdict::judge;
use crate::tools::Tool;
use crate::world::World;

/// How often a point is tried that a run did not come to.
const TRIES: usize = 3;

/// The tests of this file.
pub fn trials() -> Vec<Trial> {
    let choose = match std::env::var("AIRLOCK_FAULTS").as_deref() {
        Ok("full") => each_call,
        _ => each_kind,
    };
    let trials = SCENES.iter().map(|scene| {
        let name = format!("faults::{}", scene.name);
        crate::trial(&name, &[Tool::Ostree, Tool::Strace], move || {
            run(scene, choose)
        })
    });
    trials.collect()
}

/// Each kind of call once, the faults in turn.
fn each_kind(calls: &[Call]) -> Vec<Point> {
    let kinds: BTreeSet<_> = calls.iter().cloned().collect();
    let faults = Fault::ALL.into_iter().cycle();
    let points = kinds.into_iter().zip(faults);
    let points = points.map(|(call, fault)| Point {
        call,
        nth: 0,
        fault,
    });
    points.collect()
}

/// Each call, with each fault.
fn each_call(calls: &[Call]) -> Vec<Point> {
    let mut made = BTreeMap::<&Call, usize>::new();
    let mut points = Vec::new();
    for call in calls {
        let nth = made.entry(call).or_default();
        points.extend(Fault::ALL.map(|fault| Point {
            call: call.clone(),
            nth: *nth,
            fault,
        }));
        *nth += 1;
    }
    points
}

fn run(scene: &Scene, choose: fn(&[Call]) -> Vec<Point>) {
    let world = World::new();
    scene.prepare(&world);
    let stage = Stage { scene, world };
    let clean = stage.play("clean", None);
    assert_eq!(clean.code, Some(0), "{}: {}", scene.name, clean.said);
    let place = |name: &str| stage.world.path(name);
    let expected = Expected::learn(scene, &place("start"), &place("clean"));
    let mut table = Table::new(scene.name);
    for point in choose(&clean.calls) {
        let traced = (0..TRIES)
            .map(|_| stage.play("place", Some(&point)))
            .find(|traced| traced.hit);
        let Some(traced) = traced else {
            eprintln!(
                "{}: no run came to {} ({})",
                scene.name, point.call, point.nth
            );
            table.missed(point.fault);
            continue;
        };
        let came = judge(
            scene,
            &expected,
            &place("place"),
            &place("twin"),
            &point,
            &traced,
        );
        let Point { call, nth, fault } = &point;
        let came = came.map_err(|what| {
            let fault = fault.name();
            format!("{}: {fault} at {call} ({nth}): {what}", scene.name)
        });
        if let Err(what) = &came {
            eprintln!("{what}");
        }
        table.add(point.fault, came);
    }
    println!("\n{HEAD}\n{table}");
    assert!(table.wrong.is_empty(), "{}", table.wrong.join("\n\n"));
    assert_eq!(
        table.all_missed(),
        0,
        "{}: points that no run came to",
        scene.name
    );
}

struct Stage<'a> {
    scene: &'a Scene,
    world: World,
}

impl Stage<'_> {
    /// Runs the command in a fresh copy of the place.
    fn play(&self, name: &str, point: Option<&Point>) -> Traced {
        let place = self.world.path(name);
        for old in ["place", "twin", "place.adopt"] {
            let _ = fs::remove_dir_all(self.world.path(old));
        }
        copy(&self.world.path("start"), &place);
        let log = self.world.path("log");
        let traced = trace::run(&place, &self.scene.words(), &log, point);
        assert!(
            traced.unseen.is_empty(),
            "calls {:?} are not looked for",
            traced.unseen
        );
        traced
    }
}
