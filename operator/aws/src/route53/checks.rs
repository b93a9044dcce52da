//! Health checks.

use std::collections::BTreeSet;

use aws_sdk_route53::types::{
    HealthCheck as Found, HealthCheckConfig, HealthCheckRegion, HealthCheckType, ResettableElementName, TagResourceType,
};
use terrace_engine::{Disposal, Error, Provider, Result, Seen, State};
use terrace_model::aws::Tags;
use terrace_model::aws::route53::{HealthCheck, HealthCheckOutputs, plain};
use terrace_model::{Diff, Handle, Id};

use super::read::{self, CheckReader, NO_CHECK, last};
use super::{Route53, owner, tagging};
use crate::errors::{absent, classify};
use crate::shared::{known, only, some};

const KIND: TagResourceType = TagResourceType::Healthcheck;

/// Health checks, each found by its id, or by the reference that it was made with.
pub struct HealthChecks(pub Route53);

impl HealthChecks {
    async fn find(&self, id: &Id) -> Result<Option<Found>> {
        self.0.0.checks.get(read::key(id), id.freshness, &CheckReader(self.0.client())).await
    }

    /// The check's id; `None` where it is gone.
    async fn check_id(&self, id: &Id) -> Result<Option<String>> {
        match &id.handle {
            Some(Handle(arn)) => Ok(Some(last(arn).to_owned())),
            None => Ok(self.find(&crate::shared::fresh(id)).await?.map(|check| check.id)),
        }
    }
}

impl Provider<HealthCheck> for HealthChecks {
    const ACTIONS: &'static [&'static str] = &[
        "route53:ChangeTagsForResource",
        "route53:CreateHealthCheck",
        "route53:DeleteHealthCheck",
        "route53:GetHealthCheck",
        "route53:ListHealthChecks",
        "route53:ListTagsForResource",
        "route53:UpdateHealthCheck",
    ];

    async fn observe(&self, id: &Id) -> Result<Seen<HealthCheck>> {
        let Some(check) = self.find(id).await? else { return Ok(Seen::Absent) };
        let (handle, region) = (self.0.arn("healthcheck", check.id()), self.0.0.clients.worldwide());
        let Some(tags) = self.0.0.check_tags.get(region, &handle.0, id.freshness).await? else {
            return Ok(Seen::Absent);
        };
        Ok(Seen::Present {
            owner: owner(id, &tags, check.caller_reference()),
            have: seen(&check, tags),
            out: HealthCheckOutputs { health_check_id: Some(check.id) },
            handle,
            state: State::Ready,
        })
    }

    async fn create(&self, id: &Id, want: &HealthCheck) -> Result<Handle> {
        let client = self.0.writer(id);
        let request = client.create_health_check().caller_reference(read::reference(id));
        let made = request.health_check_config(config(want)?).send().await.map_err(classify)?;
        let check = made.health_check.ok_or_else(|| Error::retry("Route 53 did not say what it made"))?.id;
        // CreateHealthCheck takes no tags. After a crash in between, update sets them.
        tagging::set(&client, &KIND, &check, &want.tags).await?;
        Ok(self.0.arn("healthcheck", &check))
    }

    fn made(&self, _id: &Id, handle: &Handle) -> Option<HealthCheckOutputs> {
        Some(HealthCheckOutputs { health_check_id: Some(last(&handle.0).to_owned()) })
    }

    async fn update(&self, id: &Id, _have: &HealthCheck, want: &HealthCheck, diff: &Diff) -> Result<()> {
        let Some(check) = self.check_id(id).await? else { return Ok(()) };
        let client = self.0.writer(id);
        let host = known(&want.fully_qualified_domain_name)?;
        let request = only!(client.update_health_check().health_check_id(&check), diff, {
            "fullyQualifiedDomainName" => set_fully_qualified_domain_name(Some(host)),
            "port" => set_port(Some(want.port)),
            "resourcePath" => set_resource_path(Some(want.resource_path.clone())),
            "failureThreshold" => set_failure_threshold(Some(want.failure_threshold)),
            "regions" => set_regions(regions(want)),
            "enableSni" => set_enable_sni(Some(want.enable_sni)),
            "inverted" => set_inverted(Some(want.inverted)),
            "disabled" => set_disabled(Some(want.disabled)),
        });
        let all_regions = diff.touches("regions") && want.regions.is_empty();
        let request = if all_regions { request.reset_elements(ResettableElementName::Regions) } else { request };
        if diff.0.iter().any(|change| !change.path.starts_with("tags.")) {
            request.send().await.map_err(classify)?;
        }
        tagging::retag(&client, &KIND, &check, &want.tags, diff).await
    }

    async fn delete(&self, id: &Id, _have: &HealthCheck, _disposal: Disposal) -> Result<()> {
        let Some(check) = self.check_id(id).await? else { return Ok(()) };
        absent(self.0.writer(id).delete_health_check().health_check_id(check).send().await, NO_CHECK).map(drop)
    }
}

