//! A graph in the making: puts each node at its place, with the tags that everything of the object bears.

use std::collections::BTreeMap;

use terrace_model::aws::Tags;
use terrace_model::{DeletionPolicy, Graph, Node, Place, Resource};

use crate::facts::Environment;
use crate::{Facts, Invalid};

/// The most tags beside Terrace's own: AWS allows 50 a resource.
const MOST_TAGS: usize = 40;

pub(crate) struct Draft<'a> {
    facts: &'a Facts,
    tags: Tags,
    graph: Graph,
}

impl<'a> Draft<'a> {
    /// An empty graph for the object of `facts`. The administrator's tags win over the object's.
    pub fn new(facts: &'a Facts, policy: terrace_crds::DeletionPolicy, tags: &BTreeMap<String, String>) -> Self {
        let mut all = tags.clone();
        all.extend(facts.environment.tags.clone());
        Draft { facts, tags: all, graph: Graph::new(disposal(policy)) }
    }

    /// Adds a wish under a logical id, in the home region. What has no region, as an IAM role or a Kubernetes object, is
    /// placed there too: it is one place to look for what an object has, and the region of the secrets it reads.
    pub fn add<R: Resource>(&mut self, id: &str, want: R) -> Node<R> {
        let Environment { name, region, .. } = &self.facts.environment;
        let place = Place { environment: name.clone(), region: region.clone() };
        self.graph.at(place).add(id, want)
    }

    /// As [`Draft::add`], in another region: what CloudFront uses is in us-east-1.
    pub fn add_in<R: Resource>(&mut self, region: &str, id: &str, want: R) -> Node<R> {
        let place = Place { environment: self.facts.environment.name.clone(), region: region.into() };
        self.graph.at(place).add(id, want)
    }

    /// The tags of everything in the graph.
    pub fn tags(&self) -> Tags {
        self.tags.clone()
    }

    /// The graph.
    pub fn finish(self) -> Graph {
        self.graph
    }
}

fn disposal(policy: terrace_crds::DeletionPolicy) -> DeletionPolicy {
    match policy {
        terrace_crds::DeletionPolicy::Delete => DeletionPolicy::Delete,
        terrace_crds::DeletionPolicy::Snapshot => DeletionPolicy::Snapshot,
        terrace_crds::DeletionPolicy::Retain => DeletionPolicy::Retain,
    }
}

/// What every tier checks: that its kind is admitted, and its tags.
pub(crate) fn check_common(kind: &str, tags: &BTreeMap<String, String>, facts: &Facts, invalid: &mut Invalid) {
    let environment = &facts.environment;
    if !environment.limits.admits_kind(kind) {
        invalid.add(
            "kind",
            format!(
                "Environment {} does not admit {kind}: ask its administrator to add it to limits.kinds",
                environment.name
            ),
        );
    }
    for key in tags.keys().filter(|key| key.starts_with("aws:") || key.starts_with("terrace.dev/")) {
        invalid.add("spec.tags", format!("{key} is reserved: keys must not start with aws: or terrace.dev/"));
    }
    let mut seen = BTreeMap::<String, &String>::new();
    for key in tags.keys().chain(environment.tags.keys()) {
        if let Some(other) = seen.insert(key.to_lowercase(), key).filter(|other| *other != key) {
            invalid.add("spec.tags", format!("{other} and {key} differ in case only, which IAM refuses: keep one"));
        }
    }
    if seen.len() > MOST_TAGS {
        invalid.add(
            "spec.tags",
            format!(
                "{} tags with those of Environment {}, and AWS leaves room for {MOST_TAGS} beside Terrace's own: remove some",
                seen.len(),
                environment.name
            ),
        );
    }
}
