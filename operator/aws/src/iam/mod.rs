//! AWS IAM: roles with their policies, and OIDC providers.
//!
//! From the IAM API reference and user guide: role names are unique in an account whatever their case, and have at most
//! 64 characters; a role can be deleted only when nothing is attached to it; what was written may take seconds to be
//! seen ("Changes that I make are not always immediately visible").

mod oidc;
pub mod policy;
mod read;
mod simulate;

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_iam::Client;
use aws_sdk_iam::types::Tag;
use terrace_engine::coalesce::{Few, Listing};
use terrace_engine::{Disposal, Error, Provider, Result, Seen, State, reason};
use terrace_model::aws::Tags;
use terrace_model::aws::iam::{Policy, Role, RoleOutputs};
use terrace_model::{Diff, Handle, Id, Owner};

use self::read::{Found, Reader};
use crate::Clients;
use crate::errors::{absent, classify, code};
use crate::tags;

pub use self::oidc::{OidcProviders, provider_of};
pub use self::simulate::denied;

/// IAM actions used to know the Environment ([`provider_of`]); those of the providers are theirs.
pub const READ_ACTIONS: &[&str] = &["iam:ListOpenIDConnectProviders"];

const GONE: &[&str] = &["NoSuchEntity"];

/// Roles. A role is ours whole. What it may do is what its tier wishes, no more: a managed policy that somebody else
/// attached to it is drift, reported as such and detached. Of inline policies only those that we set are compared.
///
/// With the role goes all that is seen on it, whoever put it there. IAM deletes no role with anything attached
/// (`DeleteConflict`), and a role that only waits for somebody to detach a grant, which nobody can use any more, would
/// hold its object for ever. A managed policy outlives that: it is detached, and stays where it is.
pub struct Roles {
    clients: Clients,
    listing: Listing<String, Found>,
}

impl Roles {
    /// The roles of an account.
    pub fn new(clients: &Clients) -> Self {
        Roles { clients: clients.clone(), listing: Listing::new(clients.recent(), Few::Pages) }
    }

    /// For changing something on behalf of the owner's namespace.
    fn writer(&self, id: &Id) -> Client {
        self.clients.for_namespace(&id.owner.namespace).iam()
    }
}

