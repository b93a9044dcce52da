//! Every manifest under `tests/manifests` against the graph it expands to, and what holds for every graph.

mod cache;
mod cache_invalid;
mod cache_properties;
mod edge;
mod edge_invalid;
mod edge_properties;
mod invalid;
mod logins;
mod object;
mod object_invalid;
mod object_properties;
mod properties;
mod support;
mod web;
mod web_invalid;
mod web_properties;
mod web_rollout;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use terrace_crds::{CacheTier, DataTier, EdgeTier, ObjectTier, TierObject, WebApp};
use terrace_model::aws::kinds;
use terrace_model::{Graph, Source, Val};
use terrace_tiers::Tier;
use terrace_tiers::samples::{
    CACHE_MANIFESTS, EDGE_MANIFESTS, MANIFESTS, OBJECT_MANIFESTS, WEB_MANIFESTS, cache_tier, data_tier, edge_tier,
    object_tier, samples, web_app,
};

/// Kinds that no object of a team's may make: there is one a cluster.
const OF_NO_TIER: &[&str] = &["iam/OidcProvider", "kubernetes/ConfigMap"];

#[test]
fn every_manifest_expands_to_its_golden_graph() {
    for (name, graph) in samples() {
        insta::with_settings!({ sort_maps => true }, { insta::assert_json_snapshot!(name, graph) });
    }
}

#[test]
fn every_manifest_of_the_folder_is_a_sample() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/manifests");
    let files: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    let lists = [MANIFESTS, CACHE_MANIFESTS, OBJECT_MANIFESTS, EDGE_MANIFESTS, WEB_MANIFESTS];
    let all = lists.into_iter().flatten();
    let listed: BTreeSet<String> = all.map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(files, listed);
}

