//! One node's wish as far as it is known now: references resolved, owner tags added, in the form that is compared.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value, json};
use terrace_model::identity::{Freshness, canonical, short_hash};
use terrace_model::resolve::{references, resolve};
use terrace_model::{KindSpec, NodeKey, NodeSpec, Ref, Source};

use crate::error::{Error, Result};
use crate::situation::Situation;
use crate::standing;

/// A wish on its way to AWS.
#[derive(Clone, Debug, PartialEq)]
pub struct Wish {
    pub value: Value,
    /// Fields that hang on outputs not known yet, with the output's name.
    pub open: BTreeMap<String, String>,
    /// What those outputs belong to.
    pub waits: BTreeSet<String>,
    /// Where it is found within its parent; `None` while that is not known.
    pub address: Option<Map<String, Value>>,
    /// The nodes that it stands on, in their present incarnation.
    pub dependencies: BTreeSet<NodeKey>,
    /// Tells one wish from another.
    pub hash: String,
}

/// The wishes of one pass. Each is made once, and again only when what it hangs on has changed: a pass plans often.
#[derive(Default)]
pub struct Wishes(BTreeMap<NodeKey, Made>);

struct Made {
    references: Vec<Ref>,
    inputs: Inputs,
    wish: Result<Arc<Wish>>,
}

/// What a wish hangs on beside its node and the graph, which stay the same throughout a pass.
struct Inputs {
    outputs: Vec<Option<Value>>,
    /// The nodes that it stands on, in their present incarnation.
    dependencies: BTreeSet<NodeKey>,
    restore_from: Option<String>,
}

impl Wishes {
    /// The wish of a node.
    ///
    /// # Errors
    /// `Invalid` where the resolved wish is not one of its kind.
    pub fn of(&mut self, situation: &Situation, key: &NodeKey, node: &NodeSpec, spec: &KindSpec) -> Result<Arc<Wish>> {
        let references = match self.0.remove(key) {
            Some(former) if former.inputs.hold(situation, key, &former.references) => {
                let wish = former.wish.clone();
                self.0.insert(key.clone(), former);
                return wish;
            }
            Some(former) => former.references,
            None => references(&node.want),
        };
        let inputs = Inputs::of(situation, key, &references);
        let wish = make(situation, key, node, spec, &references, &inputs).map(Arc::new);
        self.0.insert(key.clone(), Made { references, inputs, wish: wish.clone() });
        wish
    }
}

/// What a reference means now.
fn output<'s>(situation: &Situation<'s>, reference: &Ref) -> Option<&'s Value> {
    match &reference.source {
        Source::Node(id) => situation.outputs(id)?.get(&reference.output),
        Source::Object(object) => situation.foreign.get(object)?.get(&reference.output),
    }
}

fn restore_from<'s>(situation: &Situation<'s>, key: &NodeKey) -> Option<&'s String> {
    situation.inventory.0.get(key).and_then(|entry| entry.restore_from.as_ref())
}

impl Inputs {
    fn of(situation: &Situation, key: &NodeKey, references: &[Ref]) -> Self {
        let nodes = |reference: &Ref| match (&reference.source, situation.graph) {
            (Source::Node(id), Some(graph)) => standing::behind(graph, situation.kinds, id),
            (Source::Node(_), None) | (Source::Object(_), _) => BTreeSet::new(),
        };
        Inputs {
            outputs: references.iter().map(|reference| output(situation, reference).cloned()).collect(),
            dependencies: references.iter().flat_map(nodes).map(|id| situation.current(&id)).collect(),
            restore_from: restore_from(situation, key).cloned(),
        }
    }

    /// True where they are still the same: asked for every node in every plan.
    fn hold(&self, situation: &Situation, key: &NodeKey, references: &[Ref]) -> bool {
        let same = |(reference, known): (&Ref, &Option<Value>)| output(situation, reference) == known.as_ref();
        let stands = |node: &NodeKey| situation.inventory.incarnation(&node.id) == node.incarnation;
        references.iter().zip(&self.outputs).all(same)
            && self.dependencies.iter().all(stands)
            && restore_from(situation, key) == self.restore_from.as_ref()
    }
}

fn make(
    situation: &Situation,
    key: &NodeKey,
    node: &NodeSpec,
    spec: &KindSpec,
    references: &[Ref],
    inputs: &Inputs,
) -> Result<Wish> {
    let lookup = |reference: &Ref| {
        let index = references.iter().position(|other| other == reference)?;
        inputs.outputs[index].clone()
    };
    let resolved = resolve(&node.want, &lookup);
    let mut value = resolved.value;
    own(situation, key, node, &mut value);
    restore(inputs.restore_from.as_deref(), spec, &mut value);
    let value = (spec.normalise)(&value).map_err(Error::invalid)?;
    let waits = resolved.open.iter().map(|(_, reference)| match &reference.source {
        Source::Node(id) | Source::Object(id) => id.clone(),
    });
    let waits = waits.collect();
    let open: BTreeMap<_, _> = resolved.open.iter().map(|(field, by)| (field.clone(), by.to_string())).collect();
    let known = spec.address.iter().all(|field| !open.contains_key(*field));
    let part = |field: &&str| Some(((*field).to_owned(), value.get(*field)?.clone()));
    let address = known.then(|| spec.address.iter().filter_map(part).filter(|(_, value)| !value.is_null()).collect());
    let hash = short_hash(&[&canonical(&value)]);
    Ok(Wish { value, open, waits, address, dependencies: inputs.dependencies.clone(), hash })
}

/// Adds the owner's tags where the kind has tags.
fn own(situation: &Situation, key: &NodeKey, node: &NodeSpec, value: &mut Value) {
    if let Some(tags) = value.get_mut("tags").and_then(Value::as_object_mut) {
        let id = situation.id(key, &node.kind, &node.place, Freshness::Now);
        tags.extend(id.owner_tags().into_iter().map(|(key, value)| (key, value.into())));
    }
}

/// Names the snapshot that this incarnation is made from.
fn restore(snapshot: Option<&str>, spec: &KindSpec, value: &mut Value) {
    if let (Some(field), Some(snapshot)) = (spec.restores, snapshot) {
        value[field] = json!({ "snapshot": snapshot });
    }
}
