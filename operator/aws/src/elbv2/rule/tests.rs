//! Tests of listener rules.

use aws_sdk_elasticloadbalancingv2::Client;
use aws_sdk_elasticloadbalancingv2::operation::create_rule::{CreateRuleError, CreateRuleOutput};
use aws_sdk_elasticloadbalancingv2::operation::delete_rule::DeleteRuleError;
use aws_sdk_elasticloadbalancingv2::operation::describe_rules::DescribeRulesOutput;
use aws_sdk_elasticloadbalancingv2::operation::modify_rule::ModifyRuleOutput;
use aws_sdk_elasticloadbalancingv2::operation::set_rule_priorities::{SetRulePrioritiesError, SetRulePrioritiesOutput};
use aws_smithy_mocks::{Rule, mock};
use serde_json::json;
use terrace_model::aws::elbv2::{Action, Forward, RuleCondition};
use terrace_model::identity::tag;

use super::*;
use crate::elbv2::testing::{between, elb, meta, tagged};
use crate::testing::{at, id};

const LISTENER: &str =
    "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/shop/50dc6c495c0c9188/f2f7dc8efc522ab2";
const ARN: &str = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener-rule/app/shop/50dc6c495c0c9188/f2f7dc8efc522ab2/9683b2d02a6cabee";

fn wish() -> ListenerRule {
    ListenerRule {
        listener_arn: LISTENER.into(),
        priority: 10,
        conditions: [RuleCondition::PathPattern(["/api/*".to_owned()].into())].into(),
        action: Action::Forward(Forward::to("arn:tg")),
        tags: [("team".to_owned(), "shop".to_owned())].into(),
    }
}

fn placed() -> Id {
    at(id::<ListenerRule>("api"), &json!({"listenerArn": LISTENER, "priority": 10}))
}

fn stands() -> Id {
    Id { handle: Some("arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener-rule/app/shop/50dc6c495c0c9188/f2f7dc8efc522ab2/1".into()), ..placed() }
}

/// The default rule, and one of priority 10.
fn listed() -> Rule {
    mock!(Client::describe_rules).match_requests(|request| request.listener_arn() == Some(LISTENER)).then_output(|| {
        let default = sdk::Rule::builder().rule_arn("arn:default").priority("default").is_default(true).build();
        let rule = sdk::Rule::builder()
            .rule_arn(ARN)
            .priority("10")
            .conditions(condition::write(&RuleCondition::PathPattern(["/api/*".to_owned()].into())))
            .actions(action::write(&Action::Forward(Forward::to("arn:tg"))).expect("it is resolved"))
            .build();
        DescribeRulesOutput::builder().rules(default).rules(rule).build()
    })
}

fn rules(rules: &[&Rule]) -> ListenerRules {
    ListenerRules(elb(rules))
}

#[tokio::test]
async fn it_is_found_by_its_priority_and_is_as_wished() {
    let seen = rules(&[&listed(), &tagged(&[("team", "shop")])]).observe(&placed()).await;
    let Ok(Seen::Present { have, handle, .. }) = seen else { panic!("it is there") };
    assert!(between(&have, &wish()).is_empty());
    assert_eq!(handle.0, ARN);
    let elsewhere = at(placed(), &json!({"listenerArn": LISTENER, "priority": 11}));
    assert!(matches!(rules(&[&listed()]).observe(&elsewhere).await, Ok(Seen::Absent)));
}

#[tokio::test]
async fn it_is_made_with_its_tags_and_a_priority_that_is_taken_is_looked_at_again() {
    let create = mock!(Client::create_rule)
        .match_requests(|request| request.tags().len() == 1 && request.conditions().len() == 1)
        .then_output(|| CreateRuleOutput::builder().rules(sdk::Rule::builder().rule_arn(ARN).build()).build());
    assert_eq!(rules(&[&create]).create(&placed(), &wish()).await, Ok(ARN.into()));
    let taken = mock!(Client::create_rule).then_error(|| CreateRuleError::generic(meta("PriorityInUse")));
    let error = rules(&[&taken]).create(&placed(), &wish()).await.expect_err("it is taken");
    assert!(matches!(error, Error::Wait { reason: reason::ALREADY_EXISTS, .. }));
}

#[tokio::test]
async fn a_change_says_what_differs_and_no_more() {
    let modify = mock!(Client::modify_rule)
        .match_requests(|request| request.actions().len() == 1 && request.conditions().is_empty())
        .then_output(|| ModifyRuleOutput::builder().build());
    let order = mock!(Client::set_rule_priorities)
        .match_requests(|request| request.rule_priorities()[0].priority() == Some(20))
        .then_output(|| SetRulePrioritiesOutput::builder().build());
    let split = Action::Forward(Forward::split([("arn:tg".into(), 90), ("arn:new".into(), 10)]));
    let (have, want) = (wish(), ListenerRule { action: split, priority: 20, ..wish() });
    let done = rules(&[&modify, &order]).update(&stands(), &have, &want, &between(&have, &want)).await;
    assert_eq!((done, modify.num_calls(), order.num_calls()), (Ok(()), 1, 1));
}

/// A rule that is to move to 10, where another stands that bears these tags.
async fn moves(tags: &'static [(&'static str, &'static str)]) -> (Result<()>, usize) {
    let taken = mock!(Client::set_rule_priorities)
        .match_requests(|request| request.rule_priorities().len() == 1)
        .then_error(|| SetRulePrioritiesError::generic(meta("PriorityInUse")));
    let swap = mock!(Client::set_rule_priorities)
        .match_requests(|request| {
            let pairs = request.rule_priorities().iter().map(|pair| pair.priority()).collect::<Vec<_>>();
            pairs == [Some(10), Some(5)]
        })
        .then_output(|| SetRulePrioritiesOutput::builder().build());
    let (have, want) = (ListenerRule { priority: 5, ..wish() }, wish());
    let rules = rules(&[&taken, &swap, &listed(), &tagged(tags)]);
    (rules.update(&stands(), &have, &want, &between(&have, &want)).await, swap.num_calls())
}

#[tokio::test]
async fn rules_of_one_owner_change_places_and_that_of_another_is_left_where_it_is() {
    const OURS: &[(&str, &str)] = &[
        (tag::CLUSTER, "prod"),
        (tag::NAMESPACE, "shop"),
        (tag::KIND, "DataTier"),
        (tag::NAME, "orders"),
        (tag::UID, "uid-1"),
        (tag::NODE, "web"),
        (tag::INCARNATION, "1"),
    ];
    assert_eq!(moves(OURS).await, (Ok(()), 1));
    let (done, swaps) = moves(&[("team", "others")]).await;
    let error = done.expect_err("it is somebody else's");
    assert!(error.is_stalled() && error.to_string().contains("priority 10"), "{error}");
    assert_eq!(swaps, 0);
}

#[tokio::test]
async fn one_that_is_gone_is_deleted() {
    let gone = mock!(Client::delete_rule).then_error(|| DeleteRuleError::generic(meta("RuleNotFound")));
    assert_eq!(rules(&[&gone]).delete(&stands(), &wish(), Disposal::Delete).await, Ok(()));
}
