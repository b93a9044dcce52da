//! `wafv2/WebAcl`.

use std::sync::Arc;

use aws_sdk_wafv2::types as sdk;
use terrace_engine::{Disposal, Provider, Result, Seen, State};
use terrace_model::aws::Tags;
use terrace_model::aws::wafv2::{VisibilityConfig, WebAcl, WebAclOutputs};
use terrace_model::{Diff, Handle, Id, Owner};

use super::listed::Listed;
use super::{GONE, Waf, actions, description, refused, rules, unsaid, whole, write_tags};
use crate::errors::code;

/// What a list leaves out.
const UNLISTED: &[&str] = &["defaultAction", "rules", "visibilityConfig"];

/// See the module.
pub struct WebAcls(pub Arc<Waf>);

fn have(found: &Listed, details: Option<&sdk::WebAcl>, tags: Tags) -> WebAcl {
    let unseen = VisibilityConfig {
        sampled_requests_enabled: false,
        cloud_watch_metrics_enabled: false,
        metric_name: String::new(),
    };
    let visibility = details.and_then(|acl| acl.visibility_config());
    WebAcl {
        scope: found.scope.as_str().to_owned(),
        description: found.description.clone(),
        default_action: actions::read_default(details.and_then(|acl| acl.default_action())),
        rules: details.map(|acl| rules::read(acl.rules())).unwrap_or_default(),
        visibility_config: visibility.map_or(unseen, rules::read_visibility),
        tags,
    }
}

