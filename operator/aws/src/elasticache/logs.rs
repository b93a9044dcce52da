//! Where a replication group's logs go: what AWS shows, and the way from there to what is wished.

use std::collections::BTreeMap;

use aws_sdk_elasticache::types as sdk;
use terrace_model::aws::elasticache::LogDelivery;

/// By type of log.
pub(super) type Logs = BTreeMap<String, LogDelivery>;

fn destination(details: Option<&sdk::DestinationDetails>) -> Option<&str> {
    let details = details?;
    let group = details.cloud_watch_logs_details().and_then(|details| details.log_group());
    group.or_else(|| details.kinesis_firehose_details().and_then(|details| details.delivery_stream()))
}

/// The deliveries that are there, with those that are about to be.
pub(super) fn seen(now: &[sdk::LogDeliveryConfiguration], pending: &[sdk::PendingLogDeliveryConfiguration]) -> Logs {
    let stays =
        |log: &&sdk::LogDeliveryConfiguration| log.status() != Some(&sdk::LogDeliveryConfigurationStatus::Disabling);
    let now = now.iter().filter(stays).map(|log| {
        let target = destination(log.destination_details());
        (log.log_type(), log.destination_type(), target, log.log_format())
    });
    let pending = pending.iter().map(|log| {
        let target = destination(log.destination_details());
        (log.log_type(), log.destination_type(), target, log.log_format())
    });
    let read = |(of, kind, target, format): (
        Option<&sdk::LogType>,
        Option<&sdk::DestinationType>,
        Option<&str>,
        Option<&sdk::LogFormat>,
    )| {
        let delivery = LogDelivery {
            destination_type: kind?.as_str().to_owned(),
            destination: target?.to_owned(),
            log_format: format?.as_str().to_owned(),
        };
        Some((of?.as_str().to_owned(), delivery))
    };
    now.chain(pending).filter_map(read).collect()
}

fn request(of: &str, to: &LogDelivery) -> sdk::LogDeliveryConfigurationRequest {
    let details = sdk::DestinationDetails::builder();
    let details = if to.destination_type == sdk::DestinationType::KinesisFirehose.as_str() {
        let stream = sdk::KinesisFirehoseDestinationDetails::builder().delivery_stream(&to.destination).build();
        details.kinesis_firehose_details(stream)
    } else {
        let group = sdk::CloudWatchLogsDestinationDetails::builder().log_group(&to.destination).build();
        details.cloud_watch_logs_details(group)
    };
    sdk::LogDeliveryConfigurationRequest::builder()
        .log_type(of.into())
        .destination_type(to.destination_type.as_str().into())
        .destination_details(details.build())
        .log_format(to.log_format.as_str().into())
        .enabled(true)
        .build()
}

/// From the deliveries that are there to those that should be: only what differs.
pub(super) fn change(have: &Logs, want: &Logs) -> Vec<sdk::LogDeliveryConfigurationRequest> {
    let off = |of: &String| {
        sdk::LogDeliveryConfigurationRequest::builder().log_type(of.as_str().into()).enabled(false).build()
    };
    let gone = have.keys().filter(|of| !want.contains_key(*of)).map(off);
    let set = want.iter().filter(|(of, to)| have.get(*of) != Some(*to)).map(|(of, to)| request(of, to));
    gone.chain(set).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(kind: &str, destination: &str) -> LogDelivery {
        LogDelivery { destination_type: kind.into(), destination: destination.into(), log_format: "json".into() }
    }

    fn logs(of: &[(&str, LogDelivery)]) -> Logs {
        of.iter().map(|(of, to)| ((*of).to_owned(), to.clone())).collect()
    }

    #[test]
    fn a_delivery_that_is_asked_for_reads_back_the_same_now_or_pending() {
        for to in [delivery("cloudwatch-logs", "/shop"), delivery("kinesis-firehose", "logs")] {
            let want = logs(&[("slow-log", to)]);
            let asked = change(&Logs::new(), &want).remove(0);
            let pending = sdk::PendingLogDeliveryConfiguration::builder()
                .set_log_type(asked.log_type.clone())
                .set_destination_type(asked.destination_type.clone())
                .set_destination_details(asked.destination_details.clone())
                .set_log_format(asked.log_format.clone())
                .build();
            let now = sdk::LogDeliveryConfiguration::builder()
                .set_log_type(asked.log_type)
                .set_destination_type(asked.destination_type)
                .set_destination_details(asked.destination_details)
                .set_log_format(asked.log_format);
            assert_eq!(seen(&[], &[pending]), want);
            assert_eq!(seen(&[now.clone().build()], &[]), want);
            let leaving = now.status(sdk::LogDeliveryConfigurationStatus::Disabling).build();
            assert_eq!(seen(&[leaving], &[]), Logs::new());
        }
    }

    #[test]
    fn only_what_differs_is_asked_for_and_what_left_the_wish_is_turned_off() {
        let to = |name: &str| delivery("cloudwatch-logs", name);
        let have = logs(&[("slow-log", to("/a")), ("engine-log", to("/a"))]);
        assert!(change(&have, &have).is_empty());
        let asked = change(&have, &logs(&[("slow-log", to("/b"))]));
        let asked: Vec<_> = asked.iter().map(|log| (log.log_type().map(sdk::LogType::as_str), log.enabled())).collect();
        assert_eq!(asked, [(Some("engine-log"), Some(false)), (Some("slow-log"), Some(true))]);
    }
}
