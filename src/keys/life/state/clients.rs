//! The clients of a state.

use super::State;
use crate::{Client, StateError};

impl State {
    /// Returns the clients, in the order in which they were added.
    #[must_use]
    pub fn clients(&self) -> &[Client] {
        &self.clients
    }

    /// Refuses a client whose identifier is an audience of any client, or whose audience is the identifier of any client. Clients of older
    /// stores keep their names.
    ///
    /// # Errors
    /// [`StateError::ClientIsAudience`].
    pub fn check_names(&self, id: &str, audiences: &[String]) -> Result<(), StateError> {
        let others = || self.clients.iter().filter(|client| client.id != id);
        let taken = |name: &&String| *name == id || others().any(|client| client.id == **name);
        let meant = others().flat_map(|client| &client.audiences).find(|audience| *audience == id);
        match audiences.iter().find(taken).or(meant) {
            Some(name) => Err(StateError::ClientIsAudience { name: name.clone() }),
            None => Ok(()),
        }
    }

    /// Returns the state with one more client.
    ///
    /// # Errors
    /// [`StateError::ClientTwice`]; [`StateError::NeedsUpgrade`] if format 3 cannot store it.
    pub fn add_client(&self, client: Client) -> Result<Self, StateError> {
        let mut next = self.clone();
        next.clients.push(client);
        next.hold()?;
        Ok(next)
    }

    /// Returns the state with a change of that client.
    ///
    /// # Errors
    /// [`StateError::UnknownClient`]; [`StateError::NeedsUpgrade`] if format 3 cannot store the changed client;
    /// [`StateError::ClientTwice`] if its new identifier is taken.
    pub fn change_client(&self, id: &str, change: impl FnOnce(&mut Client)) -> Result<Self, StateError> {
        let mut next = self.clone();
        let client = next.clients.iter_mut().find(|client| client.id == id);
        change(client.ok_or_else(|| StateError::UnknownClient { id: id.to_owned() })?);
        next.hold()?;
        Ok(next)
    }

    /// Returns the state in which that client gets no tokens.
    ///
    /// # Errors
    /// [`StateError::UnknownClient`].
    pub fn disable_client(&self, id: &str) -> Result<Self, StateError> {
        self.change_client(id, |client| client.disabled = true)
    }

    /// Returns the state without that client.
    ///
    /// # Errors
    /// [`StateError::UnknownClient`].
    pub fn remove_client(&self, id: &str) -> Result<Self, StateError> {
        let mut next = self.clone();
        next.clients.retain(|client| client.id != id);
        if next.clients.len() == self.clients.len() {
            return Err(StateError::UnknownClient { id: id.to_owned() });
        }
        Ok(next)
    }
}
