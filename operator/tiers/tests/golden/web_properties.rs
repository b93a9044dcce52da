//! What holds for every valid WebApp, whatever it says and in whatever step of a rollout.

use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use terrace_crds::WebApp;
use terrace_model::{Graph, NodeSpec};
use terrace_tiers::Tier;
use terrace_tiers::facts::Facts;
use terrace_tiers::samples::{self, ROLLOUT_STEPS};

use crate::properties::{texts, without_tags};
use crate::support::{self, cel_refusals, web};

#[derive(Debug)]
struct Choices {
    form: usize,
    fargate: bool,
    protocol: &'static str,
    internet: bool,
    hostname: bool,
    path: &'static str,
    strategy: &'static str,
    spot: &'static str,
    replicas: Option<(u16, u16)>,
    health: Option<u16>,
    bindings: usize,
    agent: bool,
    auto_mode: bool,
    step: Option<usize>,
    slot: bool,
    tags: Value,
}

prop_compose! {
    fn choices()(
        form in 0..3_usize,
        (fargate, internet, hostname, agent, auto_mode, slot) in any::<(bool, bool, bool, bool, bool, bool)>(),
        protocol in select(&["HTTP", "HTTPS", "TCP", "TLS", "None"][..]),
        path in select(&["/", "/shop", "/img/*"][..]),
        strategy in select(&["Rolling", "Canary", "BlueGreen"][..]),
        spot in select(&["Never", "Prefer", "Only"][..]),
        replicas in option::of((1_u16..20, 0_u16..20)),
        health in option::of(1_u16..),
        bindings in 0..8_usize,
        step in option::of(0..ROLLOUT_STEPS.len()),
        tags in texts("[a-z]{1,12}"),
    ) -> Choices {
        Choices {
            form, fargate, protocol, internet, hostname, path, strategy, spot, replicas, health, bindings, agent,
            auto_mode, step, slot, tags,
        }
    }
}

fn valid(choices: &Choices) -> Value {
    let (http, none) = (["HTTP", "HTTPS"].contains(&choices.protocol), choices.protocol == "None");
    let (image, template, foreign) = (choices.form == 0, choices.form == 1, choices.form == 2);
    let tls = ["HTTPS", "TLS"].contains(&choices.protocol);
    let certificate = "arn:aws:acm:eu-west-1:111122223333:certificate/0a1b";
    let bindings = [
        json!({"name": "db", "dataTierRef": {"name": "orders"}}),
        json!({"name": "cache", "cacheTierRef": {"name": "sessions"}, "access": "ReadOnly"}),
        json!({"name": "assets", "objectTierRef": {"name": "assets", "namespace": "static"}}),
    ];
    let bound = (0..3).filter(|bit| choices.bindings & (1 << bit) != 0).map(|bit| bindings[bit].clone());
    json!({
        "image": image.then_some("shop:1"),
        "template": template.then(|| json!({"spec": {"containers": [{"name": "web", "image": "shop:1"}]}})),
        "workloadRef": foreign.then(|| json!({"name": "web", "container": "web", "serviceName": "web"})),
        "runOn": if choices.fargate { "Fargate" } else { "Nodes" },
        "spot": if choices.fargate || foreign { "Never" } else { choices.spot },
        "replicas": choices.replicas.filter(|_| !foreign).map(|(min, more)| json!({"min": min, "max": min + more})),
        "health": choices.health.map(|port| json!({"port": port})),
        "expose": {
            "protocol": choices.protocol,
            "scheme": if choices.internet && !none { "InternetFacing" } else { "Internal" },
            "certificate": tls.then_some(certificate),
            "hostnames": if choices.hostname && http { json!(["shop.example.com"]) } else { json!([]) },
            "path": if http { choices.path } else { "/" },
        },
        "rollout": (!foreign && !none).then(|| json!({"strategy": choices.strategy})),
        "bindings": bound.collect::<Vec<_>>(),
        "tags": choices.tags,
    })
}

fn any_app() -> impl Strategy<Value = (WebApp, Facts)> {
    choices().prop_map(|choices| {
        let app = web(valid(&choices));
        let mut facts = samples::facts(&app);
        let features = &mut facts.environment.features;
        features.pod_identity = choices.agent;
        if choices.auto_mode {
            features.target_group_binding = Some("eks.amazonaws.com/v1".into());
        }
        let stable = samples::progress("stable", if choices.slot { "a" } else { "b" }, "old");
        let under_way = choices.step.filter(|_| choices.strategy != "Rolling");
        let rollout = under_way.map(|step| samples::progress("rollout", ROLLOUT_STEPS[step].1, "new"));
        facts.progress = [stable].into_iter().chain(rollout).collect();
        facts.made = ["workload", "workload-b"].map(str::to_owned).into();
        (app, facts)
    })
}

