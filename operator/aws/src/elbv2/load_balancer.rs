//! `elbv2/LoadBalancer`.
//!
//! Attributes are set in the same breath as it is made. Its end takes deletion protection off: that protects from other
//! hands, and whoever deletes the object means it. Its network interfaces, which hold its security groups, may outlive it
//! by minutes.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_elasticloadbalancingv2::Client;
use aws_sdk_elasticloadbalancingv2::types::{self as sdk, LoadBalancerStateEnum, LoadBalancerTypeEnum};
use terrace_engine::{Disposal, Error, Pace, Provider, Result, Seen, State, reason};
use terrace_model::aws::elbv2::{Attributes, LoadBalancer, LoadBalancerOutputs};
use terrace_model::{Diff, Handle, Id, Owner, Val};

use super::{Elb, NAME, attributes, made, path, refused, write_tags};
use crate::errors::{already, classify};
use crate::shared::{fresh, known_list};

const GONE: &[&str] = &["LoadBalancerNotFound"];
const PROTECTION: &str = "deletion_protection.enabled";
/// No name begins so (API reference, CreateLoadBalancer, `Name`).
const RESERVED: &str = "internal-";

/// See the module.
pub struct LoadBalancers(pub Arc<Elb>);

/// The derived name; of what was adopted, the one that it has: `…:loadbalancer/app/<name>/<id>`.
fn name(id: &Id) -> String {
    let known = id.handle.as_ref().and_then(|handle| path(&handle.0).split('/').nth(1));
    known.map_or_else(|| derived(id), str::to_owned)
}

fn derived(id: &Id) -> String {
    let name = id.name(NAME);
    if name.starts_with(RESERVED) { format!("t-{}", id.name(NAME - 2)) } else { name }
}

fn attribute((key, value): (&String, &String)) -> sdk::LoadBalancerAttribute {
    sdk::LoadBalancerAttribute::builder().key(key).value(value).build()
}

async fn set(client: &Client, arn: &str, attributes: &Attributes) -> Result<()> {
    if attributes.is_empty() {
        return Ok(());
    }
    let request = client.modify_load_balancer_attributes().load_balancer_arn(arn);
    request.set_attributes(Some(attributes.iter().map(attribute).collect())).send().await.map(drop).map_err(refused)
}

fn subnets(zones: &[sdk::AvailabilityZone]) -> BTreeSet<String> {
    zones.iter().filter_map(|zone| zone.subnet_id()).map(str::to_owned).collect()
}

fn state(seen: &sdk::LoadBalancer) -> State {
    let state = seen.state();
    match state.and_then(|state| state.code()) {
        Some(LoadBalancerStateEnum::Provisioning) => State::Settling("provisioning".into()),
        Some(LoadBalancerStateEnum::Failed) => {
            State::Failed(state.and_then(|state| state.reason()).unwrap_or("failed").to_owned())
        }
        // One that is impaired works, and gets more capacity by itself.
        _ => State::Ready,
    }
}

fn outputs(seen: &sdk::LoadBalancer) -> LoadBalancerOutputs {
    LoadBalancerOutputs {
        name: seen.load_balancer_name.clone(),
        arn: seen.load_balancer_arn.clone(),
        dns_name: seen.dns_name.clone(),
        canonical_hosted_zone_id: seen.canonical_hosted_zone_id.clone(),
        full_name: seen.load_balancer_arn().map(path).map(str::to_owned),
    }
}

impl LoadBalancers {
    /// By its handle, or by a look at its name; `None` where it is gone.
    async fn arn(&self, id: &Id) -> Result<Option<String>> {
        match &id.handle {
            Some(Handle(arn)) => Ok(Some(arn.clone())),
            None => {
                Ok(self.0.load_balancer(&fresh(id), &name(id)).await?.and_then(|seen| seen.load_balancer_arn.clone()))
            }
        }
    }