impl Provider<WebAcl> for WebAcls {
    const ACTIONS: &'static [&'static str] = &[
        "tag:GetResources",
        "wafv2:CreateWebACL",
        "wafv2:DeleteWebACL",
        "wafv2:GetWebACL",
        "wafv2:ListTagsForResource",
        "wafv2:ListWebACLs",
        "wafv2:TagResource",
        "wafv2:UntagResource",
        "wafv2:UpdateWebACL",
    ];

    async fn observe(&self, id: &Id) -> Result<Seen<WebAcl>> {
        let Some(found) = self.0.web_acl(id).await? else { return Ok(Seen::Absent) };
        let details = self.0.web_acl_details(id, &found).await?;
        let tags = self.0.tags_of(id, &found.arn).await?;
        Ok(Seen::Partly {
            owner: Owner::from_tags(&tags),
            unread: if details.is_some() { &[] } else { UNLISTED },
            have: have(&found, details.as_ref(), tags),
            out: WebAclOutputs { id: Some(found.id), arn: Some(found.arn.clone()) },
            handle: Handle(found.arn),
            state: State::Ready,
        })
    }

    fn made(&self, _id: &Id, handle: &Handle) -> Option<WebAclOutputs> {
        let id = handle.0.rsplit('/').next().map(str::to_owned);
        Some(WebAclOutputs { id, arn: Some(handle.0.clone()) })
    }

    async fn create(&self, id: &Id, want: &WebAcl) -> Result<Handle> {
        let request = self
            .0
            .writer(id)
            .create_web_acl()
            .name(id.default_name())
            .scope(want.scope.as_str().into())
            .set_description(description(&want.description))
            .default_action(actions::write_default(None, &want.default_action)?)
            .set_rules(Some(rules::write(Vec::new(), &want.rules)?))
            .visibility_config(rules::write_visibility(&want.visibility_config).map_err(whole)?)
            .set_tags(Some(write_tags(&want.tags)?));
        let made = request.send().await.map_err(refused)?.summary.and_then(|made| made.arn);
        made.map(Handle).ok_or_else(unsaid)
    }

    /// A change replaces all: what Terrace does not know goes back as it came.
    async fn update(&self, id: &Id, _have: &WebAcl, want: &WebAcl, diff: &Diff) -> Result<()> {
        let Some(found) = self.0.web_acl(id).await? else { return Ok(()) };
        self.0.retag(id, &found.arn, &want.tags, diff).await?;
        if !diff.touches_any(&["description", "defaultAction", "rules", "visibilityConfig"]) {
            return Ok(());
        }
        let client = self.0.writer(id);
        let Some((token, seen)) = self.0.read_web_acl(&client, &found).await? else { return Ok(()) };
        self.0.web_acl_hourly.forget(&found.arn);
        let request = client
            .update_web_acl()
            .name(&found.name)
            .id(&found.id)
            .scope(found.scope)
            .lock_token(token)
            .set_description(description(&want.description))
            .default_action(actions::write_default(seen.default_action, &want.default_action)?)
            .set_rules(Some(rules::write(seen.rules.unwrap_or_default(), &want.rules)?))
            .visibility_config(rules::write_visibility(&want.visibility_config).map_err(whole)?)
            .set_data_protection_config(seen.data_protection_config)
            .set_custom_response_bodies(seen.custom_response_bodies)
            .set_captcha_config(seen.captcha_config)
            .set_challenge_config(seen.challenge_config)
            .set_token_domains(seen.token_domains)
            .set_association_config(seen.association_config)
            .set_on_source_d_do_s_protection_config(seen.on_source_d_do_s_protection_config)
            .set_application_config(seen.application_config)
            .set_monetization_config(seen.monetization_config);
        request.send().await.map(drop).map_err(refused)
    }

    async fn delete(&self, id: &Id, _have: &WebAcl, _disposal: Disposal) -> Result<()> {
        let Some(found) = self.0.web_acl(id).await? else { return Ok(()) };
        let client = self.0.writer(id);
        let Some((token, _)) = self.0.read_web_acl(&client, &found).await? else { return Ok(()) };
        self.0.web_acl_hourly.forget(&found.arn);
        let request = client.delete_web_acl().name(&found.name).id(&found.id).scope(found.scope).lock_token(token);
        match request.send().await {
            Err(error) if code(&error).is_some_and(|code| GONE.contains(&code)) => Ok(()),
            answer => answer.map(drop).map_err(refused),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{clients, id};
    use crate::wafv2::testing::{between, json, meta, wish};
    use aws_sdk_wafv2::Client;
    use aws_sdk_wafv2::operation::create_web_acl::CreateWebAclOutput;
    use aws_sdk_wafv2::operation::delete_web_acl::DeleteWebACLError;
    use aws_sdk_wafv2::operation::get_web_acl::GetWebAclOutput;
    use aws_sdk_wafv2::operation::list_tags_for_resource::ListTagsForResourceOutput;
    use aws_sdk_wafv2::operation::list_web_acls::ListWebAcLsOutput;
    use aws_sdk_wafv2::operation::update_web_acl::{UpdateWebACLError, UpdateWebAclOutput};
    use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    use std::time::Duration;
    use terrace_engine::{Error, reason};
    use terrace_model::identity::Freshness;

    const ARN: &str = "arn:aws:wafv2:us-east-1:123456789012:global/webacl/name/1-2";

    fn edge() -> Id {
        let mut id = id::<WebAcl>("firewall");
        id.place.region = "us-east-1".into();
        id
    }

    fn wished() -> WebAcl {
        WebAcl { tags: edge().owner_tags(), ..wish() }
    }

    fn of(client: Client) -> WebAcls {
        let none = mock!(aws_sdk_resourcegroupstagging::Client::get_resources).then_output(|| {
            aws_sdk_resourcegroupstagging::operation::get_resources::GetResourcesOutput::builder().build()
        });
        let tagging = mock_client!(aws_sdk_resourcegroupstagging, RuleMode::MatchAny, [&none]);
        let clients = clients().with_client("us-east-1", client).with_client("us-east-1", tagging);
        WebAcls(Waf::new(clients))
    }

    fn described() -> sdk::WebAcl {
        let built =
            sdk::WebAcl::builder().name(edge().default_name()).id("1-2").arn(ARN).description("Firewall of shop");
        let built = built.default_action(actions::write_default(None, "Allow").expect("it is written"));
        let built = built.visibility_config(rules::write_visibility(&wish().visibility_config).expect("it is whole"));
        let built = built.set_rules(Some(rules::write(Vec::new(), &wish().rules).expect("they are written")));
        built.token_domains("shop.example.com").build().expect("it is whole")
    }

    /// The list of one scope has it, with a lock token that changes at the third look.
    fn listed() -> [Rule; 2] {
        let looks = AtomicUsize::new(0);
        let ours = mock!(Client::list_web_acls)
            .match_requests(|request| request.scope() == Some(&sdk::Scope::Cloudfront))
            .then_compute_output(move |request| {
                if request.next_marker().is_some() {
                    return ListWebAcLsOutput::builder().build();
                }
                let token = if looks.fetch_add(1, Relaxed) < 2 { "one" } else { "two" };
                let acl = sdk::WebAclSummary::builder().name(edge().default_name()).id("1-2").arn(ARN);
                let acl = acl.description("Firewall of shop").lock_token(token).build();
                ListWebAcLsOutput::builder().web_acls(acl).next_marker("there is none").build()
            });
        let others = mock!(Client::list_web_acls)
            .match_requests(|request| request.scope() == Some(&sdk::Scope::Regional))
            .then_output(|| ListWebAcLsOutput::builder().build());
        [ours, others]
    }

    fn got() -> Rule {
        mock!(Client::get_web_acl)
            .match_requests(|request| request.id() == Some("1-2"))
            .then_output(|| GetWebAclOutput::builder().web_acl(described()).lock_token("one").build())
    }

    fn tagged() -> Rule {
        mock!(Client::list_tags_for_resource).then_output(|| {
            let tags = super::super::write_tags(&edge().owner_tags()).expect("they are whole");
            let info = sdk::TagInfoForResource::builder().set_tag_list(Some(tags)).build();
            ListTagsForResourceOutput::builder().tag_info_for_resource(info).build()
        })
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_listed_cheaply_and_read_whole_when_its_turn_comes_or_its_lock_token_is_another() {
        let ([ours, others], got, tags) = (listed(), got(), tagged());
        let client = mock_client!(aws_sdk_wafv2, RuleMode::MatchAny, [&ours, &others, &got, &tags]);
        let provider = of(client);
        let recent = Id { freshness: Freshness::Recent, ..edge() };
        let Ok(Seen::Partly { out, unread, .. }) = provider.observe(&recent).await else { panic!("it is there") };
        assert_eq!((out.arn.as_deref(), unread, got.num_calls()), (Some(ARN), UNLISTED, 0));
        let Ok(Seen::Partly { have, owner, unread, .. }) = provider.observe(&edge()).await else {
            panic!("it is there")
        };
        assert_eq!((json(&have), owner, unread.len()), (json(&wished()), Owner::from_tags(&wished().tags), 0));
        for (looks, reads) in [(1, 1), (2, 2)] {
            if looks == 2 {
                tokio::time::advance(Duration::from_secs(301)).await;
            }
            let Ok(Seen::Partly { unread, .. }) = provider.observe(&recent).await else { panic!("it is there") };
            assert_eq!((unread.len(), got.num_calls()), (0, reads));
        }
    }

    #[tokio::test]
    async fn it_is_made_with_its_tags() {
        let made = mock!(Client::create_web_acl)
            .match_requests(|request| request.tags().len() == 8 && request.rules().len() == 3)
            .then_output(|| {
                CreateWebAclOutput::builder().summary(sdk::WebAclSummary::builder().arn(ARN).build()).build()
            });
        let provider = of(mock_client!(aws_sdk_wafv2, [&made]));
        let handle = provider.create(&edge(), &wished()).await.expect("it is made");
        assert_eq!(provider.made(&edge(), &handle).and_then(|out| out.id).as_deref(), Some("1-2"));
    }

    #[tokio::test]
    async fn a_change_names_the_lock_token_and_gives_back_what_terrace_does_not_know() {
        let ([ours, others], got) = (listed(), got());
        let written = mock!(Client::update_web_acl)
            .match_requests(|request| {
                request.lock_token() == Some("one")
                    && request.default_action().is_some_and(|action| action.block().is_some())
                    && request.token_domains() == ["shop.example.com"]
                    && request.rules().len() == 3
            })
            .then_output(|| UpdateWebAclOutput::builder().build());
        let stale =
            mock!(Client::update_web_acl).then_error(|| UpdateWebACLError::generic(meta("WAFOptimisticLockException")));
        let want = WebAcl { default_action: "Block".into(), ..wished() };
        let diff = between(&wished(), &want);
        for (answer, done) in [(&written, true), (&stale, false)] {
            let client = mock_client!(aws_sdk_wafv2, RuleMode::MatchAny, [&ours, &others, &got, answer]);
            let result = of(client).update(&edge(), &wished(), &want, &diff).await;
            assert_eq!((result.is_ok(), matches!(result, Err(Error::Retry { .. }))), (done, !done));
        }
    }

    #[tokio::test]
    async fn one_that_still_guards_something_is_waited_for() {
        let ([ours, others], got) = (listed(), got());
        let used = mock!(Client::delete_web_acl)
            .match_requests(|request| request.lock_token() == Some("one"))
            .then_error(|| DeleteWebACLError::generic(meta("WAFAssociatedItemException")));
        let client = mock_client!(aws_sdk_wafv2, RuleMode::MatchAny, [&ours, &others, &got, &used]);
        let error = of(client).delete(&edge(), &wished(), Disposal::Delete).await.expect_err("it stays");
        assert_eq!((error.reason(), error.is_stalled()), (reason::IN_USE, false));
    }
}
