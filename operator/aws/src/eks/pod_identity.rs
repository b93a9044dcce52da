//! `eks/PodIdentityAssociation`: found by namespace and service account, of which a cluster has one each.
//!
//! A list of the cluster's associations names neither role nor tags, so for a resync each is described about once an hour.

use std::sync::Arc;

use aws_sdk_eks::types as sdk;
use terrace_engine::{Disposal, Error, Provider, Result, Seen, State};
use terrace_model::aws::eks::{PodIdentityAssociation, PodIdentityAssociationOutputs};
use terrace_model::identity::Freshness;
use terrace_model::{Diff, Handle, Id, Owner};

use super::read::{Associations, read_tags};
use super::{Eks, GONE, cluster_of, refused};
use crate::errors::{absent, code};
use crate::shared::{freshness, known};

/// See the module.
pub struct PodIdentityAssociations(pub Arc<Eks>);

/// The id in `podidentityassociation/<cluster>/<id>`.
fn association_id(arn: &str) -> Option<String> {
    arn.rsplit_once('/').map(|(_, id)| id.to_owned())
}

fn outputs(arn: &str) -> PodIdentityAssociationOutputs {
    PodIdentityAssociationOutputs { association_id: association_id(arn), arn: Some(arn.to_owned()) }
}

fn have(id: &Id, seen: Option<&sdk::PodIdentityAssociation>) -> PodIdentityAssociation {
    let told = |told: Option<&str>, field: &str| told.or(id.address(field)).unwrap_or_default().to_owned();
    PodIdentityAssociation {
        cluster_name: cluster_of(id),
        namespace: told(seen.and_then(|seen| seen.namespace()), "namespace"),
        service_account: told(seen.and_then(|seen| seen.service_account()), "serviceAccount").into(),
        role_arn: seen.and_then(|seen| seen.role_arn()).unwrap_or_default().into(),
        tags: Default::default(),
    }
}

impl PodIdentityAssociations {
    /// The ARN: by its handle, where it must be described afresh in any case, else by a list of the cluster's.
    async fn arn(&self, id: &Id, freshness: Freshness) -> Result<Option<String>> {
        if let (Some(Handle(arn)), Freshness::Now) = (&id.handle, freshness) {
            return Ok(Some(arn.clone()));
        }
        let cluster = cluster_of(id);
        let field = |name| id.address(name).unwrap_or_default().to_owned();
        let listing = self.0.accounts.of(&format!("{}/{cluster}", id.place.region));
        let fetch = Associations { client: self.0.reader(id), cluster: &cluster };
        listing.get((field("namespace"), field("serviceAccount")), freshness, &fetch).await
    }

    async fn read(&self, id: &Id, arn: &str) -> Result<Option<Arc<sdk::PodIdentityAssociation>>> {
        let request = self.0.reader(id).describe_pod_identity_association().cluster_name(cluster_of(id));
        let answer = absent(request.set_association_id(association_id(arn)).send().await, GONE)?;
        Ok(answer.and_then(|answer| answer.association).map(Arc::new))
    }
}

