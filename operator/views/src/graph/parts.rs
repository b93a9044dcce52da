//! The AWS resources that matter in a tile, as people call them.

use super::flows;
use super::kinds::{FRONT, RESOURCES, UNCOUNTED};
use crate::Object;

/// What an object is made of, but for what is a tile of its own.
pub fn parts(object: &Object) -> Vec<String> {
    let count = |kind: &str| object.status.resources.iter().filter(|resource| resource.kind == kind).count();
    let named =
        RESOURCES.iter().filter(|(kind, _)| *kind != FRONT.resource).filter_map(|(kind, name)| match count(kind) {
            0 => None,
            many if many > 1 && !UNCOUNTED.contains(kind) => Some(format!("{many} × {name}")),
            _ => Some((*name).to_owned()),
        });
    named.chain(engine(object)).collect()
}

/// Engine and version, of what has them.
fn engine(object: &Object) -> Option<String> {
    let version = object.status.outputs.get("engineVersion").filter(|version| !version.is_empty())?;
    Some(format!("{} {version}", flows::protocol(Some(object))?))
}

/// A load balancer in the words of Elastic Load Balancing.
pub fn front_parts(object: &Object) -> Vec<String> {
    let output = |name: &str| object.status.outputs.get(name).map(String::as_str);
    let kind = match output("listenerProtocol") {
        Some("HTTP" | "HTTPS") => "ALB",
        Some("TCP" | "TLS") => "NLB",
        _ => "load balancer",
    };
    let scheme = match output("loadBalancerScheme") {
        Some("InternetFacing") => Some("internet-facing"),
        Some("Internal") => Some("internal"),
        _ => None,
    };
    [kind].into_iter().chain(scheme).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::samples;

    fn object(resources: &[(&str, &str)], outputs: &[(&str, &str)]) -> Object {
        let mut object = samples::object("DataTier", "shop", "orders", &["Ready"]);
        object.status.resources = samples::resources(resources);
        object.status.outputs = outputs.iter().map(|(name, text)| (name.to_string(), text.to_string())).collect();
        object
    }

    #[test]
    fn what_matters_is_named_and_counted() {
        let resources = [
            ("db", "rds/DbInstance"),
            ("group", "rds/DbSubnetGroup"),
            ("replica-1", "rds/DbReplica"),
            ("replica-2", "rds/DbReplica"),
        ];
        let outputs = [("bindingType", "postgresql"), ("engineVersion", "17.5")];
        assert_eq!(parts(&object(&resources, &outputs)), ["RDS", "2 × read replica", "PostgreSQL 17.5"]);
        let edge = [("a", "route53/RecordSet"), ("b", "route53/RecordSet"), ("c", "cloudfront/Distribution")];
        assert_eq!(parts(&object(&edge, &[])), ["Route 53", "CloudFront"]);
        assert_eq!(parts(&object(&[], &[("engineVersion", "17.5")])), [""; 0]);
    }

    #[test]
    fn a_load_balancer_says_which_it_is_and_who_reaches_it() {
        let said = |protocol, scheme| {
            front_parts(&object(&[], &[("listenerProtocol", protocol), ("loadBalancerScheme", scheme)])).join(" ")
        };
        assert_eq!(said("HTTPS", "Internal"), "ALB internal");
        assert_eq!(said("TLS", "InternetFacing"), "NLB internet-facing");
        assert_eq!(said("", ""), "load balancer");
    }
}
