//! The custom resources of Terrace, one kind a file, and the table of them from which their YAML is generated.

pub mod cache_tier;
pub mod choices;
pub mod common;
pub mod data_tier;
pub mod edge_tier;
pub mod environment;
pub mod object_tier;
pub mod schema;
pub mod selector;
pub mod size;
pub mod status;
pub mod tier_grant;
pub mod web_app;
pub mod windows;
pub mod word_or;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;

pub use cache_tier::{CacheTier, CacheTierSpec};
pub use common::{
    APPROVE, Adopt, AdoptPolicy, AdoptedResource, ChangePolicy, CommonSpec, DeletionPolicy, EnvironmentRef, FINALIZER,
    Management, PAUSE, RECONCILE_AT, TierObject, TierRef,
};
pub use data_tier::{DataTier, DataTierSpec};
pub use edge_tier::{EdgeTier, EdgeTierSpec};
pub use environment::{Environment, EnvironmentSpec, EnvironmentStatus};
/// A moment, as `status.progress` has it.
pub use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
pub use object_tier::{ObjectTier, ObjectTierSpec};
pub use selector::NamespaceSelector;
pub use status::{
    Binding, EnvironmentPin, PlanEntry, PlanSummary, Progress, ResourceEntry, ResourcePlace, TierStatus, User,
    UserAccess,
};
pub use tier_grant::{GrantAccess, TierGrant, TierGrantSpec};
pub use web_app::{WebApp, WebAppSpec};

/// The API group of all kinds.
pub const GROUP: &str = "terrace.dev";
/// The API version of all kinds.
pub const VERSION: &str = "v1alpha1";
/// The categories of all kinds: `kubectl get terrace` lists them.
pub const CATEGORIES: &[&str] = &["terrace", "aws"];

/// Where the objects of a kind live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// In no namespace: the administrator's.
    Cluster,
    /// In a namespace: a team's.
    Namespaced,
}

/// One kind of custom resource.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// The kind, such as `DataTier`.
    pub kind: &'static str,
    /// The plural, as in URLs and RBAC.
    pub plural: &'static str,
    /// The short name for kubectl.
    pub short_name: &'static str,
    /// Where its objects live.
    pub scope: Scope,
    /// Whether a controller writes a status.
    pub status: bool,
    derived: fn() -> CustomResourceDefinition,
}

impl Kind {
    /// The definition as an API server takes it.
    pub fn crd(&self) -> CustomResourceDefinition {
        schema::finish((self.derived)(), self.status)
    }

    /// The definition as YAML, as it is kept under `crds/yaml`.
    ///
    /// # Panics
    /// Never for the kinds of [`KINDS`]: a definition is plain data.
    pub fn yaml(&self) -> String {
        serde_saphyr::to_string(&self.crd()).expect("a definition is YAML")
    }

    /// Whether its objects live in a namespace.
    pub fn namespaced(&self) -> bool {
        self.scope == Scope::Namespaced
    }
}

/// Every kind. The YAML, the chart's RBAC and the controllers are made from this table.
pub const KINDS: &[Kind] = &[
    Kind {
        kind: "CacheTier",
        plural: "cachetiers",
        short_name: "ct",
        scope: Scope::Namespaced,
        status: true,
        derived: CacheTier::crd,
    },
    Kind {
        kind: "DataTier",
        plural: "datatiers",
        short_name: "dt",
        scope: Scope::Namespaced,
        status: true,
        derived: DataTier::crd,
    },
    Kind {
        kind: "EdgeTier",
        plural: "edgetiers",
        short_name: "et",
        scope: Scope::Namespaced,
        status: true,
        derived: EdgeTier::crd,
    },
    Kind {
        kind: "Environment",
        plural: "environments",
        short_name: "tenv",
        scope: Scope::Cluster,
        status: true,
        derived: Environment::crd,
    },
    Kind {
        kind: "ObjectTier",
        plural: "objecttiers",
        short_name: "ot",
        scope: Scope::Namespaced,
        status: true,
        derived: ObjectTier::crd,
    },
    Kind {
        kind: "TierGrant",
        plural: "tiergrants",
        short_name: "tg",
        scope: Scope::Namespaced,
        status: false,
        derived: TierGrant::crd,
    },
    Kind {
        kind: "WebApp",
        plural: "webapps",
        short_name: "wa",
        scope: Scope::Namespaced,
        status: true,
        derived: WebApp::crd,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_says_what_the_definitions_say() {
        for kind in KINDS {
            let crd = kind.crd();
            let names = &crd.spec.names;
            assert_eq!(crd.spec.group, GROUP);
            assert_eq!(crd.spec.versions[0].name, VERSION);
            assert_eq!((names.kind.as_str(), names.plural.as_str()), (kind.kind, kind.plural));
            assert_eq!(names.short_names.as_deref(), Some(&[kind.short_name.to_string()][..]));
            assert_eq!(names.categories.as_deref().unwrap(), CATEGORIES);
            assert_eq!(crd.spec.scope, format!("{:?}", kind.scope));
            assert_eq!(crd.spec.versions[0].subresources.is_some(), kind.status);
        }
    }
}
