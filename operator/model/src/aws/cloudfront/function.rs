//! `cloudfront/Function`: JavaScript at the edge.

use serde::{Deserialize, Serialize};

use crate::aws::Tags;
use crate::resource::{Out, Replace, Resource, Rule};

/// A CloudFront function. What is compared is what is live, not what is being tried out.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Function {
    pub comment: String,
    /// `cloudfront-js-2.0` or `cloudfront-js-1.0`.
    pub runtime: String,
    /// At most 10 KB (developer guide, "Quotas on CloudFront Functions").
    pub code: String,
    pub tags: Tags,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FunctionOutputs {
    /// Known once it is live: before that no distribution takes it.
    pub arn: Option<String>,
}

impl Function {
    pub const ARN: Out<Self, String> = Out::new("arn");
}

impl Resource for Function {
    const KIND: &'static str = "cloudfront/Function";
    const FIELDS: &'static [(&'static str, Rule)] = &[("tags", Rule::Keyed)];
    const REPLACE: Replace = Replace::CreateFirst;
    type Outputs = FunctionOutputs;
}