impl Provider<Role> for Roles {
    const ACTIONS: &'static [&'static str] = &[
        "iam:AttachRolePolicy",
        "iam:CreateRole",
        "iam:DeleteRole",
        "iam:DeleteRolePermissionsBoundary",
        "iam:DeleteRolePolicy",
        "iam:DetachRolePolicy",
        "iam:GetAccountAuthorizationDetails",
        "iam:GetRole",
        "iam:GetRolePolicy",
        "iam:ListAttachedRolePolicies",
        "iam:ListInstanceProfilesForRole",
        "iam:ListRolePolicies",
        "iam:ListRoles",
        "iam:PutRolePermissionsBoundary",
        "iam:PutRolePolicy",
        "iam:TagRole",
        "iam:UntagRole",
        "iam:UpdateAssumeRolePolicy",
        "iam:UpdateRole",
        "iam:UpdateRoleDescription",
    ];

    async fn observe(&self, id: &Id) -> Result<Seen<Role>> {
        let name = name(id);
        let Some(found) = self.listing.get(name.clone(), id.freshness, &Reader(self.clients.iam())).await? else {
            return Ok(Seen::Absent);
        };
        Ok(Seen::Present {
            owner: Owner::from_tags(&found.role.tags),
            out: RoleOutputs { name: Some(name), arn: Some(found.arn.clone()) },
            have: found.role,
            handle: Handle(found.arn),
            state: State::Ready,
        })
    }

    async fn create(&self, id: &Id, want: &Role) -> Result<Handle> {
        let (client, name) = (self.writer(id), name(id));
        let request = client
            .create_role()
            .role_name(&name)
            .assume_role_policy_document(policy::write(&want.assume_role_policy)?)
            .description(&want.description)
            .set_permissions_boundary(Some(want.permissions_boundary.clone()).filter(|arn| !arn.is_empty()))
            .set_max_session_duration(want.max_session_duration)
            .set_tags(Some(to_sdk(&want.tags)?));
        let role =
            request.send().await.map_err(classify)?.role.ok_or_else(|| Error::retry("IAM did not say what it made"))?;
        // CreateRole takes no policies. Whoever uses the role finds it whole; after a crash in between, update goes on.
        grant(&client, &name, &BTreeSet::new(), &BTreeMap::new(), want).await?;
        Ok(Handle(role.arn))
    }

    fn made(&self, id: &Id, handle: &Handle) -> Option<RoleOutputs> {
        Some(RoleOutputs { name: Some(name(id)), arn: Some(handle.0.clone()) })
    }

    async fn update(&self, id: &Id, have: &Role, want: &Role, diff: &Diff) -> Result<()> {
        let (client, name) = (self.writer(id), name(id));
        if diff.touches("assumeRolePolicy") {
            let document = policy::write(&want.assume_role_policy)?;
            let request = client.update_assume_role_policy().role_name(&name).policy_document(document);
            request.send().await.map_err(classify)?;
        }
        if diff.touches("maxSessionDuration") {
            // It takes the description away where it says none.
            let request = client.update_role().role_name(&name).description(&want.description);
            request.set_max_session_duration(want.max_session_duration).send().await.map_err(classify)?;
        } else if diff.touches("description") {
            // UpdateRole would set the session's duration as well, which is not ours.
            let request = client.update_role_description().role_name(&name).description(&want.description);
            request.send().await.map_err(classify)?;
        }
        if diff.touches("permissionsBoundary") {
            bound(&client, &name, &want.permissions_boundary).await?;
        }
        let detached = have.managed_policy_arns.difference(&want.managed_policy_arns);
        withdraw(&client, &name, detached, &diff.removed("inlinePolicies")).await?;
        grant(&client, &name, &have.managed_policy_arns, &have.inline_policies, want).await?;
        retag(&client, &name, &want.tags, diff).await
    }

    async fn delete(&self, id: &Id, have: &Role, _disposal: Disposal) -> Result<()> {
        let (client, name) = (self.writer(id), name(id));
        withdraw(&client, &name, &have.managed_policy_arns, have.inline_policies.keys()).await?;
        match client.delete_role().role_name(&name).send().await {
            Err(error) if code(&error) == Some("DeleteConflict") => Err(conflict(&client, &name).await?),
            result => absent(result, GONE).map(drop),
        }
    }
}

/// The derived name; of what was adopted, the one that it has, which is the last part of its ARN.
fn name(id: &Id) -> String {
    let adopted = id.handle.as_ref().and_then(|Handle(arn)| arn.rsplit_once('/'));
    adopted.map_or_else(|| id.name(64), |(_, name)| name.to_owned())
}

/// Attaches and puts what differs from what is there.
async fn grant(
    client: &Client,
    role: &str,
    attached: &BTreeSet<String>,
    inline: &BTreeMap<String, Policy>,
    want: &Role,
) -> Result<()> {
    for arn in want.managed_policy_arns.difference(attached) {
        client.attach_role_policy().role_name(role).policy_arn(arn).send().await.map_err(classify)?;
    }
    for (name, policy) in want.inline_policies.iter().filter(|(name, policy)| inline.get(*name) != Some(policy)) {
        let request = client.put_role_policy().role_name(role).policy_name(name);
        request.policy_document(policy::write(policy)?).send().await.map_err(classify)?;
    }
    Ok(())
}

/// Detaches managed policies and deletes inline ones; what is gone already is well.
async fn withdraw(
    client: &Client,
    role: &str,
    attached: impl IntoIterator<Item = &String>,
    inline: impl IntoIterator<Item = &String>,
) -> Result<()> {
    for arn in attached {
        absent(client.detach_role_policy().role_name(role).policy_arn(arn).send().await, GONE)?;
    }
    for name in inline {
        absent(client.delete_role_policy().role_name(role).policy_name(name).send().await, GONE)?;
    }
    Ok(())
}

