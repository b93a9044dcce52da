//! `wafv2/LoggingConfiguration`: there is one or none for each web ACL, and it bears no tags.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_wafv2::Client;
use aws_sdk_wafv2::types as sdk;
use futures::future::try_join_all;
use terrace_engine::coalesce::Fetch;
use terrace_engine::{Disposal, Error, Provider, Result, Seen, State};
use terrace_model::aws::wafv2::{FieldToMatch, LoggingConfiguration, LoggingOutputs};
use terrace_model::{Diff, Handle, Id, Owner};

use super::{GONE, PAGE, Waf, fields, refused, whole};
use crate::errors::{absent, classify, code};
use crate::shared::{known, some};

/// See the module.
pub struct LoggingConfigurations(pub Arc<Waf>);

/// The scope of a web ACL, which its ARN tells.
fn scope(arn: &str) -> sdk::Scope {
    if arn.contains(":global/") { sdk::Scope::Cloudfront } else { sdk::Scope::Regional }
}

/// Reads those of a region and scope.
struct Reader(Client, sdk::Scope);

async fn one(client: &Client, arn: &str) -> Result<Option<sdk::LoggingConfiguration>> {
    let answer = absent(client.get_logging_configuration().resource_arn(arn).send().await, GONE)?;
    Ok(answer.and_then(|answer| answer.logging_configuration))
}

impl Fetch<String, sdk::LoggingConfiguration> for Reader {
    async fn some(&self, arns: &BTreeSet<String>) -> Result<BTreeMap<String, sdk::LoggingConfiguration>> {
        let read = arns.iter().map(|arn| async { Ok(one(&self.0, arn).await?.map(|found| (arn.clone(), found))) });
        Ok(try_join_all(read).await?.into_iter().flatten().collect())
    }

    async fn all(&self) -> Result<BTreeMap<String, sdk::LoggingConfiguration>> {
        let (mut all, mut marker) = (BTreeMap::new(), None);
        loop {
            let request = self.0.list_logging_configurations().scope(self.1.clone()).limit(PAGE);
            let answer = request.set_next_marker(marker).send().await.map_err(classify)?;
            let found = answer.logging_configurations.unwrap_or_default();
            let last = found.is_empty();
            all.extend(found.into_iter().map(|found| (found.resource_arn.clone(), found)));
            marker = answer.next_marker.filter(|next| !last && !next.is_empty());
            if marker.is_none() {
                return Ok(all);
            }
        }
    }
}

fn have(seen: &sdk::LoggingConfiguration) -> LoggingConfiguration {
    let destination = seen.log_destination_configs().first().map(String::as_str).unwrap_or_default();
    let redacted: Vec<FieldToMatch> = seen.redacted_fields().iter().map(fields::read).collect();
    let headers = redacted.iter().filter_map(|field| match field {
        FieldToMatch::SingleHeader(name) => Some(name.clone()),
        _ => None,
    });
    LoggingConfiguration {
        resource_arn: seen.resource_arn().into(),
        // A log group may be shown with the log streams in it.
        log_destination: destination.trim_end_matches(":*").into(),
        redacted_headers: headers.collect(),
        redacted_query_string: redacted.contains(&FieldToMatch::QueryString),
    }
}

/// What is left out as wished, with what others left out.
fn redacted(former: Vec<sdk::FieldToMatch>, want: &LoggingConfiguration) -> Result<Vec<sdk::FieldToMatch>> {
    let ours = |field: &sdk::FieldToMatch| field.single_header().is_some() || field.query_string().is_some();
    let mut all: Vec<sdk::FieldToMatch> = former.into_iter().filter(|field| !ours(field)).collect();
    for name in &want.redacted_headers {
        all.push(fields::write(&FieldToMatch::SingleHeader(name.clone()))?);
    }
    if want.redacted_query_string {
        all.push(fields::write(&FieldToMatch::QueryString)?);
    }
    Ok(all)
}

fn put(former: Option<sdk::LoggingConfiguration>, want: &LoggingConfiguration) -> Result<sdk::LoggingConfiguration> {
    let destinations = vec![known(&want.log_destination)?];
    let new = || {
        let built = sdk::LoggingConfiguration::builder().resource_arn(known(&want.resource_arn)?);
        built.set_log_destination_configs(Some(destinations.clone())).build().map_err(whole)
    };
    let mut written = former.map_or_else(new, Ok)?;
    written.redacted_fields = some(redacted(written.redacted_fields.take().unwrap_or_default(), want)?);
    written.log_destination_configs = destinations;
    Ok(written)
}

fn address(id: &Id) -> Result<&str> {
    id.address("resourceArn").ok_or_else(|| Error::invalid("a logging configuration belongs to a web ACL"))
}

