//! What the golden graphs of web applications do not show: the order of their nodes, and what one choice changes.

use serde_json::{Value, json};
use terrace_crds::{GrantAccess, WebApp};
use terrace_model::{Graph, Val};
use terrace_tiers::samples::{self, samples};
use terrace_tiers::{Facts, Tier};

use crate::support::web;

fn graph(change: Value) -> Graph {
    graph_in(change, |_| {})
}

fn graph_in(change: Value, facts: impl FnOnce(&mut Facts)) -> Graph {
    let app = web(change);
    let mut usual = samples::facts(&app);
    facts(&mut usual);
    app.expand(&usual).unwrap()
}

fn wish(graph: &Graph, id: &str) -> Value {
    graph.node(id).unwrap_or_else(|| panic!("no {id} in {:?}", ids(graph))).want.clone()
}

fn ids(graph: &Graph) -> Vec<&str> {
    graph.nodes().keys().map(String::as_str).collect()
}

/// The fields of a Kubernetes object, put together again.
fn fields(graph: &Graph, id: &str) -> Value {
    let mut whole = json!({});
    for (path, value) in wish(graph, id)["fields"].as_object().unwrap() {
        let keys: Vec<String> = path.split('.').map(|key| key.replace("~1", ".").replace("~0", "~")).collect();
        let place = keys.iter().fold(&mut whole, |place, key| &mut place[key.as_str()]);
        *place = value.clone();
    }
    whole
}

fn pod(graph: &Graph) -> Value {
    fields(graph, "workload")["spec"]["template"]["spec"].clone()
}

fn app(graph: &Graph) -> Value {
    pod(graph)["containers"][0].clone()
}

fn sample(name: &str) -> Graph {
    samples().into_iter().find(|(sample, _)| *sample == name).unwrap().1
}

fn bindings() -> Value {
    json!([
        {"name": "db", "dataTierRef": {"name": "orders"}},
        {"name": "read-db", "dataTierRef": {"name": "reports", "namespace": "finance"}, "access": "ReadOnly"},
        {"name": "cache", "cacheTierRef": {"name": "sessions"}},
        {"name": "assets", "objectTierRef": {"name": "assets"}, "access": "ReadOnly"},
    ])
}

#[test]
fn the_smallest_web_app_has_all_that_production_needs() {
    assert_eq!(
        ids(&graph(json!({}))),
        [
            "autoscaler",
            "balancer",
            "balancer-access",
            "balancer-access-80-vpc",
            "disruption",
            "listener",
            "pod-identity",
            "pods-access",
            "role",
            "service",
            "service-account",
            "target-binding",
            "targets",
            "workload",
        ]
    );
}

#[test]
fn pods_come_after_their_secrets_their_role_and_their_profile() {
    let needs = |graph: &Graph, id: &str| graph.dependencies(id).into_iter().collect::<Vec<_>>();
    let bound = graph(json!({"bindings": bindings()}));
    let secrets = ["binding-assets", "binding-cache", "binding-db", "binding-read-db"];
    assert_eq!(needs(&bound, "workload"), [&secrets[..], &["pod-identity", "service-account"]].concat());
    assert_eq!(needs(&bound, "pod-identity"), ["role"]);
    assert_eq!(needs(&bound, "target-binding"), ["service", "targets"]);
    assert_eq!(needs(&bound, "autoscaler"), ["workload"]);
    let fargate = sample("web-fargate");
    assert_eq!(needs(&fargate, "workload"), ["binding-cache", "binding-db", "fargate-profile", "service-account"]);
    assert_eq!(needs(&fargate, "service-account"), ["role"]);
    assert_eq!(needs(&fargate, "fargate-profile"), ["fargate-role"]);
    assert_eq!(needs(&sample("web-bound"), "patch"), ["binding-assets", "binding-db", "service-account"]);
}