/// Bounds the role by a policy, or by none.
async fn bound(client: &Client, role: &str, boundary: &str) -> Result<()> {
    if boundary.is_empty() {
        return absent(client.delete_role_permissions_boundary().role_name(role).send().await, GONE).map(drop);
    }
    let request = client.put_role_permissions_boundary().role_name(role).permissions_boundary(boundary);
    request.send().await.map(drop).map_err(classify)
}

async fn retag(client: &Client, role: &str, want: &Tags, diff: &Diff) -> Result<()> {
    let set = |tags: Tags| async move {
        client.tag_role().role_name(role).set_tags(Some(to_sdk(&tags)?)).send().await.map(drop).map_err(classify)
    };
    let remove = |keys| async move {
        client.untag_role().role_name(role).set_tag_keys(Some(keys)).send().await.map(drop).map_err(classify)
    };
    tags::retag(want, diff, set, remove).await
}

/// Why a role that nothing of ours is attached to cannot be deleted.
async fn conflict(client: &Client, role: &str) -> Result<Error> {
    let pages = client.list_instance_profiles_for_role().role_name(role).into_paginator().items();
    let profiles = pages.send().collect::<std::result::Result<Vec<_>, _>>().await.map_err(classify)?;
    let names: Vec<_> = profiles.iter().map(|profile| profile.instance_profile_name.as_str()).collect();
    Ok(if names.is_empty() {
        Error::wait(reason::IN_USE, format!("IAM does not see yet that nothing is attached to role {role}"))
    } else {
        let names = names.join(", ");
        let message =
            format!("role {role} is in the instance profile {names}, which Terrace did not make: take it out");
        Error::blocked(reason::IN_USE, message)
    })
}

