//! What AWS Controllers for Kubernetes look after in a namespace, by the ARNs in their objects' status.

use kube::api::{Api, DynamicObject};
use kube::discovery::{Discovery, verbs};

use terrace_views::adopt::Origin;

use super::account::Wanted;
use super::cluster::{Cluster, list, said};

/// What the API groups of all its controllers end in (ACK's documentation, "How it works").
const GROUPS: &str = ".services.k8s.aws";

/// All that its objects in the cluster's namespace stand for. An object without an ARN has nothing in AWS yet.
///
/// # Errors
/// A sentence: the cluster does not serve any of them, or does not answer.
pub async fn resources(cluster: &Cluster) -> Result<Vec<Wanted>, String> {
    let discovery = Discovery::new(cluster.client.clone()).run().await;
    let discovery = discovery.map_err(said)?;
    let mut served = false;
    let mut wanted = Vec::new();
    for group in discovery.groups().filter(|group| group.name().ends_with(GROUPS)) {
        served = true;
        for (resource, capabilities) in group.recommended_resources() {
            if !capabilities.supports_operation(verbs::LIST) {
                continue;
            }
            let api: Api<DynamicObject> = Api::namespaced_with(cluster.client.clone(), &cluster.namespace, &resource);
            wanted.extend(list(api, &resource.kind).await?.iter().filter_map(|object| of(object, &resource.kind)));
        }
    }
    match served {
        true => Ok(wanted),
        false => Err(format!("the cluster serves no API group *{GROUPS}: there are no controllers of ACK in it")),
    }
}

fn of(object: &DynamicObject, kind: &str) -> Option<Wanted> {
    let arn = object.data["status"]["ackResourceMetadata"]["arn"].as_str()?;
    let name = object.metadata.name.as_deref().unwrap_or_default();
    Some(Wanted::of(arn, Origin::Ack(format!("{}/{name}", kind.to_lowercase()))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_object_that_has_an_arn_is_wanted_by_it() {
        let object = |status: serde_json::Value| -> DynamicObject {
            serde_json::from_value(json!({ "apiVersion": "s3.services.k8s.aws/v1alpha1", "kind": "Bucket",
                                           "metadata": { "name": "assets" }, "status": status }))
            .unwrap()
        };
        let made = object(json!({ "ackResourceMetadata": { "arn": "arn:aws:s3:::assets" } }));
        let wanted = of(&made, "Bucket").unwrap();
        assert_eq!((wanted.handle.as_str(), wanted.origin.name()), ("arn:aws:s3:::assets", Some("bucket/assets")));
        assert!(of(&object(json!({})), "Bucket").is_none());
    }
}