    async fn read(&self, id: &Id, arn: &str) -> Result<Attributes> {
        let answer = self.0.reader(id).describe_load_balancer_attributes().load_balancer_arn(arn).send().await;
        let shown = answer.map_err(classify)?.attributes.unwrap_or_default();
        Ok(shown.into_iter().filter_map(|one| Some((one.key?, one.value.unwrap_or_default()))).collect())
    }

    async fn place(&self, id: &Id, arn: &str, want: &LoadBalancer, diff: &Diff) -> Result<()> {
        let (client, kind) = (self.0.writer(id), sdk::IpAddressType::from(want.ip_address_type.as_str()));
        if diff.touches("subnets") {
            // The new subnets may be what another kind of address needs, or the other way round.
            let request = client.set_subnets().load_balancer_arn(arn).ip_address_type(kind);
            request.set_subnets(Some(want.subnets.iter().cloned().collect())).send().await.map_err(refused)?;
        } else if diff.touches("ipAddressType") {
            let request = client.set_ip_address_type().load_balancer_arn(arn).ip_address_type(kind);
            request.send().await.map_err(refused)?;
        }
        Ok(())
    }

    async fn guard(&self, id: &Id, arn: &str, have: &LoadBalancer, want: &LoadBalancer) -> Result<()> {
        if want.r#type == LoadBalancer::NETWORK && have.security_groups.is_empty() != want.security_groups.is_empty() {
            return Err(Error::Invalid {
                reason: reason::REFUSED,
                message: "AWS neither gives security groups to a Network Load Balancer that was made without any, nor \
                          takes all of them from one that has some: only a new load balancer can be otherwise"
                    .into(),
            });
        }
        let request = self.0.writer(id).set_security_groups().load_balancer_arn(arn);
        let groups = known_list(&want.security_groups)?;
        request.set_security_groups(Some(groups)).send().await.map(drop).map_err(refused)
    }
}