#[test]
fn a_binding_is_a_use_of_its_target_by_the_role() {
    let app = web(json!({"bindings": bindings()}));
    let uses = app.uses();
    let told: Vec<_> = uses.iter().map(|used| (used.field.as_str(), used.source(), used.access)).collect();
    assert_eq!(
        told,
        [
            ("spec.bindings[db].dataTierRef", "DataTier/shop/orders#db".to_owned(), GrantAccess::ReadWrite),
            ("spec.bindings[read-db].dataTierRef", "DataTier/finance/reports#read-db".to_owned(), GrantAccess::Read),
            ("spec.bindings[cache].cacheTierRef", "CacheTier/shop/sessions#cache".to_owned(), GrantAccess::ReadWrite),
            ("spec.bindings[assets].objectTierRef", "ObjectTier/shop/assets#assets".to_owned(), GrantAccess::Read),
        ]
    );
    assert!(uses.iter().all(|used| used.principal == Some("roleArn") && used.security_group.is_none()));
}

#[test]
fn a_container_is_told_of_its_bindings_by_variables_and_by_files() {
    let graph = graph(json!({"bindings": bindings()}));
    let container = app(&graph);
    let names: Vec<&str> =
        container["env"].as_array().unwrap().iter().map(|variable| variable["name"].as_str().unwrap()).collect();
    let of = |prefix: &str, ends: &[&str]| ends.iter().map(|end| format!("{prefix}_{end}")).collect::<Vec<_>>();
    let database =
        ["TYPE", "PROVIDER", "HOST", "PORT", "READER_HOST", "DATABASE", "USERNAME", "PASSWORD", "SECRET_ARN"];
    let cache = ["TYPE", "PROVIDER", "HOST", "PORT", "USERNAME", "PASSWORD", "SECRET_ARN", "TLS"];
    let bucket = ["TYPE", "PROVIDER", "HOST", "BUCKET", "REGION", "ARN"];
    let all = [of("DB", &database), of("READ_DB", &database), of("CACHE", &cache), of("ASSETS", &bucket)].concat();
    assert_eq!(names[0], "SERVICE_BINDING_ROOT");
    assert_eq!(names[1..], all);
    let secret = json!({"$terrace": {"node": "binding-read-db", "output": "name"}});
    let reference = json!({"name": secret, "key": "reader-host", "optional": true});
    assert_eq!(container["env"][14], json!({"name": "READ_DB_READER_HOST", "valueFrom": {"secretKeyRef": reference}}));
    let mount = json!({"name": "binding-db", "mountPath": "/bindings/db", "readOnly": true});
    assert_eq!(container["volumeMounts"][0], mount);
    let secret = json!({"$terrace": {"node": "binding-db", "output": "name"}});
    assert_eq!(pod(&graph)["volumes"][0]["projected"], json!({"sources": [{"secret": {"name": secret}}]}));
}

#[test]
fn a_credential_that_is_rotated_rolls_the_pods_after_their_secret_has_it() {
    let graph = graph(json!({"bindings": bindings()}));
    let annotations = fields(&graph, "workload")["spec"]["template"]["metadata"]["annotations"].clone();
    let version = |binding: &str| json!({"$terrace": {"node": format!("binding-{binding}"), "output": "version"}});
    assert_eq!(
        annotations,
        json!({
            "terrace.dev/binding-db": version("db"),
            "terrace.dev/binding-read-db": version("read-db"),
            "terrace.dev/binding-cache": version("cache"),
        })
    );
    assert_eq!(
        wish(&graph, "binding-db")["password"]["version"],
        json!({"$terrace": {"object": "DataTier/shop/orders#db", "output": "secretVersion"}})
    );
}

