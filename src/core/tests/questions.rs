//! Questions about RSA signatures, and the verdicts that follow their answers.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test file: what surprises it stops it")]

use jotgate_core::{
    Key, Keys, Memory, Needs, Policy, PolicyOptions, Refused, Verdict, question, resume, verify_with,
};
use serde_json::{Value, json};

/// The tokens of RFC 7515 §A.2 (RS256) and §A.1 (HS256), each with its key, and a policy that allows both.
struct World {
    rsa: (String, Key),
    hmac: (String, Key),
    policy: Policy,
    now: f64,
    memory: Memory,
}

impl World {
    fn new() -> Self {
        let text = include_str!("../../../tests/vectors/rfc7515.json");
        let vectors: Value = serde_json::from_str(text).unwrap();
        let case = |index: usize| {
            let case = &vectors["cases"][index];
            (case["token"].as_str().unwrap().to_owned(), Key::from_jwk(&case["key"].to_string()).unwrap())
        };
        let options = json!({ "algorithms": ["RS256", "HS256"] }).to_string();
        Self {
            hmac: case(0),
            rsa: case(1),
            policy: Policy::new(PolicyOptions::read(&options).unwrap()).unwrap(),
            now: vectors["cases"][1]["now"].as_f64().unwrap(),
            memory: Memory::new(),
        }
    }

    /// Whether there is a question about a token with the RSA key.
    fn asks(&mut self, token: &str) -> bool {
        question(token.as_bytes(), Keys::One(&self.rsa.1), &self.policy, &mut self.memory).is_some()
    }

    fn resume(&mut self, holds: bool) -> Result<Verdict, Refused> {
        resume(holds, &self.policy, &Needs::default(), self.now, &mut self.memory)
    }
}

fn code(outcome: Result<Verdict, Refused>) -> &'static str {
    outcome.map_or_else(|refused| refused.refusal.code(), |_| "accept")
}

#[test]
fn a_question_has_the_algorithm_and_the_signature_as_long_as_the_modulus() {
    let mut world = World::new();
    let (token, key) = &world.rsa;
    let asked = question(token.as_bytes(), Keys::One(key), &world.policy, &mut world.memory).unwrap();
    assert_eq!((asked.algorithm.name(), asked.key_index, asked.signature.len()), ("RS256", None, 256));
}

#[test]
fn the_hosts_answer_decides_and_the_claims_are_checked() {
    let mut world = World::new();
    let token = world.rsa.0.clone();
    assert!(world.asks(&token));
    let verdict = world.resume(true).unwrap();
    assert!(verdict.claims().contains(r#""iss":"joe""#) && verdict.header().text().contains("RS256"));
    assert!(world.asks(&token));
    assert_eq!(code(world.resume(false)), "signature_mismatch");
    assert!(world.asks(&token));
    world.now += 1e6;
    assert_eq!(code(world.resume(true)), "expired");
}

#[test]
fn an_answer_counts_once_and_never_without_a_question() {
    let mut world = World::new();
    let token = world.rsa.0.clone();
    assert_eq!(code(world.resume(true)), "signature_mismatch");
    assert!(world.asks(&token));
    assert_eq!(code(world.resume(true)), "accept");
    assert_eq!(code(world.resume(true)), "signature_mismatch");
}

#[test]
fn a_token_without_a_question_takes_away_that_of_the_one_before() {
    let mut world = World::new();
    let (token, other) = (world.rsa.0.clone(), world.hmac.0.clone());
    let cut = token.get(..token.len() - 4).unwrap();
    for none in [other.as_str(), cut, "", "a.b.c"] {
        assert!(world.asks(&token));
        assert!(!world.asks(none), "{none}");
        assert_eq!(code(world.resume(true)), "signature_mismatch");
    }
}

#[test]
fn an_answer_is_about_the_token_of_its_question_whatever_is_verified_between() {
    let mut world = World::new();
    let token = world.rsa.0.clone();
    assert!(world.asks(&token));
    let World { hmac: (other, key), policy, now, memory, .. } = &mut world;
    let between = verify_with(other.as_bytes(), Keys::One(key), policy, &Needs::default(), *now, memory);
    assert!(between.unwrap().header().text().contains("HS256"));
    let verdict = world.resume(true).unwrap();
    assert!(verdict.header().text().contains("RS256"));
}