impl Provider<LoadBalancer> for LoadBalancers {
    const ACTIONS: &'static [&'static str] = &[
        "ec2:DescribeAccountAttributes",
        "ec2:DescribeInternetGateways",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeVpcs",
        "elasticloadbalancing:AddTags",
        "elasticloadbalancing:CreateLoadBalancer",
        "elasticloadbalancing:DeleteLoadBalancer",
        "elasticloadbalancing:DescribeLoadBalancerAttributes",
        "elasticloadbalancing:DescribeLoadBalancers",
        "elasticloadbalancing:DescribeTags",
        "elasticloadbalancing:ModifyLoadBalancerAttributes",
        "elasticloadbalancing:RemoveTags",
        "elasticloadbalancing:SetIpAddressType",
        "elasticloadbalancing:SetSecurityGroups",
        "elasticloadbalancing:SetSubnets",
        "iam:CreateServiceLinkedRole",
        "tag:GetResources",
    ];
    const PACE: Pace = Pace { usual: Duration::from_secs(150) };

    async fn observe(&self, id: &Id) -> Result<Seen<LoadBalancer>> {
        let Some(seen) = self.0.load_balancer(id, &name(id)).await? else { return Ok(Seen::Absent) };
        let arn = seen.load_balancer_arn().unwrap_or_default().to_owned();
        let Some(tags) = self.0.tags_of(id, &arn, id.freshness).await? else { return Ok(Seen::Absent) };
        let attributes = self.0.attributes_of(id, &arn, || self.read(id, &arn)).await?;
        Ok(Seen::Partly {
            owner: Owner::from_tags(&tags),
            unread: if attributes.is_some() { &[] } else { &["attributes"] },
            have: LoadBalancer {
                r#type: seen.r#type().map_or(LoadBalancer::APPLICATION, LoadBalancerTypeEnum::as_str).to_owned(),
                scheme: seen.scheme().map(|scheme| scheme.as_str().to_owned()).unwrap_or_default(),
                ip_address_type: seen.ip_address_type().map_or("ipv4", sdk::IpAddressType::as_str).to_owned(),
                subnets: subnets(seen.availability_zones()),
                security_groups: seen.security_groups().iter().map(|group| Val::from(group.as_str())).collect(),
                attributes: attributes.unwrap_or_default(),
                tags,
            },
            out: outputs(&seen),
            state: state(&seen),
            handle: Handle(arn),
        })
    }

    async fn create(&self, id: &Id, want: &LoadBalancer) -> Result<Handle> {
        let client = self.0.writer(id);
        let groups = Some(known_list(&want.security_groups)?).filter(|groups| !groups.is_empty());
        let request = client
            .create_load_balancer()
            .name(name(id))
            .r#type(want.r#type.as_str().into())
            .scheme(want.scheme.as_str().into())
            .ip_address_type(want.ip_address_type.as_str().into())
            .set_subnets(Some(want.subnets.iter().cloned().collect()))
            .set_security_groups(groups)
            .set_tags(Some(write_tags(&want.tags)));
        let made_now = request.send().await.map_err(refused)?.load_balancers.unwrap_or_default().into_iter().next();
        let handle = made(made_now.and_then(|made| made.load_balancer_arn))?;
        self.0.attributes.forget(&handle.0);
        set(&client, &handle.0, &want.attributes).await?;
        Ok(handle)
    }

    async fn update(&self, id: &Id, have: &LoadBalancer, want: &LoadBalancer, diff: &Diff) -> Result<()> {
        let Some(arn) = self.arn(id).await? else { return Ok(()) };
        self.0.retag(id, &arn, &want.tags, diff).await?;
        self.place(id, &arn, want, diff).await?;
        if diff.touches("securityGroups") {
            self.guard(id, &arn, have, want).await?;
        }
        if diff.touches("attributes") {
            self.0.attributes.forget(&arn);
            set(&self.0.writer(id), &arn, &attributes::changed(&want.attributes, diff)).await?;
            attributes::unset(&have.attributes, &want.attributes, diff)?;
        }
        Ok(())
    }

    async fn delete(&self, id: &Id, have: &LoadBalancer, _disposal: Disposal) -> Result<()> {
        let Some(arn) = self.arn(id).await? else { return Ok(()) };
        let client = self.0.writer(id);
        self.0.attributes.forget(&arn);
        if have.attributes.get(PROTECTION).is_some_and(|value| value == "true") {
            set(&client, &arn, &[(PROTECTION.to_owned(), "false".to_owned())].into()).await?;
        }
        already(client.delete_load_balancer().load_balancer_arn(arn).send().await, GONE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elbv2::testing::{between, elb, load_balancer, meta, shown_attributes, tagged};
    use crate::testing::id;
    use aws_sdk_elasticloadbalancingv2::operation::create_load_balancer::{
        CreateLoadBalancerError, CreateLoadBalancerOutput,
    };
    use aws_sdk_elasticloadbalancingv2::operation::delete_load_balancer::{
        DeleteLoadBalancerError, DeleteLoadBalancerOutput,
    };
    use aws_sdk_elasticloadbalancingv2::operation::describe_load_balancers::DescribeLoadBalancersOutput;
    use aws_sdk_elasticloadbalancingv2::operation::modify_load_balancer_attributes::ModifyLoadBalancerAttributesOutput;
    use aws_sdk_elasticloadbalancingv2::operation::set_security_groups::SetSecurityGroupsOutput;
    use aws_sdk_elasticloadbalancingv2::operation::set_subnets::SetSubnetsOutput;
    use aws_smithy_mocks::{Rule, mock};
    use terrace_model::OwnerRef;

    const ARN: &str = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/shop/50dc6c495c0c9188";

    fn stands() -> Id {
        Id { handle: Some(ARN.into()), ..id::<LoadBalancer>("balancer") }
    }

    fn provider(rules: &[&Rule]) -> LoadBalancers {
        LoadBalancers(elb(rules))
    }

    fn described(code: LoadBalancerStateEnum) -> Rule {
        mock!(Client::describe_load_balancers).match_requests(|request| request.names() == ["shop"]).then_output(
            move || {
                let zone = |subnet: &str| sdk::AvailabilityZone::builder().subnet_id(subnet).build();
                let state = sdk::LoadBalancerState::builder().code(code.clone()).reason("no room").build();
                let found = sdk::LoadBalancer::builder()
                    .load_balancer_name("shop")
                    .load_balancer_arn(ARN)
                    .dns_name("internal-shop.elb.amazonaws.com")
                    .canonical_hosted_zone_id("Z32O12XQLNTSW2")
                    .r#type(LoadBalancerTypeEnum::Application)
                    .scheme(sdk::LoadBalancerSchemeEnum::Internal)
                    .ip_address_type(sdk::IpAddressType::Ipv4)
                    .availability_zones(zone("b"))
                    .availability_zones(zone("a"))
                    .security_groups("sg-1")
                    .state(state)
                    .build();
                DescribeLoadBalancersOutput::builder().load_balancers(found).build()
            },
        )
    }

    fn sets(key: &'static str, value: &'static str) -> Rule {
        mock!(Client::modify_load_balancer_attributes)
            .match_requests(move |request| {
                let says = |one: &sdk::LoadBalancerAttribute| one.key() == Some(key) && one.value() == Some(value);
                request.load_balancer_arn() == Some(ARN) && request.attributes().iter().any(says)
            })
            .then_output(|| ModifyLoadBalancerAttributesOutput::builder().build())
    }

    #[tokio::test]
    async fn what_is_seen_is_as_wished_and_its_address_is_known_before_it_works() {
        let shown = shown_attributes(&[("idle_timeout.timeout_seconds", "60"), ("access_logs.s3.bucket", "")]);
        let rules = [&described(LoadBalancerStateEnum::Provisioning), &tagged(&[("team", "shop")]), &shown];
        let seen = provider(&rules).observe(&stands()).await.expect("it is seen");
        let Seen::Partly { have, out, state, unread, .. } = seen else { panic!("it is there") };
        assert!(between(&have, &load_balancer()).is_empty() && unread.is_empty());
        assert_eq!(state, State::Settling("provisioning".into()));
        assert_eq!(out.dns_name.as_deref(), Some("internal-shop.elb.amazonaws.com"));
        assert_eq!(out.canonical_hosted_zone_id.as_deref(), Some("Z32O12XQLNTSW2"));
        assert_eq!(out.full_name.as_deref(), Some("app/shop/50dc6c495c0c9188"));
    }

    #[tokio::test]
    async fn one_that_failed_says_why_and_one_that_is_impaired_works() {
        let states = [
            (LoadBalancerStateEnum::Failed, State::Failed("no room".into())),
            (LoadBalancerStateEnum::ActiveImpaired, State::Ready),
        ];
        for (code, expected) in states {
            let rules = [&described(code), &tagged(&[]), &shown_attributes(&[])];
            let seen = provider(&rules).observe(&stands()).await;
            let Ok(Seen::Partly { state, .. }) = seen else { panic!("it is there") };
            assert_eq!(state, expected);
        }
    }

    #[tokio::test]
    async fn it_is_made_with_its_tags_and_its_attributes_follow_at_once() {
        let create = mock!(Client::create_load_balancer)
            .match_requests(|request| request.tags().len() == 1 && request.subnets() == ["a", "b"])
            .then_output(|| {
                let made = sdk::LoadBalancer::builder().load_balancer_arn(ARN).build();
                CreateLoadBalancerOutput::builder().load_balancers(made).build()
            });
        let set = sets("idle_timeout.timeout_seconds", "60");
        let handle = provider(&[&create, &set]).create(&id::<LoadBalancer>("balancer"), &load_balancer()).await;
        assert_eq!((handle, set.num_calls()), (Ok(ARN.into()), 1));
    }

    #[tokio::test]
    async fn a_name_that_is_taken_is_looked_at_again() {
        let taken = mock!(Client::create_load_balancer)
            .then_error(|| CreateLoadBalancerError::generic(meta("DuplicateLoadBalancerName")));
        let error = provider(&[&taken]).create(&id::<LoadBalancer>("balancer"), &load_balancer()).await;
        assert!(matches!(error, Err(Error::Wait { reason: reason::ALREADY_EXISTS, .. })));
    }

    #[tokio::test]
    async fn each_thing_that_differs_is_said_by_its_own_call_and_nothing_else_is() {
        let (have, set) = (load_balancer(), sets("idle_timeout.timeout_seconds", "90"));
        let subnets = mock!(Client::set_subnets)
            .match_requests(|request| request.subnets() == ["a", "c"])
            .then_output(|| SetSubnetsOutput::builder().build());
        let groups = mock!(Client::set_security_groups)
            .match_requests(|request| request.security_groups() == ["sg-2"])
            .then_output(|| SetSecurityGroupsOutput::builder().build());
        let provider = provider(&[&set, &subnets, &groups]);
        let mut want = have.clone();
        want.attributes.insert("idle_timeout.timeout_seconds".into(), "90".into());
        let done = provider.update(&stands(), &have, &want, &between(&have, &want)).await;
        assert_eq!((done, subnets.num_calls(), groups.num_calls()), (Ok(()), 0, 0));
        let want = LoadBalancer {
            subnets: ["a", "c"].map(str::to_owned).into(),
            security_groups: ["sg-2".into()].into(),
            ..have.clone()
        };
        let done = provider.update(&stands(), &have, &want, &between(&have, &want)).await;
        assert_eq!((done, subnets.num_calls(), groups.num_calls(), set.num_calls()), (Ok(()), 1, 1, 1));
    }

    #[tokio::test]
    async fn a_network_load_balancer_neither_gains_nor_loses_security_groups() {
        let with = LoadBalancer { r#type: LoadBalancer::NETWORK.into(), ..load_balancer() };
        let without = LoadBalancer { security_groups: BTreeSet::new(), ..with.clone() };
        for (have, want) in [(&with, &without), (&without, &with)] {
            let error =
                provider(&[]).update(&stands(), have, want, &between(have, want)).await.expect_err("AWS refuses");
            assert_eq!(error.reason(), reason::REFUSED);
        }
    }

    #[tokio::test]
    async fn its_end_takes_the_protection_off_and_one_in_use_is_waited_for() {
        let (off, gone) = (sets(PROTECTION, "false"), mock!(Client::delete_load_balancer));
        let gone = gone.then_output(|| DeleteLoadBalancerOutput::builder().build());
        let mut have = load_balancer();
        have.attributes.insert(PROTECTION.into(), "true".into());
        let done = provider(&[&off, &gone]).delete(&stands(), &have, Disposal::Delete).await;
        assert_eq!((done, off.num_calls(), gone.num_calls()), (Ok(()), 1, 1));
        let used =
            mock!(Client::delete_load_balancer).then_error(|| DeleteLoadBalancerError::generic(meta("ResourceInUse")));
        let error = provider(&[&used]).delete(&stands(), &load_balancer(), Disposal::Delete).await;
        assert!(matches!(error, Err(Error::Wait { reason: reason::IN_USE, .. })));
    }

    #[test]
    fn a_name_is_one_that_aws_takes() {
        let of = |namespace: &str| {
            let id = id::<LoadBalancer>("balancer");
            name(&Id { owner: OwnerRef { namespace: namespace.into(), ..id.owner.clone() }, ..id })
        };
        for name in ["shop", "internal", "internal-tools"].map(of) {
            assert!(name.len() <= NAME && !name.starts_with(RESERVED) && !name.ends_with('-'), "{name}");
        }
        assert_eq!(name(&stands()), "shop");
    }
}
