//! The commands `clients …`.

use jotgate_keys::{
    Client, Clock, Error, Keeper, StateError, SystemClock, TokenRefusal, TokenRequest, client_listing,
};

use crate::client_arguments::{AddClient, Clients, NamedClient, RemoveClient};
use crate::say;

pub(crate) fn clients(keeper: &Keeper, command: &Clients) -> Result<(), Error> {
    match command {
        Clients::List => say(&client_listing(keeper.load()?.1.clients())),
        Clients::Add(arguments) => add(keeper, arguments),
        Clients::Disable(NamedClient { id }) => {
            keeper.change(|state| Ok(Some(state.disable_client(id)?)))?;
            say(&format!("{id} gets no more tokens\n"))
        }
        Clients::Remove(arguments) => remove(keeper, arguments),
    }
}

fn add(keeper: &Keeper, arguments: &AddClient) -> Result<(), Error> {
    let AddClient { id, scope, audience, token_life } = arguments;
    let (client, secret) = Client::new(id, scope.as_deref(), audience, SystemClock.now())?;
    keeper.change(|state| {
        let mut client = client.clone();
        client.token_life = life(*token_life, state.settings().times().longest_life)?;
        Ok(Some(state.add_client(client)?))
    })?;
    say(&format!("client_id: {id}\nclient_secret: {}\n", secret.as_str()))
}

/// The life of a client's tokens: what was chosen, if the settings allow it, or the usual one.
fn life(chosen: Option<u64>, longest: u64) -> Result<u64, TokenRefusal> {
    match chosen {
        Some(seconds) if seconds > longest => Err(TokenRefusal::Life { seconds, longest }),
        chosen => Ok(chosen.unwrap_or_else(|| TokenRequest::USUAL_LIFE.min(longest))),
    }
}

fn remove(keeper: &Keeper, RemoveClient { id, confirmation }: &RemoveClient) -> Result<(), Error> {
    let (_, state) = keeper.load()?;
    if !state.clients().iter().any(|client| client.id == *id) {
        return Err(StateError::UnknownClient { id: id.clone() }.into());
    }
    let consequence = format!(
        "This removes the client `{id}` of {} and its secret. It gets no more tokens; those that it has live on. Its \
         secret cannot come back: `clients disable {id}` can be undone.",
        state.issuer()
    );
    confirmation.require("remove", &consequence)?;
    keeper.change(|state| Ok(Some(state.remove_client(id)?)))?;
    say(&format!("{id} is removed\n"))
}
