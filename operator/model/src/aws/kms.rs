//! AWS KMS: looking up a key that somebody names by id, alias or ARN.

use serde::{Deserialize, Serialize};

use crate::resource::{Out, Resource};

/// A key that exists already. Services report keys by ARN, so what a user types is looked up once, here.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Key {
    /// Key id, alias name (`alias/…`), or an ARN of either.
    pub key_id: String,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyOutputs {
    pub arn: Option<String>,
}

impl Key {
    pub const ARN: Out<Self, String> = Out::new("arn");
}

impl Resource for Key {
    const KIND: &'static str = "kms/Key";
    const READ_ONLY: bool = true;
    const ADDRESS: &'static [&'static str] = &["keyId"];
    type Outputs = KeyOutputs;
}
