//! What is in the account, and outside the test, before an object is looked at.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use terrace_engine::sim::SimAws;
use terrace_model::resolve::references;
use terrace_model::{Id, NodeKey, OwnerRef, Ref, Source, resolve};

use super::Object;

/// Puts what the graph restores from into the account.
pub(super) fn prepare(sim: &SimAws, object: &Object) {
    for (id, node) in object.graph.nodes() {
        if let Some(name) = node.want.pointer("/restoreFrom/snapshot").and_then(Value::as_str) {
            sim.console().put_snapshot(&node.kind, &node.place.region, name);
        }
        let point = node.want.pointer("/restoreFrom/pointInTime");
        let point = point.map(|point| resolve(point, &absent_output).value);
        if let Some(source) = point.as_ref().and_then(|point| point["source"].as_str()) {
            let mut have = plain(&node.want);
            have["restoreFrom"] = Value::Null;
            sim.console().create_named(&object.id(id), source, &have);
        }
    }
}

/// An output of an object that is not part of the test: a text, as all outputs of objects are.
fn absent_output(reference: &Ref) -> Option<Value> {
    let Source::Object(path) = &reference.source else { return None };
    Some(particular(&reference.output).unwrap_or_else(|| format!("{}-of-{path}", reference.output).into()))
}

/// What only some texts can be.
fn particular(output: &str) -> Option<Value> {
    match output {
        "port" => Some("5432".into()),
        "tls" => Some("true".into()),
        "listenerPort" => Some("8080".into()),
        "listenerProtocol" => Some("HTTP".into()),
        _ => None,
    }
}

/// Outputs of the objects that a graph refers to and that are not part of the test.
pub(super) fn absent(object: &Object, objects: &[Object]) -> BTreeMap<String, Value> {
    let mut outputs: BTreeMap<String, Value> = BTreeMap::new();
    let all = object.graph.nodes().values().flat_map(|node| references(&node.want));
    for reference in all {
        if let (Some(output), Source::Object(path)) = (absent_output(&reference), reference.source)
            && objects.iter().all(|object| Some(object.path().as_str()) != path.split('#').next())
        {
            outputs.entry(path).or_insert_with(|| json!({}))[reference.output] = output;
        }
    }
    outputs
}

impl Object {
    /// What identifies a node of its graph, in its first incarnation, before anything is known of it.
    pub fn id(&self, node: &str) -> Id {
        let spec = self.graph.node(node).expect("a node of the graph");
        Id::new(&self.owner, &spec.place, &spec.kind, &NodeKey::new(node, 1))
    }
}

/// A wish as somebody else would have made it: nothing in it refers to anything of ours.
pub fn plain(want: &Value) -> Value {
    let lookup = |reference: &Ref| match reference.output.as_str() {
        "port" => Some(5432.into()),
        "validationRecords" => Some(json!({})),
        output => particular(output).or_else(|| Some("of-somebody".into())),
    };
    resolve(want, &lookup).value
}

/// The owner tags that stand on a node of somebody.
pub fn tagged(object: &Object, node: &str, owner: &OwnerRef) -> Value {
    json!(Id { owner: owner.clone(), ..object.id(node) }.owner_tags())
}