#[test]
fn the_role_may_do_with_each_target_what_the_access_says_and_nothing_else() {
    let graph = graph(json!({"bindings": [
        {"name": "read", "objectTierRef": {"name": "assets"}, "access": "ReadOnly"},
        {"name": "write", "objectTierRef": {"name": "uploads"}},
    ]}));
    let actions = |policy: &str| {
        let statements = wish(&graph, "role")["inlinePolicies"][policy]["Statement"].as_array().unwrap().clone();
        statements.iter().flat_map(|one| one["Action"].as_array().unwrap().clone()).collect::<Vec<_>>()
    };
    assert_eq!(actions("binding-read"), ["s3:GetBucketLocation", "s3:ListBucket", "s3:GetObject", "kms:Decrypt"]);
    assert!(actions("binding-write").contains(&json!("s3:PutObject")));
    for (_, policy) in wish(&graph, "role")["inlinePolicies"].as_object().unwrap() {
        for statement in policy["Statement"].as_array().unwrap() {
            let everything = statement["Resource"].as_array().unwrap().iter().any(|resource| resource == "*");
            assert!(!everything, "{statement}");
        }
    }
}

/// Who logs in by IAM has no secret: its ARN is an empty text, which IAM takes for no resource, and its Secret has no entry.
#[test]
fn a_login_without_a_password_leaves_role_and_pods_valid() {
    let graph = graph(json!({"bindings": bindings()}));
    for (name, policy) in wish(&graph, "role")["inlinePolicies"].as_object().unwrap() {
        for statement in policy["Statement"].as_array().unwrap() {
            assert!(!statement["Resource"].to_string().contains("secretArn"), "{name}: {statement}");
        }
    }
    let env = app(&graph)["env"].as_array().unwrap().clone();
    for end in ["_PASSWORD", "_SECRET_ARN"] {
        let of: Vec<_> = env.iter().filter(|one| one["name"].as_str().unwrap().ends_with(end)).collect();
        assert!(of.len() == 3 && of.iter().all(|one| one["valueFrom"]["secretKeyRef"]["optional"] == true), "{of:?}");
    }
}

#[test]
fn pods_come_by_their_role_as_the_cluster_lets_them() {
    let trust = |graph: &Graph| wish(graph, "role")["assumeRolePolicy"]["Statement"][0].clone();
    let agent = graph(json!({}));
    assert_eq!(trust(&agent)["Principal"], json!({"Service": "pods.eks.amazonaws.com"}));
    assert_eq!(trust(&agent)["Action"], json!(["sts:AssumeRole", "sts:TagSession"]));
    assert_eq!(wish(&agent, "service-account")["annotations"], json!({}));
    let role = json!({"$terrace": {"node": "role", "output": "arn"}});
    for tokens in [
        graph_in(json!({}), |facts| facts.environment.features.pod_identity = false),
        graph(json!({"runOn": "Fargate"})),
    ] {
        let issuer = "oidc.eks.eu-west-1.amazonaws.com/id/0A1B2C3D4E5F60718";
        let condition = json!({
            format!("{issuer}:aud"): "sts.amazonaws.com",
            format!("{issuer}:sub"): "system:serviceaccount:shop:shop",
        });
        assert_eq!(trust(&tokens)["Condition"], json!({ "StringEquals": condition }));
        assert_eq!(wish(&tokens, "service-account")["annotations"], json!({"eks.amazonaws.com/role-arn": role}));
        assert!(tokens.node("pod-identity").is_none());
    }
}

#[test]
fn every_container_is_one_that_the_restricted_standard_admits() {
    for graph in [graph(json!({})), sample("web-template"), sample("web-every-option"), sample("web-fargate")] {
        let pod = pod(&graph);
        assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
        assert_eq!(pod["securityContext"]["seccompProfile"], json!({"type": "RuntimeDefault"}));
        let lists = ["containers", "initContainers"].map(|list| pod[list].as_array().cloned().unwrap_or_default());
        for container in lists.concat() {
            assert_eq!(container["securityContext"]["allowPrivilegeEscalation"], false);
            assert_eq!(container["securityContext"]["capabilities"], json!({"drop": ["ALL"]}));
        }
    }
}