fn of_kind<'g>(graph: &'g Graph, kind: &'static str) -> impl Iterator<Item = &'g NodeSpec> {
    graph.nodes().values().filter(move |node| node.kind == kind)
}

proptest! {
    // All rules of the schema for each of them: few are enough.
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn every_web_app_that_is_tried_here_is_one_that_the_api_server_admits((app, _) in any_app()) {
        prop_assert_eq!(cel_refusals(&serde_json::to_value(&app).unwrap()), Vec::<String>::new());
    }
}

proptest! {
    #[test]
    fn every_valid_web_app_expands_to_a_graph_that_can_be_walked((app, facts) in any_app()) {
        let graph = app.expand(&facts).map_err(|invalid| TestCaseError::fail(invalid.to_string()))?;
        support::walks(&graph);
    }

    #[test]
    fn the_same_web_app_and_facts_give_the_same_graph((app, facts) in any_app()) {
        let mut reversed = facts.clone();
        reversed.environment.private_subnets.reverse();
        reversed.environment.public_subnets.reverse();
        reversed.progress.reverse();
        prop_assert_eq!(app.expand(&facts), app.expand(&reversed));
    }

    #[test]
    fn a_graph_does_not_hang_on_the_outputs_of_what_the_app_is_bound_to((app, facts) in any_app()) {
        let mut known = facts.clone();
        for used in app.uses() {
            let outputs = ["endpoint", "secretArn", "arn"].map(|name| (name.to_owned(), "known".to_owned()));
            known.objects.insert(used.source(), outputs.into());
        }
        prop_assert_eq!(app.expand(&facts), app.expand(&known));
    }

    #[test]
    fn a_web_app_with_other_tags_differs_in_nothing_but_tags((app, facts) in any_app(), tags in texts("[a-z]{1,8}")) {
        let before = app.expand(&facts).unwrap();
        let mut changed = app;
        changed.spec.common.tags = serde_json::from_value(tags).unwrap();
        prop_assert_eq!(without_tags(&before), without_tags(&changed.expand(&facts).unwrap()));
    }

    #[test]
    fn all_requests_are_shared_out_among_the_target_groups((app, facts) in any_app()) {
        let graph = app.expand(&facts).unwrap();
        let forwards = graph.nodes().values().filter_map(|node| {
            let action = node.want.get("action").or(node.want.get("defaultAction"))?;
            action["forward"]["targetGroups"].as_array().cloned()
        });
        for shares in forwards {
            let weights: i64 = shares.iter().map(|share| share["weight"].as_i64().unwrap()).sum();
            prop_assert_eq!(weights, if shares.len() == 1 { 1 } else { 100 });
        }
    }

    #[test]
    fn every_slot_that_gets_requests_has_pods((app, facts) in any_app()) {
        let graph = app.expand(&facts).unwrap();
        let shares = graph.nodes().values().filter_map(|node| {
            let action = node.want.get("action").or(node.want.get("defaultAction"))?;
            action["forward"]["targetGroups"].as_array().cloned()
        });
        for share in shares.flatten().filter(|share| share["weight"] != 0) {
            let targets = share["targetGroupArn"]["$terrace"]["node"].as_str().unwrap();
            let workload = targets.replace("targets", "workload");
            prop_assert!(graph.node(&workload).is_some() || app.spec.workload_ref.is_some(), "{}", workload);
        }
    }

    #[test]
    fn there_is_one_role_that_pods_assume_and_it_is_bounded((app, facts) in any_app()) {
        let graph = app.expand(&facts).unwrap();
        for role in of_kind(&graph, "iam/Role") {
            prop_assert_eq!(&role.want["permissionsBoundary"], "arn:aws:iam::111122223333:policy/boundary");
        }
        let agent = graph.node("pod-identity").is_some();
        let tokens = !graph.node("service-account").unwrap().want["annotations"].as_object().unwrap().is_empty();
        prop_assert!(agent != tokens);
    }

    #[test]
    fn only_an_app_that_faces_the_internet_is_reached_from_there((app, facts) in any_app()) {
        let graph = app.expand(&facts).unwrap();
        let faces = of_kind(&graph, "elbv2/LoadBalancer").any(|node| node.want["scheme"] == "internet-facing");
        let open = of_kind(&graph, "ec2/SecurityGroupRule").any(|node| node.want["cidrIpv4"] == "0.0.0.0/0");
        prop_assert_eq!(faces, open);
    }
}
