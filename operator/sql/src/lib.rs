//! Database users: one for each binding, with the rights that it asks for, made inside the server. PostgreSQL, MySQL and
//! MariaDB, on RDS and Aurora.
//!
//! *Architecture Invariant:* what comes from outside is put into a statement by [`quote`] alone; a password goes to a
//! server that has proven who it is, and as what verifies it where the server takes that; a user that does not bear its
//! owner's tags is never touched.
//!
//! [`users`] is the provider; [`postgres`] and [`mysql`] know the dialects; [`errors`] sorts what goes wrong.

mod errors;
mod found;
mod mysql;
mod postgres;
mod quote;
mod tags;
mod target;
#[cfg(test)]
mod testing;
mod tls;
mod users;

use std::sync::Arc;

use terrace_engine::{Registry, SecretReader};

pub use tls::{NoAuthority, Tls};
pub use users::{Reach, Users};

/// The providers of this crate, for one Environment.
pub fn registry(secrets: Arc<dyn SecretReader>, reach: Reach) -> Registry {
    Registry::default().with(Users::new(secrets, reach))
}