#[test]
fn a_template_keeps_what_it_says_and_is_given_what_it_does_not() {
    let graph = sample("web-template");
    let (pod, template) = (pod(&graph), fields(&graph, "workload")["spec"]["template"].clone());
    let app = &pod["containers"][1];
    assert_eq!(app["readinessProbe"], json!({"exec": {"command": ["/ready"]}}));
    assert_eq!(app["livenessProbe"]["httpGet"], json!({"path": "/", "port": 8080}));
    assert_eq!(app["ports"].as_array().unwrap().len(), 2);
    assert_eq!(fields(&graph, "service")["spec"]["ports"][0]["targetPort"], "http");
    assert_eq!(pod["topologySpreadConstraints"], json!([]));
    assert_eq!(pod["containers"][0]["securityContext"]["runAsUser"], 1337);
    assert!(pod["containers"][0].get("readinessProbe").is_none(), "a sidecar is not the app");
    assert_eq!(template["metadata"]["labels"]["team"], "shop");
    assert_eq!(template["metadata"]["annotations"]["note"], "mine");
    assert_eq!(pod["volumes"].as_array().unwrap().len(), 2);
}

#[test]
fn a_pod_that_goes_serves_as_long_as_the_load_balancer_drains() {
    for (change, drained, grace) in [
        (json!({}), 30, 60),
        (json!({"expose": {"drainingSeconds": 120}}), 120, 150),
        (json!({"expose": {"drainingSeconds": 10}, "terminationGracePeriodSeconds": 20}), 10, 20),
    ] {
        let graph = graph(change);
        let attribute = &wish(&graph, "targets")["attributes"]["deregistration_delay.timeout_seconds"];
        assert_eq!(attribute, &json!(drained.to_string()));
        assert_eq!(app(&graph)["lifecycle"]["preStop"], json!({"sleep": {"seconds": drained}}));
        assert_eq!(pod(&graph)["terminationGracePeriodSeconds"], grace);
    }
}

#[test]
fn the_number_of_pods_is_the_autoscalers_or_the_deployments_and_never_both() {
    let replicas = |change: Value| {
        let graph = graph(change);
        (graph.node("autoscaler").is_some(), fields(&graph, "workload")["spec"]["replicas"].clone())
    };
    assert_eq!(replicas(json!({})), (true, Value::Null));
    assert_eq!(replicas(json!({"replicas": {"min": 4, "max": 4}})), (false, json!(4)));
}

#[test]
fn pods_stand_on_spot_capacity_or_not_as_they_are_told() {
    let affinity = |spot: &str| pod(&graph(json!({ "spot": spot })))["affinity"]["nodeAffinity"].clone();
    let required = |spot: &str| affinity(spot)["requiredDuringSchedulingIgnoredDuringExecution"].clone();
    let never = required("Never")["nodeSelectorTerms"].clone();
    assert_eq!(never.as_array().unwrap().len(), 1, "both must hold");
    assert_eq!(never[0]["matchExpressions"][0]["operator"], "NotIn");
    assert_eq!(required("Only")["nodeSelectorTerms"].as_array().unwrap().len(), 2, "either will do");
    assert_eq!(required("Prefer"), Value::Null);
    assert_eq!(affinity("Prefer")["preferredDuringSchedulingIgnoredDuringExecution"].as_array().unwrap().len(), 2);
}

#[test]
fn requests_that_are_not_for_the_app_are_told_so() {
    let all = graph(json!({}));
    assert!(all.node("rule").is_none());
    assert!(wish(&all, "listener")["defaultAction"]["forward"].is_object());
    let some = graph(json!({"expose": {"path": "/shop", "hostnames": ["shop.example.com"]}}));
    assert_eq!(wish(&some, "listener")["defaultAction"]["fixedResponse"]["statusCode"], "404");
    let conditions = json!([{"hostHeader": ["shop.example.com"]}, {"pathPattern": ["/shop", "/shop/*"]}]);
    assert_eq!(wish(&some, "rule")["conditions"], conditions);
}

