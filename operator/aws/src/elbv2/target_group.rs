//! `elbv2/TargetGroup`. Its attributes are set in the same breath as it is made. Who registers targets is not its matter.

use std::sync::Arc;

use aws_sdk_elasticloadbalancingv2::Client;
use aws_sdk_elasticloadbalancingv2::types as sdk;
use terrace_engine::{Disposal, Provider, Result, Seen, State};
use terrace_model::aws::elbv2::{Attributes, HealthCheck, TargetGroup, TargetGroupOutputs};
use terrace_model::{Diff, Handle, Id, Owner};

use super::{Elb, NAME, attributes, made, refused, write_tags};
use crate::errors::{absent, classify};
use crate::shared::fresh;

const GONE: &[&str] = &["TargetGroupNotFound"];
/// Its health checks count codes of gRPC instead of HTTP's.
const GRPC: &str = "GRPC";

/// See the module.
pub struct TargetGroups(pub Arc<Elb>);

/// The derived name; of what was adopted, the one that it has: `…:targetgroup/<name>/<id>`.
fn name(id: &Id) -> String {
    let known = id.handle.as_ref().and_then(|Handle(arn)| arn.split('/').nth(1));
    known.map_or_else(|| id.name(NAME), str::to_owned)
}

fn outputs(name: String, arn: &str) -> TargetGroupOutputs {
    let full_name = arn.rsplit(':').next().map(str::to_owned);
    TargetGroupOutputs { name: Some(name), arn: Some(arn.to_owned()), full_name }
}

/// The default (API reference, CreateTargetGroup, `ProtocolVersion`) where there may be one.
fn version(seen: &sdk::TargetGroup) -> Option<String> {
    let http = matches!(seen.protocol(), Some(sdk::ProtocolEnum::Http | sdk::ProtocolEnum::Https));
    seen.protocol_version().or(http.then_some("HTTP1")).map(str::to_owned)
}

fn attribute((key, value): (&String, &String)) -> sdk::TargetGroupAttribute {
    sdk::TargetGroupAttribute::builder().key(key).value(value).build()
}

async fn set(client: &Client, arn: &str, attributes: &Attributes) -> Result<()> {
    if attributes.is_empty() {
        return Ok(());
    }
    let request = client.modify_target_group_attributes().target_group_arn(arn);
    request.set_attributes(Some(attributes.iter().map(attribute).collect())).send().await.map(drop).map_err(refused)
}

/// Codes that count as well, in the words of the protocol.
fn matcher(want: &TargetGroup) -> Option<sdk::Matcher> {
    let codes = want.health_check.matcher.clone()?;
    let matcher = sdk::Matcher::builder();
    let grpc = want.protocol_version.as_deref() == Some(GRPC);
    Some(if grpc { matcher.grpc_code(codes) } else { matcher.http_code(codes) }.build())
}

fn health_check(seen: &sdk::TargetGroup) -> HealthCheck {
    let matcher = seen.matcher();
    HealthCheck {
        protocol: seen.health_check_protocol().map(|protocol| protocol.as_str().to_owned()).unwrap_or_default(),
        port: seen.health_check_port().unwrap_or_default().to_owned(),
        path: seen.health_check_path().map(str::to_owned),
        interval_seconds: seen.health_check_interval_seconds().unwrap_or_default(),
        timeout_seconds: seen.health_check_timeout_seconds().unwrap_or_default(),
        healthy_threshold_count: seen.healthy_threshold_count().unwrap_or_default(),
        unhealthy_threshold_count: seen.unhealthy_threshold_count().unwrap_or_default(),
        matcher: matcher.and_then(|matcher| matcher.grpc_code().or(matcher.http_code())).map(str::to_owned),
    }
}

