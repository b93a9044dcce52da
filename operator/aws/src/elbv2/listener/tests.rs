//! Tests of listeners.

use aws_sdk_elasticloadbalancingv2::Client;
use aws_sdk_elasticloadbalancingv2::operation::add_listener_certificates::AddListenerCertificatesOutput;
use aws_sdk_elasticloadbalancingv2::operation::create_listener::{CreateListenerError, CreateListenerOutput};
use aws_sdk_elasticloadbalancingv2::operation::delete_listener::DeleteListenerError;
use aws_sdk_elasticloadbalancingv2::operation::describe_listener_certificates::DescribeListenerCertificatesOutput;
use aws_sdk_elasticloadbalancingv2::operation::describe_listeners::{DescribeListenersError, DescribeListenersOutput};
use aws_sdk_elasticloadbalancingv2::operation::modify_listener::ModifyListenerOutput;
use aws_sdk_elasticloadbalancingv2::operation::remove_listener_certificates::RemoveListenerCertificatesOutput;
use aws_smithy_mocks::{Rule, mock};
use serde_json::json;
use terrace_engine::{Error, reason};
use terrace_model::aws::elbv2::{Action, Forward, Redirect};

use super::*;
use crate::elbv2::testing::{between, elb, meta, tagged};
use crate::testing::{at, id};

const BALANCER: &str = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/shop/50dc6c495c0c9188";
const ARN: &str =
    "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/shop/50dc6c495c0c9188/f2f7dc8efc522ab2";

fn wish() -> Listener {
    let value = json!({
        "loadBalancerArn": BALANCER, "port": 443, "protocol": "HTTPS", "certificateArn": "arn:default",
        "certificates": ["arn:further"], "sslPolicy": Listener::SSL_POLICY, "alpnPolicy": null,
        "defaultAction": Action::Forward(Forward::to("arn:tg")), "tags": {"team": "shop"},
    });
    serde_json::from_value(value).expect("a wish is whole")
}

fn placed() -> Id {
    at(id::<Listener>("https"), &json!({"loadBalancerArn": BALANCER, "port": 443}))
}

fn stands() -> Id {
    Id { handle: Some(ARN.into()), ..placed() }
}

fn described() -> sdk::Listener {
    sdk::Listener::builder()
        .listener_arn(ARN)
        .load_balancer_arn(BALANCER)
        .port(443)
        .protocol(sdk::ProtocolEnum::Https)
        .certificates(sdk::Certificate::builder().certificate_arn("arn:default").build())
        .ssl_policy(Listener::SSL_POLICY)
        .default_actions(action::write(&Action::Forward(Forward::to("arn:tg"))).expect("it is resolved"))
        .build()
}

fn listed() -> Rule {
    mock!(Client::describe_listeners)
        .match_requests(|request| request.load_balancer_arn() == Some(BALANCER))
        .then_output(|| {
            let other = sdk::Listener::builder().listener_arn("arn:other").port(80).build();
            DescribeListenersOutput::builder().listeners(other).listeners(described()).build()
        })
}

fn further() -> Rule {
    mock!(Client::describe_listener_certificates).then_output(|| {
        let one = |arn: &str, default| sdk::Certificate::builder().certificate_arn(arn).is_default(default).build();
        let answer = DescribeListenerCertificatesOutput::builder();
        answer.certificates(one("arn:default", true)).certificates(one("arn:further", false)).build()
    })
}

fn listeners(rules: &[&Rule]) -> Listeners {
    Listeners(elb(rules))
}

#[tokio::test]
async fn it_is_found_by_its_port_or_by_its_handle_and_is_as_wished() {
    for id in [placed(), stands()] {
        let seen = listeners(&[&listed(), &further(), &tagged(&[("team", "shop")])]).observe(&id).await;
        let Ok(Seen::Partly { have, handle, unread, .. }) = seen else { panic!("it is there") };
        assert!(between(&have, &wish()).is_empty() && unread.is_empty());
        assert_eq!(handle.0, ARN);
    }
    let moved =
        Id { handle: Some("arn:aws:elasticloadbalancing:eu-west-1:1:listener/app/shop/50dc/0".into()), ..placed() };
    let none =
        mock!(Client::describe_listeners).then_error(|| DescribeListenersError::generic(meta("LoadBalancerNotFound")));
    assert!(matches!(listeners(&[&none]).observe(&moved).await, Ok(Seen::Absent)));
}

