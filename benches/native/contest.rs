//! Measures entrants in turns of a small batch each, as the contest in JavaScript does.

use std::time::Instant;

use anyhow::Result;

use crate::entrants::Entrant;
use crate::fixtures::Plan;

pub(crate) struct Settings {
    rounds: usize,
    /// Milliseconds.
    batch: f64,
    least: f64,
    most: f64,
    heat: f64,
    times: usize,
}

impl Settings {
    pub(crate) fn of(plan: &Plan) -> Self {
        let warm_up = &plan.warm_up;
        Self {
            rounds: plan.rounds,
            batch: plan.batch,
            least: warm_up.least,
            most: warm_up.most,
            heat: warm_up.heat,
            // The keys of a set get their usual tables; there is no memory for the widest of all.
            times: if plan.keys > 1 { warm_up.times.min(700) * plan.keys } else { warm_up.times },
        }
    }
}

pub(crate) struct Measured {
    pub(crate) count: usize,
    /// Microseconds for one verification, in each round.
    pub(crate) times: Vec<f64>,
}

pub(crate) fn contest(mut entrants: Vec<Entrant>, settings: &Settings) -> Result<Vec<(String, Measured)>> {
    let mut measured = Vec::new();
    for entrant in &mut entrants {
        let count = warm(entrant, settings)?;
        measured.push((entrant.id.clone(), Measured { count, times: Vec::new() }));
    }
    for round in 0..settings.rounds {
        for place in turn(entrants.len(), round) {
            if let (Some(entrant), Some((_, result))) = (entrants.get_mut(place), measured.get_mut(place)) {
                let took = run(entrant, result.count)?;
                result.times.push(took * 1_000.0 / exact(result.count));
            }
        }
    }
    Ok(measured)
}

/// Each round begins with another entrant, and every second round goes the other way round.
fn turn(entrants: usize, round: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..entrants).map(|place| (place + round / 2) % entrants).collect();
    if round % 2 == 1 {
        order.reverse();
    }
    order
}

/// Runs an entrant until its key is warm. Returns how many verifications make a batch.
fn warm(entrant: &mut Entrant, settings: &Settings) -> Result<usize> {
    let most = if entrant.id.starts_with("jotgate") { settings.heat } else { settings.most };
    let (mut count, mut done, mut spent) = (1, 0, 0.0);
    loop {
        let took = run(entrant, count)?.max(0.001);
        spent += took;
        done += count;
        let wanted = exact(count) * settings.batch / took;
        let grown = wanted <= exact(count * 2);
        if grown {
            // Doubling ends above the limit; halving finds the last step below.
            while count > 1 && exact(count) > wanted * 1.5 {
                count /= 2;
            }
        } else {
            count *= 2;
        }
        if grown && spent >= settings.least && (done >= settings.times || spent >= most) {
            return Ok(count);
        }
    }
}

/// Milliseconds for a number of verifications.
fn run(entrant: &mut Entrant, count: usize) -> Result<f64> {
    let before = Instant::now();
    for _ in 0..count {
        entrant.verify_next()?;
    }
    Ok(before.elapsed().as_secs_f64() * 1_000.0)
}

fn exact(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}
