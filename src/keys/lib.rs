//! Owns the rotating signing keys, publishes the key set and issues tokens
