//! What an object lets be done for it: which changes, which ends, and what may be taken over. Pure.

use std::collections::BTreeMap;

use kube::ResourceExt;
use terrace_crds::{APPROVE, AdoptPolicy, Environment, Management, PAUSE};
use terrace_engine::ownership::Adopt;
use terrace_engine::{ChangePolicy, Policy};
use terrace_model::{DeletionPolicy, Handle};

use super::{Managed, facts};
use crate::problem::Problem;

/// What changes are made, and what was approved.
pub fn policy<T: Managed>(object: &T) -> Policy {
    let common = object.common();
    let annotation = |key: &str| object.annotations().get(key).cloned();
    Policy {
        change: match common.change_policy {
            terrace_crds::ChangePolicy::Automatic => ChangePolicy::Automatic,
            terrace_crds::ChangePolicy::ApproveDestructive => ChangePolicy::ApproveDestructive,
            terrace_crds::ChangePolicy::ApproveAll => ChangePolicy::ApproveAll,
        },
        paused: annotation(PAUSE).as_deref() == Some("true"),
        observe: common.management == Management::Observe,
        approved: annotation(APPROVE),
    }
}

/// What may be taken over: what the object names and the Environment admits for its namespace.
///
/// # Errors
/// The first that is not admitted.
pub fn adopt<T: Managed>(
    object: &T,
    environment: &Environment,
    labels: &BTreeMap<String, String>,
) -> Result<Adopt, Problem> {
    let Some(adopt) = object.common().adopt.as_ref() else { return Ok(Adopt::default()) };
    let limits = facts::limits(environment, labels);
    if let Some(refused) =
        adopt.resources.iter().find(|resource| !limits.allows(&facts::arn(environment, &resource.handle)))
    {
        return Err(Problem::stalled(
            "AdoptionNotAllowed",
            format!(
                "spec.adopt.resources names {}, which Environment {} does not let this namespace take over: an administrator must add its ARN to spec.limits.allow",
                refused.handle,
                environment.name_any()
            ),
        ));
    }
    let named = adopt.resources.iter().map(|resource| (resource.id.clone(), Handle(resource.handle.clone())));
    Ok(Adopt { same_object: adopt.policy == AdoptPolicy::SameObject, handles: named.collect() })
}

/// What becomes of the resources in the end.
pub fn deletion<T: Managed>(object: &T) -> DeletionPolicy {
    match object.deletion_policy() {
        terrace_crds::DeletionPolicy::Delete if object.empties() => DeletionPolicy::Empty,
        terrace_crds::DeletionPolicy::Delete => DeletionPolicy::Delete,
        terrace_crds::DeletionPolicy::Snapshot => DeletionPolicy::Snapshot,
        terrace_crds::DeletionPolicy::Retain => DeletionPolicy::Retain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use terrace_crds::{DataTier, ObjectTier};

    fn tier(annotations: Value, spec: Value) -> DataTier {
        let mut object = json!({
            "apiVersion": "terrace.dev/v1alpha1", "kind": "DataTier",
            "metadata": { "name": "orders", "namespace": "shop", "annotations": annotations },
            "spec": { "engine": "postgres", "engineVersion": "17", "instanceClass": "db.r8g.large", "storage": { "size": "100Gi" } },
        });
        object["spec"].as_object_mut().expect("a spec").extend(spec.as_object().cloned().unwrap_or_default());
        serde_json::from_value(object).expect("a DataTier")
    }

    #[test]
    fn a_bucket_is_emptied_only_where_it_is_also_deleted() {
        let of = |policy: &str, contents: &str| {
            let object: ObjectTier = serde_json::from_value(json!({
                "apiVersion": "terrace.dev/v1alpha1", "kind": "ObjectTier", "metadata": { "name": "assets" },
                "spec": { "deletionPolicy": policy, "onDelete": { "contents": contents } },
            }))
            .expect("an ObjectTier");
            deletion(&object)
        };
        assert_eq!(of("Delete", "Delete"), DeletionPolicy::Empty);
        assert_eq!(of("Delete", "Keep"), DeletionPolicy::Delete);
        assert_eq!(of("Retain", "Delete"), DeletionPolicy::Retain);
        assert_eq!(deletion(&tier(json!({}), json!({}))), DeletionPolicy::Snapshot);
    }

    fn environment(arns: &[&str]) -> Environment {
        serde_json::from_value(json!({
            "apiVersion": "terrace.dev/v1alpha1", "kind": "Environment", "metadata": { "name": "prod" },
            "spec": {
                "account": "111122223333", "region": "eu-west-1", "cluster": { "name": "prod" },
                "limits": { "allow": [{ "namespaces": { "matchLabels": { "team": "shop" } }, "arns": arns }] },
            },
        }))
        .expect("an Environment")
    }

    #[test]
    fn only_the_word_true_pauses_and_the_approval_is_handed_on() {
        let plain = policy(&tier(json!({}), json!({})));
        assert!(!plain.paused && !plain.observe && plain.approved.is_none());
        let paused = |word: &str| policy(&tier(json!({ PAUSE: word }), json!({}))).paused;
        assert!(paused("true") && !paused("yes") && !paused("false"));
        let other = policy(&tier(json!({ APPROVE: "1f2e" }), json!({ "management": "Observe" })));
        assert!(other.observe && other.approved.as_deref() == Some("1f2e"));
    }

    #[test]
    fn what_is_taken_over_is_what_the_environment_allows_for_the_namespace() {
        let arn = "arn:aws:rds:eu-west-1:111122223333:db:legacy";
        let tier = tier(
            json!({}),
            json!({ "adopt": { "policy": "SameObject", "resources": [{ "id": "db", "handle": arn }] } }),
        );
        let labels = |team: &str| BTreeMap::from([("team".to_owned(), team.to_owned())]);
        let taken = adopt(&tier, &environment(&[arn]), &labels("shop")).expect("it is allowed");
        assert!(taken.same_object && taken.handles["db"].0 == arn);
        for (allowed, team) in [(arn, "web"), ("arn:aws:rds:eu-west-1:111122223333:db:other", "shop")] {
            let refused = adopt(&tier, &environment(&[allowed]), &labels(team)).expect_err("it is not allowed");
            assert_eq!((refused.reason, refused.stalled), ("AdoptionNotAllowed", true));
            assert!(refused.message.contains(arn), "{refused}");
        }
    }
}
