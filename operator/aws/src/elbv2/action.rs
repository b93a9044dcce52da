//! What becomes of a request, to and from the SDK's types.

use std::collections::BTreeSet;

use aws_sdk_elasticloadbalancingv2::types::builders::ActionBuilder;
use aws_sdk_elasticloadbalancingv2::types::{self as sdk, ActionTypeEnum};
use terrace_engine::Result;
use terrace_model::aws::elbv2::{Action, FixedResponse, Forward, Redirect, TargetGroupTuple};

use crate::shared::known;

/// As the SDK has it.
pub(super) fn write(action: &Action) -> Result<sdk::Action> {
    let builder = sdk::Action::builder();
    Ok(match action {
        Action::Forward(forward) => write_forward(builder.r#type(ActionTypeEnum::Forward), forward)?,
        Action::FixedResponse(FixedResponse { status_code, content_type, message_body }) => {
            let response = sdk::FixedResponseActionConfig::builder().status_code(status_code);
            let response = response.set_content_type(content_type.clone()).set_message_body(message_body.clone());
            builder.r#type(ActionTypeEnum::FixedResponse).fixed_response_config(response.build())
        }
        Action::Redirect(Redirect { protocol, port, host, path, query, status_code }) => {
            let redirect = sdk::RedirectActionConfig::builder().protocol(protocol).port(port).host(host).path(path);
            let redirect = redirect.query(query).status_code(status_code.as_str().into());
            builder.r#type(ActionTypeEnum::Redirect).redirect_config(redirect.build())
        }
    }
    .build())
}

/// A lone target group is said in the short form, which every load balancer takes.
fn write_forward(builder: ActionBuilder, forward: &Forward) -> Result<ActionBuilder> {
    let shares: Vec<_> = forward.target_groups.iter().collect();
    if let ([TargetGroupTuple { target_group_arn, .. }], 0) = (&shares[..], forward.stickiness_seconds) {
        return Ok(builder.target_group_arn(known(target_group_arn)?));
    }
    let mut config = sdk::ForwardActionConfig::builder();
    for TargetGroupTuple { target_group_arn, weight } in shares {
        let share = sdk::TargetGroupTuple::builder().target_group_arn(known(target_group_arn)?).weight(*weight);
        config = config.target_groups(share.build());
    }
    if forward.stickiness_seconds > 0 {
        let sticky = sdk::TargetGroupStickinessConfig::builder().enabled(true);
        config = config.target_group_stickiness_config(sticky.duration_seconds(forward.stickiness_seconds).build());
    }
    Ok(builder.forward_config(config.build()))
}

/// From what AWS shows. What Terrace never sets, as authentication before it, reads as passing on to nobody, which no wish
/// says: so it is found and put right.
pub(super) fn read(actions: &[sdk::Action]) -> Action {
    let unknown = || Action::Forward(Forward { target_groups: BTreeSet::new(), stickiness_seconds: 0 });
    let [action] = actions else { return unknown() };
    match action.r#type() {
        Some(ActionTypeEnum::Forward) => Action::Forward(read_forward(action)),
        Some(ActionTypeEnum::FixedResponse) => {
            action.fixed_response_config().map_or_else(unknown, |response| Action::FixedResponse(fixed(response)))
        }
        Some(ActionTypeEnum::Redirect) => {
            action.redirect_config().map_or_else(unknown, |redirect| Action::Redirect(read_redirect(redirect)))
        }
        _ => unknown(),
    }
}

fn read_forward(action: &sdk::Action) -> Forward {
    let config = action.forward_config();
    let tuples = config.map(sdk::ForwardActionConfig::target_groups).unwrap_or_default();
    let sticky = config.and_then(sdk::ForwardActionConfig::target_group_stickiness_config);
    let seconds = sticky.filter(|sticky| sticky.enabled() == Some(true)).and_then(|sticky| sticky.duration_seconds());
    let share = |tuple: &sdk::TargetGroupTuple| {
        Some((tuple.target_group_arn()?.into(), tuple.weight().unwrap_or(Forward::ALL)))
    };
    let forward = match action.target_group_arn().filter(|_| tuples.is_empty()) {
        Some(lone) => Forward::to(lone),
        None => Forward::split(tuples.iter().filter_map(share)),
    };
    Forward { stickiness_seconds: seconds.unwrap_or_default(), ..forward }
}