fn config(want: &HealthCheck) -> Result<HealthCheckConfig> {
    HealthCheckConfig::builder()
        .r#type(HealthCheckType::from(want.r#type.as_str()))
        .fully_qualified_domain_name(known(&want.fully_qualified_domain_name)?)
        .port(want.port)
        .set_resource_path(Some(want.resource_path.clone()).filter(|path| !path.is_empty()))
        .request_interval(want.request_interval)
        .failure_threshold(want.failure_threshold)
        .set_regions(regions(want))
        .set_enable_sni(is_https(&want.r#type).then_some(want.enable_sni))
        .inverted(want.inverted)
        .disabled(want.disabled)
        .build()
        .map_err(Error::invalid)
}

fn regions(want: &HealthCheck) -> Option<Vec<HealthCheckRegion>> {
    some(want.regions.iter().map(|region| HealthCheckRegion::from(region.as_str())).collect())
}

fn is_https(kind: &str) -> bool {
    kind.starts_with("HTTPS")
}

/// As it is compared: where all regions ask, none is named.
fn seen(check: &Found, tags: Tags) -> HealthCheck {
    let config = check.health_check_config();
    let kind = config.map_or("", |config| config.r#type().as_str());
    let regions = config.map(HealthCheckConfig::regions).unwrap_or_default();
    let regions: BTreeSet<_> = regions.iter().map(|region| region.as_str().to_owned()).collect();
    let all = HealthCheck::REGIONS.iter().all(|region| regions.contains(*region));
    let flag = |value: fn(&HealthCheckConfig) -> Option<bool>| config.and_then(value).unwrap_or_default();
    let usual_port = if is_https(kind) { 443 } else { 80 };
    HealthCheck {
        r#type: kind.to_owned(),
        fully_qualified_domain_name: plain(
            config.and_then(HealthCheckConfig::fully_qualified_domain_name).unwrap_or_default(),
        )
        .into(),
        port: config.and_then(HealthCheckConfig::port).unwrap_or(usual_port),
        resource_path: config.and_then(HealthCheckConfig::resource_path).unwrap_or_default().to_owned(),
        request_interval: config.and_then(HealthCheckConfig::request_interval).unwrap_or(30),
        failure_threshold: config.and_then(HealthCheckConfig::failure_threshold).unwrap_or(3),
        regions: if all { BTreeSet::new() } else { regions },
        enable_sni: is_https(kind) && flag(HealthCheckConfig::enable_sni),
        inverted: flag(HealthCheckConfig::inverted),
        disabled: flag(HealthCheckConfig::disabled),
        tags,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;
    use aws_sdk_route53::Client;
    use aws_sdk_route53::operation::update_health_check::UpdateHealthCheckOutput;
    use aws_smithy_mocks::{RuleMode, mock, mock_client};
    use terrace_model::{Certainty, Change, Effect};

    fn wish(kind: &str) -> HealthCheck {
        HealthCheck {
            r#type: kind.into(),
            fully_qualified_domain_name: "www.example.com".into(),
            port: 443,
            resource_path: if kind == "TCP" { String::new() } else { "/healthz".into() },
            request_interval: 30,
            failure_threshold: 3,
            regions: BTreeSet::new(),
            enable_sni: kind == "HTTPS",
            inverted: false,
            disabled: false,
            tags: Tags::new(),
        }
    }

    fn found(config: HealthCheckConfig) -> Found {
        let check = Found::builder().id("check").caller_reference("x").health_check_config(config);
        check.health_check_version(1).build().expect("it is whole")
    }

    fn json(check: &HealthCheck) -> serde_json::Value {
        serde_json::to_value(check).expect("it is JSON")
    }

    #[test]
    fn what_is_asked_for_is_what_is_seen() {
        let some = ["eu-west-1", "us-east-1", "us-west-2"].map(str::to_owned).into();
        let inverted = HealthCheck { inverted: true, disabled: true, regions: some, ..wish("HTTPS") };
        for want in [wish("HTTP"), wish("HTTPS"), wish("TCP"), inverted] {
            let seen = seen(&found(config(&want).expect("it is whole")), Tags::new());
            assert_eq!(json(&seen), json(&want));
        }
        let tcp = config(&wish("TCP")).expect("it is whole");
        assert_eq!((tcp.resource_path(), tcp.enable_sni(), tcp.regions().len()), (None, None, 0));
    }

    #[test]
    fn a_check_from_everywhere_names_no_region_and_defaults_are_filled_in() {
        let all = HealthCheck::REGIONS.iter().map(|region| HealthCheckRegion::from(*region)).collect();
        let bare = HealthCheckConfig::builder().r#type(HealthCheckType::Https).set_regions(Some(all));
        let seen = seen(&found(bare.build().expect("it is whole")), Tags::new());
        assert!(seen.regions.is_empty());
        assert_eq!((seen.port, seen.request_interval, seen.failure_threshold), (443, 30, 3));
    }

    #[tokio::test]
    async fn an_update_says_what_differs_and_asks_for_all_regions_where_none_is_named() {
        let update = mock!(Client::update_health_check)
            .match_requests(|request| {
                let all = request.reset_elements() == [ResettableElementName::Regions];
                all && request.regions().is_empty() && request.port() == Some(8443) && request.inverted().is_none()
            })
            .then_output(|| {
                let check = found(config(&wish("HTTPS")).expect("it is whole"));
                UpdateHealthCheckOutput::builder().health_check(check).build()
            });
        let client = mock_client!(aws_sdk_route53, RuleMode::MatchAny, [&update]);
        let checks = HealthChecks(Route53::new(testing::clients().with_client("us-east-1", client)));
        let change = |path: &str| Change {
            path: path.into(),
            from: serde_json::Value::Null,
            to: serde_json::Value::Null,
            effect: Effect::InPlace,
            certainty: Certainty::Changed,
        };
        let id =
            Id { handle: Some("arn:aws:route53:::healthcheck/check".into()), ..testing::id::<HealthCheck>("check") };
        let want = HealthCheck { port: 8443, ..wish("HTTPS") };
        let diff = Diff(vec![change("regions"), change("port")]);
        checks.update(&id, &wish("HTTPS"), &want, &diff).await.expect("it is changed");
        assert_eq!(update.num_calls(), 1);
    }
}
