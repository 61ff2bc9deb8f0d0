//! The commands `clients …`.

use jotgate_keys::{
    Client, ClientSecret, Clock, Error, Keeper, Purpose, RsaSize, SigningAlgorithm, State, TokenRequest,
    client_listing, json_client_listing, json_secret_listing, secret_listing, stage_key,
};

use crate::client_arguments::{
    AddClient, Clients, DropSecret, Json, ListSecrets, NamedClient, RemoveClient, Secret, SetClient,
    read_keys,
};
use crate::say;

pub(crate) fn clients(keeper: &Keeper, clock: &dyn Clock, command: &Clients) -> Result<(), Error> {
    match command {
        Clients::List(Json { json }) => {
            let (_, state) = keeper.load()?;
            let clients = state.clients();
            say(&if *json { json_client_listing(clients)? } else { client_listing(clients) })
        }
        Clients::Add(arguments) => add(keeper, clock, arguments),
        Clients::Set(arguments) => set(keeper, clock, arguments),
        Clients::Disable(NamedClient { id }) => {
            keeper.change(|state| Ok(Some(state.disable_client(id)?)))?;
            say(&format!("{id} gets no more tokens\n"))
        }
        Clients::Enable(NamedClient { id }) => {
            keeper.change(|state| Ok(Some(state.enable_client(id)?)))?;
            say(&format!("{id} gets tokens again\n"))
        }
        Clients::Secret(Secret::Add(NamedClient { id })) => add_secret(keeper, clock, id),
        Clients::Secret(Secret::List(arguments)) => list_secrets(keeper, clock, arguments),
        Clients::Secret(Secret::Drop(arguments)) => drop_secret(keeper, arguments),
        Clients::Remove(arguments) => remove(keeper, arguments),
    }
}

fn add(
    keeper: &Keeper,
    clock: &dyn Clock,
    AddClient { id, audience, keys, login, grants }: &AddClient,
) -> Result<(), Error> {
    let changes = grants.changes()?;
    // RFC 9068 §3: without an audience, the issuer is the default resource.
    let itself = match audience.is_empty() {
        true => vec![keeper.load()?.1.issuer().as_str().to_owned()],
        false => vec![],
    };
    let audience = if itself.is_empty() { audience } else { &itself };
    let (mut client, secret) = Client::new(id, None, audience, clock.now())?;
    client.login = login.chosen().map_err(|refusal| std::io::Error::other(refusal.to_string()))?;
    client.keys = keys.as_deref().map(read_keys).transpose()?;
    let without_secret = client.is_public() || client.keys.is_some();
    if without_secret {
        client.secrets.clear();
    }
    let state = keeper.change(|state| {
        state.check_names(id, audience)?;
        let longest = state.settings().times().longest_life;
        let mut client = changes.apply(&client, longest)?;
        if changes.token_life.is_none() {
            client.token_life = TokenRequest::USUAL_LIFE.min(longest);
        }
        Ok(Some(state.add_client(client)?))
    })?;
    if without_secret {
        say(&format!("client_id: {id}\n"))?;
    } else {
        show_secret(id, &secret)?;
    }
    enable_openid(keeper, clock, state.client(id)?, &state)
}

/// Publishes the first key for ID tokens, if this is the first client that may request them.
fn enable_openid(keeper: &Keeper, clock: &dyn Clock, client: &Client, state: &State) -> Result<(), Error> {
    let asks = client.login.is_some() && client.scopes.iter().any(|scope| scope == "openid");
    if !asks || state.ring_for(Purpose::Id).is_some() {
        return Ok(());
    }
    let (kid, state) = stage_key(keeper, Purpose::Id, SigningAlgorithm::RS256, RsaSize::default(), clock)?;
    let wait = state.find(&kid).map_or(0, |key| key.may_sign_from.saturating_sub(clock.now()));
    say(&format!(
        "the first key for ID tokens is published: a running `serve` accepts the scope openid in {wait} s, when every \
         verifier can have the key\n"
    ))
}

/// Prints a new secret. No other function does.
fn show_secret(id: &str, secret: &str) -> Result<(), Error> {
    say(&format!("client_id: {id}\nclient_secret: {secret}\n"))
}

fn set(keeper: &Keeper, clock: &dyn Clock, arguments: &SetClient) -> Result<(), Error> {
    let changes = arguments.changes()?;
    let state = keeper.change(|state| {
        state.check_names(&arguments.id, changes.audiences.as_deref().unwrap_or_default())?;
        Ok(Some(state.set_client(&arguments.id, &changes)?))
    })?;
    let client = state.client(&arguments.id)?;
    say(&client_listing(std::slice::from_ref(client)))?;
    enable_openid(keeper, clock, client, &state)
}

fn add_secret(keeper: &Keeper, clock: &dyn Clock, id: &str) -> Result<(), Error> {
    let (secret, text) = ClientSecret::generate(clock.now())?;
    keeper.change(|state| Ok(Some(state.add_secret(id, secret.clone())?)))?;
    show_secret(id, &text)
}

fn list_secrets(
    keeper: &Keeper,
    clock: &dyn Clock,
    ListSecrets { client, format }: &ListSecrets,
) -> Result<(), Error> {
    let (_, state) = keeper.load()?;
    let client = state.client(&client.id)?;
    say(&if format.json { json_secret_listing(client)? } else { secret_listing(client, clock.now()) })
}

fn drop_secret(keeper: &Keeper, arguments: &DropSecret) -> Result<(), Error> {
    let (DropSecret { client, secret, confirmation }, (_, state)) = (arguments, keeper.load()?);
    let id = &client.id;
    // Invalid arguments are refused before the user is asked.
    state.drop_secret(id, secret)?;
    let consequence = format!(
        "This drops the secret {secret} of the client `{id}` of {}. Requests with it get `invalid_client`. A dropped secret \
         cannot come back.",
        state.issuer()
    );
    confirmation.require("drop", &consequence)?;
    keeper.change(|state| Ok(Some(state.drop_secret(id, secret)?)))?;
    say(&format!("the secret {secret} of {id} is dropped\n"))
}

fn remove(keeper: &Keeper, RemoveClient { client, confirmation }: &RemoveClient) -> Result<(), Error> {
    let (_, state) = keeper.load()?;
    let id = &state.client(&client.id)?.id;
    let consequence = format!(
        "This removes the client `{id}` of {} and its secrets. It gets no more tokens; those that it has live on. Its \
         secrets cannot come back. `clients disable {id}` has the same effect and can be undone.",
        state.issuer()
    );
    confirmation.require("remove", &consequence)?;
    keeper.change(|state| Ok(Some(state.remove_client(id)?)))?;
    say(&format!("{id} is removed\n"))
}
