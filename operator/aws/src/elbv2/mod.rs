//! Elastic Load Balancing v2: what its providers share.

mod action;
mod attributes;
mod condition;
mod inside;
mod listener;
mod load_balancer;
mod own_tags;
mod read;
mod rule;
mod target_group;
#[cfg(test)]
mod testing;

use std::collections::BTreeSet;
use std::sync::Arc;

use aws_sdk_elasticloadbalancingv2::Client;
use aws_sdk_elasticloadbalancingv2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_elasticloadbalancingv2::types as sdk;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use terrace_engine::coalesce::{Few, Regional};
use terrace_engine::{Error, Result, reason};
use terrace_model::aws::Tags;
use terrace_model::aws::elbv2::Attributes;
use terrace_model::identity::Freshness;
use terrace_model::{Diff, Handle, Id, Val};

use self::inside::Inside;
use self::own_tags::OwnTags;
use crate::errors::{classify, code};
use crate::finder::TagIndex;
use crate::hourly::Hourly;
use crate::{Clients, tags};

pub use listener::Listeners;
pub use load_balancer::LoadBalancers;
pub use rule::ListenerRules;
pub use target_group::TargetGroups;

/// A call that names several fails for all where one of them is not there.
const FEW: Few = Few::Pages;
/// All that this service has. No description of it holds tags.
const TAGGED: &[&str] = &["elasticloadbalancing"];
/// Characters of the name of a load balancer or a target group.
const NAME: usize = 32;

/// Clients and lists that the providers of one Environment share.
pub struct Elb {
    clients: Clients,
    load_balancers: Regional<String, Arc<sdk::LoadBalancer>>,
    target_groups: Regional<String, Arc<sdk::TargetGroup>>,
    /// By the load balancer's ARN.
    listeners: Inside<sdk::Listener>,
    /// By the listener's ARN.
    rules: Inside<sdk::Rule>,
    /// Of load balancers and target groups, by ARN.
    attributes: Hourly<Attributes>,
    /// Beside the default one, by the listener's ARN.
    certificates: Hourly<BTreeSet<Val<String>>>,
    tags: TagIndex<OwnTags>,
}

impl Elb {
    /// The state that all providers of the service share.
    pub fn new(clients: Clients) -> Arc<Self> {
        let recent = clients.recent();
        Arc::new(Elb {
            load_balancers: Regional::new(recent, FEW),
            target_groups: Regional::new(recent, FEW),
            listeners: Inside::default(),
            rules: Inside::default(),
            attributes: Hourly::default(),
            certificates: Hourly::default(),
            tags: TagIndex::new(clients.clone(), TAGGED, OwnTags(clients.clone())),
            clients,
        })
    }

    /// For reading.
    fn reader(&self, id: &Id) -> Client {
        self.clients.elbv2(&id.place.region)
    }

    /// For changing something on behalf of the owner's namespace.
    fn writer(&self, id: &Id) -> Client {
        self.clients.for_namespace(&id.owner.namespace).elbv2(&id.place.region)
    }

    /// The tags of something that was seen; `None` where that was a while ago, and it is not there any more.
    async fn tags_of(&self, id: &Id, arn: &str, freshness: Freshness) -> Result<Option<Tags>> {
        match self.tags.get(&id.place.region, arn, freshness).await? {
            None if freshness == Freshness::Now => {
                Err(Error::wait(reason::NOT_READY, format!("AWS does not show the tags of {} now", path(arn))))
            }
            tags => Ok(tags),
        }
    }

    /// Sets and removes the tags that differ.
    async fn retag(&self, id: &Id, arn: &str, want: &Tags, diff: &Diff) -> Result<()> {
        let set = |tags: Tags| async move {
            let request = self.writer(id).add_tags().resource_arns(arn).set_tags(Some(write_tags(&tags)));
            request.send().await.map(drop).map_err(refused)
        };
        let remove = |keys| async move {
            let request = self.writer(id).remove_tags().resource_arns(arn).set_tag_keys(Some(keys));
            request.send().await.map(drop).map_err(refused)
        };
        tags::retag(want, diff, set, remove).await
    }
}

fn write_tags(set: &Tags) -> Vec<sdk::Tag> {
    tags::write(set, |key, value| sdk::Tag::builder().key(key).value(value).build())
}

/// The region that an ARN names.
fn region_of(arn: &str) -> &str {
    arn.split(':').nth(3).unwrap_or_default()
}