/// All that a health check says, to a create or a modify.
macro_rules! checked {
    ($request:expr, $want:expr) => {{
        let HealthCheck {
            protocol,
            port,
            path,
            interval_seconds,
            timeout_seconds,
            healthy_threshold_count,
            unhealthy_threshold_count,
            matcher: _,
        } = &$want.health_check;
        $request
            .health_check_protocol(protocol.as_str().into())
            .health_check_port(port)
            .set_health_check_path(path.clone())
            .health_check_interval_seconds(*interval_seconds)
            .health_check_timeout_seconds(*timeout_seconds)
            .healthy_threshold_count(*healthy_threshold_count)
            .unhealthy_threshold_count(*unhealthy_threshold_count)
            .set_matcher(matcher($want))
    }};
}

impl TargetGroups {
    /// By its handle, or by a look at its name; `None` where it is gone.
    async fn arn(&self, id: &Id) -> Result<Option<String>> {
        match &id.handle {
            Some(Handle(arn)) => Ok(Some(arn.clone())),
            None => {
                Ok(self.0.target_group(&fresh(id), &name(id)).await?.and_then(|seen| seen.target_group_arn.clone()))
            }
        }
    }

    async fn read(&self, id: &Id, arn: &str) -> Result<Attributes> {
        let answer = self.0.reader(id).describe_target_group_attributes().target_group_arn(arn).send().await;
        let shown = answer.map_err(classify)?.attributes.unwrap_or_default();
        Ok(shown.into_iter().filter_map(|one| Some((one.key?, one.value.unwrap_or_default()))).collect())
    }
}