#[test]
fn every_manifest_is_one_that_the_api_server_admits() {
    let databases = MANIFESTS.iter().map(|(name, yaml)| (name, serde_json::to_value(data_tier(yaml))));
    let caches = CACHE_MANIFESTS.iter().map(|(name, yaml)| (name, serde_json::to_value(cache_tier(yaml))));
    let buckets = OBJECT_MANIFESTS.iter().map(|(name, yaml)| (name, serde_json::to_value(object_tier(yaml))));
    let edges = EDGE_MANIFESTS.iter().map(|(name, yaml)| (name, serde_json::to_value(edge_tier(yaml))));
    let apps = WEB_MANIFESTS.iter().map(|(name, yaml)| (name, serde_json::to_value(web_app(yaml))));
    for (name, object) in databases.chain(caches).chain(buckets).chain(edges).chain(apps) {
        assert_eq!(support::cel_refusals(&object.unwrap()), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn every_golden_graph_can_be_walked() {
    for (name, graph) in samples() {
        assert_eq!(graph.check(), Ok(()), "{name}");
    }
}

#[test]
fn every_wish_is_one_that_its_kind_reads_back_unchanged() {
    let kinds = kinds();
    let mut used = BTreeSet::new();
    for (name, graph) in samples() {
        for (id, node) in graph.nodes() {
            let spec = kinds.iter().find(|spec| spec.kind == node.kind);
            let spec = spec.unwrap_or_else(|| panic!("{name}: {id} is of kind {}, which the model lacks", node.kind));
            assert_eq!((spec.normalise)(&node.want).as_ref(), Ok(&node.want), "{name}: {id}");
            used.insert(spec.kind);
        }
    }
    let all: BTreeSet<_> = kinds.iter().map(|spec| spec.kind).filter(|kind| !OF_NO_TIER.contains(kind)).collect();
    assert_eq!(used, all, "the manifests use every kind of the model");
}

#[test]
fn every_kind_of_tier_names_the_kinds_of_its_graphs_and_no_others() {
    let mut used = BTreeMap::<&str, BTreeSet<String>>::new();
    for (name, graph) in samples() {
        let tier = match name.split('-').next() {
            Some("cache") => CacheTier::KIND,
            Some("edge") => EdgeTier::KIND,
            Some("object") => ObjectTier::KIND,
            Some("web") => WebApp::KIND,
            _ => DataTier::KIND,
        };
        used.entry(tier).or_default().extend(graph.nodes().values().map(|node| node.kind.clone()));
    }
    fn named<T: Tier>() -> (&'static str, BTreeSet<String>) {
        (T::KIND, T::RESOURCES.iter().map(|kind| (*kind).to_owned()).collect())
    }
    let tiers =
        [named::<CacheTier>(), named::<DataTier>(), named::<EdgeTier>(), named::<ObjectTier>(), named::<WebApp>()];
    assert_eq!(used, tiers.into());
}

#[test]
fn every_reference_names_an_output_that_its_source_has() {
    for (name, graph) in samples() {
        for (id, node) in graph.nodes() {
            for reference in terrace_model::resolve::references(&node.want) {
                if let Source::Node(source) = &reference.source {
                    assert!(has_output(&graph, source, &reference.output), "{name}: {id} refers to {reference}");
                }
            }
        }
    }
}

#[test]
fn every_rule_is_of_a_field_that_its_kind_has() {
    let mut fields = BTreeMap::<String, BTreeSet<String>>::new();
    for (_, graph) in samples() {
        for node in graph.nodes().values() {
            let wished = node.want.as_object().into_iter().flat_map(|want| want.keys().cloned());
            fields.entry(node.kind.clone()).or_default().extend(wished);
        }
    }
    for spec in kinds().iter().filter(|spec| !OF_NO_TIER.contains(&spec.kind)) {
        let named = spec.fields.iter().map(|(field, _)| field).chain(spec.address).chain(spec.carries);
        for field in named.chain(spec.restores.iter()).filter(|field| !OF_OTHERS.contains(field)) {
            assert!(fields[spec.kind].contains(*field), "{} has no {field}", spec.kind);
        }
    }
}

/// Fields that tell one thing from another where they are set, and that no sample sets.
const OF_OTHERS: &[&str] = &["prefixListId"];

#[test]
fn every_output_of_the_status_is_known_or_one_of_a_node_of_the_graph() {
    let database = ["arn", "database", "endpoint", "engineVersion", "port", "readerHost", "resourceId"];
    let cache = ["arn", "endpoint", "engineVersion", "port", "tls"];
    let bound = ["bindingType", "provider", "secretArn", "secretVersion", "username"];
    let databases = MANIFESTS.iter().map(|(name, yaml)| (*name, data_tier(yaml).outputs(), [&database[..], &bound]));
    let caches = CACHE_MANIFESTS.iter().map(|(name, yaml)| (*name, cache_tier(yaml).outputs(), [&cache[..], &bound]));
    let bucket = ["arn", "bucket", "region", "regionalDomainName"];
    let buckets = OBJECT_MANIFESTS.iter().map(|(name, yaml)| (*name, object_tier(yaml).outputs(), [&bucket[..], &[]]));
    let edge = ["distributionArn", "distributionDomain", "distributionId", "shield"];
    let edges = EDGE_MANIFESTS.iter().map(|(name, yaml)| (*name, edge_tier(yaml).outputs(), [&edge[..], &[]]));
    let apps = WEB_MANIFESTS.iter().map(|(name, yaml)| (*name, web_app(yaml).outputs(), [&["roleArn"][..], &[]]));
    for ((name, outputs, all), (sample, graph)) in
        databases.chain(caches).chain(buckets).chain(edges).chain(apps).zip(samples())
    {
        assert_eq!(name, sample);
        for wanted in all.concat() {
            assert!(outputs.contains_key(wanted), "{name}: {wanted}");
        }
        for (output, value) in outputs {
            let refers = |reference: &terrace_model::Ref| {
                let Source::Node(node) = &reference.source else { panic!("{name}: {output}") };
                assert!(has_output(&graph, node, &reference.output), "{name}: {output} is {reference}");
            };
            match value {
                Val::Known(value) => assert!(value.is_number() || value.is_string(), "{name}: {output}"),
                Val::Ref(reference) => refers(&reference),
                Val::Join(parts) => parts.iter().for_each(|part| match part {
                    Val::Ref(reference) => refers(reference),
                    Val::Known(_) => {}
                    Val::Join(_) => panic!("{name}: {output}"),
                }),
            }
        }
    }
}

#[test]
fn a_reader_on_another_port_than_the_proxy_is_not_named() {
    for (port, named) in [(5432, true), (6432, false)] {
        let tier = support::tier(serde_json::json!({
            "port": port,
            "proxy": {"mode": "Pooled"},
            "replicas": {"count": 1},
            "credentials": {"management": "Terrace"},
        }));
        assert_eq!(tier.outputs().contains_key("readerEndpoint"), named);
        let graph = tier.expand(&terrace_tiers::samples::facts(&tier)).unwrap();
        let binding = &graph.node(terrace_tiers::BINDING).unwrap().want;
        assert_eq!((binding["port"].as_i64(), binding["readerHost"].is_object()), (Some(5432), named));
    }
}

#[test]
fn only_the_database_waits_for_the_data_tier_that_it_begins_as() {
    let restore = serde_json::json!({"pointInTime": {"dataTierRef": {"name": "old"}}});
    let tier = support::tier(serde_json::json!({"restoreFrom": restore}));
    let graph = tier.expand(&terrace_tiers::samples::facts(&tier)).unwrap();
    for (id, node) in graph.nodes() {
        let references = terrace_model::resolve::references(&node.want).into_iter();
        let foreign = references.filter(|reference| matches!(reference.source, Source::Object(_)));
        let foreign: Vec<_> = foreign.map(|reference| reference.to_string()).collect();
        let expected: &[&str] = if id == "db" { &["DataTier/shop/old.arn"] } else { &[] };
        assert_eq!(foreign, expected, "{id}");
    }
}

#[test]
fn a_database_that_stands_waits_no_more_for_the_data_tier_that_it_began_as() {
    let of = |shape: serde_json::Value| {
        let mut change = shape;
        change["restoreFrom"] = serde_json::json!({"pointInTime": {"dataTierRef": {"name": "old"}}});
        let tier = support::tier(change);
        let mut facts = terrace_tiers::samples::facts(&tier);
        let source = |facts| {
            tier.expand(&facts).unwrap().node("db").unwrap().want["restoreFrom"]["pointInTime"]["source"].clone()
        };
        facts.made = ["db".to_owned()].into();
        let known = source(facts.clone());
        facts.objects.clear();
        (known, source(facts))
    };
    let aurora = serde_json::json!({"engine": "aurora-postgresql", "storage": null});
    for shape in [serde_json::json!({}), aurora] {
        let (known, gone) = of(shape);
        assert_eq!(known, "arn:aws:rds:eu-west-1:111122223333:db:shop-old");
        assert_eq!(gone, "DataTier/shop/old");
    }
}

/// Golden graphs show what is wished; this shows in what order it comes.
#[test]
fn a_graph_orders_its_nodes_by_what_they_need() {
    let samples = samples();
    let (_, proxy) = samples.iter().find(|(name, _)| *name == "proxy").unwrap();
    let needs = |id: &str| proxy.dependencies(id).into_iter().collect::<Vec<_>>();
    assert_eq!(needs("db"), ["access", "monitoring-role", "parameters", "subnets"]);
    assert_eq!(needs("master-version"), ["db"]);
    assert_eq!(needs("proxy-role"), ["db"]);
    assert_eq!(needs("proxy"), ["db", "proxy-access", "proxy-role"]);
    assert_eq!(needs("proxy-targets"), ["db", "proxy"]);
    assert_eq!(needs("access-proxy"), ["access", "proxy-access"]);
    assert_eq!(needs("binding"), ["db", "master-version", "proxy"]);
}

fn has_output(graph: &Graph, node: &str, output: &str) -> bool {
    let kind = &graph.node(node).unwrap_or_else(|| panic!("no node {node}")).kind;
    let spec = kinds().into_iter().find(|spec| spec.kind == *kind).unwrap();
    (spec.outputs)().get(output).is_some()
}
