//! What the golden graphs of caches do not show: the order of their nodes, and what one choice changes.

use serde_json::{Value, json};
use terrace_model::{Graph, Val};
use terrace_tiers::samples::{self, samples};
use terrace_tiers::{BINDING, Tier};

use crate::support::cache;

fn graph(change: Value) -> Graph {
    let tier = cache(change);
    tier.expand(&samples::facts(&tier)).unwrap()
}

fn wish(graph: &Graph, id: &str) -> Value {
    graph.node(id).unwrap_or_else(|| panic!("no {id}")).want.clone()
}

fn ids(graph: &Graph) -> Vec<&str> {
    graph.nodes().keys().map(String::as_str).collect()
}

fn output(node: &str, output: &str) -> Value {
    json!({"$terrace": {"node": node, "output": output}})
}

#[test]
fn a_graph_orders_its_nodes_by_what_they_need() {
    let samples = samples();
    let graph = |name: &str| samples.iter().find(|(sample, _)| *sample == name).unwrap().1.clone();
    let needs = |graph: &Graph, id: &str| graph.dependencies(id).into_iter().collect::<Vec<_>>();
    let smallest = graph("cache-smallest");
    assert_eq!(needs(&smallest, "user"), ["user-secret"]);
    assert_eq!(needs(&smallest, "users"), ["default-user", "user"]);
    assert_eq!(needs(&smallest, "cache"), ["access", "subnets", "users"]);
    assert_eq!(needs(&smallest, "binding"), ["cache", "user-secret"]);
    let whole = graph("cache-every-option");
    assert_eq!(needs(&whole, "cache"), ["access", "key", "parameters", "subnets", "token"]);
    assert_eq!(needs(&graph("cache-serverless"), "cache"), ["access", "key", "users"]);
    assert_eq!(needs(&graph("cache-memcached"), "cache"), ["access", "parameters", "subnets"]);
}

#[test]
fn the_default_user_may_do_nothing_and_is_in_the_group() {
    let graph = graph(json!({}));
    assert_eq!(wish(&graph, "default-user")["userName"], "default");
    assert_eq!(wish(&graph, "default-user")["accessString"], "off -@all");
    assert_eq!(wish(&graph, "user")["accessString"], "on ~* &* +@all");
    let members = [output("default-user", "identifier"), output("user", "identifier")];
    assert_eq!(wish(&graph, "users")["userIds"], json!(members));
    assert_eq!(wish(&graph, "cache")["userGroupIds"], json!([output("users", "identifier")]));
}

#[test]
fn each_way_to_log_in_has_its_nodes_and_its_secret() {
    for (authentication, nodes, username, secret) in [
        ("None", &[][..], "", None),
        ("Token", &["token"][..], "", Some("token")),
        ("Users", &["default-user", "user", "user-secret", "users"][..], "terrace", Some("user-secret")),
    ] {
        let change = json!({"authentication": authentication});
        let (graph, outputs) = (graph(change.clone()), cache(change).outputs());
        let usual = ["access", "access-cluster", "binding", "cache", "subnets"];
        let mut all = [&usual[..], nodes].concat();
        all.sort();
        assert_eq!(ids(&graph), all, "{authentication}");
        let binding = wish(&graph, BINDING);
        assert_eq!(binding["username"], username);
        let expected = secret.map_or_else(
            || json!({"arn": "", "version": ""}),
            |secret| json!({"arn": output(secret, "arn"), "version": output(secret, "version")}),
        );
        assert_eq!(binding["password"], expected);
        let named = |name: &str| json!(outputs[name]);
        let secret = |output_: &str| secret.map_or(json!(""), |secret| output(secret, output_));
        assert_eq!((named("secretArn"), named("secretVersion")), (secret("arn"), secret("version")));
        assert_eq!(named("username"), username);
    }
}

#[test]
fn a_parameter_group_is_the_accounts_own_until_parameters_are_set() {
    let group = |change: Value| wish(&graph(change), "cache")["cacheParameterGroupName"].clone();
    assert_eq!(group(json!({})), "default.valkey8");
    assert_eq!(group(json!({"shards": 2})), "default.valkey8.cluster.on");
    assert_eq!(group(json!({"engine": "redis", "engineVersion": "6.2"})), "default.redis6.x");
    let parameters = json!({"maxmemory-policy": "noeviction"});
    assert_eq!(group(json!({"parameters": parameters})), output("parameters", "name"));
    let alone = wish(&graph(json!({"parameters": parameters})), "parameters");
    assert_eq!(alone["parameters"], parameters);
    let spread = wish(&graph(json!({"parameters": parameters, "shards": 2})), "parameters");
    assert_eq!(spread["parameters"], json!({"cluster-enabled": "yes", "maxmemory-policy": "noeviction"}));
}