/// The ARN of what something lies in, as its own ARN has it, or its address: a listener's is its load balancer's, with
/// another word and one part more, and so is a rule's its listener's.
fn parent(id: &Id, field: &str, word: &str, parents: &str) -> String {
    let of_handle = id.handle.as_ref().and_then(|Handle(arn)| {
        let (parent, _) = arn.rsplit_once('/')?;
        Some(parent.replacen(&format!(":{word}/"), &format!(":{parents}/"), 1))
    });
    of_handle.or_else(|| id.address(field).map(str::to_owned)).unwrap_or_default()
}

/// The part of an ARN after its account, without the first word: `app/<name>/<id>`, or `<name>/<id>` of a target group.
fn path(arn: &str) -> &str {
    arn.split_once('/').map_or(arn, |(_, path)| path)
}

/// The handle of what a create answered.
fn made(arn: Option<String>) -> Result<Handle> {
    arn.map(Handle).ok_or_else(|| Error::retry("AWS did not say what it made"))
}

/// Codes that this service alone has (API reference, the errors of each action), by what is to be done about them.
fn refused<E>(error: SdkError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    const INVALID: &[&str] = &[
        "ALPNPolicyNotFound",
        "AvailabilityZoneNotSupported",
        "IncompatibleProtocols",
        "InvalidConfigurationRequest",
        "InvalidLoadBalancerAction",
        "InvalidScheme",
        "InvalidSubnet",
        "SSLPolicyNotFound",
        "TooManyActions",
        "UnsupportedProtocol",
    ];
    let said = code(&error).unwrap_or_default().to_owned();
    let other = classify(error);
    let text = other.to_string();
    match said.as_str() {
        said if INVALID.contains(&said) => Error::invalid(text),
        "DuplicateListener" | "DuplicateLoadBalancerName" | "DuplicateTargetGroupName" | "PriorityInUse" => {
            Error::wait(reason::ALREADY_EXISTS, text)
        }
        // The load balancer that had it before still has it.
        "TargetGroupAssociationLimit" => Error::wait(reason::IN_USE, text),
        // What was made a moment ago is not seen everywhere yet.
        "InvalidSecurityGroup"
        | "ListenerNotFound"
        | "LoadBalancerNotFound"
        | "RuleNotFound"
        | "SubnetNotFound"
        | "TargetGroupNotFound" => Error::wait(reason::NOT_READY, text),
        said if said.starts_with("TooMany") => Error::blocked(reason::QUOTA, text),
        _ => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elbv2::testing::meta;
    use aws_sdk_elasticloadbalancingv2::operation::create_listener::CreateListenerError;

    #[test]
    fn what_something_lies_in_is_told_by_its_own_arn_or_by_its_address() {
        let id = crate::testing::id::<terrace_model::aws::elbv2::ListenerRule>("rule");
        let placed = crate::testing::at(id.clone(), &serde_json::json!({"listenerArn": "arn:listener"}));
        assert_eq!(parent(&placed, "listenerArn", "listener-rule", "listener"), "arn:listener");
        let handle = "arn:aws:elasticloadbalancing:eu-west-1:1:listener-rule/app/shop/50dc/f2f7/9683";
        let made = Id { handle: Some(handle.into()), ..id };
        let listener = "arn:aws:elasticloadbalancing:eu-west-1:1:listener/app/shop/50dc/f2f7";
        assert_eq!(parent(&made, "listenerArn", "listener-rule", "listener"), listener);
        assert_eq!(region_of(listener), "eu-west-1");
    }

    #[test]
    fn codes_of_this_service_alone_have_their_categories() {
        for (code, expected) in [
            ("DuplicateLoadBalancerName", reason::ALREADY_EXISTS),
            ("DuplicateTargetGroupName", reason::ALREADY_EXISTS),
            ("DuplicateListener", reason::ALREADY_EXISTS),
            ("PriorityInUse", reason::ALREADY_EXISTS),
            ("TargetGroupAssociationLimit", reason::IN_USE),
            ("ResourceInUse", reason::IN_USE),
            ("TooManyLoadBalancers", reason::QUOTA),
            ("TooManyUniqueTargetGroupsPerLoadBalancer", reason::QUOTA),
            ("TooManyActions", reason::INVALID),
            ("InvalidConfigurationRequest", reason::INVALID),
            ("CertificateNotFound", reason::INVALID),
            ("InvalidSecurityGroup", reason::NOT_READY),
            ("TargetGroupNotFound", reason::NOT_READY),
            ("PriorRequestNotComplete", reason::NOT_READY),
            ("OperationNotPermitted", reason::FAILED),
        ] {
            let status = aws_smithy_runtime_api::http::StatusCode::try_from(400).expect("a status");
            let response = HttpResponse::new(status, aws_smithy_types::body::SdkBody::empty());
            let error = SdkError::service_error(CreateListenerError::generic(meta(code)), response);
            assert_eq!(refused(error).reason(), expected, "{code}");
        }
    }
}
