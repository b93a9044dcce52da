//! The tiers of `examples/web` as objects that refer to one another, each expanded with whoever uses it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use terrace_crds::TierObject;
use terrace_model::{Graph, Val};

use super::{cache_tier, data_tier, edge_tier, facts, object_tier, web_app};
use crate::facts::User;
use crate::{ObjectKey, Tier, Use};

/// Outputs by name: known, or those of a node of the graph.
pub type Outputs = BTreeMap<&'static str, Val<Value>>;

/// One of several objects that refer to one another.
#[derive(Clone)]
pub struct Member {
    pub key: ObjectKey,
    /// What its spec refers to.
    pub uses: Vec<Use>,
    /// What its status says.
    pub outputs: Outputs,
    expand: Arc<dyn Fn(Vec<User>) -> Expanded + Send + Sync>,
}

/// What a member comes to with the users that it has.
pub struct Expanded {
    pub graph: Graph,
    /// Its users, each with what it gets in place of the outputs of the same names.
    pub users: Vec<(terrace_crds::User, Outputs)>,
}

impl Member {
    fn new<T: Tier + Send + Sync + 'static>(tier: T) -> Self {
        let meta = tier.meta();
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        Member {
            key: ObjectKey::new(<T as TierObject>::KIND, &text(&meta.namespace), &text(&meta.name)),
            uses: tier.uses(),
            outputs: tier.outputs(),
            expand: Arc::new(move |users| expand(&tier, users)),
        }
    }

    /// Expands it. Of `others`, those that refer to it are its users.
    ///
    /// # Panics
    /// When its manifest is invalid, which the tests of this crate rule out.
    pub fn expand<'a>(&self, others: impl IntoIterator<Item = &'a Member>) -> Expanded {
        let of = |other: &'a Member| other.uses.iter().map(|used| (used, &other.key));
        let all = others.into_iter().flat_map(of).filter(|(used, _)| used.target == self.key);
        let users: BTreeMap<_, _> = all.map(|(used, who)| (used.entry(who), used.user(who))).collect();
        (self.expand)(users.into_values().collect())
    }
}

fn expand(tier: &impl Tier, users: Vec<User>) -> Expanded {
    let facts = crate::Facts { users, ..facts(tier) };
    let graph = tier.expand(&facts).unwrap_or_else(|invalid| panic!("{invalid}"));
    let mut own = tier.user_outputs(&facts);
    let users = facts.users.iter().map(|user| (user.who.clone(), own.remove(&user.who).unwrap_or_default()));
    Expanded { graph, users: users.collect() }
}

macro_rules! manifest {
    ($name:literal) => {
        include_str!(concat!("../../../../examples/web/", $name, ".yaml"))
    };
}

/// The five tiers of the example.
pub fn web_example() -> Vec<Member> {
    let mut all = shared();
    all.insert(0, Member::new(edge_tier(manifest!("edge-tier"))));
    all.insert(0, Member::new(cache_tier(manifest!("cache-tier"))));
    all
}

/// The example's WebApp twice, on one DataTier and one ObjectTier.
pub fn web_apps_that_share_targets() -> Vec<Member> {
    let mut all = shared();
    let mut second = web_app(manifest!("web-app"));
    second.metadata.name = Some("portal".into());
    all.push(Member::new(second));
    all
}

/// What both have.
fn shared() -> Vec<Member> {
    vec![
        Member::new(web_app(manifest!("web-app"))),
        Member::new(object_tier(manifest!("object-tier"))),
        Member::new(data_tier(manifest!("data-tier"))),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The nodes that a member comes to among these.
    fn nodes(all: &[Member], kind: &str) -> Vec<String> {
        let member = all.iter().find(|member| member.key.kind == kind).expect("a member of that kind");
        let expanded = member.expand(all);
        expanded.graph.check().expect("a graph");
        expanded.graph.nodes().keys().cloned().collect()
    }

    #[test]
    fn each_has_what_its_users_among_the_others_need() {
        let (whole, alone) = (web_example(), web_example().split_off(4));
        assert_eq!(alone[0].key.to_string(), "DataTier/shop/orders");
        let (with, without) = (nodes(&whole, "DataTier"), nodes(&alone, "DataTier"));
        let logins = |nodes: &[String]| nodes.iter().filter(|id| id.starts_with("login-")).count();
        assert!(logins(&with) > 0 && logins(&without) == 0, "{with:?}");
        let twice = nodes(&web_apps_that_share_targets(), "DataTier");
        assert_eq!(logins(&twice), 2 * logins(&with));
    }

    #[test]
    fn whatever_one_refers_to_is_an_output_of_another() {
        for all in [web_example(), web_apps_that_share_targets()] {
            for used in all.iter().flat_map(|member| &member.uses) {
                let target = all.iter().find(|member| member.key == used.target);
                let Some(target) = target else {
                    assert_eq!(used.target.kind, "CacheTier", "{}", used.field);
                    continue;
                };
                let lacks = used.needs.iter().find(|needed| !target.outputs.contains_key(**needed));
                assert_eq!(lacks, None, "{}", used.field);
            }
        }
    }
}
