//! What only a build with public keys has: its key sets and what decides about remote ones. A build for shared secrets alone refuses to
//! make any, and the compiler drops whatever would be done with one: a seventh of what is sent to a browser.

use std::ops::{Deref, DerefMut};

use jotgate_core::Refusal;

#[cfg(feature = "public-keys")]
use present as presence;

#[cfg(not(feature = "public-keys"))]
use absent as presence;

pub(crate) use presence::{Public, public};

#[cfg(feature = "public-keys")]
mod present {
    use super::{Deref, DerefMut, Refusal};

    /// A value of a build with public keys. In any other it is a type without a value.
    #[derive(Clone, Debug)]
    pub(crate) struct Public<T>(T);

    /// Reads what holds public keys.
    ///
    /// # Errors
    /// Those of `read`; in a build that has no use for them, which reads nothing,
    /// [`UnsupportedKind`](jotgate_core::KeyRefusal::UnsupportedKind).
    pub(crate) fn public<T>(read: impl FnOnce() -> Result<T, Refusal>) -> Result<Public<T>, Refusal> {
        read().map(Public)
    }

    impl<T> Public<T> {
        /// The value itself.
        pub(crate) fn into_inner(self) -> T {
            self.0
        }
    }

    impl<T> Deref for Public<T> {
        type Target = T;

        fn deref(&self) -> &T {
            &self.0
        }
    }

    impl<T> DerefMut for Public<T> {
        fn deref_mut(&mut self) -> &mut T {
            &mut self.0
        }
    }
}

#[cfg(not(feature = "public-keys"))]
mod absent {
    use std::{convert::Infallible, marker::PhantomData};

    use jotgate_core::KeyRefusal;

    use super::{Deref, DerefMut, Refusal};

    #[derive(Clone, Debug)]
    pub(crate) struct Public<T>(Infallible, PhantomData<T>);

    pub(crate) fn public<T>(_: impl FnOnce() -> Result<T, Refusal>) -> Result<Public<T>, Refusal> {
        Err(Refusal::Key(KeyRefusal::NOT_BUILT))
    }

    impl<T> Public<T> {
        pub(crate) fn into_inner(self) -> T {
            match self.0 {}
        }
    }

    impl<T> Deref for Public<T> {
        type Target = T;

        fn deref(&self) -> &T {
            match self.0 {}
        }
    }

    impl<T> DerefMut for Public<T> {
        fn deref_mut(&mut self) -> &mut T {
            match self.0 {}
        }
    }
}
