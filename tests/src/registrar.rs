//! What the AWS Load Balancer Controller does of a `TargetGroupBinding`: the pods of its Service that are ready are the
//! targets of its target group.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout_at};

use crate::aws::Aws;
use crate::kubectl::Kubectl;
use crate::watch::Watch;

const BINDINGS: &str = "targetgroupbindings";
const SLICES: &str = "endpointslices";
/// What comes within this time of the event before belongs to it: many come when a Deployment comes up.
const GATHER: Duration = Duration::from_millis(300);
/// However many come, so long after the first one at the latest something is done.
const LATEST: Duration = Duration::from_secs(2);
/// The pause after something was refused, as while an emulator plays faults.
const PAUSE: Duration = Duration::from_secs(2);

/// Address and port of a pod.
type Target = (String, u64);

/// Keeps targets registered until it is dropped.
pub struct Registrar(JoinHandle<()>);

impl Registrar {
    /// Starts on this runtime; `kubectl` is to see all namespaces.
    pub fn start(runtime: &Handle, kubectl: &Kubectl, aws: &Aws) -> Registrar {
        let (kubectl, aws) = (kubectl.clone(), aws.clone());
        Registrar(runtime.spawn(async move {
            let mut registered = BTreeMap::new();
            loop {
                // It ends with an error only, which the end of the bed is one of.
                let _ = follow(&kubectl, &aws, &mut registered).await;
                sleep(PAUSE).await;
            }
        }))
    }
}

impl Drop for Registrar {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn follow(kubectl: &Kubectl, aws: &Aws, registered: &mut BTreeMap<String, BTreeSet<Target>>) -> Result<()> {
    let (mut bindings, mut slices) = (Watch::all(kubectl, BINDINGS)?, Watch::all(kubectl, SLICES)?);
    let mut change = async || {
        tokio::select! {
            event = bindings.change() => event,
            event = slices.change() => event,
        }
    };
    loop {
        change().await?;
        let latest = Instant::now() + LATEST;
        while let Ok(event) = timeout_at(latest.min(Instant::now() + GATHER), change()).await {
            event?;
        }
        register(kubectl, aws, registered).await?;
    }
}

/// Makes the targets of every group what they are to be.
async fn register(kubectl: &Kubectl, aws: &Aws, registered: &mut BTreeMap<String, BTreeSet<Target>>) -> Result<()> {
    let objects = kubectl.list(&format!("{BINDINGS},{SLICES}"), "").await?;
    let wanted = wanted(&objects);
    registered.retain(|group, _| wanted.contains_key(group));
    for (group, targets) in wanted {
        let before = registered.get(&group).cloned().unwrap_or_default();
        for (op, these) in [("register_targets", &targets - &before), ("deregister_targets", &before - &targets)] {
            if !these.is_empty() {
                let targets: Vec<_> = these.iter().map(|(id, port)| json!({ "Id": id, "Port": port })).collect();
                let account = group.split(':').nth(4).context("an ARN")?;
                let asked = json!({ "TargetGroupArn": group, "Targets": targets });
                aws.as_account(account).call("elbv2", op, asked).await?;
            }
        }
        registered.insert(group, targets);
    }
    Ok(())
}

/// The targets of each target group.
fn wanted(objects: &[Value]) -> BTreeMap<String, BTreeSet<Target>> {
    let bindings = objects.iter().filter(|object| object["kind"] == "TargetGroupBinding");
    let mut wanted = BTreeMap::<String, BTreeSet<Target>>::new();
    for binding in bindings.filter(|binding| binding["metadata"]["deletionTimestamp"].is_null()) {
        let service = &binding["spec"]["serviceRef"]["name"];
        let of_service = |slice: &&Value| {
            slice["metadata"]["labels"]["kubernetes.io/service-name"] == *service
                && slice["metadata"]["namespace"] == binding["metadata"]["namespace"]
        };
        let targets = objects.iter().filter(of_service).flat_map(ready);
        let group = binding["spec"]["targetGroupARN"].as_str().unwrap_or_default().to_owned();
        wanted.entry(group).or_default().extend(targets);
    }
    wanted
}

/// The pods of a slice that are ready.
fn ready(slice: &Value) -> Vec<Target> {
    let ports: Vec<u64> = array(&slice["ports"]).filter_map(|port| port["port"].as_u64()).collect();
    let endpoints = array(&slice["endpoints"]).filter(|endpoint| endpoint["conditions"]["ready"] == true);
    let addresses = endpoints.flat_map(|endpoint| array(&endpoint["addresses"])).filter_map(Value::as_str);
    addresses.flat_map(|address| ports.iter().map(|port| (address.to_owned(), *port))).collect()
}

fn array(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ready_pods_of_a_binding_s_service_are_its_targets() {
        let slice = |namespace: &str, service: &str, address: &str, ready: bool| {
            json!({ "kind": "EndpointSlice",
                    "metadata": { "namespace": namespace, "labels": { "kubernetes.io/service-name": service } },
                    "ports": [{ "port": 8080 }],
                    "endpoints": [{ "addresses": [address], "conditions": { "ready": ready } }] })
        };
        let binding = |group: &str, service: &str| {
            json!({ "kind": "TargetGroupBinding", "metadata": { "namespace": "shop" },
                    "spec": { "targetGroupARN": group, "serviceRef": { "name": service } } })
        };
        let objects = [
            binding("a", "shop"),
            binding("b", "shop-b"),
            slice("shop", "shop", "10.0.0.1", true),
            slice("shop", "shop", "10.0.0.2", false),
            slice("other", "shop", "10.0.0.3", true),
        ];
        let targets: BTreeSet<Target> = [("10.0.0.1".to_owned(), 8080)].into();
        assert_eq!(wanted(&objects), [("a".to_owned(), targets), ("b".to_owned(), BTreeSet::new())].into());
    }
}
