//! `token`: prints one access token.

use jotgate_keys::{Clock, Error, Keeper, Signer, TokenRequest, check_audiences};

use crate::arguments::Token;
use crate::say;

pub(crate) fn token(keeper: &Keeper, clock: &dyn Clock, arguments: &Token) -> Result<(), Error> {
    let (stamp, state) = keeper.load_stamped()?;
    // Updates the high-water mark, so that a restored copy does not sign unnoticed. `init` may have been killed before it wrote the mark.
    keeper.remember(&stamp, &state)?;
    let longest = state.signer()?.longest_life;
    let life = arguments.ttl.unwrap_or_else(|| TokenRequest::USUAL_LIFE.min(longest));
    let Token { sub, client_id, audience, scope, .. } = arguments;
    check_audiences(audience)?;
    let request = TokenRequest::new(sub, client_id.as_deref(), audience, scope.as_deref(), life)?;
    say(&(Signer::new(&state)?.sign(&request, clock.now())? + "\n"))
}
