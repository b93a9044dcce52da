//! Scalable targets: what is scaled, and between which bounds.
//!
//! From the Application Auto Scaling API reference: a target is identified by service, resource and dimension;
//! RegisterScalableTarget makes and changes it, and takes tags only as it makes it; 50 are described at once, without
//! their tags; deregistering a target deletes its policies.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_applicationautoscaling::Client;
use aws_sdk_applicationautoscaling::types::{ScalableTarget as Described, ServiceNamespace};
use terrace_engine::coalesce::{Fetch, Few, Regional};
use terrace_engine::{Disposal, Error, Provider, Result, Seen, State, reason};
use terrace_model::aws::Tags;
use terrace_model::aws::autoscaling::{ScalableTarget, ScalableTargetOutputs};
use terrace_model::identity::Freshness;
use terrace_model::{Diff, Handle, Id, Owner};

use super::place;
use crate::Clients;
use crate::errors::{absent, classify};
use crate::finder::{ListTags, TagIndex};
use crate::tags;

/// The most that are described at once, by filter or not.
const PAGE: i32 = 50;
const GONE: &[&str] = &["ObjectNotFoundException"];
/// As GetResources names them.
const TYPES: &[&str] = &["application-autoscaling:scalable-target"];

/// Resource and dimension.
type Key = (String, String);

/// A target as it was read.
#[derive(Clone, Debug)]
struct Found {
    arn: String,
    min_capacity: i32,
    max_capacity: i32,
}

/// Reads the targets of one service.
struct Reader {
    client: Client,
    namespace: ServiceNamespace,
}

impl Fetch<Key, Found> for Reader {
    async fn some(&self, keys: &BTreeSet<Key>) -> Result<BTreeMap<Key, Found>> {
        let resources: BTreeSet<&String> = keys.iter().map(|(resource, _)| resource).collect();
        self.read(Some(resources.into_iter().cloned().collect())).await
    }

    async fn all(&self) -> Result<BTreeMap<Key, Found>> {
        self.read(None).await
    }
}

impl Reader {
    async fn read(&self, resources: Option<Vec<String>>) -> Result<BTreeMap<Key, Found>> {
        let request = self.client.describe_scalable_targets().service_namespace(self.namespace.clone());
        let pages = request.set_resource_ids(resources).max_results(PAGE).into_paginator().items();
        let targets = pages.send().collect::<std::result::Result<Vec<_>, _>>().await.map_err(classify)?;
        Ok(targets.into_iter().map(found).collect())
    }
}

fn found(target: Described) -> (Key, Found) {
    let found = Found {
        arn: target.scalable_target_arn.unwrap_or_default(),
        min_capacity: target.min_capacity,
        max_capacity: target.max_capacity,
    };
    ((target.resource_id, target.scalable_dimension.as_str().to_owned()), found)
}

/// ListTagsForResource.
struct TargetTags(Clients);

impl ListTags for TargetTags {
    async fn tags(&self, region: &str, arn: &str) -> Result<Option<Tags>> {
        let answer = self.0.autoscaling(region).list_tags_for_resource().resource_arn(arn).send().await;
        let tags = absent(answer, &["ResourceNotFoundException"])?.map(|answer| answer.tags.unwrap_or_default());
        Ok(tags.map(|tags| tags::read(tags.iter().map(|(key, value)| (Some(key.as_str()), Some(value.as_str()))))))
    }
}

/// Scalable targets.
pub struct Targets {
    clients: Clients,
    listings: Regional<Key, Found>,
    tags: TagIndex<TargetTags>,
}

impl Targets {
    /// The targets of an account.
    pub fn new(clients: &Clients) -> Self {
        Targets {
            clients: clients.clone(),
            listings: Regional::new(clients.recent(), Few::UpTo(PAGE.unsigned_abs() as usize)),
            tags: TagIndex::new(clients.clone(), TYPES, TargetTags(clients.clone())),
        }
    }

    /// For changing something on behalf of the owner's namespace.
    fn writer(&self, id: &Id) -> Client {
        self.clients.for_namespace(&id.owner.namespace).autoscaling(&id.place.region)
    }

    async fn look(&self, id: &Id, freshness: Freshness) -> Result<Option<Found>> {
        let place = place(id)?;
        let client = self.clients.autoscaling(&id.place.region);
        let reader = Reader { client, namespace: place.namespace.into() };
        let key = (place.resource.to_owned(), place.dimension.to_owned());
        self.listings.of(&place.list).get(key, freshness, &reader).await
    }

    /// The target's ARN, which its tags go by.
    async fn arn(&self, id: &Id) -> Result<String> {
        if let Some(Handle(arn)) = &id.handle {
            return Ok(arn.clone());
        }
        let gone = || Error::wait(reason::NOT_READY, format!("{} is not registered any more", id.node));
        self.look(id, Freshness::Now).await?.map(|found| found.arn).ok_or_else(gone)
    }
}

