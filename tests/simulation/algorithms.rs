//! Every signing algorithm with every key size: the real verifier accepts its tokens with the published set.

use jotgate_core::{KeySet, Keys, Needs, NeedsOptions, Policy, PolicyOptions, verify};
use jotgate_keys::{KeyPair, RsaSize, Settings, Signer, SigningAlgorithm, State, Times, TokenRequest};

const NOW: u64 = 1_800_000_000;

#[test]
fn a_token_of_every_algorithm_and_size_is_accepted_by_its_published_set_and_by_no_other() {
    let all = SigningAlgorithm::ALL.map(|algorithm| (algorithm, RsaSize::default()));
    let longer = [(SigningAlgorithm::RS256, RsaSize::Bits3072), (SigningAlgorithm::PS256, RsaSize::Bits4096)];
    let needs = Needs::new(NeedsOptions::default()).unwrap();
    for (algorithm, size) in all.into_iter().chain(longer) {
        let options = PolicyOptions {
            algorithms: Some(vec![algorithm.name().to_owned()]),
            issuer: Some(vec!["https://issuer.example".to_owned()]),
            audience: Some(vec!["api".to_owned()]),
            typ: Some(vec!["at+jwt".to_owned()]),
            ..PolicyOptions::default()
        };
        let policy = Policy::new(options).unwrap();
        let [(signer, set), (_, other)] = [size, RsaSize::default()].map(|size| {
            let pair = KeyPair::generate(algorithm, size).unwrap();
            let settings = Settings::new(Times::default()).unwrap();
            let state = State::new("https://issuer.example".parse().unwrap(), settings, pair.into(), NOW);
            let set = jotgate_keys::KeySet::new(&state).unwrap();
            let set = KeySet::from_jwks(std::str::from_utf8(&set.body()).unwrap()).unwrap();
            assert_eq!(set.keys().len(), 1, "{algorithm}: the published key is usable");
            (Signer::new(&state).unwrap(), set)
        });
        let request = TokenRequest::new("worker", None, &["api".to_owned()], None, 60).unwrap();
        let token = signer.sign(&request, NOW).unwrap();
        let judged = |set: &KeySet| {
            let verdict = verify(token.as_bytes(), Keys::Set(set), &policy, &needs, NOW as f64);
            verdict.map(|_| ()).map_err(|refused| refused.refusal.code())
        };
        assert_eq!(judged(&set), Ok(()), "{algorithm} of {} bits", size.bits());
        assert_eq!(judged(&other), Err("no_matching_key"), "{algorithm}");
    }
}