#[test]
fn who_may_connect_follows_from_the_scheme_unless_it_is_said() {
    let rules = |expose: Value| {
        let graph = graph(json!({ "expose": expose }));
        let ids = ids(&graph).into_iter().filter(|id| id.starts_with("balancer-access-")).map(str::to_owned);
        ids.map(|id| {
            let rule = wish(&graph, &id);
            let cidr = rule.get("cidrIpv6").unwrap_or(&rule["cidrIpv4"]).as_str().unwrap().to_owned();
            (rule["fromPort"].as_i64().unwrap(), cidr)
        })
        .collect::<Vec<_>>()
    };
    let told = |port: i64, cidr: &str| (port, cidr.to_owned());
    assert_eq!(rules(json!({})), [told(80, "10.0.0.0/16")]);
    assert_eq!(rules(json!({"scheme": "InternetFacing"})), [told(80, "0.0.0.0/0"), told(80, "::/0")]);
    assert_eq!(rules(json!({"port": 8080, "allowedCIDRs": ["192.0.2.0/24"]})), [told(8080, "192.0.2.0/24")]);
    let certificate = "arn:aws:acm:eu-west-1:111122223333:certificate/0a1b";
    let https = json!({"protocol": "HTTPS", "certificate": certificate});
    assert_eq!(rules(https), [told(443, "10.0.0.0/16"), told(80, "10.0.0.0/16")]);
}

#[test]
fn the_load_balancer_reaches_pods_by_a_rule_in_the_clusters_group() {
    let graph = graph(json!({"port": 3000, "health": {"port": 3001}}));
    for (id, port) in [("pods-access", 3000), ("pods-access-health", 3001)] {
        let rule = wish(&graph, id);
        assert_eq!((&rule["groupId"], &rule["fromPort"]), (&json!("sg-0c1a5e2b3d4f60718"), &json!(port)));
        assert_eq!(rule["referencedGroupId"], json!({"$terrace": {"node": "balancer-access", "output": "groupId"}}));
    }
}

#[test]
fn another_port_of_the_app_makes_no_other_target_group() {
    let targets = |port: u16| wish(&graph(json!({ "port": port })), "targets");
    assert_eq!(targets(8080), targets(9090));
}

#[test]
fn nobody_bears_the_labels_by_which_argo_cd_tracks() {
    for (name, graph) in samples() {
        let text = serde_json::to_string(&graph).unwrap();
        assert!(!text.contains("app.kubernetes.io/instance") && !text.contains("argocd"), "{name}");
    }
}

#[test]
fn a_foreign_workload_is_given_what_it_needs_and_nothing_else() {
    let graph = sample("web-bound");
    assert_eq!(ids(&graph), ["binding-assets", "binding-db", "patch", "pod-identity", "role", "service-account"]);
    let patch = wish(&graph, "patch");
    assert_eq!(
        (&patch["kind"], &patch["name"], &patch["container"]),
        (&json!("Deployment"), &json!("shop-web"), &json!("web"))
    );
    assert_eq!(patch["annotations"].as_object().unwrap().keys().collect::<Vec<_>>(), ["terrace.dev/binding-db"]);
    assert_eq!(patch["volumes"].as_array().unwrap().len(), 2);
}

#[test]
fn the_url_says_where_clients_go() {
    let url = |app: &WebApp| match app.outputs().remove("url").unwrap() {
        Val::Known(url) => url.as_str().unwrap().to_owned(),
        Val::Join(parts) => parts.iter().map(|part| part.known().map_or("<host>", String::as_str)).collect(),
        Val::Ref(reference) => reference.to_string(),
    };
    let certificate = "arn:aws:acm:eu-west-1:111122223333:certificate/0a1b";
    for (change, expected) in [
        (json!({}), "http://<host>"),
        (json!({"expose": {"port": 8080}}), "http://<host>:8080"),
        (json!({"expose": {"protocol": "TCP"}, "port": 5000}), "tcp://<host>:5000"),
        (json!({"expose": {"protocol": "TLS", "certificate": certificate}}), "tls://<host>:443"),
        (
            json!({"expose": {"protocol": "HTTPS", "certificate": certificate, "hostnames": ["*.a.com", "b.a.com"]}}),
            "https://b.a.com",
        ),
        (json!({"expose": {"protocol": "None"}}), "http://shop.shop.svc"),
    ] {
        assert_eq!(url(&web(change.clone())), expected, "{change}");
    }
}
