//! Where providers get the values of secrets from.

use futures::future::BoxFuture;
use secrecy::SecretString;
use terrace_model::{Place, SecretRef};

use crate::error::Result;

/// Reads passwords where they are kept, for providers that have no client of that service.
pub trait SecretReader: Send + Sync {
    /// The password of `secret`, in that version. `place` is where it is kept: the Environment of the node that needs
    /// it, and the region that its ARN names.
    ///
    /// # Errors
    /// `Wait` where the version is gone, having been rotated away; others as the service has them.
    fn read<'a>(&'a self, place: &'a Place, secret: &'a SecretRef) -> BoxFuture<'a, Result<SecretString>>;

    /// The password that the secret with this ARN holds now, whichever version that is.
    ///
    /// # Errors
    /// `Wait` where there is none; others as the service has them.
    fn current<'a>(&'a self, place: &'a Place, arn: &'a str) -> BoxFuture<'a, Result<SecretString>>;
}