impl Provider<ScalableTarget> for Targets {
    const ACTIONS: &'static [&'static str] = &[
        "application-autoscaling:DeregisterScalableTarget",
        "application-autoscaling:DescribeScalableTargets",
        "application-autoscaling:ListTagsForResource",
        "application-autoscaling:RegisterScalableTarget",
        "application-autoscaling:TagResource",
        "application-autoscaling:UntagResource",
        "iam:CreateServiceLinkedRole",
        "tag:GetResources",
    ];

    async fn observe(&self, id: &Id) -> Result<Seen<ScalableTarget>> {
        let Some(found) = self.look(id, id.freshness).await? else {
            return Ok(Seen::Absent);
        };
        let Some(tags) = self.tags.get(&id.place.region, &found.arn, id.freshness).await? else {
            return Ok(Seen::Absent);
        };
        let place = place(id)?;
        Ok(Seen::Present {
            owner: Owner::from_tags(&tags),
            have: ScalableTarget {
                service_namespace: place.namespace.to_owned(),
                resource_id: place.resource.into(),
                scalable_dimension: place.dimension.to_owned(),
                min_capacity: found.min_capacity,
                max_capacity: found.max_capacity,
                tags,
            },
            out: ScalableTargetOutputs { resource_id: Some(place.resource.to_owned()), arn: Some(found.arn.clone()) },
            handle: Handle(found.arn),
            state: State::Ready,
        })
    }

    async fn create(&self, id: &Id, want: &ScalableTarget) -> Result<Handle> {
        let tags = want.tags.clone().into_iter().collect();
        register(&self.writer(id), want, Some(tags)).await
    }

    async fn update(&self, id: &Id, _have: &ScalableTarget, want: &ScalableTarget, diff: &Diff) -> Result<()> {
        let client = self.writer(id);
        if diff.touches_any(&["minCapacity", "maxCapacity"]) {
            register(&client, want, None).await?;
        }
        if !diff.touches("tags") {
            return Ok(());
        }
        let (arn, client) = (&self.arn(id).await?, &client);
        let set = |tags: Tags| async move {
            let tags = Some(tags.into_iter().collect());
            client.tag_resource().resource_arn(arn).set_tags(tags).send().await.map(drop).map_err(classify)
        };
        let remove = |keys| async move {
            client.untag_resource().resource_arn(arn).set_tag_keys(Some(keys)).send().await.map(drop).map_err(classify)
        };
        tags::retag(&want.tags, diff, set, remove).await
    }

    async fn delete(&self, id: &Id, _have: &ScalableTarget, _disposal: Disposal) -> Result<()> {
        let place = place(id)?;
        let request = self
            .writer(id)
            .deregister_scalable_target()
            .service_namespace(place.namespace.into())
            .resource_id(place.resource)
            .scalable_dimension(place.dimension.into());
        absent(request.send().await, GONE).map(drop)
    }
}