fn fixed(response: &sdk::FixedResponseActionConfig) -> FixedResponse {
    let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    FixedResponse {
        status_code: response.status_code().unwrap_or_default().to_owned(),
        content_type: text(response.content_type()),
        message_body: text(response.message_body()),
    }
}

/// What is not said stays as it is (API reference, RedirectActionConfig).
fn read_redirect(redirect: &sdk::RedirectActionConfig) -> Redirect {
    let part = |text: Option<&str>, default: &str| text.unwrap_or(default).to_owned();
    Redirect {
        protocol: part(redirect.protocol(), "#{protocol}"),
        port: part(redirect.port(), "#{port}"),
        host: part(redirect.host(), "#{host}"),
        path: part(redirect.path(), "/#{path}"),
        query: part(redirect.query(), "#{query}"),
        status_code: part(redirect.status_code().map(sdk::RedirectActionStatusCodeEnum::as_str), ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there_and_back(action: &Action) -> Action {
        read(&[write(action).expect("it is resolved")])
    }

    #[test]
    fn every_action_reads_back_as_it_was_written() {
        let sticky = Forward { stickiness_seconds: 60, ..Forward::split([("arn:a".into(), 90), ("arn:b".into(), 0)]) };
        let fixed = |content_type: Option<&str>| FixedResponse {
            status_code: "404".into(),
            content_type: content_type.map(str::to_owned),
            message_body: content_type.map(|_| "nobody is here".into()),
        };
        for action in [
            Action::Forward(Forward::to("arn:a")),
            Action::Forward(sticky),
            Action::Forward(Forward { stickiness_seconds: 60, ..Forward::to("arn:a") }),
            Action::FixedResponse(fixed(Some("text/plain"))),
            Action::FixedResponse(fixed(None)),
            Action::Redirect(Redirect::to_https(443)),
        ] {
            assert_eq!(there_and_back(&action), action);
        }
    }

    #[test]
    fn a_lone_target_group_is_said_in_short_and_gets_all_whatever_aws_shows() {
        let sent = write(&Action::Forward(Forward::to("arn:a"))).expect("it is resolved");
        assert_eq!((sent.target_group_arn(), sent.forward_config()), (Some("arn:a"), None));
        let off = sdk::TargetGroupStickinessConfig::builder().enabled(false).duration_seconds(3600).build();
        let tuple = sdk::TargetGroupTuple::builder().target_group_arn("arn:a").weight(100).build();
        let config =
            sdk::ForwardActionConfig::builder().target_groups(tuple).target_group_stickiness_config(off).build();
        let shown = sdk::Action::builder().r#type(ActionTypeEnum::Forward).forward_config(config).build();
        assert_eq!(read(&[shown]), Action::Forward(Forward::to("arn:a")));
        let short = sdk::Action::builder().r#type(ActionTypeEnum::Forward).target_group_arn("arn:a").build();
        assert_eq!(read(&[short]), Action::Forward(Forward::to("arn:a")));
    }

    #[test]
    fn what_terrace_never_sets_is_what_nobody_wishes() {
        let forward = write(&Action::Forward(Forward::to("arn:a"))).expect("it is resolved");
        let login = sdk::Action::builder().r#type(ActionTypeEnum::AuthenticateOidc).build();
        let nobody = Action::Forward(Forward { target_groups: BTreeSet::new(), stickiness_seconds: 0 });
        assert_eq!(read(&[login, forward]), nobody);
        assert_eq!(read(&[]), nobody);
    }
}