impl Provider<PodIdentityAssociation> for PodIdentityAssociations {
    const ACTIONS: &'static [&'static str] = &[
        "eks:CreatePodIdentityAssociation",
        "eks:DeletePodIdentityAssociation",
        "eks:DescribePodIdentityAssociation",
        "eks:ListPodIdentityAssociations",
        "eks:TagResource",
        "eks:UntagResource",
        "eks:UpdatePodIdentityAssociation",
        "iam:GetRole",
        "iam:PassRole",
        "tag:GetResources",
    ];
    const PASSES_ROLES_TO: &'static [&'static str] = &["pods.eks.amazonaws.com"];

    async fn observe(&self, id: &Id) -> Result<Seen<PodIdentityAssociation>> {
        let freshness = freshness(id);
        let Some(arn) = self.arn(id, freshness).await? else { return Ok(Seen::Absent) };
        let seen = self.0.associations.get_in_turn(&arn, freshness, || self.read(id, &arn)).await?;
        if seen.as_ref().is_some_and(Option::is_none) {
            return Ok(Seen::Absent);
        }
        let unread: &[&str] = if seen.is_some() { &[] } else { &["roleArn"] };
        let seen = seen.flatten();
        let described = seen.as_ref().and_then(|seen| seen.tags().cloned()).unwrap_or_default();
        let tags = self.0.tags_of(id, &arn, freshness, read_tags(described)).await?;
        let Some(tags) = tags else { return Ok(Seen::Absent) };
        Ok(Seen::Partly {
            owner: Owner::from_tags(&tags),
            have: PodIdentityAssociation { tags, ..have(id, seen.as_deref()) },
            out: outputs(&arn),
            handle: Handle(arn),
            state: State::Ready,
            unread,
        })
    }

    async fn create(&self, id: &Id, want: &PodIdentityAssociation) -> Result<Handle> {
        let request = self
            .0
            .writer(id)
            .create_pod_identity_association()
            .cluster_name(&want.cluster_name)
            .namespace(&want.namespace)
            .service_account(known(&want.service_account)?)
            .role_arn(known(&want.role_arn)?)
            .client_request_token(id.token())
            .set_tags(Some(want.tags.clone().into_iter().collect()));
        let made = request.send().await.map_err(refused)?.association;
        let arn = made.and_then(|made| made.association_arn);
        let arn = arn.ok_or_else(|| Error::retry("EKS did not say what it made"))?;
        self.0.associations.forget(&arn);
        Ok(Handle(arn))
    }

    fn made(&self, _id: &Id, handle: &Handle) -> Option<PodIdentityAssociationOutputs> {
        Some(outputs(&handle.0))
    }

    async fn update(
        &self,
        id: &Id,
        _have: &PodIdentityAssociation,
        want: &PodIdentityAssociation,
        diff: &Diff,
    ) -> Result<()> {
        let Some(arn) = self.arn(id, Freshness::Now).await? else { return Ok(()) };
        self.0.associations.forget(&arn);
        self.0.retag(id, &arn, &want.tags, diff).await?;
        if diff.touches("roleArn") {
            let request = self.0.writer(id).update_pod_identity_association().cluster_name(&want.cluster_name);
            let request = request.set_association_id(association_id(&arn)).role_arn(known(&want.role_arn)?);
            request.send().await.map_err(refused)?;
        }
        Ok(())
    }

    async fn delete(&self, id: &Id, _have: &PodIdentityAssociation, _disposal: Disposal) -> Result<()> {
        let Some(arn) = self.arn(id, Freshness::Now).await? else { return Ok(()) };
        self.0.associations.forget(&arn);
        let request = self.0.writer(id).delete_pod_identity_association().cluster_name(cluster_of(id));
        match request.set_association_id(association_id(&arn)).send().await {
            Err(error) if code(&error).is_some_and(|code| GONE.contains(&code)) => Ok(()),
            answer => answer.map(drop).map_err(refused),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{REGION, at, between, clients, id, meta};
    use aws_sdk_eks::Client;
    use aws_sdk_eks::operation::create_pod_identity_association::{
        CreatePodIdentityAssociationError, CreatePodIdentityAssociationOutput,
    };
    use aws_sdk_eks::operation::delete_pod_identity_association::DeletePodIdentityAssociationError;
    use aws_sdk_eks::operation::describe_pod_identity_association::DescribePodIdentityAssociationOutput;
    use aws_sdk_eks::operation::list_pod_identity_associations::ListPodIdentityAssociationsOutput;
    use aws_sdk_eks::operation::update_pod_identity_association::UpdatePodIdentityAssociationOutput;
    use aws_sdk_resourcegroupstagging::operation::get_resources::GetResourcesOutput;
    use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
    use serde_json::json;
    use terrace_engine::reason;

    const ARN: &str = "arn:aws:eks:eu-west-1:123456789012:podidentityassociation/prod/a-1";

    fn associations(rules: &[&Rule]) -> PodIdentityAssociations {
        let listing = mock!(aws_sdk_resourcegroupstagging::Client::get_resources)
            .then_output(|| GetResourcesOutput::builder().build());
        let tagging = mock_client!(aws_sdk_resourcegroupstagging, RuleMode::MatchAny, [&listing]);
        let client = mock_client!(aws_sdk_eks, RuleMode::MatchAny, rules);
        PodIdentityAssociations(Eks::new(clients().with_client(REGION, client).with_client(REGION, tagging)))
    }

    fn placed() -> Id {
        let address = json!({"clusterName": "prod", "namespace": "shop", "serviceAccount": "web"});
        at(id::<PodIdentityAssociation>("identity"), &address)
    }

    fn stands() -> Id {
        Id { handle: Some(ARN.into()), ..placed() }
    }

    fn wish() -> PodIdentityAssociation {
        PodIdentityAssociation {
            cluster_name: "prod".into(),
            namespace: "shop".into(),
            service_account: "web".into(),
            role_arn: "arn:role".into(),
            tags: [("team".to_owned(), "shop".to_owned())].into(),
        }
    }

    fn listed() -> Rule {
        mock!(Client::list_pod_identity_associations).then_output(|| {
            let summary = sdk::PodIdentityAssociationSummary::builder().namespace("shop").service_account("web");
            ListPodIdentityAssociationsOutput::builder().associations(summary.association_arn(ARN).build()).build()
        })
    }

    fn described() -> Rule {
        mock!(Client::describe_pod_identity_association)
            .match_requests(|request| request.association_id() == Some("a-1") && request.cluster_name() == Some("prod"))
            .then_output(|| {
                let found = sdk::PodIdentityAssociation::builder().namespace("shop").service_account("web");
                let found = found.role_arn("arn:role").tags("team", "shop").build();
                DescribePodIdentityAssociationOutput::builder().association(found).build()
            })
    }

    #[tokio::test]
    async fn it_is_found_by_its_account_or_by_its_handle_and_is_as_wished() {
        for (id, lists) in [(placed(), 1), (stands(), 0)] {
            let listed = listed();
            let seen = associations(&[&listed, &described()]).observe(&id).await;
            let Ok(Seen::Partly { have, out, unread: [], .. }) = seen else { panic!("it is there") };
            let json = |one: &PodIdentityAssociation| serde_json::to_value(one).expect("it is JSON");
            assert_eq!((json(&have), out.association_id.as_deref()), (json(&wish()), Some("a-1")));
            assert_eq!(listed.num_calls(), lists);
        }
        let none = mock!(Client::list_pod_identity_associations)
            .then_output(|| ListPodIdentityAssociationsOutput::builder().build());
        assert!(matches!(associations(&[&none]).observe(&placed()).await, Ok(Seen::Absent)));
    }

    #[tokio::test]
    async fn a_resync_reads_the_list_of_a_cluster_and_describes_each_in_its_turn() {
        let (listed, described) = (listed(), described());
        let associations = associations(&[&listed, &described]);
        let recent = Id { freshness: Freshness::Recent, ..stands() };
        for _ in 0..3 {
            let seen = associations.observe(&recent).await.expect("it is seen");
            assert!(matches!(seen, Seen::Partly { unread: ["roleArn"], .. }));
        }
        // The Tagging API does not show it: so its own description tells its tags, once.
        assert_eq!((listed.num_calls(), described.num_calls()), (1, 1));
    }

    #[tokio::test]
    async fn it_is_made_with_its_token_and_tags_and_one_that_is_there_is_looked_at_again() {
        let token = placed().token();
        let made = mock!(Client::create_pod_identity_association)
            .match_requests(move |request| {
                let tagged = request.tags().is_some_and(|tags| tags.len() == 1);
                tagged && request.client_request_token() == Some(token.as_str())
            })
            .then_output(|| {
                let made = sdk::PodIdentityAssociation::builder().association_arn(ARN).build();
                CreatePodIdentityAssociationOutput::builder().association(made).build()
            });
        let associations_made = associations(&[&made]);
        let handle = associations_made.create(&placed(), &wish()).await.expect("it is made");
        assert_eq!(
            associations_made.made(&placed(), &handle).and_then(|out| out.association_id).as_deref(),
            Some("a-1")
        );
        let taken = mock!(Client::create_pod_identity_association)
            .then_error(|| CreatePodIdentityAssociationError::generic(meta("ResourceInUseException")));
        let error = associations(&[&taken]).create(&placed(), &wish()).await;
        assert!(matches!(error, Err(Error::Wait { reason: reason::IN_USE, .. })));
    }

    #[tokio::test]
    async fn another_role_takes_the_place_of_the_first() {
        let update = mock!(Client::update_pod_identity_association)
            .match_requests(|request| {
                request.role_arn() == Some("arn:other") && request.association_id() == Some("a-1")
            })
            .then_output(|| UpdatePodIdentityAssociationOutput::builder().build());
        let (have, want) = (wish(), PodIdentityAssociation { role_arn: "arn:other".into(), ..wish() });
        let done = associations(&[&update]).update(&stands(), &have, &want, &between(&have, &want)).await;
        assert_eq!((done, update.num_calls()), (Ok(()), 1));
    }

    #[tokio::test]
    async fn one_that_is_gone_is_deleted() {
        let gone = mock!(Client::delete_pod_identity_association)
            .then_error(|| DeletePodIdentityAssociationError::generic(meta("ResourceNotFoundException")));
        assert_eq!(associations(&[&gone]).delete(&stands(), &wish(), Disposal::Delete).await, Ok(()));
    }
}