#[tokio::test]
async fn a_resync_tells_from_its_tags_that_it_is_there_until_its_turn_comes() {
    let (listed, tags) = (listed(), tagged(&[("team", "shop")]));
    let listing = mock!(aws_sdk_resourcegroupstagging::Client::get_resources)
        .then_output(|| aws_sdk_resourcegroupstagging::operation::get_resources::GetResourcesOutput::builder().build());
    let tagging =
        aws_smithy_mocks::mock_client!(aws_sdk_resourcegroupstagging, aws_smithy_mocks::RuleMode::MatchAny, [&listing]);
    let elbv2 = aws_smithy_mocks::mock_client!(
        aws_sdk_elasticloadbalancingv2,
        aws_smithy_mocks::RuleMode::MatchAny,
        [&listed, &tags, &further()]
    );
    let clients = crate::testing::clients().with_client(crate::testing::REGION, elbv2);
    let listeners = Listeners(Elb::new(clients.with_client(crate::testing::REGION, tagging)));
    let recent = Id { freshness: Freshness::Recent, ..stands() };
    let seen = listeners.observe(&recent).await.expect("it is seen");
    let Seen::Partly { unread, out, .. } = seen else { panic!("it is there") };
    assert_eq!((unread, out.arn.as_deref(), listed.num_calls()), (UNREAD, Some(ARN), 0));
    for id in [stands(), recent.clone(), recent] {
        let seen = listeners.observe(&id).await.expect("it is seen");
        assert!(matches!(seen, Seen::Partly { unread: [], .. }));
    }
    assert_eq!(listed.num_calls(), 1);
}

#[tokio::test]
async fn it_is_made_with_its_tags_and_its_further_certificates_follow() {
    let create = mock!(Client::create_listener)
        .match_requests(|request| {
            let default = request.certificates().iter().filter_map(|one| one.certificate_arn()).collect::<Vec<_>>();
            request.tags().len() == 1 && default == ["arn:default"] && request.default_actions().len() == 1
        })
        .then_output(|| {
            let made = sdk::Listener::builder().listener_arn(ARN).build();
            CreateListenerOutput::builder().listeners(made).build()
        });
    let add = mock!(Client::add_listener_certificates)
        .match_requests(|request| request.certificates()[0].certificate_arn() == Some("arn:further"))
        .then_output(|| AddListenerCertificatesOutput::builder().build());
    let handle = listeners(&[&create, &add]).create(&placed(), &wish()).await;
    assert_eq!((handle, add.num_calls()), (Ok(ARN.into()), 1));
}

#[tokio::test]
async fn a_port_that_is_taken_is_looked_at_again_and_a_target_group_that_is_held_is_waited_for() {
    for (code, expected) in
        [("DuplicateListener", reason::ALREADY_EXISTS), ("TargetGroupAssociationLimit", reason::IN_USE)]
    {
        let refuses = mock!(Client::create_listener).then_error(move || CreateListenerError::generic(meta(code)));
        let error = listeners(&[&refuses]).create(&placed(), &wish()).await.expect_err("AWS refuses");
        assert!(matches!(error, Error::Wait { reason, .. } if reason == expected), "{code}");
    }
}

/// What a change sends to ModifyListener: port, protocol, certificates, policy, actions.
async fn sent(want: Listener) -> bool {
    let modify = mock!(Client::modify_listener)
        .match_requests(|request| {
            let secure = request.certificates().len() == 1 && request.ssl_policy().is_some();
            let plain = request.certificates().is_empty() && request.ssl_policy().is_none();
            match request.protocol() {
                Some(sdk::ProtocolEnum::Http) => plain,
                None => plain && request.default_actions().len() == 1 && request.port().is_none(),
                _ => secure,
            }
        })
        .then_output(|| ModifyListenerOutput::builder().build());
    let have = wish();
    let done = listeners(&[&modify]).update(&stands(), &have, &want, &between(&have, &want)).await;
    done.is_ok() && modify.num_calls() == 1
}

#[tokio::test]
async fn a_change_says_what_differs_and_no_more() {
    let action = Action::Forward(Forward::split([("arn:tg".into(), 90), ("arn:new".into(), 10)]));
    assert!(sent(Listener { default_action: action, ..wish() }).await);
    let redirect = Action::Redirect(Redirect::to_https(443));
    let plain = Listener { protocol: "HTTP".into(), certificate_arn: None, ssl_policy: None, ..wish() };
    assert!(sent(Listener { default_action: redirect, ..plain }).await);
}

#[tokio::test]
async fn further_certificates_come_before_others_go() {
    let add = mock!(Client::add_listener_certificates).then_output(|| AddListenerCertificatesOutput::builder().build());
    let remove = mock!(Client::remove_listener_certificates)
        .match_requests(|request| request.certificates()[0].certificate_arn() == Some("arn:further"))
        .then_output(|| RemoveListenerCertificatesOutput::builder().build());
    let (have, want) = (wish(), Listener { certificates: ["arn:new".into()].into(), ..wish() });
    let done = listeners(&[&add, &remove]).update(&stands(), &have, &want, &between(&have, &want)).await;
    assert_eq!((done, add.num_calls(), remove.num_calls()), (Ok(()), 1, 1));
}

#[tokio::test]
async fn one_that_is_gone_is_deleted() {
    let gone = mock!(Client::delete_listener).then_error(|| DeleteListenerError::generic(meta("ListenerNotFound")));
    assert_eq!(listeners(&[&gone]).delete(&stands(), &wish(), Disposal::Delete).await, Ok(()));
    let none = mock!(Client::describe_listeners).then_output(|| DescribeListenersOutput::builder().build());
    assert_eq!(listeners(&[&none]).delete(&placed(), &wish(), Disposal::Delete).await, Ok(()));
}
