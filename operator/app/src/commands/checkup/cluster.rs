//! Of the cluster: its API server, the definitions of our kinds, and the controllers that serve them.

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::ResourceExt;
use kube::api::{Api, ListParams};
use serde_json::json;
use terrace_views::doctor::{Finding, Health};

use super::super::cluster::{Cluster, said};

const CLUSTER: &str = "cluster";
/// What the findings on definitions are called.
pub const DEFINITIONS: &str = "definitions";
const CONTROLLER: &str = "controller";
/// The label of all that the chart makes.
pub const CHART: &str = "app.kubernetes.io/part-of=terrace";
/// Seconds without a renewal after which nobody leads, whatever a lease's own duration is.
const LONG: i64 = 60;

/// All of them.
///
/// # Errors
/// The API server does not answer.
pub async fn findings(cluster: &Cluster) -> Result<Vec<Finding>, String> {
    let version = cluster.client.apiserver_version().await.map_err(said)?;
    let mut findings =
        vec![Finding::new(CLUSTER, "API server", Health::Ok, format!("Kubernetes {}", version.git_version))];
    findings.push(definitions(cluster).await);
    findings.extend(controllers(cluster).await);
    Ok(findings)
}

/// Whether the cluster has our kinds as this program knows them.
async fn definitions(cluster: &Cluster) -> Finding {
    let api: Api<CustomResourceDefinition> = Api::all(cluster.client.clone());
    let found = match api.list(&ListParams::default()).await {
        Ok(list) => list.items,
        Err(error) => {
            return Finding::new(
                CLUSTER,
                DEFINITIONS,
                Health::Unknown,
                format!("they cannot be listed: {}", said(error)),
            );
        }
    };
    let (mut absent, mut other) = (Vec::new(), Vec::new());
    for kind in terrace_crds::KINDS {
        let ours = kind.crd();
        match found.iter().find(|one| one.name_any() == ours.name_any()) {
            None => absent.push(kind.kind),
            Some(found) if !has_all(&json!(found.spec.versions), &json!(ours.spec.versions)) => other.push(kind.kind),
            Some(_) => {}
        }
    }
    let all = terrace_crds::KINDS.len();
    let message = match (absent.is_empty(), other.is_empty()) {
        (true, true) => {
            return Finding::new(CLUSTER, DEFINITIONS, Health::Ok, format!("all {all} kinds as this version has them"));
        }
        (false, _) => format!("the cluster does not know {}", absent.join(", ")),
        (true, false) => format!("not as this version ({}) has them: {}", env!("CARGO_PKG_VERSION"), other.join(", ")),
    };
    let finding = Finding::new(CLUSTER, DEFINITIONS, Health::Missing, message);
    finding.mended_by("helm upgrade --install terrace charts/terrace --namespace terrace-system --create-namespace")
}

/// Whether all that we say is so; the API server adds defaults of its own.
fn has_all(found: &serde_json::Value, ours: &serde_json::Value) -> bool {
    use serde_json::Value::{Array, Object};
    match (found, ours) {
        (Object(found), Object(ours)) => ours
            .iter()
            .filter(|(_, value)| !value.is_null())
            .all(|(key, value)| found.get(key).is_some_and(|found| has_all(found, value))),
        (Array(found), Array(ours)) => {
            found.len() == ours.len() && found.iter().zip(ours).all(|(found, ours)| has_all(found, ours))
        }
        // The API server writes 1.0 as 1.
        (found, ours) => found == ours || found.as_f64().is_some_and(|number| ours.as_f64() == Some(number)),
    }
}

/// The Deployments of the chart, and who leads.
async fn controllers(cluster: &Cluster) -> Vec<Finding> {
    let api: Api<Deployment> = Api::all(cluster.client.clone());
    let deployments = match api.list(&ListParams::default().labels(CHART)).await {
        Ok(list) => list.items,
        Err(error) => {
            return vec![Finding::new(
                CLUSTER,
                CONTROLLER,
                Health::Unknown,
                format!("Deployments cannot be listed: {}", said(error)),
            )];
        }
    };
    if deployments.is_empty() {
        let finding = Finding::new(
            CLUSTER,
            CONTROLLER,
            Health::Missing,
            "no Deployment of Terrace's chart is in the cluster: nothing serves its objects",
        );
        return vec![
            finding.mended_by(
                "helm upgrade --install terrace charts/terrace --namespace terrace-system --create-namespace",
            ),
        ];
    }
    let mut findings = Vec::new();
    for deployment in &deployments {
        findings.push(available(deployment));
        findings.push(version(deployment));
        findings.push(leader(deployment, cluster).await);
    }
    findings
}

