//! `elbv2/Listener`: found by its handle, else by its port, among those of its load balancer.
//!
//! AWS lists listeners a load balancer at a time, and further certificates a listener at a time: both are read about once
//! an hour, and whenever the look must be fresh. That one is still there, its tags say in between.

use std::collections::BTreeSet;
use std::sync::Arc;

use aws_sdk_elasticloadbalancingv2::types as sdk;
use terrace_engine::{Disposal, Provider, Result, Seen, State};
use terrace_model::aws::elbv2::{Listener, ListenerOutputs};
use terrace_model::identity::Freshness;
use terrace_model::{Diff, Handle, Id, Owner, Val};

use super::inside::Held;
use super::{Elb, action, made, parent, refused, region_of, write_tags};
use crate::errors::{absent, classify};
use crate::shared::{freshness, known, known_list, known_option, only, some};

const GONE: &[&str] = &["ListenerNotFound"];
const PARENT_GONE: &[&str] = &["LoadBalancerNotFound"];
/// All but what its handle and its tags tell.
const UNREAD: &[&str] =
    &["port", "protocol", "certificateArn", "certificates", "sslPolicy", "alpnPolicy", "defaultAction"];

/// See the module.
pub struct Listeners(pub Arc<Elb>);

fn seen(balancer: &str, seen: &sdk::Listener) -> Listener {
    let default = seen.certificates().first().and_then(|certificate| certificate.certificate_arn());
    Listener {
        load_balancer_arn: balancer.into(),
        port: seen.port().unwrap_or_default(),
        protocol: seen.protocol().map(|protocol| protocol.as_str().to_owned()).unwrap_or_default(),
        certificate_arn: default.map(Val::from),
        certificates: BTreeSet::new(),
        ssl_policy: seen.ssl_policy().map(str::to_owned),
        alpn_policy: seen.alpn_policy().first().cloned(),
        default_action: action::read(seen.default_actions()),
        tags: Default::default(),
    }
}

/// The ARN of its load balancer.
fn balancer(id: &Id) -> String {
    parent(id, "loadBalancerArn", "listener", "loadbalancer")
}

fn outputs(arn: &str) -> ListenerOutputs {
    ListenerOutputs { arn: Some(arn.to_owned()) }
}

/// The default certificate, or none.
fn certificate(want: &Listener) -> Result<Option<Vec<sdk::Certificate>>> {
    let arn = known_option(want.certificate_arn.as_ref())?;
    Ok(arn.map(|arn| vec![sdk::Certificate::builder().certificate_arn(arn).build()]))
}

fn certificates<'a>(arns: impl IntoIterator<Item = &'a String>) -> Option<Vec<sdk::Certificate>> {
    some(arns.into_iter().map(|arn| sdk::Certificate::builder().certificate_arn(arn).build()).collect())
}

impl Elb {
    /// The listeners of a load balancer, which names its region.
    async fn list_listeners(&self, balancer: String) -> Result<Option<Vec<sdk::Listener>>> {
        let request = self.clients.elbv2(region_of(&balancer)).describe_listeners().load_balancer_arn(&balancer);
        let items = request.into_paginator().items().send();
        absent(items.collect::<std::result::Result<Vec<_>, _>>().await, PARENT_GONE)
    }

    /// The further certificates of a listener.
    async fn list_certificates(&self, listener: &str) -> Result<BTreeSet<Val<String>>> {
        let request = self.clients.elbv2(region_of(listener)).describe_listener_certificates().listener_arn(listener);
        let items = request.into_paginator().items().send();
        let all = items.collect::<std::result::Result<Vec<_>, _>>().await.map_err(classify)?;
        let further = all.into_iter().filter(|certificate| certificate.is_default() != Some(true));
        Ok(further.filter_map(|certificate| certificate.certificate_arn.map(Val::from)).collect())
    }
}

impl Listeners {
    async fn held(&self, id: &Id, freshness: Freshness) -> Result<Option<Held<sdk::Listener>>> {
        self.0.listeners.get(&balancer(id), freshness, |balancer| self.0.list_listeners(balancer)).await
    }

    /// By its handle, or by a look at its port; `None` where it is gone.
    async fn arn(&self, id: &Id) -> Result<Option<String>> {
        if let Some(Handle(arn)) = &id.handle {
            return Ok(Some(arn.clone()));
        }
        let held = self.held(id, Freshness::Now).await?.flatten();
        Ok(held.and_then(|held| choose(id, &held).and_then(|found| found.listener_arn.clone())))
    }

    /// Forgets all that is remembered of it.
    fn forget(&self, balancer: &str, listener: &str) {
        self.0.listeners.forget(balancer);
        self.0.certificates.forget(listener);
    }

    /// What its tags tell of one whose turn to be read has not come.
    async fn unread(&self, id: &Id) -> Result<Seen<Listener>> {
        let arn = id.handle.as_ref().map(|handle| handle.0.clone()).unwrap_or_default();
        let Some(tags) = self.0.tags_of(id, &arn, id.freshness).await? else { return Ok(Seen::Absent) };
        Ok(Seen::Partly {
            owner: Owner::from_tags(&tags),
            have: Listener { tags, ..seen(&balancer(id), &sdk::Listener::builder().build()) },
            out: outputs(&arn),
            handle: Handle(arn),
            state: State::Ready,
            unread: UNREAD,
        })
    }

