//! `cloudfront/Distribution`.
//!
//! A change replaces the whole configuration: it is read, changed, and written against the version that was read. A
//! distribution goes in steps: it is disabled, that is deployed everywhere, and then it is deleted (developer guide,
//! "Delete a distribution").

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_cloudfront::types as sdk;
use terrace_engine::{Disposal, Error, Pace, Provider, Result, Seen, State, reason};
use terrace_model::aws::cloudfront::{Distribution, DistributionOutputs};
use terrace_model::{Diff, Handle, Id, Owner};

use super::distributions::{Found, GONE, UNLISTED};
use super::{CloudFront, config, etag, refused, write_tags};
use crate::errors::{absent, classify, code};

/// A host name may stand in one distribution only.
const HELD: &str = "CNAMEAlreadyExists";
const DEPLOYED: &str = "Deployed";

/// See the module.
pub struct Distributions(pub Arc<CloudFront>);

/// `InProgress` while a change is carried to all edge locations.
fn state(status: &str) -> State {
    if status == DEPLOYED { State::Ready } else { State::Settling(status.to_owned()) }
}

fn outputs(found: &Found) -> DistributionOutputs {
    DistributionOutputs {
        id: Some(found.id.clone()),
        arn: Some(found.arn.clone()),
        domain_name: Some(found.domain_name.clone()),
        hosted_zone_id: Some(Distribution::HOSTED_ZONE.to_owned()),
    }
}

impl Distributions {
    /// Writes a configuration over the version that was read.
    async fn write(&self, id: &Id, number: &str, version: String, config: sdk::DistributionConfig) -> Result<()> {
        let request = self.0.writer(id).update_distribution().id(number).if_match(version);
        let answer = request.distribution_config(config.clone()).send().await;
        self.0.unlisted.forget(number);
        match answer {
            Err(error) if code(&error) == Some(HELD) => {
                Err(self.0.held(Some(number), &super::parts::read_aliases(config.aliases())).await)
            }
            answer => answer.map(drop).map_err(refused),
        }
    }

    async fn made(&self, id: &Id, want: &Distribution) -> Result<Handle> {
        let config = config::new(&id.token(), want)?;
        let with_tags = sdk::DistributionConfigWithTags::builder().distribution_config(config);
        let with_tags = with_tags.tags(write_tags(&want.tags)?).build();
        let request = self.0.writer(id).create_distribution_with_tags().distribution_config_with_tags(with_tags);
        match request.send().await {
            Ok(answer) => {
                let arn = answer.distribution.map(|made| made.arn);
                arn.map(Handle).ok_or_else(|| Error::retry("AWS did not say what it made"))
            }
            Err(error) => match code(&error) {
                Some("DistributionAlreadyExists") => self.0.made_before(id).await,
                Some(HELD) => Err(self.0.held(None, &want.aliases).await),
                _ => Err(refused(error)),
            },
        }
    }
}