fn title(deployment: &Deployment) -> String {
    format!("{}/{}", deployment.namespace().unwrap_or_default(), deployment.name_any())
}

fn available(deployment: &Deployment) -> Finding {
    let wanted = deployment.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1);
    let there = deployment.status.as_ref().and_then(|status| status.available_replicas).unwrap_or(0);
    let message = format!("{}: {there} of {wanted} replicas are available", title(deployment));
    let health = match there {
        0 => Health::Missing,
        _ if there < wanted => Health::Concern,
        _ => Health::Ok,
    };
    let finding = Finding::new(CLUSTER, CONTROLLER, health, message);
    match health {
        Health::Ok => finding,
        _ => finding.mended_by(format!(
            "kubectl describe pods --namespace {} --selector {CHART}",
            deployment.namespace().unwrap_or_default()
        )),
    }
}

fn version(deployment: &Deployment) -> Finding {
    let label = deployment.labels().get("app.kubernetes.io/version").cloned().unwrap_or_default();
    let ours = env!("CARGO_PKG_VERSION");
    match label == ours {
        true => {
            Finding::new(CLUSTER, "version", Health::Ok, format!("{}: {label}, as this program", title(deployment)))
        }
        false => Finding::new(
            CLUSTER,
            "version",
            Health::Concern,
            format!("{}: {label}, and this program is {ours}: plans may differ", title(deployment)),
        ),
    }
}

/// Whether a lease in the controller's namespace is held by one of its pods, and kept.
async fn leader(deployment: &Deployment, cluster: &Cluster) -> Finding {
    const WHAT: &str = "leader";
    let (namespace, name) = (deployment.namespace().unwrap_or_default(), deployment.name_any());
    let leases = match Api::<Lease>::namespaced(cluster.client.clone(), &namespace).list(&ListParams::default()).await {
        Ok(list) => list.items,
        Err(error) => {
            return Finding::new(
                CLUSTER,
                WHAT,
                Health::Unknown,
                format!("Leases of {namespace} cannot be listed: {}", said(error)),
            );
        }
    };
    let held = leases.iter().filter_map(|lease| {
        let spec = lease.spec.as_ref()?;
        let holder = spec.holder_identity.as_deref().filter(|holder| holder.starts_with(&name))?;
        Some((holder, spec.renew_time.as_ref()?.0))
    });
    let latest = held.max_by_key(|(_, renewed)| *renewed);
    let pods = format!("kubectl logs --namespace {namespace} deployment/{name}");
    match latest {
        Some((holder, renewed)) if (Timestamp::now().as_second() - renewed.as_second()) < LONG => {
            Finding::new(CLUSTER, WHAT, Health::Ok, format!("{holder} leads"))
        }
        Some((holder, renewed)) => {
            let message = format!("{holder} led last, and has not renewed its lease since {renewed}");
            Finding::new(CLUSTER, WHAT, Health::Missing, message).mended_by(pods)
        }
        None => Finding::new(CLUSTER, WHAT, Health::Missing, format!("no replica of {namespace}/{name} leads"))
            .mended_by(pods),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_api_server_adds_is_no_difference_and_what_it_lacks_is() {
        let ours = json!({ "a": [{ "b": 1.0 }], "none": null });
        assert!(has_all(&json!({ "a": [{ "b": 1, "served": true }], "more": 1 }), &ours));
        assert!(!has_all(&json!({ "a": [{ "b": 2 }] }), &ours));
        assert!(!has_all(&json!({ "a": [] }), &ours));
    }

    #[test]
    fn a_controller_without_replicas_is_missing_and_one_that_lacks_some_a_concern() {
        let of = |available: i32| -> Deployment {
            serde_json::from_value(json!({
                "metadata": { "name": "terrace", "namespace": "terrace-system" },
                "spec": { "replicas": 2, "selector": {}, "template": {} }, "status": { "availableReplicas": available },
            }))
            .unwrap()
        };
        assert_eq!([0, 1, 2].map(|count| available(&of(count)).health), [Health::Missing, Health::Concern, Health::Ok]);
        assert_eq!(available(&of(1)).message, "terrace-system/terrace: 1 of 2 replicas are available");
        assert_eq!(version(&of(2)).health, Health::Concern);
    }
}
