//! What a new CacheTier begins with.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// Where the data of a new cache comes from. The snapshot must bear this namespace's owner tag, or be admitted by the
/// Environment's `limits.allow`.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct RestoreFrom {
    /// A snapshot, by name or ARN. A name is that of a snapshot of the form that this cache has, of serverless or of
    /// nodes; an ARN may be of either.
    #[schemars(
        length(min = 1, max = 1024),
        regex(
            pattern = r"^(arn:aws[a-z-]*:elasticache:[a-z0-9-]+:[0-9]{12}:(snapshot|serverlesscachesnapshot):)?(automatic\.)?[A-Za-z][A-Za-z0-9-]*$"
        )
    )]
    pub snapshot: String,
}
