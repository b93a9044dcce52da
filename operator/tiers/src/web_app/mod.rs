//! `WebApp` to graph: pods on EKS with their role, their bindings, their load balancer.
//!
//! The logical ids are part of the object's inventory and must never change: `role`, `service-account`, `pod-identity`,
//! `binding-<name>`, `service`, `disruption`, `balancer`, `balancer-access` (security group) with its rules
//! `balancer-access-…`, `pods-access…` (rules in the cluster's group), `listener`, `rule`, `redirect`, `fargate-role`,
//! `fargate-profile`, `patch` (of a foreign workload); and of each slot, the second with `-b`: `workload`, `autoscaler`,
//! `targets`, `target-service`, `target-binding`.

mod balancer;
mod bindings;
mod containers;
mod design;
mod fargate;
mod network;
mod outputs;
mod placement;
mod rights;
mod role;
mod rollout;
mod slot;
mod template;
mod validate;
mod wiring;
mod workload;

use std::collections::BTreeMap;

use serde_json::Value;
use terrace_crds::{Progress, TierObject, WebApp};
use terrace_model::aws::{ec2, eks, elbv2, iam, kubernetes};
use terrace_model::{Graph, Resource, Val};

use crate::draft::Draft;
use crate::{Advance, Course, Facts, Invalid, Objects, Reference, Tier, Use};
use design::Design;

impl Tier for WebApp {
    const RESOURCES: &'static [&'static str] = &[
        ec2::SecurityGroup::KIND,
        ec2::SecurityGroupRule::KIND,
        eks::FargateProfile::KIND,
        eks::PodIdentityAssociation::KIND,
        elbv2::Listener::KIND,
        elbv2::ListenerRule::KIND,
        elbv2::LoadBalancer::KIND,
        elbv2::TargetGroup::KIND,
        iam::Role::KIND,
        kubernetes::BindingSecret::KIND,
        kubernetes::WorkloadPatch::KIND,
        kubernetes::Deployment::KIND,
        kubernetes::HorizontalPodAutoscaler::KIND,
        kubernetes::PodDisruptionBudget::KIND,
        kubernetes::Service::KIND,
        kubernetes::ServiceAccount::KIND,
        kubernetes::TargetGroupBinding::KIND,
    ];

    fn uses(&self) -> Vec<Use> {
        bindings::uses(&self.spec, self.metadata.namespace.as_deref().unwrap_or_default())
    }

    fn references(&self, _objects: &Objects) -> Vec<Reference> {
        validate::references(&self.spec)
    }

    fn parameter_family(&self) -> Option<String> {
        None
    }

    fn alarms(&self) -> Vec<String> {
        rollout::alarm(&self.spec).map(|alarm| alarm.name.clone()).into_iter().collect()
    }

    fn target_groups(&self, progress: &[Progress]) -> Vec<String> {
        rollout::watched(&self.spec, progress).into_iter().collect()
    }

    fn advance(&self, facts: &Facts) -> Advance {
        rollout::advance(&self.spec, facts)
    }

    fn course(&self, facts: &Facts) -> Option<Course> {
        rollout::course(facts)
    }

    fn expand(&self, facts: &Facts) -> Result<Graph, Invalid> {
        let identity = validate::validate(&self.spec, facts)?;
        let design = Design::new(&self.spec, facts, identity);
        let mut draft = Draft::new(facts, self.deletion_policy(), &self.spec.common.tags);
        build(&mut draft, &design);
        Ok(draft.finish())
    }

    fn outputs(&self) -> BTreeMap<&'static str, Val<Value>> {
        outputs::outputs(self)
    }
}

fn build(draft: &mut Draft, design: &Design) {
    bindings::secrets(draft, design);
    role::role(draft, design);
    fargate::profile(draft, design);
    workload::workload(draft, design);
    balancer::balancer(draft, design);
}