#[test]
fn failover_follows_replicas_and_cluster_mode() {
    let settings = |change: Value| {
        let cache = wish(&graph(change), "cache");
        let flag = |field: &str| cache[field].as_bool().unwrap();
        (flag("automaticFailoverEnabled"), flag("multiAzEnabled"), cache["replicasPerNodeGroup"].clone())
    };
    assert_eq!(settings(json!({})), (true, true, json!(1)));
    assert_eq!(settings(json!({"availability": "SingleAZ"})), (false, false, json!(0)));
    assert_eq!(settings(json!({"availability": "SingleAZ", "replicasPerShard": 2})), (true, false, json!(2)));
    assert_eq!(settings(json!({"availability": "SingleAZ", "shards": 2})), (true, false, json!(0)));
}

#[test]
fn redis_before_7_is_told_no_mode_of_tls() {
    let tls = |change: Value| {
        let cache = wish(&graph(change), "cache");
        (cache["transitEncryptionEnabled"].clone(), cache["transitEncryptionMode"].clone())
    };
    assert_eq!(tls(json!({})), (json!(true), json!("required")));
    assert_eq!(tls(json!({"encryption": {"inTransit": "Preferred"}})), (json!(true), json!("preferred")));
    assert_eq!(tls(json!({"engine": "redis", "engineVersion": "6.2"})), (json!(true), Value::Null));
    let off = json!({"encryption": {"inTransit": "Disabled"}, "authentication": "None"});
    assert_eq!(tls(off), (json!(false), Value::Null));
}

#[test]
fn where_clients_connect_follows_from_the_form() {
    let endpoints = |change: Value| {
        let tier = cache(change.clone());
        let binding = wish(&graph(change), BINDING);
        let named = |name: &str| tier.outputs().get(name).map(|value: &Val<Value>| json!(value));
        assert_eq!(named("endpoint"), Some(binding["host"].clone()));
        let reader = binding["readerHost"].clone();
        assert_eq!(named("readerEndpoint"), (!reader.is_null()).then_some(reader.clone()));
        (binding["host"].clone(), reader, named("configurationEndpoint"), binding["type"].clone())
    };
    let of = |name: &str| output("cache", name);
    let (endpoint, reader, configuration) = (of("endpoint"), of("readerEndpoint"), of("configurationEndpoint"));
    assert_eq!(endpoints(json!({})), (endpoint.clone(), reader, None, json!("valkey")));
    let single = json!({"availability": "SingleAZ", "engine": "redis", "engineVersion": "7.1"});
    assert_eq!(endpoints(single), (endpoint.clone(), Value::Null, None, json!("redis")));
    let spread = (configuration.clone(), Value::Null, Some(configuration.clone()), json!("valkey"));
    assert_eq!(endpoints(json!({"shards": 2})), spread);
    let memcached = json!({"engine": "memcached", "engineVersion": "1.6.22"});
    let found = (configuration.clone(), Value::Null, Some(configuration), json!("memcached"));
    assert_eq!(endpoints(memcached), found);
    let serverless = json!({"nodeType": null, "serverless": {}, "engineVersion": "8"});
    assert_eq!(endpoints(serverless), (endpoint, Value::Null, None, json!("valkey")));
}

#[test]
fn serverless_is_reached_on_the_port_for_reads_too() {
    let ports = |change: Value| {
        let rule = wish(&graph(change), "access-cluster");
        (rule["fromPort"].as_i64().unwrap(), rule["toPort"].as_i64().unwrap())
    };
    assert_eq!(ports(json!({})), (6379, 6379));
    assert_eq!(ports(json!({"port": 7000})), (7000, 7000));
    assert_eq!(ports(json!({"nodeType": null, "serverless": {}, "engineVersion": "8"})), (6379, 6380));
}

#[test]
fn a_password_has_nothing_that_a_url_would_have_to_escape() {
    let excluded = wish(&graph(json!({})), "user-secret")["excludeCharacters"].as_str().unwrap().to_owned();
    let left: String = (' '..='~').filter(|c| !c.is_ascii_alphanumeric() && !excluded.contains(*c)).collect();
    assert_eq!(left, "-");
}

#[test]
fn what_is_deleted_leaves_a_snapshot_where_there_can_be_one() {
    let on_delete = |change: Value, id: &str| json!(graph(change).node(id).unwrap().on_delete);
    assert_eq!(on_delete(json!({}), "cache"), "Snapshot");
    assert_eq!(on_delete(json!({}), "users"), "Delete");
    assert_eq!(on_delete(json!({"engine": "memcached", "engineVersion": "1.6.22"}), "cache"), "Delete");
    assert_eq!(on_delete(json!({"deletionPolicy": "Retain"}), "cache"), "Retain");
}
