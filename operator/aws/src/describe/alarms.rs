//! The state of CloudWatch alarms, by name: what a rollout is judged by.
//!
//! From the CloudWatch API reference, DescribeAlarms: up to 100 names in a call; composite alarms are shown only where they
//! are asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_cloudwatch::types::{AlarmType, StateValue};
use futures::future::{join_all, try_join_all};
use terrace_engine::Result;
use terrace_engine::coalesce::Batch;

use super::memory::Memory;
use crate::Clients;
use crate::errors::classify;

/// A metric alarm is evaluated each minute, or each 10 s: nothing older is to decide a rollout.
const PERIOD: Duration = Duration::from_secs(15);
/// Names in one call.
const NAMES: usize = 100;

/// The state of an alarm (`StateValue`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Alarm {
    Ok,
    /// It fires; CloudWatch's own words why.
    Alarm(String),
    InsufficientData,
}

/// Region and name.
type Key = (String, String);

/// Reads alarms, many in a call, and remembers each for 15 seconds. What is not there is asked for at every try.
pub(super) struct Alarms {
    asked: Batch<Key, Option<Alarm>>,
    seen: Memory<Option<Alarm>>,
}

impl Default for Alarms {
    fn default() -> Self {
        Alarms { asked: Batch::new(NAMES), seen: Memory::default() }
    }
}

impl Alarms {
    /// The states of these alarms; what is not there is left out.
    pub async fn get(
        &self,
        clients: &Clients,
        region: &str,
        names: &BTreeSet<String>,
    ) -> Result<BTreeMap<String, Alarm>> {
        let keep = |seen: &Option<Alarm>| if seen.is_some() { PERIOD } else { Duration::ZERO };
        let one = |name: &String| {
            let key = (region.to_owned(), name.clone());
            async move {
                let read = || self.asked.submit(key.clone(), |asked| read(clients, asked));
                let found = self.seen.get(format!("{region}/{}", key.1), keep, read).await?;
                Ok(found.map(|alarm| (key.1.clone(), alarm)))
            }
        };
        Ok(try_join_all(names.iter().map(one)).await?.into_iter().flatten().collect())
    }
}

/// Answers each, in order: a call a region.
async fn read(clients: &Clients, asked: Vec<Key>) -> Vec<Result<Option<Alarm>>> {
    let mut regions = BTreeMap::<&str, BTreeSet<&str>>::new();
    for (region, name) in &asked {
        regions.entry(region).or_default().insert(name);
    }
    let calls =
        regions.into_iter().map(|(region, names)| async move { (region, describe(clients, region, names).await) });
    let found: BTreeMap<_, _> = join_all(calls).await.into_iter().collect();
    asked.iter().map(|(region, name)| found[region.as_str()].clone().map(|alarms| alarms.get(name).cloned())).collect()
}

async fn describe(clients: &Clients, region: &str, names: BTreeSet<&str>) -> Result<BTreeMap<String, Alarm>> {
    let request = clients
        .cloudwatch(region)
        .describe_alarms()
        .set_alarm_names(Some(names.into_iter().map(str::to_owned).collect()))
        .alarm_types(AlarmType::MetricAlarm)
        .alarm_types(AlarmType::CompositeAlarm);
    let mut pages = request.into_paginator().send();
    let mut found = BTreeMap::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(classify)?;
        let metric = page.metric_alarms.unwrap_or_default();
        let composite = page.composite_alarms.unwrap_or_default();
        let metric = metric.into_iter().map(|alarm| (alarm.alarm_name, alarm.state_value, alarm.state_reason));
        let composite = composite.into_iter().map(|alarm| (alarm.alarm_name, alarm.state_value, alarm.state_reason));
        let all = metric.chain(composite);
        found.extend(all.filter_map(|(name, value, reason)| Some((name?, state(value.as_ref(), reason)))));
    }
    Ok(found)
}

/// What CloudWatch may call otherwise one day is no reason to go on, and none to turn back.
fn state(value: Option<&StateValue>, reason: Option<String>) -> Alarm {
    match value {
        Some(StateValue::Ok) => Alarm::Ok,
        Some(StateValue::Alarm) => Alarm::Alarm(reason.unwrap_or_default()),
        _ => Alarm::InsufficientData,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{REGION, clients};
    use aws_sdk_cloudwatch::Client;
    use aws_sdk_cloudwatch::operation::describe_alarms::DescribeAlarmsOutput;
    use aws_sdk_cloudwatch::types::{CompositeAlarm, MetricAlarm};
    use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};

    fn names(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    /// Two pages: one alarm that fires, one composite one that does not.
    fn pages() -> [Rule; 2] {
        let first = mock!(Client::describe_alarms)
            .match_requests(|request| request.next_token().is_none() && request.alarm_types().len() == 2)
            .then_output(|| {
                let alarm = MetricAlarm::builder().alarm_name("errors").state_value(StateValue::Alarm);
                let alarm = alarm.state_reason("Threshold Crossed").build();
                DescribeAlarmsOutput::builder().metric_alarms(alarm).next_token("more").build()
            });
        let second = mock!(Client::describe_alarms).match_requests(|request| request.next_token() == Some("more"));
        let second = second.then_output(|| {
            let alarm = CompositeAlarm::builder().alarm_name("all").state_value(StateValue::Ok).build();
            DescribeAlarmsOutput::builder().composite_alarms(alarm).build()
        });
        [first, second]
    }

    #[tokio::test(start_paused = true)]
    async fn many_are_read_in_one_call_on_every_page_and_remembered_for_fifteen_seconds() {
        let [first, second] = pages();
        let clients =
            clients().with_client(REGION, mock_client!(aws_sdk_cloudwatch, RuleMode::MatchAny, [&first, &second]));
        let alarms = Alarms::default();
        let expected = [("all", Alarm::Ok), ("errors", Alarm::Alarm("Threshold Crossed".into()))];
        let expected: BTreeMap<_, _> = expected.map(|(name, alarm)| (name.to_owned(), alarm)).into();
        for _ in 0..3 {
            assert_eq!(alarms.get(&clients, REGION, &names(&["errors", "all"])).await, Ok(expected.clone()));
        }
        assert_eq!((first.num_calls(), second.num_calls()), (1, 1));
        tokio::time::advance(PERIOD).await;
        assert_eq!(alarms.get(&clients, REGION, &names(&["errors", "all"])).await, Ok(expected));
        assert_eq!((first.num_calls(), second.num_calls()), (2, 2));
    }

    #[tokio::test]
    async fn one_that_is_not_there_is_left_out_and_asked_for_again() {
        let none = mock!(Client::describe_alarms).then_output(|| DescribeAlarmsOutput::builder().build());
        let clients = clients().with_client(REGION, mock_client!(aws_sdk_cloudwatch, RuleMode::MatchAny, [&none]));
        let alarms = Alarms::default();
        for calls in 1..3 {
            assert_eq!(alarms.get(&clients, REGION, &names(&["gone"])).await, Ok(BTreeMap::new()));
            assert_eq!(none.num_calls(), calls);
        }
        assert_eq!(alarms.get(&clients, REGION, &BTreeSet::new()).await, Ok(BTreeMap::new()));
        assert_eq!(none.num_calls(), 2);
    }
}
