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
