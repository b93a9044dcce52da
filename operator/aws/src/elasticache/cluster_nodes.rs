//! The nodes of a Memcached cluster: which zones they are spread over, and which of them go when there are to be fewer.

use std::collections::BTreeMap;

use aws_sdk_elasticache::types as sdk;

fn zone(node: &sdk::CacheNode) -> &str {
    node.customer_availability_zone().unwrap_or_default()
}

/// `cross-az` or `single-az`; `None` of fewer than two nodes, of which nobody can tell.
pub(super) fn az_mode(cluster: &sdk::CacheCluster) -> Option<&'static str> {
    let nodes = cluster.cache_nodes();
    if cluster.preferred_availability_zone() == Some("Multiple") {
        return Some("cross-az");
    }
    let first = nodes.first()?;
    let mixed = nodes.iter().any(|node| zone(node) != zone(first));
    (nodes.len() > 1).then_some(if mixed { "cross-az" } else { "single-az" })
}

/// The ids of so many nodes to be removed: each the last of the zone that has most, so that what stays is spread.
pub(super) fn to_remove(nodes: &[sdk::CacheNode], count: usize) -> Vec<String> {
    let mut zones: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for node in nodes {
        zones.entry(zone(node)).or_default().extend(node.cache_node_id());
    }
    zones.values_mut().for_each(|ids| ids.sort_unstable());
    let mut removed = Vec::new();
    while removed.len() < count {
        let fullest = zones.values_mut().max_by_key(|ids| ids.len());
        let Some(id) = fullest.and_then(Vec::pop) else { break };
        removed.push(id.to_owned());
    }
    removed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(zones: &[&str]) -> Vec<sdk::CacheNode> {
        let node = |(number, zone): (usize, &&str)| {
            let id = format!("{:04}", number + 1);
            sdk::CacheNode::builder().cache_node_id(id).customer_availability_zone(*zone).build()
        };
        zones.iter().enumerate().map(node).collect()
    }

    #[test]
    fn what_stays_is_spread_over_the_zones() {
        let mut gone = to_remove(&nodes(&["a", "a", "b", "a", "b", "c"]), 3);
        gone.sort();
        assert_eq!(gone, ["0002", "0004", "0005"]);
        assert!(to_remove(&nodes(&["a", "b"]), 0).is_empty());
        assert_eq!(to_remove(&nodes(&["a"]), 5), ["0001"]);
    }

    #[test]
    fn one_node_tells_nothing_of_how_nodes_are_spread() {
        let of = |zones: &[&str], preferred: &str| {
            let cluster = sdk::CacheCluster::builder().set_cache_nodes(Some(nodes(zones)));
            az_mode(&cluster.preferred_availability_zone(preferred).build())
        };
        assert_eq!(of(&["a", "b"], "Multiple"), Some("cross-az"));
        assert_eq!(of(&["a", "b"], ""), Some("cross-az"));
        assert_eq!(of(&["a", "a"], "a"), Some("single-az"));
        assert_eq!((of(&["a"], "a"), of(&[], "")), (None, None));
    }
}
