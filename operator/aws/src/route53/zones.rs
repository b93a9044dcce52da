//! Public hosted zones.

use aws_sdk_route53::types::{HostedZoneConfig, TagResourceType};
use terrace_engine::{Disposal, Error, Provider, Result, Seen, State};
use terrace_model::aws::route53::{HostedZone, HostedZoneOutputs};
use terrace_model::{Diff, Handle, Id};

use super::read::{self, NO_ZONE, Zone, ZoneReader, last};
use super::{Route53, owner, tagging};
use crate::errors::{absent, classify};

const KIND: TagResourceType = TagResourceType::Hostedzone;

/// Zones, each found by its id, or by the reference that it was made with: several may bear one name.
pub struct HostedZones(pub Route53);

impl HostedZones {
    async fn find(&self, id: &Id) -> Result<Option<Zone>> {
        let zones = &self.0.0.zones;
        zones.get(read::key(id), id.freshness, &ZoneReader(self.0.client())).await
    }

    /// The zone's id; `None` where it is gone.
    async fn zone_id(&self, id: &Id) -> Result<Option<String>> {
        match &id.handle {
            Some(Handle(arn)) => Ok(Some(last(arn).to_owned())),
            None => Ok(self.find(&crate::shared::fresh(id)).await?.map(|zone| zone.id)),
        }
    }
}

impl Provider<HostedZone> for HostedZones {
    const ACTIONS: &'static [&'static str] = &[
        "route53:ChangeResourceRecordSets",
        "route53:ChangeTagsForResource",
        "route53:CreateHostedZone",
        "route53:DeleteHostedZone",
        "route53:GetHostedZone",
        "route53:ListHostedZones",
        "route53:ListResourceRecordSets",
        "route53:ListTagsForResource",
        "route53:UpdateHostedZoneComment",
    ];

    async fn observe(&self, id: &Id) -> Result<Seen<HostedZone>> {
        let Some(zone) = self.find(id).await?.filter(|zone| !zone.private) else { return Ok(Seen::Absent) };
        let (handle, region) = (self.0.arn("hostedzone", &zone.id), self.0.0.clients.worldwide());
        let Some(tags) = self.0.0.zone_tags.get(region, &handle.0, id.freshness).await? else {
            return Ok(Seen::Absent);
        };
        Ok(Seen::Present {
            owner: owner(id, &tags, &zone.reference),
            out: HostedZoneOutputs {
                hosted_zone_id: Some(zone.id.clone()),
                name: Some(zone.name.clone()),
                name_servers: self.0.name_servers(&zone).await?,
            },
            have: HostedZone { name: zone.name, comment: zone.comment, tags },
            handle,
            state: State::Ready,
        })
    }

    async fn create(&self, id: &Id, want: &HostedZone) -> Result<Handle> {
        let client = self.0.writer(id);
        let config = HostedZoneConfig::builder().comment(&want.comment).private_zone(false).build();
        let request = client.create_hosted_zone().name(&want.name).caller_reference(read::reference(id));
        let made = request.hosted_zone_config(config).send().await.map_err(classify)?;
        let zone = made.hosted_zone.ok_or_else(|| Error::retry("Route 53 did not say what it made"))?;
        let zone = last(zone.id());
        // CreateHostedZone takes no tags. After a crash in between, update sets them.
        tagging::set(&client, &KIND, zone, &want.tags).await?;
        Ok(self.0.arn("hostedzone", zone))
    }

    async fn update(&self, id: &Id, _have: &HostedZone, want: &HostedZone, diff: &Diff) -> Result<()> {
        let Some(zone) = self.zone_id(id).await? else { return Ok(()) };
        let client = self.0.writer(id);
        if diff.touches("comment") {
            client.update_hosted_zone_comment().id(&zone).comment(&want.comment).send().await.map_err(classify)?;
        }
        tagging::retag(&client, &KIND, &zone, &want.tags, diff).await
    }

    async fn delete(&self, id: &Id, have: &HostedZone, _disposal: Disposal) -> Result<()> {
        let Some(zone) = self.zone_id(id).await? else { return Ok(()) };
        self.0.empty(id, &zone, &have.name).await?;
        absent(self.0.writer(id).delete_hosted_zone().id(&zone).send().await, NO_ZONE).map(drop)
    }
}