/// Makes a target, or changes its bounds.
async fn register(client: &Client, want: &ScalableTarget, tags: Option<HashMap<String, String>>) -> Result<Handle> {
    let request = client
        .register_scalable_target()
        .service_namespace(want.service_namespace.as_str().into())
        .resource_id(want.resource_id.get().map_err(Error::invalid)?)
        .scalable_dimension(want.scalable_dimension.as_str().into())
        .min_capacity(want.min_capacity)
        .max_capacity(want.max_capacity)
        .set_tags(tags);
    let arn = request.send().await.map_err(classify)?.scalable_target_arn;
    arn.map(Handle).ok_or_else(|| Error::retry("Application Auto Scaling did not say what it made"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, REGION};
    use aws_sdk_applicationautoscaling::operation::deregister_scalable_target::DeregisterScalableTargetError;
    use aws_sdk_applicationautoscaling::operation::describe_scalable_targets::DescribeScalableTargetsOutput;
    use aws_sdk_applicationautoscaling::operation::list_tags_for_resource::ListTagsForResourceOutput;
    use aws_sdk_applicationautoscaling::operation::register_scalable_target::RegisterScalableTargetOutput;
    use aws_sdk_applicationautoscaling::operation::tag_resource::TagResourceOutput;
    use aws_sdk_applicationautoscaling::operation::untag_resource::UntagResourceOutput;
    use aws_sdk_applicationautoscaling::types::error::ObjectNotFoundException;
    use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
    use aws_smithy_types::DateTime;
    use aws_smithy_types::error::ErrorMetadata;
    use serde_json::json;
    use terrace_model::{KindSpec, diff::diff};

    const ARN: &str = "arn:aws:application-autoscaling:eu-west-1:123456789012:scalable-target/1a2b";
    const DIMENSION: &str = "rds:cluster:ReadReplicaCount";

    fn targets(rules: &[&Rule]) -> Targets {
        let client = mock_client!(aws_sdk_applicationautoscaling, RuleMode::MatchAny, rules);
        Targets::new(&testing::clients().with_client(REGION, client))
    }

    fn id() -> Id {
        let address =
            json!({"serviceNamespace": "rds", "resourceId": "cluster:orders", "scalableDimension": DIMENSION});
        testing::at(testing::id::<ScalableTarget>("readers"), &address)
    }

    fn target(min_capacity: i32, tags: &[(&str, &str)]) -> ScalableTarget {
        ScalableTarget {
            service_namespace: "rds".into(),
            resource_id: "cluster:orders".into(),
            scalable_dimension: DIMENSION.into(),
            min_capacity,
            max_capacity: 4,
            tags: tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
        }
    }

    fn described(resource: &str, next: Option<&str>) -> DescribeScalableTargetsOutput {
        let target = Described::builder()
            .service_namespace(ServiceNamespace::Rds)
            .resource_id(resource)
            .scalable_dimension(DIMENSION.into())
            .min_capacity(1)
            .max_capacity(4)
            .role_arn("arn")
            .creation_time(DateTime::from_secs(0))
            .scalable_target_arn(ARN);
        let page = DescribeScalableTargetsOutput::builder().scalable_targets(target.build().expect("it is whole"));
        page.set_next_token(next.map(str::to_owned)).build()
    }

    #[tokio::test]
    async fn a_target_is_found_on_any_page_with_the_tags_that_describing_leaves_out() {
        let pages = mock!(Client::describe_scalable_targets)
            .match_requests(|request| request.resource_ids() == ["cluster:orders"])
            .sequence()
            .output(|| described("cluster:other", Some("next")))
            .output(|| described("cluster:orders", None))
            .build();
        let tags = mock!(Client::list_tags_for_resource)
            .match_requests(|request| request.resource_arn() == Some(ARN))
            .then_output(|| {
                let tags = id().owner_tags().into_iter().collect();
                ListTagsForResourceOutput::builder().set_tags(Some(tags)).build()
            });
        let seen = targets(&[&pages, &tags]).observe(&id()).await.expect("it can be looked at");
        let Seen::Present { have, owner, handle, .. } = seen else {
            panic!("it is on the second page");
        };
        assert_eq!((have.min_capacity, have.max_capacity, handle.0.as_str()), (1, 4, ARN));
        assert!(matches!(owner, Owner::Tagged { owner, .. } if owner == id().owner));
    }

    #[tokio::test]
    async fn tags_go_in_as_a_target_is_made_and_never_with_a_change_of_its_bounds() {
        let register = |tagged: bool| {
            mock!(Client::register_scalable_target)
                .match_requests(move |request| request.tags().is_some() == tagged)
                .then_output(|| RegisterScalableTargetOutput::builder().scalable_target_arn(ARN).build())
        };
        let (tagged, untagged) = (register(true), register(false));
        let set = mock!(Client::tag_resource)
            .match_requests(|request| {
                request.resource_arn() == Some(ARN) && request.tags().is_some_and(|t| t.len() == 1)
            })
            .then_output(|| TagResourceOutput::builder().build());
        let removed = mock!(Client::untag_resource)
            .match_requests(|request| request.tag_keys() == ["old"])
            .then_output(|| UntagResourceOutput::builder().build());
        let targets = targets(&[&tagged, &untagged, &set, &removed]);
        let (have, want) = (target(1, &[("kept", "1"), ("old", "1")]), target(2, &[("kept", "1"), ("new", "1")]));
        let handle = targets.create(&id(), &have).await.expect("it is made");
        let json = |target: &ScalableTarget| serde_json::to_value(target).expect("it is JSON");
        let owned = [("tags".to_owned(), ["kept".to_owned(), "old".to_owned()].into())].into();
        let diff = diff(&KindSpec::of::<ScalableTarget>(), &json(&want), &json(&have), &owned, &BTreeMap::new());
        let known = Id { handle: Some(handle), ..id() };
        targets.update(&known, &have, &want, &diff).await.expect("it is changed");
        assert_eq!([tagged.num_calls(), untagged.num_calls(), set.num_calls(), removed.num_calls()], [1, 1, 1, 1]);
    }

    #[tokio::test]
    async fn a_target_that_is_gone_is_deleted() {
        let gone = mock!(Client::deregister_scalable_target).then_error(|| {
            let meta = ErrorMetadata::builder().code("ObjectNotFoundException").build();
            let gone = ObjectNotFoundException::builder().meta(meta).build();
            DeregisterScalableTargetError::ObjectNotFoundException(gone)
        });
        assert_eq!(targets(&[&gone]).delete(&id(), &target(1, &[]), Disposal::Delete).await, Ok(()));
    }

    #[test]
    fn without_an_address_nothing_is_looked_for() {
        assert!(place(&testing::id::<ScalableTarget>("readers")).is_err());
    }
}
