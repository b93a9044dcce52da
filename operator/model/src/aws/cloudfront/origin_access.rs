//! `cloudfront/OriginAccessControl` and `cloudfront/VpcOrigin`: how CloudFront gets at origins that the internet does not
//! reach.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{IdOutputs, Port, ProtocolPolicy};
use crate::aws::Tags;
use crate::resource::{Out, Replace, Resource, Rule};
use crate::val::Val;

/// Lets CloudFront sign its requests to an origin, so that the origin can refuse all others.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OriginAccessControl {
    /// `s3`
    pub origin_type: String,
    /// `always`, `never` or `no-override`.
    pub signing_behavior: String,
    /// `sigv4`
    pub signing_protocol: String,
    /// The owner's alone, for it bears none: a tier leaves this empty.
    pub tags: Tags,
}

impl OriginAccessControl {
    pub const ID: Out<Self, String> = Out::new("id");
}

impl Resource for OriginAccessControl {
    const KIND: &'static str = "cloudfront/OriginAccessControl";
    const FIELDS: &'static [(&'static str, Rule)] = &[("tags", Rule::Keyed)];
    const REPLACE: Replace = Replace::CreateFirst;
    type Outputs = IdOutputs;
}

/// A way from CloudFront to a load balancer or an instance in private subnets.
///
/// AWS changes none while a distribution uses it (API reference, UpdateVpcOrigin, `CannotUpdateEntityWhileInUse`): another
/// takes its place. It deploys for up to 15 minutes (developer guide, "Restrict access with VPC origins").
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VpcOrigin {
    /// ARN of an Application or Network Load Balancer, or of an instance.
    pub arn: Val<String>,
    /// Of the two ports the one that the policy does not use says nothing: both may be the same, as a listener's.
    pub http_port: Val<Port>,
    pub https_port: Val<Port>,
    pub origin_protocol_policy: Val<ProtocolPolicy>,
    /// `TLSv1.2` and before.
    pub origin_ssl_protocols: BTreeSet<String>,
    pub tags: Tags,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VpcOriginOutputs {
    /// Known once it is deployed: before that no distribution takes it.
    pub id: Option<String>,
    pub arn: Option<String>,
}

impl VpcOrigin {
    pub const ID: Out<Self, String> = Out::new("id");
    pub const ARN: Out<Self, String> = Out::new("arn");
}

impl Resource for VpcOrigin {
    const KIND: &'static str = "cloudfront/VpcOrigin";
    const FIELDS: &'static [(&'static str, Rule)] = &[
        ("arn", Rule::Replace),
        ("httpPort", Rule::Replace),
        ("httpsPort", Rule::Replace),
        ("originProtocolPolicy", Rule::Replace),
        ("originSslProtocols", Rule::Replace),
        ("tags", Rule::Keyed),
    ];
    const REPLACE: Replace = Replace::CreateFirst;
    type Outputs = VpcOriginOutputs;
}
