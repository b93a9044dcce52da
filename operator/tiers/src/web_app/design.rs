//! What a WebApp's spec comes to: its identity, its pods, where its rollout stands, and names that several files use.

use std::collections::BTreeMap;

use terrace_crds::web_app::{Expose, RolloutStrategy, RunOn};
use terrace_crds::{TierObject, WebApp, WebAppSpec};

use super::rollout::State;
use super::template::{PodTemplate, pod_template};
use crate::Facts;
use crate::naming::title;

/// The label of every pod of a WebApp, with its name.
pub(super) const APP_LABEL: &str = "terrace.dev/web-app";
/// The label of the slot that a pod is in.
pub(super) const SLOT_LABEL: &str = "terrace.dev/slot";

/// How pods come by the rights of their role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Identity {
    /// By the EKS Pod Identity agent.
    PodIdentity,
    /// By the token of their service account (IRSA).
    WebIdentity {
        /// ARN of the issuer's OIDC provider in IAM.
        provider: String,
        /// The issuer's URL.
        issuer: String,
    },
}

/// A valid spec with the facts it was judged by.
pub(super) struct Design<'a> {
    pub spec: &'a WebAppSpec,
    pub facts: &'a Facts,
    pub identity: Identity,
    pub expose: Option<Expose>,
    /// The pods, unless they are somebody else's.
    pub template: Option<PodTemplate>,
    pub state: State,
}

impl<'a> Design<'a> {
    pub fn new(spec: &'a WebAppSpec, facts: &'a Facts, identity: Identity) -> Self {
        let template = pod_template(spec, &facts.object.name);
        let hash = template.as_ref().map(PodTemplate::hash).unwrap_or_default();
        let state = State::of(facts, &hash);
        Design { spec, facts, identity, expose: spec.exposed(), template, state }
    }

    /// The name of the object, which the Deployment, the Service and the service account share.
    pub fn app(&self) -> &'a str {
        &self.facts.object.name
    }

    /// Whom a description names.
    pub fn title(&self) -> String {
        title(WebApp::KIND, &self.facts.object)
    }

    /// Whether this object makes pods that run on Fargate.
    pub fn makes_fargate_pods(&self) -> bool {
        self.spec.run_on == RunOn::Fargate && self.template.is_some()
    }

    /// Whether there are two slots, between which the load balancer shares requests out. A rollout that is under way is
    /// brought to its end, whatever the strategy is by then.
    pub fn has_slots(&self) -> bool {
        strategy(self.spec) != RolloutStrategy::Rolling || self.state.is_under_way()
    }
}

/// How new pods come.
pub(super) fn strategy(spec: &WebAppSpec) -> RolloutStrategy {
    spec.rollout.as_ref().map(|rollout| rollout.strategy).unwrap_or_default()
}

/// The label that all pods of the app bear.
pub(super) fn app_label(app: &str) -> BTreeMap<String, String> {
    [(APP_LABEL.to_owned(), app.to_owned())].into()
}
