//! Fixtures that the tests of this crate share.

use std::sync::Arc;
use std::time::Duration;

use aws_types::SdkConfig;
use serde_json::Value;
use terrace_model::identity::Freshness;
use terrace_model::{Id, OwnerRef, Place, Resource};

use crate::calls::Unobserved;
use crate::limits::Limits;
use crate::{Clients, Settings};

pub const REGION: &str = "eu-west-1";
pub const ACCOUNT: &str = "123456789012";

/// Clients that reach nobody, until mocks take their place.
pub fn clients() -> Clients {
    let settings = Settings {
        account: ACCOUNT.into(),
        endpoint_url: None,
        assume_role: None,
        limits: Limits::lifted(),
        observer: Arc::new(Unobserved),
        recent: Duration::from_secs(300),
    };
    Clients::new(&SdkConfig::builder().build(), settings)
}

/// A node of `DataTier shop/orders`.
pub fn id<R: Resource>(node: &str) -> Id {
    Id {
        owner: OwnerRef {
            cluster: "prod".into(),
            namespace: "shop".into(),
            kind: "DataTier".into(),
            name: "orders".into(),
            uid: "uid-1".into(),
        },
        place: Place { environment: "prod".into(), region: REGION.into() },
        kind: R::KIND.into(),
        node: node.into(),
        incarnation: 1,
        remade: 0,
        handle: None,
        address: serde_json::Map::new(),
        freshness: Freshness::Now,
    }
}

/// The same node at an address.
pub fn at(id: Id, address: &Value) -> Id {
    Id { address: address.as_object().cloned().unwrap_or_default(), ..id }
}