impl LoggingConfigurations {
    async fn put(&self, id: &Id, want: &LoggingConfiguration) -> Result<()> {
        let (client, arn) = (self.0.writer(id), known(&want.resource_arn)?);
        let written = put(one(&client, &arn).await?, want)?;
        client.put_logging_configuration().logging_configuration(written).send().await.map(drop).map_err(refused)
    }
}

impl Provider<LoggingConfiguration> for LoggingConfigurations {
    /// What is written to needs rights of its own (WAF developer guide, "Logging destinations").
    const ACTIONS: &'static [&'static str] = &[
        "firehose:ListDeliveryStreams",
        "iam:CreateServiceLinkedRole",
        "logs:CreateLogDelivery",
        "logs:DeleteLogDelivery",
        "logs:DescribeLogGroups",
        "logs:DescribeResourcePolicies",
        "logs:PutResourcePolicy",
        "s3:GetBucketPolicy",
        "s3:PutBucketPolicy",
        "wafv2:DeleteLoggingConfiguration",
        "wafv2:GetLoggingConfiguration",
        "wafv2:ListLoggingConfigurations",
        "wafv2:PutLoggingConfiguration",
    ];

    async fn observe(&self, id: &Id) -> Result<Seen<LoggingConfiguration>> {
        let arn = address(id)?.to_owned();
        let (region, scope) = (&id.place.region, scope(&arn));
        let listing = self.0.logging.of(&format!("{region}/{}", scope.as_str()));
        let found = listing.get(arn.clone(), id.freshness, &Reader(self.0.reader(id), scope)).await?;
        let Some(found) = found else { return Ok(Seen::Absent) };
        Ok(Seen::Present {
            have: have(&found),
            out: LoggingOutputs {},
            handle: Handle(arn),
            owner: Owner::Inherent,
            state: State::Ready,
        })
    }

    async fn create(&self, id: &Id, want: &LoggingConfiguration) -> Result<Handle> {
        self.put(id, want).await?;
        Ok(Handle(known(&want.resource_arn)?))
    }

    async fn update(
        &self,
        id: &Id,
        _have: &LoggingConfiguration,
        want: &LoggingConfiguration,
        _diff: &Diff,
    ) -> Result<()> {
        self.put(id, want).await
    }

    async fn delete(&self, id: &Id, _have: &LoggingConfiguration, _disposal: Disposal) -> Result<()> {
        match self.0.writer(id).delete_logging_configuration().resource_arn(address(id)?).send().await {
            Err(error) if code(&error).is_some_and(|code| GONE.contains(&code)) => Ok(()),
            answer => answer.map(drop).map_err(refused),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish() -> LoggingConfiguration {
        LoggingConfiguration {
            resource_arn: "arn:aws:wafv2:us-east-1:123456789012:global/webacl/a/b".into(),
            log_destination: "arn:aws:logs:us-east-1:123456789012:log-group:aws-waf-logs-shop".into(),
            redacted_headers: ["authorization".to_owned(), "cookie".to_owned()].into(),
            redacted_query_string: true,
        }
    }

    fn json(wish: &LoggingConfiguration) -> serde_json::Value {
        serde_json::to_value(wish).expect("a wish is JSON")
    }

    #[test]
    fn it_reads_back_and_keeps_what_terrace_does_not_know() {
        let mut seen = put(None, &wish()).expect("it is written");
        assert_eq!(json(&have(&seen)), json(&wish()));
        let method = fields::write(&FieldToMatch::Method).expect("it is written");
        seen.redacted_fields.get_or_insert_default().push(method.clone());
        seen.log_type = Some(sdk::LogType::WafLogs);
        let less = LoggingConfiguration { redacted_headers: BTreeSet::new(), redacted_query_string: false, ..wish() };
        let written = put(Some(seen), &less).expect("it is written");
        assert_eq!(json(&have(&written)), json(&less));
        assert_eq!(
            (written.redacted_fields(), written.log_type()),
            ([method].as_slice(), Some(&sdk::LogType::WafLogs))
        );
    }

    #[test]
    fn the_streams_of_a_log_group_are_no_part_of_its_name() {
        let mut seen = put(None, &wish()).expect("it is written");
        seen.log_destination_configs[0].push_str(":*");
        assert_eq!(json(&have(&seen)), json(&wish()));
    }

    #[test]
    fn an_arn_tells_its_scope() {
        assert_eq!(scope("arn:aws:wafv2:us-east-1:1:global/webacl/a/b"), sdk::Scope::Cloudfront);
        assert_eq!(scope("arn:aws:wafv2:eu-west-1:1:regional/webacl/a/b"), sdk::Scope::Regional);
    }
}
