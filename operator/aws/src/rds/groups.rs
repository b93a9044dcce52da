//! `rds/DbSubnetGroup`: the subnets that a database may stand in.

use std::sync::Arc;

use terrace_engine::{Disposal, Error, Provider, Result, Seen, State};
use terrace_model::aws::rds::{DbSubnetGroup, NamedOutputs};
use terrace_model::{Diff, Handle, Id, Owner};

use super::{NAME, Rds, name_of, write_tags};
use crate::errors::{already, classify};

/// See the module.
pub struct SubnetGroups(pub Arc<Rds>);

impl Provider<DbSubnetGroup> for SubnetGroups {
    const ACTIONS: &'static [&'static str] = &[
        "iam:CreateServiceLinkedRole",
        "rds:AddTagsToResource",
        "rds:CreateDBSubnetGroup",
        "rds:DeleteDBSubnetGroup",
        "rds:DescribeDBSubnetGroups",
        "rds:ListTagsForResource",
        "rds:ModifyDBSubnetGroup",
        "rds:RemoveTagsFromResource",
        "tag:GetResources",
    ];

    async fn observe(&self, id: &Id) -> Result<Seen<DbSubnetGroup>> {
        let name = name_of(id, NAME);
        let Some(seen) = self.0.subnet_group(id, &name).await? else { return Ok(Seen::Absent) };
        let arn = seen.db_subnet_group_arn().unwrap_or_default().to_owned();
        let tags = self.0.tags_of(id, &arn).await?;
        let subnets = seen.subnets().iter().filter_map(|subnet| subnet.subnet_identifier());
        Ok(Seen::Present {
            owner: Owner::from_tags(&tags),
            have: DbSubnetGroup {
                description: seen.db_subnet_group_description().unwrap_or_default().to_owned(),
                subnet_ids: subnets.map(str::to_owned).collect(),
                tags,
            },
            out: NamedOutputs::of(name, &Handle(arn.clone())),
            handle: Handle(arn),
            state: State::Ready,
        })
    }

    async fn create(&self, id: &Id, want: &DbSubnetGroup) -> Result<Handle> {
        let request = self.0.writer(id).create_db_subnet_group().db_subnet_group_name(name_of(id, NAME));
        let request = request
            .db_subnet_group_description(&want.description)
            .set_subnet_ids(Some(want.subnet_ids.iter().cloned().collect()))
            .set_tags(Some(write_tags(&want.tags)));
        let made = request.send().await.map_err(classify)?.db_subnet_group;
        let arn = made.and_then(|group| group.db_subnet_group_arn);
        arn.map(Handle).ok_or_else(|| Error::retry("AWS did not say what it made"))
    }

    fn made(&self, id: &Id, handle: &Handle) -> Option<NamedOutputs> {
        Some(NamedOutputs::of(name_of(id, NAME), handle))
    }

    async fn update(&self, id: &Id, _have: &DbSubnetGroup, want: &DbSubnetGroup, diff: &Diff) -> Result<()> {
        let name = name_of(id, NAME);
        self.0.retag(id, &self.0.arn(id, "subgrp", &name), &want.tags, diff).await?;
        if !diff.touches_any(&["description", "subnetIds"]) {
            return Ok(());
        }
        // The subnets must always be said.
        let subnets = want.subnet_ids.iter().cloned().collect();
        let request =
            self.0.writer(id).modify_db_subnet_group().db_subnet_group_name(name).set_subnet_ids(Some(subnets));
        request.db_subnet_group_description(&want.description).send().await.map_err(classify)?;
        Ok(())
    }

    async fn delete(&self, id: &Id, _have: &DbSubnetGroup, _disposal: Disposal) -> Result<()> {
        let request = self.0.writer(id).delete_db_subnet_group().db_subnet_group_name(name_of(id, NAME));
        already(request.send().await, &["DBSubnetGroupNotFoundFault"])
    }
}
