//! Protections against mocks.

use super::*;
use crate::testing::{REGION, clients, id};
use aws_sdk_shield::operation::create_protection::{CreateProtectionError, CreateProtectionOutput};
use aws_sdk_shield::operation::describe_protection::DescribeProtectionOutput;
use aws_sdk_shield::operation::get_subscription_state::GetSubscriptionStateOutput;
use aws_sdk_shield::operation::list_protections::{ListProtectionsError, ListProtectionsOutput};
use aws_sdk_shield::operation::list_tags_for_resource::ListTagsForResourceOutput;
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use aws_smithy_types::error::ErrorMetadata;

const RESOURCE: &str = "arn:aws:cloudfront::123456789012:distribution/E1";
const ARN: &str = "arn:aws:shield::123456789012:protection/1-2";

fn of(client: Client) -> Protections {
    Protections::new(&clients().with_client("us-east-1", client.clone()).with_client(REGION, client))
}

fn wish() -> Protection {
    Protection { resource_arn: RESOURCE.into(), tags: id::<Protection>("shield").owner_tags() }
}

fn meta(code: &str) -> ErrorMetadata {
    ErrorMetadata::builder().code(code).message("AWS says no").build()
}

fn protection(name: String) -> sdk::Protection {
    sdk::Protection::builder().id("1-2").name(name).protection_arn(ARN).resource_arn(RESOURCE).build()
}

fn refusal(code: &'static str) -> Rule {
    mock!(Client::create_protection).then_error(move || CreateProtectionError::generic(meta(code)))
}

#[tokio::test]
async fn a_protection_is_found_by_its_name_on_any_page_and_owned_by_its_tags() {
    let id = id::<Protection>("shield");
    let name = id.default_name();
    let first =
        mock!(Client::list_protections).match_requests(|request| request.next_token().is_none()).then_output(|| {
            ListProtectionsOutput::builder().next_token("more").protections(protection("x".into())).build()
        });
    let second = mock!(Client::list_protections)
        .match_requests(|request| request.next_token() == Some("more"))
        .then_output(move || ListProtectionsOutput::builder().protections(protection(name.clone())).build());
    let owner = id.owner_tags();
    let tags = mock!(Client::list_tags_for_resource)
        .match_requests(|request| request.resource_arn() == Some(ARN))
        .then_output(move || ListTagsForResourceOutput::builder().set_tags(Some(write_tags(&owner))).build());
    let provider = of(mock_client!(aws_sdk_shield, RuleMode::MatchAny, [&first, &second, &tags]));
    let Ok(Seen::Present { have, out, handle, owner, .. }) = provider.observe(&id).await else { panic!("it is there") };
    assert_eq!((have.resource_arn, handle.0.as_str()), (RESOURCE.into(), ARN));
    assert_eq!((out.id.as_deref(), owner), (Some("1-2"), Owner::from_tags(&id.owner_tags())));
}

#[tokio::test]
async fn what_is_made_bears_its_tags_and_is_known_by_its_arn() {
    let made = mock!(Client::create_protection)
        .match_requests(|request| request.resource_arn() == Some(RESOURCE) && request.tags().len() == 8)
        .then_output(|| CreateProtectionOutput::builder().protection_id("1-2").build());
    let (provider, id) = (of(mock_client!(aws_sdk_shield, [&made])), id::<Protection>("shield"));
    let handle = provider.create(&id, &wish()).await.expect("it is made");
    assert_eq!(handle.0, ARN);
    assert_eq!(provider.made(&id, &handle).and_then(|out| out.id).as_deref(), Some("1-2"));
}

#[tokio::test]
async fn without_a_subscription_there_is_none_and_who_can_change_that_is_said() {
    let unlisted =
        mock!(Client::list_protections).then_error(|| ListProtectionsError::generic(meta("ResourceNotFoundException")));
    let made = refusal("ResourceNotFoundException");
    for (state, expected) in
        [(sdk::SubscriptionState::Inactive, NOT_SUBSCRIBED), (sdk::SubscriptionState::Active, reason::NOT_READY)]
    {
        let asked = mock!(Client::get_subscription_state).then_output(move || {
            GetSubscriptionStateOutput::builder().subscription_state(state.clone()).build().expect("it is whole")
        });
        let provider = of(mock_client!(aws_sdk_shield, RuleMode::MatchAny, [&unlisted, &made, &asked]));
        let id = id::<Protection>("shield");
        assert!(matches!(provider.observe(&id).await, Ok(Seen::Absent)));
        let error = provider.create(&id, &wish()).await.expect_err("it cannot be made");
        assert_eq!(error.reason(), expected);
        assert_eq!(error.is_stalled(), expected == NOT_SUBSCRIBED);
    }
}

#[tokio::test]
async fn what_somebody_else_protects_is_theirs_and_what_we_protect_is_looked_at_again() {
    let id = id::<Protection>("shield");
    for (name, expected) in [("theirs".to_owned(), reason::NOT_OWNED), (id.default_name(), reason::ALREADY_EXISTS)] {
        let made = refusal(TAKEN);
        let seen = mock!(Client::describe_protection)
            .then_output(move || DescribeProtectionOutput::builder().protection(protection(name.clone())).build());
        let provider = of(mock_client!(aws_sdk_shield, RuleMode::MatchAny, [&made, &seen]));
        let error = provider.create(&id, &wish()).await.expect_err("it is there");
        assert_eq!(error.reason(), expected, "{error}");
    }
}
