//! Fixtures that the engine's own tests share.

use std::collections::{BTreeMap, BTreeSet};

use terrace_model::{Entry, KindSpec, OnDelete, OwnerRef, Phase, Place, Replace, Rule};

/// The object that owns everything in these tests.
pub fn owner() -> OwnerRef {
    OwnerRef {
        cluster: "prod".into(),
        namespace: "shop".into(),
        kind: "DataTier".into(),
        name: "orders".into(),
        uid: "uid-1".into(),
    }
}

/// Where everything stands.
pub fn place() -> Place {
    Place { environment: "prod".into(), region: "eu-west-1".into() }
}

/// An intent, first incarnation.
pub fn entry(id: &str) -> Entry {
    Entry {
        id: id.into(),
        incarnation: 1,
        kind: "test/Plain".into(),
        place: place(),
        name: format!("shop-orders-{id}"),
        handle: None,
        remade: 0,
        phase: Phase::Intended,
        on_delete: OnDelete::Delete,
        depends_on: BTreeSet::new(),
        keys: BTreeMap::new(),
        address: serde_json::Map::new(),
        created: None,
        restore_from: None,
        approved: None,
        applied: None,
    }
}

/// A kind with nothing special about it.
pub fn kind() -> KindSpec {
    KindSpec {
        kind: "test/Plain",
        fields: &[("tags", Rule::Keyed)],
        replace: Replace::DeleteFirst,
        holds_data: false,
        snapshots: false,
        read_only: false,
        address: &[],
        restores: None,
        carries: &[],
        visible_after: std::time::Duration::ZERO,
        normalise: |value| Ok(value.clone()),
        outputs: || serde_json::json!({ "arn": null }),
    }
}
