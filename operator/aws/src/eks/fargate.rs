//! `eks/FargateProfile`. A cluster makes or deletes one at a time (EKS user guide, "Define which Pods use AWS Fargate when
//! launched"): others wait.
//!
//! AWS describes one at a time, so for a resync each is described about once an hour; that it is still there, its tags say
//! in between. Nothing but those can have been changed.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_eks::types::{self as sdk, FargateProfileStatus};
use terrace_engine::{Disposal, Error, Pace, Provider, Result, Seen, State};
use terrace_model::aws::eks::{FargateProfile, FargateProfileOutputs, FargateSelector};
use terrace_model::identity::Freshness;
use terrace_model::{Diff, Handle, Id, Owner};

use super::read::read_tags;
use super::{Eks, GONE, cluster_of, part, refused};
use crate::errors::{absent, code};
use crate::shared::{freshness, known};

/// Characters of a name; the API reference bounds it nowhere, the console does.
const NAME: usize = 63;
/// All but what its handle and its tags tell.
const UNREAD: &[&str] = &["podExecutionRoleArn", "subnets", "selectors"];

/// See the module.
pub struct FargateProfiles(pub Arc<Eks>);

/// The derived name; of what was adopted, the one that it has: `fargateprofile/<cluster>/<name>/<id>`.
fn name(id: &Id) -> String {
    part(id, 2).unwrap_or_else(|| id.name(NAME))
}

fn key(id: &Id) -> String {
    [&id.place.region, &cluster_of(id), &name(id)].map(String::as_str).join("/")
}

fn have(id: &Id, seen: &sdk::FargateProfile) -> FargateProfile {
    let selector = |selector: &sdk::FargateProfileSelector| FargateSelector {
        namespace: selector.namespace().unwrap_or_default().to_owned(),
        labels: selector.labels().into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())).collect(),
    };
    FargateProfile {
        cluster_name: cluster_of(id),
        pod_execution_role_arn: seen.pod_execution_role_arn().unwrap_or_default().into(),
        subnets: seen.subnets().iter().cloned().collect(),
        selectors: seen.selectors().iter().map(selector).collect(),
        tags: Default::default(),
    }
}

fn outputs(id: &Id, arn: &str) -> FargateProfileOutputs {
    FargateProfileOutputs { name: Some(name(id)), arn: Some(arn.to_owned()) }
}

fn state(seen: &sdk::FargateProfile) -> State {
    let issues = || {
        let issues = seen.health().map(sdk::FargateProfileHealth::issues).unwrap_or_default();
        let texts: Vec<_> = issues.iter().filter_map(|issue| issue.message()).collect();
        if texts.is_empty() { "EKS gave no reason".to_owned() } else { texts.join("; ") }
    };
    match seen.status() {
        Some(FargateProfileStatus::Creating) => State::Settling("CREATING".into()),
        Some(FargateProfileStatus::Deleting) => State::Deleting,
        Some(FargateProfileStatus::CreateFailed | FargateProfileStatus::DeleteFailed) => State::Failed(issues()),
        _ => State::Ready,
    }
}

impl FargateProfiles {
    async fn read(&self, id: &Id) -> Result<Option<Arc<sdk::FargateProfile>>> {
        let request = self.0.reader(id).describe_fargate_profile().cluster_name(cluster_of(id));
        let answer = absent(request.fargate_profile_name(name(id)).send().await, GONE)?;
        Ok(answer.and_then(|answer| answer.fargate_profile).map(Arc::new))
    }

    /// What its tags tell of one whose turn to be described has not come.
    async fn unread(&self, id: &Id) -> Result<Seen<FargateProfile>> {
        let arn = id.handle.as_ref().map(|handle| handle.0.clone()).unwrap_or_default();
        let tags = self.0.tags_of(id, &arn, Freshness::Recent, Default::default()).await?;
        let Some(tags) = tags else { return Ok(Seen::Absent) };
        Ok(Seen::Partly {
            owner: Owner::from_tags(&tags),
            have: FargateProfile { tags, ..have(id, &sdk::FargateProfile::builder().build()) },
            out: outputs(id, &arn),
            handle: Handle(arn),
            state: State::Ready,
            unread: UNREAD,
        })
    }
}