fn to_sdk<'a>(tags: impl IntoIterator<Item = (&'a String, &'a String)>) -> Result<Vec<Tag>> {
    let tags = tags::write(tags, |key, value| Tag::builder().key(key).value(value).build());
    tags.into_iter().map(|tag| tag.map_err(Error::invalid)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;
    use aws_sdk_iam::operation::attach_role_policy::AttachRolePolicyOutput;
    use aws_sdk_iam::operation::delete_role::{DeleteRoleError, DeleteRoleOutput};
    use aws_sdk_iam::operation::delete_role_permissions_boundary::DeleteRolePermissionsBoundaryOutput;
    use aws_sdk_iam::operation::delete_role_policy::DeleteRolePolicyOutput;
    use aws_sdk_iam::operation::detach_role_policy::DetachRolePolicyOutput;
    use aws_sdk_iam::operation::get_account_authorization_details::GetAccountAuthorizationDetailsOutput;
    use aws_sdk_iam::operation::get_role::GetRoleError;
    use aws_sdk_iam::operation::list_instance_profiles_for_role::ListInstanceProfilesForRoleOutput;
    use aws_sdk_iam::operation::list_roles::ListRolesOutput;
    use aws_sdk_iam::operation::put_role_permissions_boundary::PutRolePermissionsBoundaryOutput;
    use aws_sdk_iam::types::error::{DeleteConflictException, NoSuchEntityException};
    use aws_sdk_iam::types::{
        self, AttachedPermissionsBoundary, AttachedPolicy, InstanceProfile, PolicyDetail, RoleDetail,
    };
    use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
    use aws_smithy_types::error::ErrorMetadata;
    use terrace_model::identity::Freshness;
    use terrace_model::{Change, diff};

    const TRUST: &str = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C\
        %22Principal%22%3A%7B%22Service%22%3A%22rds.amazonaws.com%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%7D";

    fn roles(rules: &[&Rule]) -> Roles {
        let iam = mock_client!(aws_sdk_iam, RuleMode::MatchAny, rules);
        Roles::new(&testing::clients().with_client("us-east-1", iam))
    }

    fn role(attached: &[&str], inline: &[&str]) -> Role {
        let policy = Policy::trusts_service("rds.amazonaws.com");
        Role {
            assume_role_policy: policy.clone(),
            description: "monitoring".into(),
            managed_policy_arns: attached.iter().map(|arn| (*arn).to_owned()).collect(),
            inline_policies: inline.iter().map(|name| ((*name).to_owned(), policy.clone())).collect(),
            permissions_boundary: String::new(),
            max_session_duration: None,
            tags: Tags::new(),
        }
    }

    #[tokio::test]
    async fn a_boundary_that_left_the_wish_is_taken_off_and_another_is_put_in_its_place() {
        let put = mock!(Client::put_role_permissions_boundary)
            .match_requests(|request| request.permissions_boundary() == Some("new"))
            .then_output(|| PutRolePermissionsBoundaryOutput::builder().build());
        let delete = mock!(Client::delete_role_permissions_boundary)
            .then_output(|| DeleteRolePermissionsBoundaryOutput::builder().build());
        let roles = roles(&[&put, &delete]);
        let bounded = |arn: &str| Role { permissions_boundary: arn.into(), ..role(&[], &[]) };
        for (from, to, calls) in [("old", "new", [1, 0]), ("old", "", [1, 1]), ("", "", [1, 1])] {
            let (have, want) = (bounded(from), bounded(to));
            let found = between(&have, &want);
            roles.update(&testing::id::<Role>("monitoring"), &have, &want, &found).await.expect("it is changed");
            assert_eq!([put.num_calls(), delete.num_calls()], calls, "{from:?} to {to:?}");
        }
    }

    fn between(have: &Role, want: &Role) -> Diff {
        let json = |role: &Role| serde_json::to_value(role).expect("it is JSON");
        let spec = terrace_model::KindSpec::of::<Role>();
        diff::diff(&spec, &json(want), &json(have), &BTreeMap::new(), &BTreeMap::new())
    }

    fn detach(arn: &'static str) -> Rule {
        mock!(Client::detach_role_policy)
            .match_requests(move |request| request.policy_arn() == Some(arn))
            .then_output(|| DetachRolePolicyOutput::builder().build())
    }

    #[tokio::test]
    async fn an_update_attaches_what_is_wished_and_detaches_the_rest_and_nothing_else() {
        let attach = mock!(Client::attach_role_policy)
            .match_requests(|request| request.policy_arn() == Some("new"))
            .then_output(|| AttachRolePolicyOutput::builder().build());
        let (foreign, kept) = (detach("foreign"), detach("kept"));
        let (have, want) = (role(&["kept", "foreign"], &["theirs"]), role(&["kept", "new"], &[]));
        let found = between(&have, &want);
        let roles = roles(&[&attach, &foreign, &kept]);
        roles.update(&testing::id::<Role>("monitoring"), &have, &want, &found).await.expect("it is changed");
        assert_eq!([attach.num_calls(), foreign.num_calls(), kept.num_calls()], [1, 1, 0]);
    }

    #[tokio::test]
    async fn an_inline_policy_of_ours_that_left_the_wish_is_deleted() {
        let delete = mock!(Client::delete_role_policy)
            .match_requests(|request| request.policy_name() == Some("old"))
            .then_output(|| DeleteRolePolicyOutput::builder().build());
        let removed = Diff(vec![Change {
            path: "inlinePolicies.old".into(),
            from: serde_json::json!({}),
            to: serde_json::Value::Null,
            effect: terrace_model::Effect::InPlace,
            certainty: terrace_model::Certainty::Changed,
        }]);
        let (have, want) = (role(&[], &["old", "theirs"]), role(&[], &[]));
        let roles = roles(&[&delete]);
        roles.update(&testing::id::<Role>("monitoring"), &have, &want, &removed).await.expect("it is changed");
        assert_eq!(delete.num_calls(), 1);
    }

    #[tokio::test]
    async fn a_role_is_deleted_with_all_that_was_seen_on_it() {
        let (attached, inline) = (detach("attached"), mock!(Client::delete_role_policy));
        let inline = inline.then_output(|| DeleteRolePolicyOutput::builder().build());
        let delete = mock!(Client::delete_role).then_output(|| DeleteRoleOutput::builder().build());
        let roles = roles(&[&attached, &inline, &delete]);
        let have = role(&["attached"], &["queue"]);
        roles.delete(&testing::id::<Role>("monitoring"), &have, Disposal::Delete).await.expect("it is deleted");
        assert_eq!([attached.num_calls(), inline.num_calls(), delete.num_calls()], [1, 1, 1]);
    }

    #[tokio::test]
    async fn a_role_in_an_instance_profile_is_reported_and_one_that_iam_still_sees_in_use_is_waited_for() {
        for (profiles, stalled) in [(vec!["web"], true), (vec![], false)] {
            let refused = mock!(Client::delete_role).then_error(|| {
                let meta = ErrorMetadata::builder().code("DeleteConflict").build();
                DeleteRoleError::DeleteConflictException(DeleteConflictException::builder().meta(meta).build())
            });
            let listed = mock!(Client::list_instance_profiles_for_role).then_output(move || {
                let profile = |name: &&str| {
                    let profile = InstanceProfile::builder().instance_profile_name(*name).path("/");
                    let profile = profile.instance_profile_id("AIPA").arn("arn").set_roles(Some(vec![]));
                    profile.create_date(aws_smithy_types::DateTime::from_secs(0)).build().expect("it is whole")
                };
                let profiles = profiles.iter().map(profile).collect();
                let answer = ListInstanceProfilesForRoleOutput::builder().set_instance_profiles(Some(profiles));
                answer.build().expect("it is whole")
            });
            let roles = roles(&[&refused, &listed]);
            let error = roles.delete(&testing::id::<Role>("r"), &role(&[], &[]), Disposal::Delete).await;
            let error = error.expect_err("it is in use");
            assert_eq!((error.reason(), error.is_stalled()), (reason::IN_USE, stalled));
        }
    }

    #[tokio::test]
    async fn the_list_of_an_account_is_read_to_its_end_and_has_descriptions_too() {
        let id = Id { freshness: Freshness::Recent, ..testing::id::<Role>("monitoring") };
        let ours = name(&id);
        let page = |name: String, marker: Option<&str>| {
            let policy = PolicyDetail::builder().policy_name("queue").policy_document(TRUST).build();
            let boundary = AttachedPermissionsBoundary::builder().permissions_boundary_arn("boundary").build();
            let detail = RoleDetail::builder()
                .arn(["arn", &name].join(":"))
                .role_name(name)
                .assume_role_policy_document(TRUST)
                .attached_managed_policies(AttachedPolicy::builder().policy_arn("attached").build())
                .role_policy_list(policy)
                .permissions_boundary(boundary)
                .build();
            let page = GetAccountAuthorizationDetailsOutput::builder().role_detail_list(detail);
            page.is_truncated(marker.is_some()).set_marker(marker.map(str::to_owned)).build()
        };
        let second = ours.clone();
        let details = mock!(Client::get_account_authorization_details)
            .sequence()
            .output(move || page("other".into(), Some("next")))
            .output(move || page(second.clone(), None))
            .build();
        let described = ours.clone();
        let descriptions = mock!(Client::list_roles).then_output(move || {
            let role = types::Role::builder().role_name(&described).description("monitoring").path("/").role_id("r");
            let role = role.max_session_duration(7200);
            let role = role.arn("arn").create_date(aws_smithy_types::DateTime::from_secs(0)).build();
            ListRolesOutput::builder().roles(role.expect("it is whole")).build().expect("it is whole")
        });
        let Seen::Present { have, out, .. } =
            roles(&[&details, &descriptions]).observe(&id).await.expect("it can be looked at")
        else {
            panic!("it is on the second page");
        };
        assert_eq!((out.arn, out.name), (Some(["arn", &ours].join(":")), Some(ours)));
        let expected = Role {
            permissions_boundary: "boundary".into(),
            max_session_duration: Some(7200),
            ..role(&["attached"], &["queue"])
        };
        let json = |role: &Role| serde_json::to_value(role).expect("it is JSON");
        assert_eq!(json(&have), json(&expected));
    }

    #[tokio::test]
    async fn a_role_that_is_not_there_is_absent() {
        let none = mock!(Client::get_role).then_error(|| {
            let meta = ErrorMetadata::builder().code("NoSuchEntity").build();
            GetRoleError::NoSuchEntityException(NoSuchEntityException::builder().meta(meta).build())
        });
        let seen = roles(&[&none]).observe(&testing::id::<Role>("monitoring")).await;
        assert!(matches!(seen, Ok(Seen::Absent)));
    }
}