    /// Adds and removes further certificates.
    async fn certify(
        &self,
        id: &Id,
        arn: &str,
        have: &BTreeSet<Val<String>>,
        want: &BTreeSet<Val<String>>,
    ) -> Result<()> {
        let client = self.0.writer(id);
        let (more, less) = (known_list(&(want - have))?, known_list(&(have - want))?);
        if let Some(more) = certificates(&more) {
            let request = client.add_listener_certificates().listener_arn(arn).set_certificates(Some(more));
            request.send().await.map_err(refused)?;
        }
        if let Some(less) = certificates(&less) {
            let request = client.remove_listener_certificates().listener_arn(arn).set_certificates(Some(less));
            request.send().await.map_err(refused)?;
        }
        Ok(())
    }
}

/// Picks the listener that an id means among those of its load balancer: no two have one port.
fn choose<'a>(id: &Id, held: &'a [sdk::Listener]) -> Option<&'a sdk::Listener> {
    let port = id.address.get("port").and_then(serde_json::Value::as_i64);
    held.iter().find(|found| match &id.handle {
        Some(Handle(arn)) => found.listener_arn() == Some(arn),
        None => port.is_some() && found.port().map(i64::from) == port,
    })
}

impl Provider<Listener> for Listeners {
    const ACTIONS: &'static [&'static str] = &[
        "elasticloadbalancing:AddListenerCertificates",
        "elasticloadbalancing:AddTags",
        "elasticloadbalancing:CreateListener",
        "elasticloadbalancing:DeleteListener",
        "elasticloadbalancing:DescribeListenerCertificates",
        "elasticloadbalancing:DescribeListeners",
        "elasticloadbalancing:DescribeTags",
        "elasticloadbalancing:ModifyListener",
        "elasticloadbalancing:RemoveListenerCertificates",
        "elasticloadbalancing:RemoveTags",
        "tag:GetResources",
    ];

    async fn observe(&self, id: &Id) -> Result<Seen<Listener>> {
        let freshness = freshness(id);
        let Some(held) = self.held(id, freshness).await? else { return self.unread(id).await };
        let Some(found) = held.as_ref().and_then(|held| choose(id, held)) else { return Ok(Seen::Absent) };
        let arn = found.listener_arn().unwrap_or_default().to_owned();
        let Some(tags) = self.0.tags_of(id, &arn, freshness).await? else { return Ok(Seen::Absent) };
        let have = seen(&balancer(id), found);
        let further = match &have.certificate_arn {
            None => Some(BTreeSet::new()),
            Some(_) => self.0.certificates.get_in_turn(&arn, freshness, || self.0.list_certificates(&arn)).await?,
        };
        Ok(Seen::Partly {
            owner: Owner::from_tags(&tags),
            unread: if further.is_some() { &[] } else { &["certificates"] },
            have: Listener { certificates: further.unwrap_or_default(), tags, ..have },
            out: outputs(&arn),
            handle: Handle(arn),
            state: State::Ready,
        })
    }

    async fn create(&self, id: &Id, want: &Listener) -> Result<Handle> {
        let balancer = known(&want.load_balancer_arn)?;
        let request = self
            .0
            .writer(id)
            .create_listener()
            .load_balancer_arn(&balancer)
            .port(want.port)
            .protocol(want.protocol.as_str().into())
            .set_certificates(certificate(want)?)
            .set_ssl_policy(want.ssl_policy.clone())
            .set_alpn_policy(want.alpn_policy.clone().map(|policy| vec![policy]))
            .default_actions(action::write(&want.default_action)?)
            .set_tags(Some(write_tags(&want.tags)));
        let answer = request.send().await.map_err(refused)?;
        let handle = made(answer.listeners.unwrap_or_default().into_iter().next().and_then(|made| made.listener_arn))?;
        self.forget(&balancer, &handle.0);
        self.certify(id, &handle.0, &BTreeSet::new(), &want.certificates).await?;
        Ok(handle)
    }

    fn made(&self, _id: &Id, handle: &Handle) -> Option<ListenerOutputs> {
        Some(outputs(&handle.0))
    }

    async fn update(&self, id: &Id, have: &Listener, want: &Listener, diff: &Diff) -> Result<()> {
        let Some(arn) = self.arn(id).await? else { return Ok(()) };
        self.forget(&known(&have.load_balancer_arn)?, &arn);
        self.0.retag(id, &arn, &want.tags, diff).await?;
        if diff.touches_any(&["port", "protocol", "certificateArn", "sslPolicy", "alpnPolicy", "defaultAction"]) {
            // Another protocol needs all that goes with it; what is the same does no harm.
            let with_protocol = diff.touches("protocol");
            let tls = diff.touches_any(&["certificateArn", "sslPolicy"]) || with_protocol;
            let request = self.0.writer(id).modify_listener().listener_arn(&arn);
            let request = only!(request, diff, {
                "port" => set_port(Some(want.port)),
                "protocol" => protocol(want.protocol.as_str().into()),
                "defaultAction" => default_actions(action::write(&want.default_action)?),
            });
            let request = if tls {
                request.set_certificates(certificate(want)?).set_ssl_policy(want.ssl_policy.clone())
            } else {
                request
            };
            let alpn = want.alpn_policy.clone().filter(|_| diff.touches("alpnPolicy") || with_protocol);
            request.set_alpn_policy(alpn.map(|policy| vec![policy])).send().await.map_err(refused)?;
        }
        if diff.touches("certificates") {
            self.certify(id, &arn, &have.certificates, &want.certificates).await?;
        }
        Ok(())
    }

    async fn delete(&self, id: &Id, have: &Listener, _disposal: Disposal) -> Result<()> {
        let Some(arn) = self.arn(id).await? else { return Ok(()) };
        self.forget(&known(&have.load_balancer_arn)?, &arn);
        // With it go its rules.
        self.0.rules.forget(&arn);
        let answer = self.0.writer(id).delete_listener().listener_arn(arn).send().await;
        absent(answer, GONE).map(drop)
    }
}

#[cfg(test)]
mod tests;