impl Provider<FargateProfile> for FargateProfiles {
    const ACTIONS: &'static [&'static str] = &[
        "eks:CreateFargateProfile",
        "eks:DeleteFargateProfile",
        "eks:DescribeFargateProfile",
        "eks:TagResource",
        "eks:UntagResource",
        "iam:CreateServiceLinkedRole",
        "iam:GetRole",
        "iam:PassRole",
        "tag:GetResources",
    ];
    const PASSES_ROLES_TO: &'static [&'static str] = &["eks-fargate-pods.amazonaws.com"];
    const PACE: Pace = Pace { usual: Duration::from_secs(120) };

    async fn observe(&self, id: &Id) -> Result<Seen<FargateProfile>> {
        let freshness = freshness(id);
        let seen = self.0.profiles.get_in_turn(&key(id), freshness, || self.read(id)).await?;
        let Some(seen) = seen else { return self.unread(id).await };
        let Some(seen) = seen else { return Ok(Seen::Absent) };
        let arn = seen.fargate_profile_arn().unwrap_or_default().to_owned();
        let described = read_tags(seen.tags().cloned().unwrap_or_default());
        let Some(tags) = self.0.tags_of(id, &arn, freshness, described).await? else { return Ok(Seen::Absent) };
        Ok(Seen::Present {
            owner: Owner::from_tags(&tags),
            have: FargateProfile { tags, ..have(id, &seen) },
            out: outputs(id, &arn),
            handle: Handle(arn),
            state: state(&seen),
        })
    }

    async fn create(&self, id: &Id, want: &FargateProfile) -> Result<Handle> {
        self.0.profiles.forget(&key(id));
        let selector = |selector: &FargateSelector| {
            let labels = selector.labels.iter().map(|(key, value)| (key.clone(), value.clone()));
            let labels = Some(labels.collect()).filter(|_| !selector.labels.is_empty());
            sdk::FargateProfileSelector::builder().namespace(&selector.namespace).set_labels(labels).build()
        };
        let request = self
            .0
            .writer(id)
            .create_fargate_profile()
            .cluster_name(&want.cluster_name)
            .fargate_profile_name(name(id))
            .pod_execution_role_arn(known(&want.pod_execution_role_arn)?)
            .set_subnets(Some(want.subnets.iter().cloned().collect()))
            .set_selectors(Some(want.selectors.iter().map(selector).collect()))
            .client_request_token(id.token())
            .set_tags(Some(want.tags.clone().into_iter().collect()));
        let made = request.send().await.map_err(refused)?.fargate_profile;
        let arn = made.and_then(|made| made.fargate_profile_arn);
        arn.map(Handle).ok_or_else(|| Error::retry("EKS did not say what it made"))
    }

    async fn update(&self, id: &Id, _have: &FargateProfile, want: &FargateProfile, diff: &Diff) -> Result<()> {
        let arn = match &id.handle {
            Some(Handle(arn)) => Some(arn.clone()),
            None => self.read(id).await?.and_then(|seen| seen.fargate_profile_arn.clone()),
        };
        let Some(arn) = arn else { return Ok(()) };
        self.0.profiles.forget(&key(id));
        self.0.retag(id, &arn, &want.tags, diff).await
    }

    async fn delete(&self, id: &Id, _have: &FargateProfile, _disposal: Disposal) -> Result<()> {
        self.0.profiles.forget(&key(id));
        let request = self.0.writer(id).delete_fargate_profile().cluster_name(cluster_of(id));
        match request.fargate_profile_name(name(id)).send().await {
            Err(error) if code(&error).is_some_and(|code| GONE.contains(&code)) => Ok(()),
            answer => answer.map(drop).map_err(refused),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{REGION, at, clients, id, meta};
    use aws_sdk_eks::Client;
    use aws_sdk_eks::operation::create_fargate_profile::{CreateFargateProfileError, CreateFargateProfileOutput};
    use aws_sdk_eks::operation::delete_fargate_profile::DeleteFargateProfileError;
    use aws_sdk_eks::operation::describe_fargate_profile::{DescribeFargateProfileError, DescribeFargateProfileOutput};
    use aws_sdk_resourcegroupstagging::operation::get_resources::GetResourcesOutput;
    use aws_sdk_resourcegroupstagging::types::{ResourceTagMapping, Tag};
    use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
    use serde_json::json;
    use terrace_engine::reason;

    const ARN: &str = "arn:aws:eks:eu-west-1:123456789012:fargateprofile/prod/web/42";

    /// A Tagging API that lists the profile as ours.
    fn listed() -> Rule {
        mock!(aws_sdk_resourcegroupstagging::Client::get_resources).then_output(|| {
            let tag = Tag::builder().key(terrace_model::identity::tag::UID).value("uid-1").build();
            let profile = ResourceTagMapping::builder().resource_arn(ARN).tags(tag.expect("it is whole")).build();
            GetResourcesOutput::builder().resource_tag_mapping_list(profile).build()
        })
    }

    fn over(rules: &[&Rule], listing: &Rule) -> FargateProfiles {
        let tagging = mock_client!(aws_sdk_resourcegroupstagging, RuleMode::MatchAny, [listing]);
        let client = mock_client!(aws_sdk_eks, RuleMode::MatchAny, rules);
        FargateProfiles(Eks::new(clients().with_client(REGION, client).with_client(REGION, tagging)))
    }

    fn profiles(rules: &[&Rule]) -> FargateProfiles {
        over(rules, &listed())
    }

    fn placed() -> Id {
        at(id::<FargateProfile>("profile"), &json!({"clusterName": "prod"}))
    }

    fn stands() -> Id {
        Id { handle: Some(ARN.into()), ..placed() }
    }

    fn wish() -> FargateProfile {
        let value = json!({
            "clusterName": "prod", "podExecutionRoleArn": "arn:role", "subnets": ["a", "b"],
            "selectors": [{"namespace": "shop", "labels": {"app": "web"}}], "tags": {"team": "shop"},
        });
        serde_json::from_value(value).expect("a wish is whole")
    }

    fn described(status: FargateProfileStatus) -> Rule {
        mock!(Client::describe_fargate_profile)
            .match_requests(|request| request.cluster_name() == Some("prod"))
            .then_output(move || {
                let selector = sdk::FargateProfileSelector::builder().namespace("shop").labels("app", "web").build();
                let issue = sdk::FargateProfileIssue::builder().message("the role is in use").build();
                let profile = sdk::FargateProfile::builder()
                    .fargate_profile_arn(ARN)
                    .pod_execution_role_arn("arn:role")
                    .subnets("b")
                    .subnets("a")
                    .selectors(selector)
                    .status(status.clone())
                    .health(sdk::FargateProfileHealth::builder().issues(issue).build())
                    .tags("team", "shop")
                    .build();
                DescribeFargateProfileOutput::builder().fargate_profile(profile).build()
            })
    }

    #[tokio::test]
    async fn what_is_seen_is_as_wished_and_its_state_is_that_of_eks() {
        for (status, expected) in [
            (FargateProfileStatus::Creating, State::Settling("CREATING".into())),
            (FargateProfileStatus::Active, State::Ready),
            (FargateProfileStatus::Deleting, State::Deleting),
            (FargateProfileStatus::CreateFailed, State::Failed("the role is in use".into())),
        ] {
            let seen = profiles(&[&described(status)]).observe(&placed()).await;
            let Ok(Seen::Present { have, state, .. }) = seen else { panic!("it is there") };
            let json = |profile: &FargateProfile| serde_json::to_value(profile).expect("it is JSON");
            assert_eq!((json(&have), state), (json(&wish()), expected));
        }
        let gone = mock!(Client::describe_fargate_profile)
            .then_error(|| DescribeFargateProfileError::generic(meta("ResourceNotFoundException")));
        assert!(matches!(profiles(&[&gone]).observe(&stands()).await, Ok(Seen::Absent)));
    }

    #[tokio::test]
    async fn a_resync_tells_from_its_tags_that_it_is_there_until_its_turn_comes() {
        let (described, listed) = (described(FargateProfileStatus::Active), listed());
        let profiles = over(&[&described], &listed);
        let recent = Id { freshness: Freshness::Recent, ..stands() };
        for _ in 0..3 {
            let seen = profiles.observe(&recent).await.expect("it is seen");
            assert!(matches!(seen, Seen::Partly { unread: UNREAD, .. }));
        }
        assert_eq!((described.num_calls(), listed.num_calls()), (0, 1));
        for id in [stands(), recent.clone(), recent] {
            assert!(matches!(profiles.observe(&id).await, Ok(Seen::Present { .. })));
        }
        assert_eq!((described.num_calls(), listed.num_calls()), (1, 1));
    }

    #[tokio::test]
    async fn it_is_made_with_its_token_and_tags_and_waits_where_the_cluster_makes_another() {
        let token = placed().token();
        let made = mock!(Client::create_fargate_profile)
            .match_requests(move |request| {
                let tagged = request.tags().is_some_and(|tags| tags.len() == 1);
                tagged && request.client_request_token() == Some(token.as_str()) && request.selectors().len() == 1
            })
            .then_output(|| {
                let profile = sdk::FargateProfile::builder().fargate_profile_arn(ARN).build();
                CreateFargateProfileOutput::builder().fargate_profile(profile).build()
            });
        assert_eq!(profiles(&[&made]).create(&placed(), &wish()).await, Ok(ARN.into()));
        let busy = mock!(Client::create_fargate_profile)
            .then_error(|| CreateFargateProfileError::generic(meta("ResourceInUseException")));
        let error = profiles(&[&busy]).create(&placed(), &wish()).await;
        assert!(matches!(error, Err(Error::Wait { reason: reason::IN_USE, .. })));
    }

    #[tokio::test]
    async fn one_that_is_gone_is_deleted_and_a_busy_cluster_is_waited_for() {
        let delete = async |code: &'static str| {
            let rule = mock!(Client::delete_fargate_profile)
                .match_requests(|request| request.fargate_profile_name() == Some("web"))
                .then_error(move || DeleteFargateProfileError::generic(meta(code)));
            profiles(&[&rule]).delete(&stands(), &wish(), Disposal::Delete).await
        };
        assert_eq!(delete("ResourceNotFoundException").await, Ok(()));
        assert!(matches!(delete("ResourceInUseException").await, Err(Error::Wait { reason: reason::IN_USE, .. })));
    }
}
