//! Where an Environment hears of changes in AWS, rather than finding them at the next resync.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// Where changes made behind the operator's back are heard of as they happen (docs/drift.md).
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Drift {
    /// The ARNs of the SQS queues that EventBridge feeds, one a region; what is worldwide (CloudFront, Route 53, IAM) tells
    /// of itself in us-east-1 alone. Standard queues of this account, which no other cluster reads.
    #[schemars(
        length(min = 1, max = 20),
        inner(length(max = 256), regex(pattern = r"^arn:aws[a-z-]*:sqs:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,80}$"))
    )]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub queues: Vec<String>,
}
