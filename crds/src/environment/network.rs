//! The network that an Environment names: an existing VPC with its subnets, or a reference to one that Terrace made.

use std::collections::BTreeMap;

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use crate::schema;

/// An existing VPC and its subnets.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Network {
    /// The VPC.
    #[schemars(length(max = 64), regex(pattern = r"^vpc-[0-9a-f]{8,17}$"))]
    pub vpc_id: String,
    /// The subnets without a route from the internet: databases and caches go there.
    pub private_subnets: Subnets,
    /// The subnets with a route from the internet. Absent: nothing can be public.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_subnets: Option<Subnets>,
}

/// Subnets, by id or by tag.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = ("has(self.ids) != has(self.tags)", "set exactly one of ids and tags"))]
pub struct Subnets {
    /// The subnets by id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64), inner(length(max = 64), regex(pattern = r"^subnet-[0-9a-f]{8,17}$")))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub ids: Option<Vec<String>>,
    /// The subnets of the VPC that bear all these tags.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::strings::<20, 256>", extend("minProperties" = 1))]
    pub tags: Option<BTreeMap<String, String>>,
}

/// Names a Network object.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct NetworkRef {
    /// The name of the Network.
    #[schemars(length(min = 1, max = 253), regex(pattern = schema::DNS_SUBDOMAIN))]
    pub name: String,
}
