//! The load balancer: whether the Environment admits it, and the cluster and the network have what it takes.

use std::collections::BTreeSet;

use terrace_crds::WebAppSpec;
use terrace_crds::environment::Exposure;
use terrace_crds::web_app::{Expose, Scheme};

use crate::facts::Environment;
use crate::{Facts, Invalid};

const CERTIFICATE: &str = "spec.expose.certificate";

pub(super) fn check(spec: &WebAppSpec, facts: &Facts, invalid: &mut Invalid) {
    let Some(expose) = spec.exposed() else { return };
    let environment = &facts.environment;
    if environment.features.target_group_binding.is_none() {
        invalid.add(
            "spec.expose",
            format!(
                "EKS cluster {} serves no TargetGroupBinding, by which pods are registered at a load balancer: let its administrator install the AWS Load Balancer Controller or turn on EKS Auto Mode, or set expose.protocol to None",
                environment.cluster
            ),
        );
    }
    if expose.scheme == Scheme::InternetFacing && environment.limits.exposure == Exposure::Private {
        invalid.add(
            "spec.expose.scheme",
            format!(
                "Environment {} is Private, and nothing in it may be reached from the internet: set scheme to Internal, or ask its administrator to set limits.exposure to Public",
                environment.name
            ),
        );
    }
    for hostname in expose.hostnames.iter().filter(|hostname| !environment.limits.admits_hostname(hostname)) {
        invalid.add(
            "spec.expose.hostnames",
            format!(
                "Environment {} does not admit {hostname}: ask its administrator to add it to limits.hostnames",
                environment.name
            ),
        );
    }
    subnets(&expose, environment, invalid);
    certificate(&expose, environment, invalid);
}

/// An Application Load Balancer stands in two zones at least, a Network one in one (`CreateLoadBalancer`, Subnets).
fn subnets(expose: &Expose, environment: &Environment, invalid: &mut Invalid) {
    let (noun, subnets) = match expose.scheme {
        Scheme::Internal => ("private", &environment.private_subnets),
        Scheme::InternetFacing => ("public", &environment.public_subnets),
    };
    let zones: BTreeSet<&str> = subnets.iter().map(|subnet| subnet.zone.as_str()).collect();
    let needed = if expose.protocol.is_http() { 2 } else { 1 };
    if zones.len() < needed {
        invalid.add(
            "spec.expose",
            format!(
                "the {noun} subnets of Environment {} are in {} availability zones, and the load balancer needs {needed}: ask its administrator to add subnets in other zones",
                environment.name,
                zones.len()
            ),
        );
    }
}

/// A load balancer takes certificates of its own region (`CreateListener`, Certificates).
fn certificate(expose: &Expose, environment: &Environment, invalid: &mut Invalid) {
    let region = expose.certificate.as_ref().and_then(|arn| arn.split(':').nth(3));
    if let Some(region) = region.filter(|region| *region != environment.region) {
        invalid.add(
            CERTIFICATE,
            format!(
                "it is of {region}, and the load balancer stands in {}: name one of that region",
                environment.region
            ),
        );
    }
}
