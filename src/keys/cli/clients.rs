//! `clients …`: a keeper and a name enter, what came of it is said; a secret once.

use jotgate_keys::{Client, Clock, Error, Keeper, SystemClock, client_listing};

use crate::arguments::{AddClient, Clients, NamedClient};
use crate::say;

pub(crate) fn clients(keeper: &Keeper, command: &Clients) -> Result<(), Error> {
    match command {
        Clients::List => say(&client_listing(keeper.load()?.1.clients())),
        Clients::Add(AddClient { id, scope, audience, token_life }) => {
            let (mut client, secret) = Client::new(id, scope.as_deref(), audience, SystemClock.now())?;
            client.token_life = token_life.unwrap_or(client.token_life);
            keeper.change(|state| Ok(Some(state.add_client(client.clone())?)))?;
            say(&format!("client_id: {id}\nclient_secret: {}\n", secret.as_str()))
        }
        Clients::Disable(NamedClient { id }) => {
            keeper.change(|state| Ok(Some(state.disable_client(id)?)))?;
            say(&format!("{id} gets no more tokens\n"))
        }
        Clients::Remove(NamedClient { id }) => {
            keeper.change(|state| Ok(Some(state.remove_client(id)?)))?;
            say(&format!("{id} is forgotten\n"))
        }
    }
}
