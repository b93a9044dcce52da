//! Fixtures that the tests of this crate share.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use aws_smithy_types::error::ErrorMetadata;
use aws_types::SdkConfig;
use serde_json::Value;
use terrace_model::diff::{OwnedKeys, diff};
use terrace_model::identity::Freshness;
use terrace_model::{Diff, Id, KindSpec, OwnerRef, Place, Resource, Rule};

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

/// An error as a service answers it.
pub fn meta(code: &str) -> ErrorMetadata {
    ErrorMetadata::builder().code(code).message("AWS says no").build()
}

/// What differs between two wishes of a kind; the keys of `have` are ours.
pub fn between<R: Resource>(have: &R, want: &R) -> Diff {
    let (spec, json) = (KindSpec::of::<R>(), |value: &R| serde_json::to_value(value).expect("a wish is JSON"));
    let (have, want) = (json(have), json(want));
    let keys = |field: &str| -> BTreeSet<String> {
        have[field].as_object().into_iter().flat_map(|map| map.keys().cloned()).collect()
    };
    let keyed = spec.fields.iter().filter(|(_, rule)| *rule == Rule::Keyed);
    let owned: OwnedKeys = keyed.map(|(field, _)| ((*field).to_owned(), keys(field))).collect();
    diff(&spec, &want, &have, &owned, &BTreeMap::new())
}
