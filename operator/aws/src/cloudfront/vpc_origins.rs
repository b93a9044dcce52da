//! `cloudfront/VpcOrigin`. Nothing but its tags is ever changed: AWS changes none in use.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_cloudfront::Client;
use aws_sdk_cloudfront::types as sdk;
use terrace_engine::coalesce::Fetch;
use terrace_engine::{Disposal, Error, Pace, Provider, Result, Seen, State, reason};
use terrace_model::aws::Tags;
use terrace_model::aws::cloudfront::{Port, VpcOrigin, VpcOriginOutputs};
use terrace_model::{Diff, Handle, Id, Owner};

use super::origin::{given, policy, protocols, write_protocols};
use super::{CloudFront, GLOBAL, etag, id_of, refused, whole, write_tags};
use crate::errors::{absent, classify, code};
use crate::shared::known;

const GONE: &[&str] = &["EntityNotFound"];
/// What no list shows.
const UNLISTED: &[&str] = &["httpPort", "httpsPort", "originProtocolPolicy", "originSslProtocols"];

/// See the module.
pub struct VpcOrigins(pub Arc<CloudFront>);

/// The API reference names no words; the developer guide has `Deploying`, `Deployed`, `Failed` and `Deleting`.
fn state(status: &str) -> State {
    match status {
        "Deployed" => State::Ready,
        "Deleting" => State::Deleting,
        failed if failed.contains("Failed") => State::Failed(failed.to_owned()),
        other => State::Settling(other.to_owned()),
    }
}

struct List(Client);

/// By id and by name.
impl Fetch<String, sdk::VpcOriginSummary> for List {
    async fn some(&self, _keys: &BTreeSet<String>) -> Result<BTreeMap<String, sdk::VpcOriginSummary>> {
        self.all().await
    }

    async fn all(&self) -> Result<BTreeMap<String, sdk::VpcOriginSummary>> {
        let (mut all, mut marker) = (BTreeMap::new(), None);
        loop {
            let answer = self.0.list_vpc_origins().set_marker(marker).send().await.map_err(classify)?;
            let Some(page) = answer.vpc_origin_list else { return Ok(all) };
            for item in page.items.unwrap_or_default() {
                all.insert(item.name.clone(), item.clone());
                all.insert(item.id.clone(), item);
            }
            marker = page.next_marker.filter(|_| page.is_truncated);
            if marker.is_none() {
                return Ok(all);
            }
        }
    }
}

fn have(seen: &sdk::VpcOriginSummary, config: Option<&sdk::VpcOriginEndpointConfig>, tags: Tags) -> VpcOrigin {
    let policy = config.map_or(terrace_model::aws::cloudfront::ProtocolPolicy::MatchViewer, |config| {
        policy(config.origin_protocol_policy())
    });
    VpcOrigin {
        arn: seen.origin_endpoint_arn().into(),
        http_port: Port(config.map_or(80, |config| config.http_port())).into(),
        https_port: Port(config.map_or(443, |config| config.https_port())).into(),
        origin_protocol_policy: policy.into(),
        origin_ssl_protocols: protocols(config.and_then(|config| config.origin_ssl_protocols())),
        tags,
    }
}

fn config(name: String, want: &VpcOrigin) -> Result<sdk::VpcOriginEndpointConfig> {
    sdk::VpcOriginEndpointConfig::builder()
        .name(name)
        .arn(known(&want.arn)?)
        .http_port(given(&want.http_port)?.0)
        .https_port(given(&want.https_port)?.0)
        .origin_protocol_policy(given(&want.origin_protocol_policy)?.as_str().into())
        .set_origin_ssl_protocols(write_protocols(&want.origin_ssl_protocols)?)
        .build()
        .map_err(whole)
}

impl VpcOrigins {
    async fn find(&self, id: &Id) -> Result<Option<sdk::VpcOriginSummary>> {
        let key = id_of(id).map_or_else(|| id.default_name(), str::to_owned);
        self.0.vpc_origins.of(GLOBAL).get(key, id.freshness, &List(self.0.reader())).await
    }

    async fn config(&self, id: &Id, number: &str) -> Result<Option<sdk::VpcOriginEndpointConfig>> {
        let read = || async {
            let answer = self.0.reader().get_vpc_origin().id(number).send().await.map_err(classify)?;
            let config = answer.vpc_origin.and_then(|origin| origin.vpc_origin_endpoint_config);
            config.ok_or_else(|| Error::retry("AWS did not say what there is"))
        };
        self.0.vpc_origin_configs.get_in_turn(number, id.freshness, read).await
    }
}