impl Provider<TargetGroup> for TargetGroups {
    const ACTIONS: &'static [&'static str] = &[
        "ec2:DescribeVpcs",
        "elasticloadbalancing:AddTags",
        "elasticloadbalancing:CreateTargetGroup",
        "elasticloadbalancing:DeleteTargetGroup",
        "elasticloadbalancing:DescribeTags",
        "elasticloadbalancing:DescribeTargetGroupAttributes",
        "elasticloadbalancing:DescribeTargetGroups",
        "elasticloadbalancing:ModifyTargetGroup",
        "elasticloadbalancing:ModifyTargetGroupAttributes",
        "elasticloadbalancing:RemoveTags",
        "tag:GetResources",
    ];

    async fn observe(&self, id: &Id) -> Result<Seen<TargetGroup>> {
        let name = name(id);
        let Some(seen) = self.0.target_group(id, &name).await? else { return Ok(Seen::Absent) };
        let arn = seen.target_group_arn().unwrap_or_default().to_owned();
        let Some(tags) = self.0.tags_of(id, &arn, id.freshness).await? else { return Ok(Seen::Absent) };
        let attributes = self.0.attributes_of(id, &arn, || self.read(id, &arn)).await?;
        Ok(Seen::Partly {
            owner: Owner::from_tags(&tags),
            unread: if attributes.is_some() { &[] } else { &["attributes"] },
            have: TargetGroup {
                protocol: seen.protocol().map(|protocol| protocol.as_str().to_owned()).unwrap_or_default(),
                port: seen.port().unwrap_or_default(),
                protocol_version: version(&seen),
                vpc_id: seen.vpc_id().unwrap_or_default().to_owned(),
                target_type: seen.target_type().map_or("instance", sdk::TargetTypeEnum::as_str).to_owned(),
                ip_address_type: seen
                    .ip_address_type()
                    .map_or("ipv4", sdk::TargetGroupIpAddressTypeEnum::as_str)
                    .to_owned(),
                health_check: health_check(&seen),
                attributes: attributes.unwrap_or_default(),
                tags,
            },
            out: outputs(name, &arn),
            handle: Handle(arn),
            state: State::Ready,
        })
    }

    async fn create(&self, id: &Id, want: &TargetGroup) -> Result<Handle> {
        let client = self.0.writer(id);
        let request = client
            .create_target_group()
            .name(name(id))
            .protocol(want.protocol.as_str().into())
            .port(want.port)
            .set_protocol_version(want.protocol_version.clone())
            .vpc_id(&want.vpc_id)
            .target_type(want.target_type.as_str().into())
            .ip_address_type(want.ip_address_type.as_str().into())
            .set_tags(Some(write_tags(&want.tags)));
        let answer = checked!(request, want).send().await.map_err(refused)?;
        let handle =
            made(answer.target_groups.unwrap_or_default().into_iter().next().and_then(|made| made.target_group_arn))?;
        self.0.attributes.forget(&handle.0);
        set(&client, &handle.0, &want.attributes).await?;
        Ok(handle)
    }

    fn made(&self, id: &Id, handle: &Handle) -> Option<TargetGroupOutputs> {
        Some(outputs(name(id), &handle.0))
    }

    async fn update(&self, id: &Id, have: &TargetGroup, want: &TargetGroup, diff: &Diff) -> Result<()> {
        let Some(arn) = self.arn(id).await? else { return Ok(()) };
        self.0.retag(id, &arn, &want.tags, diff).await?;
        let client = self.0.writer(id);
        if diff.touches("healthCheck") {
            let request = client.modify_target_group().target_group_arn(&arn);
            checked!(request, want).send().await.map_err(refused)?;
        }
        if diff.touches("attributes") {
            self.0.attributes.forget(&arn);
            set(&client, &arn, &attributes::changed(&want.attributes, diff)).await?;
            attributes::unset(&have.attributes, &want.attributes, diff)?;
        }
        Ok(())
    }

    async fn delete(&self, id: &Id, _have: &TargetGroup, _disposal: Disposal) -> Result<()> {
        let Some(arn) = self.arn(id).await? else { return Ok(()) };
        self.0.attributes.forget(&arn);
        absent(self.0.writer(id).delete_target_group().target_group_arn(arn).send().await, GONE).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elbv2::testing::{between, elb, meta, tagged};
    use crate::testing::id;
    use aws_sdk_elasticloadbalancingv2::operation::create_target_group::CreateTargetGroupOutput;
    use aws_sdk_elasticloadbalancingv2::operation::delete_target_group::DeleteTargetGroupError;
    use aws_sdk_elasticloadbalancingv2::operation::describe_target_group_attributes::DescribeTargetGroupAttributesOutput;
    use aws_sdk_elasticloadbalancingv2::operation::describe_target_groups::DescribeTargetGroupsOutput;
    use aws_sdk_elasticloadbalancingv2::operation::modify_target_group::ModifyTargetGroupOutput;
    use aws_sdk_elasticloadbalancingv2::operation::modify_target_group_attributes::ModifyTargetGroupAttributesOutput;
    use aws_smithy_mocks::{Rule, mock};
    use serde_json::json;
    use terrace_engine::{Error, reason};

    const ARN: &str = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/943f017f100becff";

    fn wish() -> TargetGroup {
        let value = json!({
            "protocol": "HTTP", "port": 8080, "protocolVersion": "GRPC", "vpcId": "vpc-1", "targetType": "ip",
            "ipAddressType": "ipv4", "attributes": {"deregistration_delay.timeout_seconds": "30"},
            "tags": {"team": "shop"}, "healthCheck": {
                "protocol": "HTTP", "port": "traffic-port", "path": "/", "intervalSeconds": 30, "timeoutSeconds": 5,
                "healthyThresholdCount": 5, "unhealthyThresholdCount": 2, "matcher": "0"},
        });
        serde_json::from_value(value).expect("a wish is whole")
    }

    fn stands() -> Id {
        Id { handle: Some(ARN.into()), ..id::<TargetGroup>("web") }
    }

    fn described() -> Rule {
        mock!(Client::describe_target_groups).match_requests(|request| request.names() == ["web"]).then_output(|| {
            let found = sdk::TargetGroup::builder()
                .target_group_name("web")
                .target_group_arn(ARN)
                .protocol(sdk::ProtocolEnum::Http)
                .port(8080)
                .protocol_version("GRPC")
                .vpc_id("vpc-1")
                .target_type(sdk::TargetTypeEnum::Ip)
                .health_check_protocol(sdk::ProtocolEnum::Http)
                .health_check_port("traffic-port")
                .health_check_path("/")
                .health_check_interval_seconds(30)
                .health_check_timeout_seconds(5)
                .healthy_threshold_count(5)
                .unhealthy_threshold_count(2)
                .matcher(sdk::Matcher::builder().grpc_code("0").build())
                .build();
            DescribeTargetGroupsOutput::builder().target_groups(found).build()
        })
    }

    fn sets(value: &'static str) -> Rule {
        mock!(Client::modify_target_group_attributes)
            .match_requests(move |request| request.attributes().iter().any(|one| one.value() == Some(value)))
            .then_output(|| ModifyTargetGroupAttributesOutput::builder().build())
    }

    #[tokio::test]
    async fn what_is_seen_is_as_wished() {
        let attributes = mock!(Client::describe_target_group_attributes).then_output(|| {
            let one =
                sdk::TargetGroupAttribute::builder().key("deregistration_delay.timeout_seconds").value("30").build();
            DescribeTargetGroupAttributesOutput::builder().attributes(one).build()
        });
        let groups = TargetGroups(elb(&[&described(), &attributes, &tagged(&[("team", "shop")])]));
        let Ok(Seen::Partly { have, out, .. }) = groups.observe(&stands()).await else { panic!("it is there") };
        assert!(between(&have, &wish()).is_empty());
        assert_eq!(out.full_name.as_deref(), Some("targetgroup/web/943f017f100becff"));
    }

    #[tokio::test]
    async fn it_is_made_whole_and_stands_at_once() {
        let create = mock!(Client::create_target_group)
            .match_requests(|request| {
                let codes = request.matcher().and_then(|matcher| matcher.grpc_code());
                request.tags().len() == 1 && codes == Some("0") && request.health_check_path() == Some("/")
            })
            .then_output(|| {
                let made = sdk::TargetGroup::builder().target_group_arn(ARN).build();
                CreateTargetGroupOutput::builder().target_groups(made).build()
            });
        let (set, id) = (sets("30"), id::<TargetGroup>("web"));
        let groups = TargetGroups(elb(&[&create, &set]));
        let handle = groups.create(&id, &wish()).await.expect("it is made");
        assert_eq!((handle.0.as_str(), set.num_calls()), (ARN, 1));
        assert_eq!(groups.made(&stands(), &handle).and_then(|out| out.name).as_deref(), Some("web"));
        assert!(name(&id).len() <= NAME);
        assert_ne!(name(&id), name(&Id { incarnation: 2, ..id.clone() }));
    }

    #[tokio::test]
    async fn its_checks_are_said_whole_and_its_attributes_one_by_one() {
        let modify = mock!(Client::modify_target_group)
            .match_requests(|request| request.health_check_path() == Some("/new") && request.matcher().is_some())
            .then_output(|| ModifyTargetGroupOutput::builder().build());
        let (set, have) = (sets("60"), wish());
        let mut want = wish();
        want.health_check.path = Some("/new".into());
        want.attributes.insert("deregistration_delay.timeout_seconds".into(), "60".into());
        let groups = TargetGroups(elb(&[&modify, &set]));
        let done = groups.update(&stands(), &have, &want, &between(&have, &want)).await;
        assert_eq!((done, modify.num_calls(), set.num_calls()), (Ok(()), 1, 1));
    }

    #[tokio::test]
    async fn one_that_is_gone_is_deleted_and_one_in_use_is_waited_for() {
        let delete = async |code: &'static str| {
            let rule =
                mock!(Client::delete_target_group).then_error(move || DeleteTargetGroupError::generic(meta(code)));
            TargetGroups(elb(&[&rule])).delete(&stands(), &wish(), Disposal::Delete).await
        };
        assert_eq!(delete("TargetGroupNotFound").await, Ok(()));
        assert!(matches!(delete("ResourceInUse").await, Err(Error::Wait { reason: reason::IN_USE, .. })));
    }
}
