//! `init`: makes a store with its first keys from settings.

use std::sync::Arc;

use jotgate_keys::{
    Document, Error, KekSource, KeyPair, LedgerSeal, RsaSize, Settings, SigningAlgorithm, State, StoreId,
    StoreStamp, Times,
};

use crate::arguments::Init;
use crate::place::Place;
use crate::say;

pub(crate) fn init(place: &Place, arguments: &Init) -> Result<(), Error> {
    let Place { store, kek, mark, .. } = place;
    let settings = Settings::chosen(arguments.times.over(&Times::default()), None)?;
    let size = arguments.rsa.size_for(arguments.algorithm, RsaSize::default())?;
    let new = || KeyPair::generate(arguments.algorithm, size).map(Arc::new);
    let pairs = [new()?, new()?];
    let kid = pairs.each_ref().map(|pair| pair.kid().to_owned());
    let state = State::with_successor(arguments.issuer.clone(), settings, pairs, place.clock().now())?;
    // A new store has the newest format.
    let state = state.upgrade(StoreId::generate()?).unwrap_or(state).with_ledger(LedgerSeal::generate()?)?;
    let state = match arguments.openid {
        true => {
            let new = || KeyPair::generate(SigningAlgorithm::RS256, RsaSize::default()).map(Arc::new);
            state.with_id_keys([new()?, new()?], place.clock().now())?
        }
        false => state,
    };
    let beside = match kek {
        KekSource::File(path) => &[path.as_path(), mark.path()][..],
        KekSource::Given(_) => &[mark.path()],
    };
    store.prepare(beside)?;
    // Written before the store, which cannot be read without it.
    let keks = kek.read_or_make()?;
    let document = Document::from_state(&state, &keks, 1)?;
    store.create(&document)?;
    // Also removes the mark of an earlier store of this issuer.
    mark.set(state.issuer(), &StoreStamp::new(&state, 1, &document))?;
    let [first, successor] = kid;
    let (path, issuer) = (store.shown(), &arguments.issuer);
    say(&format!(
        "made `{path}`; the key {first} signs for {issuer}, its successor is {successor}\n{}",
        kept_in(kek)
    ))
}

/// Describes where the key-encryption key is. Without it, the store is lost.
pub(crate) fn kept_in(kek: &KekSource) -> String {
    match kek {
        KekSource::File(path) => {
            let path = path.display();
            format!(
                "the private keys are encrypted with the key in `{path}`: keep a copy, apart from the store's\n"
            )
        }
        KekSource::Given(_) => "the private keys are encrypted with the key in JOTGATE_KEK\n".to_owned(),
    }
}
