//! `wafv2/IpSet`.

use std::sync::Arc;

use terrace_engine::{Disposal, Provider, Result, Seen, State};
use terrace_model::aws::wafv2::{IpSet, IpSetOutputs};
use terrace_model::{Diff, Handle, Id, Owner};

use super::{GONE, Waf, description, refused, unsaid, write_tags};
use crate::errors::code;

/// What a list leaves out.
const UNLISTED: &[&str] = &["ipAddressVersion", "addresses"];

/// See the module.
pub struct IpSets(pub Arc<Waf>);

impl Provider<IpSet> for IpSets {
    const ACTIONS: &'static [&'static str] = &[
        "tag:GetResources",
        "wafv2:CreateIPSet",
        "wafv2:DeleteIPSet",
        "wafv2:GetIPSet",
        "wafv2:ListIPSets",
        "wafv2:ListTagsForResource",
        "wafv2:TagResource",
        "wafv2:UntagResource",
        "wafv2:UpdateIPSet",
    ];

    async fn observe(&self, id: &Id) -> Result<Seen<IpSet>> {
        let Some(found) = self.0.ip_set(id).await? else { return Ok(Seen::Absent) };
        let details = self.0.ip_set_details(id, &found).await?;
        let tags = self.0.tags_of(id, &found.arn).await?;
        let details = details.as_ref();
        Ok(Seen::Partly {
            owner: Owner::from_tags(&tags),
            unread: if details.is_some() { &[] } else { UNLISTED },
            have: IpSet {
                scope: found.scope.as_str().to_owned(),
                description: found.description,
                ip_address_version: details.map(|set| set.ip_address_version().as_str()).unwrap_or_default().into(),
                addresses: details.map(|set| set.addresses().iter().cloned().collect()).unwrap_or_default(),
                tags,
            },
            out: IpSetOutputs { id: Some(found.id), arn: Some(found.arn.clone()) },
            handle: Handle(found.arn),
            state: State::Ready,
        })
    }

    fn made(&self, _id: &Id, handle: &Handle) -> Option<IpSetOutputs> {
        let id = handle.0.rsplit('/').next().map(str::to_owned);
        Some(IpSetOutputs { id, arn: Some(handle.0.clone()) })
    }

    async fn create(&self, id: &Id, want: &IpSet) -> Result<Handle> {
        let request = self
            .0
            .writer(id)
            .create_ip_set()
            .name(id.default_name())
            .scope(want.scope.as_str().into())
            .set_description(description(&want.description))
            .ip_address_version(want.ip_address_version.as_str().into())
            .set_addresses(Some(want.addresses.iter().cloned().collect()))
            .set_tags(Some(write_tags(&want.tags)?));
        let made = request.send().await.map_err(refused)?.summary.and_then(|made| made.arn);
        made.map(Handle).ok_or_else(unsaid)
    }

    async fn update(&self, id: &Id, _have: &IpSet, want: &IpSet, diff: &Diff) -> Result<()> {
        let Some(found) = self.0.ip_set(id).await? else { return Ok(()) };
        self.0.retag(id, &found.arn, &want.tags, diff).await?;
        if !diff.touches_any(&["description", "addresses"]) {
            return Ok(());
        }
        let client = self.0.writer(id);
        let Some((token, _)) = self.0.read_ip_set(&client, &found).await? else { return Ok(()) };
        self.0.ip_set_hourly.forget(&found.arn);
        let request = client.update_ip_set().name(&found.name).id(&found.id).scope(found.scope).lock_token(token);
        let request = request.set_description(description(&want.description));
        let request = request.set_addresses(Some(want.addresses.iter().cloned().collect()));
        request.send().await.map(drop).map_err(refused)
    }

    async fn delete(&self, id: &Id, _have: &IpSet, _disposal: Disposal) -> Result<()> {
        let Some(found) = self.0.ip_set(id).await? else { return Ok(()) };
        let client = self.0.writer(id);
        let Some((token, _)) = self.0.read_ip_set(&client, &found).await? else { return Ok(()) };
        self.0.ip_set_hourly.forget(&found.arn);
        let request = client.delete_ip_set().name(&found.name).id(&found.id).scope(found.scope).lock_token(token);
        match request.send().await {
            Err(error) if code(&error).is_some_and(|code| GONE.contains(&code)) => Ok(()),
            answer => answer.map(drop).map_err(refused),
        }
    }
}