impl Provider<Distribution> for Distributions {
    /// Whoever turns logging on must be allowed to let CloudFront write to the bucket (developer guide, "Permissions
    /// required to configure standard logging").
    const ACTIONS: &'static [&'static str] = &[
        "cloudfront:CreateDistribution",
        "cloudfront:DeleteDistribution",
        "cloudfront:GetDistribution",
        "cloudfront:GetDistributionConfig",
        "cloudfront:ListDistributions",
        "cloudfront:ListTagsForResource",
        "cloudfront:TagResource",
        "cloudfront:UntagResource",
        "cloudfront:UpdateDistribution",
        "s3:GetBucketAcl",
        "s3:PutBucketAcl",
        "tag:GetResources",
        "wafv2:GetWebACL",
    ];
    /// "Deployed" within some minutes (developer guide, "How CloudFront delivers content").
    const PACE: Pace = Pace { usual: Duration::from_secs(240) };

    async fn observe(&self, id: &Id) -> Result<Seen<Distribution>> {
        let Some(number) = self.0.distribution_id(id).await? else { return Ok(Seen::Absent) };
        let Some(found) = self.0.distribution(id, &number).await? else { return Ok(Seen::Absent) };
        let (config, is_whole) = self.0.whole(id, &found).await?;
        let tags = self.0.tags_of(id, &found.arn).await?;
        Ok(Seen::Partly {
            owner: Owner::from_tags(&tags),
            have: config::read(&config, tags),
            out: outputs(&found),
            handle: Handle(found.arn.clone()),
            state: state(&found.status),
            unread: if is_whole { &[] } else { UNLISTED },
        })
    }

    async fn create(&self, id: &Id, want: &Distribution) -> Result<Handle> {
        self.made(id, want).await
    }

    async fn update(&self, id: &Id, _have: &Distribution, want: &Distribution, diff: &Diff) -> Result<()> {
        let Some(number) = self.0.distribution_id(id).await? else { return Ok(()) };
        let arn = self.0.handle("distribution", &number).0;
        self.0.retag(id, &arn, &want.tags, diff).await?;
        if !diff.0.iter().any(|change| !change.path.starts_with("tags.")) {
            return Ok(());
        }
        let answer = self.0.writer(id).get_distribution_config().id(&number).send().await.map_err(classify)?;
        let mut config = answer.distribution_config.ok_or_else(|| Error::retry("AWS did not say what there is"))?;
        config::put(&mut config, want)?;
        self.write(id, &number, etag(answer.e_tag)?, config).await
    }

    async fn delete(&self, id: &Id, _have: &Distribution, _disposal: Disposal) -> Result<()> {
        let Some(number) = self.0.distribution_id(id).await? else { return Ok(()) };
        let client = self.0.writer(id);
        let Some(answer) = absent(client.get_distribution().id(&number).send().await, GONE)? else { return Ok(()) };
        let version = etag(answer.e_tag)?;
        let Some(found) = answer.distribution else { return Ok(()) };
        let mut config = found.distribution_config.ok_or_else(|| Error::retry("AWS did not say what there is"))?;
        if config.enabled {
            config.enabled = false;
            return self.write(id, &number, version, config).await;
        }
        if found.status != DEPLOYED {
            return Err(Error::wait(reason::DELETING, format!("distribution {number} is being disabled everywhere")));
        }
        match client.delete_distribution().id(&number).if_match(version).send().await {
            Err(error) if code(&error).is_some_and(|code| GONE.contains(&code)) => Ok(()),
            answer => answer.map(drop).map_err(refused),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloudfront::testing::{
        ARN, between, cloudfront, described, distribution_id, json, listed, meta, reference, tagged, whole as full,
        wish,
    };
    use aws_sdk_cloudfront::Client;
    use aws_sdk_cloudfront::operation::create_distribution_with_tags::{
        CreateDistributionWithTagsError, CreateDistributionWithTagsOutput,
    };
    use aws_sdk_cloudfront::operation::delete_distribution::DeleteDistributionOutput;
    use aws_sdk_cloudfront::operation::get_distribution::{GetDistributionError, GetDistributionOutput};
    use aws_sdk_cloudfront::operation::get_distribution_config::GetDistributionConfigOutput;
    use aws_sdk_cloudfront::operation::tag_resource::TagResourceOutput;
    use aws_sdk_cloudfront::operation::update_distribution::{UpdateDistributionError, UpdateDistributionOutput};
    use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
    use terrace_model::identity::Freshness;

    fn known() -> Id {
        Id { handle: Some(ARN.into()), ..distribution_id() }
    }

    fn got(found: sdk::Distribution) -> Rule {
        mock!(Client::get_distribution)
            .match_requests(|request| request.id() == Some("E1"))
            .then_output(move || GetDistributionOutput::builder().distribution(found.clone()).e_tag("V1").build())
    }

    fn tags() -> Option<(&'static str, terrace_model::aws::Tags)> {
        Some((ARN, distribution_id().owner_tags()))
    }

    #[tokio::test]
    async fn one_without_a_handle_is_found_by_its_tags_and_says_its_outputs_before_it_is_deployed() {
        let (whole, tagged) =
            (got(described("InProgress", full().distribution_config.expect("it has one"))), tagged(&wish().tags));
        let client = mock_client!(aws_sdk_cloudfront, RuleMode::MatchAny, [&whole, &tagged]);
        let provider = Distributions(cloudfront(client, tags()));
        let Ok(Seen::Partly { have, out, handle, owner, state, unread }) = provider.observe(&distribution_id()).await
        else {
            panic!("it is there")
        };
        assert_eq!(json(&have), json(&wish()));
        assert_eq!(
            (out.domain_name.as_deref(), out.hosted_zone_id.as_deref()),
            (Some("d1.cloudfront.net"), Some("Z2FDTNDATAQYW2"))
        );
        assert_eq!((handle.0.as_str(), out.id.as_deref()), (ARN, Some("E1")));
        assert_eq!((owner, unread.len()), (Owner::from_tags(&wish().tags), 0));
        assert_eq!(state, State::Settling("InProgress".into()));
        let nobody = Distributions(cloudfront(mock_client!(aws_sdk_cloudfront, [&whole]), None));
        assert!(matches!(nobody.observe(&distribution_id()).await, Ok(Seen::Absent)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_list_tells_all_but_two_fields_and_those_are_read_within_the_hour() {
        let (list, whole) = (listed(), got(full()));
        let client = mock_client!(aws_sdk_cloudfront, RuleMode::MatchAny, [&list, &whole]);
        let provider = Distributions(cloudfront(client, tags()));
        let recent = Id { freshness: Freshness::Recent, ..known() };
        let mut seen = json(&wish());
        (seen["defaultRootObject"], seen["logging"]) = ("".into(), "off".into());
        let Ok(Seen::Partly { have, unread, .. }) = provider.observe(&recent).await else { panic!("it is there") };
        assert_eq!((json(&have), unread), (seen, UNLISTED));
        assert_eq!((list.num_calls(), whole.num_calls()), (1, 0));
        tokio::time::advance(Duration::from_secs(3600)).await;
        for _ in 0..3 {
            let Ok(Seen::Partly { have, unread, .. }) = provider.observe(&recent).await else { panic!("it is there") };
            assert_eq!((json(&have), unread.len()), (json(&wish()), 0));
        }
        assert_eq!((list.num_calls(), whole.num_calls()), (2, 1));
    }

    #[tokio::test]
    async fn it_is_made_with_its_tags_and_by_a_reference_that_a_second_try_repeats() {
        let id = distribution_id();
        let token = id.token();
        let made = mock!(Client::create_distribution_with_tags)
            .match_requests(move |request| {
                let with_tags = request.distribution_config_with_tags().expect("there is one");
                let config = with_tags.distribution_config().expect("there is one");
                config.caller_reference() == token && with_tags.tags().is_some_and(|tags| tags.items().len() == 8)
            })
            .then_output(|| CreateDistributionWithTagsOutput::builder().distribution(full()).build());
        let provider = Distributions(cloudfront(mock_client!(aws_sdk_cloudfront, [&made]), None));
        assert_eq!(provider.create(&id, &wish()).await, Ok(ARN.into()));

        let again = mock!(Client::create_distribution_with_tags)
            .then_error(|| CreateDistributionWithTagsError::generic(meta("DistributionAlreadyExists")));
        let rules = [&again, &listed(), &tagged(&id.owner_tags()), &reference(id.token())];
        let provider = Distributions(cloudfront(mock_client!(aws_sdk_cloudfront, RuleMode::MatchAny, rules), None));
        assert_eq!(provider.create(&id, &wish()).await, Ok(ARN.into()));
    }

    #[tokio::test]
    async fn a_host_name_that_is_taken_is_named_and_no_error_of_ours() {
        let refused = mock!(Client::create_distribution_with_tags)
            .then_error(|| CreateDistributionWithTagsError::generic(meta(HELD)));
        let client = mock_client!(aws_sdk_cloudfront, RuleMode::MatchAny, [&refused, &listed()]);
        let provider = Distributions(cloudfront(client, None));
        let error = provider.create(&distribution_id(), &wish()).await.expect_err("the name is taken");
        assert!(error.is_stalled() && error.to_string().contains("shop.example.com"), "{error}");
    }

    #[tokio::test]
    async fn a_change_writes_over_the_version_that_was_read_and_keeps_what_terrace_does_not_know() {
        let read = mock!(Client::get_distribution_config).then_output(|| {
            let mut config = full().distribution_config.expect("it has one");
            config.continuous_deployment_policy_id = Some("theirs".into());
            GetDistributionConfigOutput::builder().distribution_config(config).e_tag("V7").build()
        });
        let written = mock!(Client::update_distribution)
            .match_requests(|request| {
                let config = request.distribution_config().expect("there is one");
                (request.id(), request.if_match()) == (Some("E1"), Some("V7"))
                    && config.comment() == "other"
                    && config.caller_reference() == "reference"
                    && config.continuous_deployment_policy_id() == Some("theirs")
            })
            .then_output(|| UpdateDistributionOutput::builder().build());
        let client = mock_client!(aws_sdk_cloudfront, RuleMode::MatchAny, [&read, &written]);
        let provider = Distributions(cloudfront(client, None));
        let want = Distribution { comment: "other".into(), ..wish() };
        provider.update(&known(), &wish(), &want, &between(&wish(), &want)).await.expect("it is changed");
        assert_eq!(written.num_calls(), 1);

        let stale = mock!(Client::update_distribution)
            .then_error(|| UpdateDistributionError::generic(meta("PreconditionFailed")));
        let client = mock_client!(aws_sdk_cloudfront, RuleMode::MatchAny, [&read, &stale]);
        let provider = Distributions(cloudfront(client, None));
        let error = provider.update(&known(), &wish(), &want, &between(&wish(), &want)).await.expect_err("it is stale");
        assert!(matches!(error, Error::Retry { .. }), "{error:?}");
    }

    #[tokio::test]
    async fn tags_alone_change_without_the_configuration() {
        let mut want = wish();
        want.tags.insert("team".into(), "shop".into());
        let tagged = mock!(Client::tag_resource)
            .match_requests(|request| request.resource() == Some(ARN))
            .then_output(|| TagResourceOutput::builder().build());
        let provider = Distributions(cloudfront(mock_client!(aws_sdk_cloudfront, [&tagged]), None));
        provider.update(&known(), &wish(), &want, &between(&wish(), &want)).await.expect("it is tagged");
        assert_eq!(tagged.num_calls(), 1);
    }

    #[tokio::test]
    async fn it_goes_in_steps_each_of_which_is_none_if_it_is_done() {
        let off = |status: &str| {
            let mut config = full().distribution_config.expect("it has one");
            config.enabled = false;
            got(described(status, config))
        };
        let disabled = mock!(Client::update_distribution)
            .match_requests(|request| {
                request.if_match() == Some("V1")
                    && request.distribution_config().is_some_and(|config| !config.enabled())
            })
            .then_output(|| UpdateDistributionOutput::builder().build());
        let deleted = mock!(Client::delete_distribution)
            .match_requests(|request| request.if_match() == Some("V1"))
            .then_output(|| DeleteDistributionOutput::builder().build());
        let gone =
            mock!(Client::get_distribution).then_error(|| GetDistributionError::generic(meta("NoSuchDistribution")));
        for (there, calls, waits) in [
            (got(full()), (1, 0), false),
            (off("InProgress"), (1, 0), true),
            (off("Deployed"), (1, 1), false),
            (gone, (1, 1), false),
        ] {
            let client = mock_client!(aws_sdk_cloudfront, RuleMode::MatchAny, [&there, &disabled, &deleted]);
            let provider = Distributions(cloudfront(client, None));
            let done = provider.delete(&known(), &wish(), Disposal::Delete).await;
            assert_eq!(matches!(done, Err(Error::Wait { .. })), waits, "{done:?}");
            assert_eq!(done.is_err(), waits);
            assert_eq!((disabled.num_calls(), deleted.num_calls()), calls);
        }
    }
}
