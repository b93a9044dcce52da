//! The operator's rules in the cluster, and those of the people who use it, as the chart's roles have them.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::rbac::v1::PolicyRule;
use serde::Serialize;
use terrace_crds::{GROUP, KINDS, Kind};
use terrace_objects::Permission;

use crate::telemetry::events;
use crate::{controller, install, leader, log_routing, object, workloads};

/// Rules by where they hold.
#[derive(Serialize)]
struct Rules {
    /// What is watched everywhere, and what is the whole cluster's.
    cluster: Vec<PolicyRule>,
    /// What is done in the namespaces that the operator serves.
    namespaces: Vec<PolicyRule>,
    /// What is done in its own.
    leader: Vec<PolicyRule>,
    /// For people who look.
    view: Vec<PolicyRule>,
    /// For people who have tiers.
    edit: Vec<PolicyRule>,
    /// For people who say who else may refer to them.
    admin: Vec<PolicyRule>,
}

/// All of them, as YAML; `provided` is what the providers need.
pub fn rules(provided: &BTreeSet<Permission>) -> String {
    let tiers = || KINDS.iter().filter(|kind| kind.namespaced() && kind.status);
    let grants = KINDS.iter().filter(|kind| kind.namespaced() && !kind.status);
    let watched = KINDS.iter().flat_map(|kind| on(kind, &["list", "watch"]));
    let environments = KINDS.iter().filter(|kind| !kind.namespaced()).flat_map(own);
    let cluster =
        [controller::WATCHES, workloads::WATCHES, log_routing::ACTIONS, install::ACTIONS, events::ACTIONS].concat();
    let rules = Rules {
        cluster: grouped(parsed(&cluster).chain(watched).chain(environments)),
        namespaces: grouped(provided.iter().cloned().chain(tiers().flat_map(own))),
        leader: grouped(parsed(leader::ACTIONS)),
        view: grouped(KINDS.iter().filter(|kind| kind.namespaced()).flat_map(|kind| on(kind, READ))),
        edit: grouped(tiers().flat_map(|kind| on(kind, CHANGE))),
        admin: grouped(grants.flat_map(|kind| on(kind, CHANGE))),
    };
    serde_saphyr::to_string(&rules).expect("rules are YAML")
}

/// As Kubernetes' own roles `view` and `edit` have it.
const READ: &[&str] = &["get", "list", "watch"];
const CHANGE: &[&str] = &["create", "delete", "deletecollection", "patch", "update"];

/// What the operator does to objects of one of its kinds.
fn own(kind: &'static Kind) -> impl Iterator<Item = Permission> {
    // What it makes for them refers to them as owners, and blocks their deletion: see `terrace_objects::owned`.
    let acts = object::ACTIONS.into_iter().chain([("/finalizers", "update")]);
    acts.map(|(part, verb)| permission(kind, part, verb))
}

fn on<'a>(kind: &'a Kind, verbs: &'a [&str]) -> impl Iterator<Item = Permission> + 'a {
    verbs.iter().map(|verb| permission(kind, "", verb))
}

fn permission(kind: &Kind, part: &str, verb: &str) -> Permission {
    Permission { group: GROUP.into(), resource: format!("{}{part}", kind.plural), verb: verb.into() }
}

fn parsed(actions: &[&str]) -> impl Iterator<Item = Permission> {
    actions.iter().map(|action| Permission::parse(action).expect("it is an action in the cluster"))
}

/// One rule for all resources of a group that have the same verbs.
fn grouped(permissions: impl Iterator<Item = Permission>) -> Vec<PolicyRule> {
    let mut verbs: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for Permission { group, resource, verb } in permissions {
        verbs.entry((group, resource)).or_default().insert(verb);
    }
    let mut rules: BTreeMap<(String, BTreeSet<String>), Vec<String>> = BTreeMap::new();
    for ((group, resource), verbs) in verbs {
        rules.entry((group, verbs)).or_default().push(resource);
    }
    let rule = |((group, verbs), resources): ((String, BTreeSet<String>), Vec<String>)| PolicyRule {
        api_groups: Some(vec![group]),
        resources: Some(resources),
        verbs: verbs.into_iter().collect(),
        ..PolicyRule::default()
    };
    rules.into_iter().map(rule).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::all;
    use crate::policy::needs::Needs;

    #[tokio::test]
    async fn the_charts_rules_are_what_the_code_does_no_wider_and_no_narrower() {
        let written = include_str!("../../../../charts/terrace/files/rbac.yaml");
        assert_eq!(rules(&Needs::of(&all()).cluster), written, "make generate");
    }

    #[test]
    fn resources_with_the_same_verbs_share_a_rule_and_no_verb_is_added() {
        let permission = |action| Permission::parse(action).expect("a permission");
        let rules = grouped(
            [
                "kubernetes:core/secrets:get",
                "kubernetes:core/configmaps:get",
                "kubernetes:core/services:get",
                "kubernetes:core/services:patch",
                "kubernetes:apps/deployments:get",
            ]
            .map(permission)
            .into_iter(),
        );
        let told = |rule: &PolicyRule| {
            let (groups, resources) = (rule.api_groups.as_deref(), rule.resources.as_deref());
            format!("{:?} {:?} {:?}", groups.unwrap_or_default(), resources.unwrap_or_default(), rule.verbs)
        };
        assert_eq!(
            rules.iter().map(told).collect::<Vec<_>>(),
            [
                r#"[""] ["configmaps", "secrets"] ["get"]"#,
                r#"[""] ["services"] ["get", "patch"]"#,
                r#"["apps"] ["deployments"] ["get"]"#,
            ]
        );
    }

    #[tokio::test]
    async fn nobody_reads_all_secrets_and_nothing_is_allowed_by_a_star() {
        let text = rules(&Needs::of(&all()).cluster);
        assert!(!text.contains('*'), "{text}");
        let rules: BTreeMap<String, Vec<PolicyRule>> = serde_saphyr::from_str(&text).expect("rules");
        for rule in rules.values().flatten() {
            let secrets = rule.resources.iter().flatten().any(|resource| resource == "secrets");
            assert!(!secrets || rule.verbs.iter().all(|verb| verb != "list" && verb != "watch"), "{rule:?}");
        }
    }
}