impl Provider<VpcOrigin> for VpcOrigins {
    const ACTIONS: &'static [&'static str] = &[
        "cloudfront:CreateVpcOrigin",
        "cloudfront:DeleteVpcOrigin",
        "cloudfront:GetVpcOrigin",
        "cloudfront:ListTagsForResource",
        "cloudfront:ListVpcOrigins",
        "cloudfront:TagResource",
        "cloudfront:UntagResource",
        "ec2:DescribeInstances",
        "ec2:DescribeInternetGateways",
        "ec2:DescribeSubnets",
        "elasticloadbalancing:DescribeListeners",
        "elasticloadbalancing:DescribeLoadBalancers",
        "iam:CreateServiceLinkedRole",
        "tag:GetResources",
    ];
    /// "Up to 15 minutes" (developer guide, "Restrict access with VPC origins").
    const PACE: Pace = Pace { usual: Duration::from_secs(600) };

    async fn observe(&self, id: &Id) -> Result<Seen<VpcOrigin>> {
        let Some(seen) = self.find(id).await? else { return Ok(Seen::Absent) };
        let config = self.config(id, seen.id()).await?;
        let tags = self.0.tags_of(id, seen.arn()).await?;
        let state = state(seen.status());
        let ready = state == State::Ready;
        Ok(Seen::Partly {
            owner: Owner::from_tags(&tags),
            unread: if config.is_some() { &[] } else { UNLISTED },
            have: have(&seen, config.as_ref(), tags),
            out: VpcOriginOutputs { id: ready.then(|| seen.id.clone()), arn: Some(seen.arn.clone()) },
            handle: Handle(seen.arn.clone()),
            state,
        })
    }

    async fn create(&self, id: &Id, want: &VpcOrigin) -> Result<Handle> {
        let request = self.0.writer(id).create_vpc_origin().tags(write_tags(&want.tags)?);
        let request = request.vpc_origin_endpoint_config(config(id.default_name(), want)?);
        let made = request.send().await.map_err(refused)?.vpc_origin;
        made.map(|made| Handle(made.arn)).ok_or_else(|| Error::retry("AWS did not say what it made"))
    }

    async fn update(&self, id: &Id, _have: &VpcOrigin, want: &VpcOrigin, diff: &Diff) -> Result<()> {
        let Some(seen) = self.find(id).await? else { return Ok(()) };
        self.0.retag(id, seen.arn(), &want.tags, diff).await
    }

    async fn delete(&self, id: &Id, _have: &VpcOrigin, _disposal: Disposal) -> Result<()> {
        let Some(seen) = self.find(id).await? else { return Ok(()) };
        let client = self.0.writer(id);
        let answer = absent(client.get_vpc_origin().id(seen.id()).send().await, GONE)?;
        let Some(answer) = answer else { return Ok(()) };
        match answer.vpc_origin.as_ref().map(|origin| state(origin.status())) {
            Some(State::Deleting) => return Ok(()),
            Some(State::Settling(word)) => {
                return Err(Error::wait(reason::SETTLING, format!("VPC origin {} is {word}", seen.id())));
            }
            _ => {}
        }
        self.0.vpc_origin_configs.forget(seen.id());
        match client.delete_vpc_origin().id(seen.id()).if_match(etag(answer.e_tag)?).send().await {
            Err(error) if code(&error).is_some_and(|code| GONE.contains(&code)) => Ok(()),
            answer => answer.map(drop).map_err(refused),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloudfront::testing::{cloudfront, json, meta};
    use crate::testing::id;
    use aws_sdk_cloudfront::operation::delete_vpc_origin::DeleteVpcOriginError;
    use aws_sdk_cloudfront::operation::get_vpc_origin::GetVpcOriginOutput;
    use aws_sdk_cloudfront::operation::list_vpc_origins::ListVpcOriginsOutput;
    use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
    use aws_smithy_types::DateTime;
    use terrace_model::aws::cloudfront::ProtocolPolicy;
    use terrace_model::identity::Freshness;

    const ARN: &str = "arn:aws:cloudfront::123456789012:vpcorigin/vo_1";

    fn wish() -> VpcOrigin {
        VpcOrigin {
            arn: "arn:lb".into(),
            http_port: Port(8080).into(),
            https_port: Port(8080).into(),
            origin_protocol_policy: ProtocolPolicy::HttpOnly.into(),
            origin_ssl_protocols: ["TLSv1.2".to_owned()].into(),
            tags: id::<VpcOrigin>("origin").owner_tags(),
        }
    }

    /// Two pages, of which the second has it.
    fn listed(status: &'static str) -> [Rule; 2] {
        let page = move |number: &str, name: String, next: Option<&str>| {
            let item = sdk::VpcOriginSummary::builder().id(format!("vo_{number}")).name(name).status(status);
            let item = item.created_time(DateTime::from_secs(1)).last_modified_time(DateTime::from_secs(1));
            let item = item.arn(ARN).origin_endpoint_arn("arn:lb").build().expect("it is whole");
            let list = sdk::VpcOriginList::builder().marker("").max_items(1).quantity(1).items(item);
            let list = list.is_truncated(next.is_some()).set_next_marker(next.map(str::to_owned));
            ListVpcOriginsOutput::builder().vpc_origin_list(list.build().expect("it is whole")).build()
        };
        let first = mock!(Client::list_vpc_origins)
            .match_requests(|request| request.marker().is_none())
            .then_output(move || page("0", "theirs".into(), Some("more")));
        let second = mock!(Client::list_vpc_origins)
            .match_requests(|request| request.marker() == Some("more"))
            .then_output(move || page("1", id::<VpcOrigin>("origin").default_name(), None));
        [first, second]
    }

    fn got(status: &'static str) -> Rule {
        mock!(Client::get_vpc_origin).match_requests(|request| request.id() == Some("vo_1")).then_output(move || {
            let origin = sdk::VpcOrigin::builder().id("vo_1").arn(ARN).status(status);
            let origin = origin.created_time(DateTime::from_secs(1)).last_modified_time(DateTime::from_secs(1));
            let config = config("name".into(), &wish()).expect("it is written");
            let origin = origin.vpc_origin_endpoint_config(config).build().expect("it is whole");
            GetVpcOriginOutput::builder().vpc_origin(origin).e_tag("V1").build()
        })
    }

    #[tokio::test]
    async fn it_is_found_on_any_page_and_can_be_used_once_it_is_deployed() {
        for (status, expected, usable) in
            [("Deployed", State::Ready, true), ("Deploying", State::Settling("Deploying".into()), false)]
        {
            let ([first, second], got) = (listed(status), got(status));
            let client = mock_client!(aws_sdk_cloudfront, RuleMode::MatchAny, [&first, &second, &got]);
            let provider = VpcOrigins(cloudfront(client, Some((ARN, wish().tags))));
            let id = Id { freshness: Freshness::Recent, ..id::<VpcOrigin>("origin") };
            let Ok(Seen::Partly { unread, .. }) = provider.observe(&id).await else { panic!("it is there") };
            assert_eq!((unread, got.num_calls()), (UNLISTED, 0));
            let tags = crate::cloudfront::testing::tagged(&wish().tags);
            let client = mock_client!(aws_sdk_cloudfront, RuleMode::MatchAny, [&first, &second, &got, &tags]);
            let provider = VpcOrigins(cloudfront(client, None));
            let Ok(Seen::Partly { have, out, handle, state, unread, .. }) =
                provider.observe(&crate::testing::id::<VpcOrigin>("origin")).await
            else {
                panic!("it is there")
            };
            assert_eq!((json(&have), unread.len()), (json(&wish()), 0));
            assert_eq!((handle.0.as_str(), state), (ARN, expected));
            assert_eq!(out.id.is_some(), usable);
        }
    }

    #[tokio::test]
    async fn it_goes_neither_while_it_deploys_nor_while_a_distribution_uses_it() {
        let used = mock!(Client::delete_vpc_origin)
            .then_error(|| DeleteVpcOriginError::generic(meta("CannotDeleteEntityWhileInUse")));
        for (status, expected) in [("Deploying", reason::SETTLING), ("Deployed", reason::IN_USE)] {
            let ([first, second], got) = (listed(status), got(status));
            let client = mock_client!(aws_sdk_cloudfront, RuleMode::MatchAny, [&first, &second, &got, &used]);
            let provider = VpcOrigins(cloudfront(client, None));
            let done = provider.delete(&id::<VpcOrigin>("origin"), &wish(), Disposal::Delete).await;
            let error = done.expect_err("it stays");
            assert_eq!(error.reason(), expected);
            assert!(!error.is_stalled());
        }
        assert_eq!(used.num_calls(), 1);
    }
}
