//! What the tests of this crate speak of: a user of the database of `DataTier shop/orders`.

use std::collections::BTreeSet;

use terrace_model::SecretRef;
use terrace_model::aws::sql::{Access, Authentication, Engine, User};
use terrace_model::identity::tag;

use crate::target::Target;

/// A server.
pub fn target(engine: Engine) -> Target {
    Target {
        engine,
        server: "orders-db".into(),
        host: "db.example".into(),
        port: 5432,
        database: "orders".into(),
        administrator: "terrace".into(),
        administrator_secret_arn: "arn:admin".into(),
        environment: "prod".into(),
    }
}

/// A wish, with its owner's tags.
pub fn wish() -> User {
    User {
        engine: Engine::Postgres,
        server: "orders-db".into(),
        host: "db.example".into(),
        port: 5432.into(),
        database: "orders".into(),
        administrator: "terrace".into(),
        administrator_secret_arn: "arn:admin".into(),
        after: BTreeSet::new(),
        username: "t_shop_web_a".into(),
        authentication: Authentication::Password(SecretRef { arn: "arn:web".into(), version: "v1".into() }),
        access: Some(Access::ReadWrite),
        tags: [(tag::UID.to_owned(), "uid-1".to_owned())].into(),
    }
}
