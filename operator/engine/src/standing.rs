//! What a node stands on: what it refers to, and, by way of what is only looked at, what that refers to.
//!
//! A distribution refers to `acm/Validation`, which is no resource of its own: what AWS has in use is the certificate.

use std::collections::BTreeSet;

use terrace_model::Graph;

use crate::situation::Kinds;

/// The resources that stand for a reference to a node: itself, or what it looks at.
pub fn behind(graph: &Graph, kinds: &Kinds, id: &str) -> BTreeSet<String> {
    let spec = graph.node(id).and_then(|node| kinds.get(node.kind.as_str()));
    if spec.is_some_and(|spec| spec.read_only) { of(graph, kinds, id) } else { [id.to_owned()].into() }
}

/// The resources that a node stands on.
pub fn of(graph: &Graph, kinds: &Kinds, id: &str) -> BTreeSet<String> {
    graph.dependencies(id).iter().flat_map(|id| behind(graph, kinds, id)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use terrace_model::KindSpec;
    use terrace_model::aws::kinds;

    #[test]
    fn what_is_only_looked_at_stands_for_what_it_looks_at() {
        let late = |node: &str, output: &str| json!({"$terrace": {"node": node, "output": output}});
        let node = |kind: &str, want| json!({"kind": kind, "place": {"environment": "prod", "region": "eu-west-1"}, "onDelete": "Delete", "want": want});
        let graph: Graph = serde_json::from_value(json!({"nodes": {
            "zone": node("route53/HostedZone", json!({})),
            "certificate": node("acm/Certificate", json!({})),
            "validation": node("acm/Validation", json!({"of": late("certificate", "arn"), "in": late("zone", "hostedZoneId")})),
            "distribution": node("cloudfront/Distribution", json!({"by": late("validation", "certificateArn")})),
        }}))
        .unwrap();
        let kinds = kinds().into_iter().map(|spec: KindSpec| (spec.kind, spec)).collect();
        let both: BTreeSet<String> = ["certificate", "zone"].map(str::to_owned).into();
        assert_eq!(of(&graph, &kinds, "distribution"), both);
        assert_eq!(of(&graph, &kinds, "validation"), both);
        assert_eq!(of(&graph, &kinds, "zone"), BTreeSet::new());
    }
}
