//! Who changed a resource, where CloudTrail can tell: for `terrace drift`, which asks as the person who runs it.
//!
//! From the CloudTrail API reference, LookupEvents: management events of the last 90 days in a region, the newest first, by
//! one attribute; two requests a second in an account and region; an event appears some minutes after the call.

use aws_sdk_cloudtrail::types::{Event, LookupAttribute, LookupAttributeKey};
use terrace_engine::Result;

use crate::Clients;
use crate::errors::classify;

/// The most events that are looked through: those that only read are many, and are left out.
const MOST: i32 = 50;

/// A call that changed something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The user or the role session, as CloudTrail names it.
    pub by: String,
    /// As `ModifyDBInstance`.
    pub event: String,
    /// Seconds since 1970.
    pub at: i64,
}

/// The last call of somebody else that changed a resource, by its name or its id.
/// `ours` is what our own role sessions are called.
///
/// # Errors
/// As classified; the caller needs cloudtrail:LookupEvents.
pub async fn last_change(clients: &Clients, region: &str, name: &str, ours: &str) -> Result<Option<Change>> {
    let by_name = LookupAttribute::builder().attribute_key(LookupAttributeKey::ResourceName).attribute_value(name);
    let by_name = by_name.build().map_err(terrace_engine::Error::invalid)?;
    let request = clients.cloudtrail(region).lookup_events().lookup_attributes(by_name).max_results(MOST);
    let answer = request.send().await.map_err(classify)?;
    Ok(answer.events().iter().find_map(|event| change(event).filter(|change| change.by != ours)))
}

fn change(event: &Event) -> Option<Change> {
    if event.read_only() == Some("true") {
        return None;
    }
    Some(Change {
        by: event.username()?.to_owned(),
        event: event.event_name()?.to_owned(),
        at: event.event_time()?.secs(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{REGION, clients};
    use aws_sdk_cloudtrail::Client;
    use aws_sdk_cloudtrail::operation::lookup_events::LookupEventsOutput;
    use aws_sdk_cloudtrail::primitives::DateTime;
    use aws_smithy_mocks::{mock, mock_client};

    fn event(name: &str, by: &str, read_only: &str, at: i64) -> Event {
        let event = Event::builder().event_name(name).username(by).read_only(read_only);
        event.event_time(DateTime::from_secs(at)).build()
    }

    #[tokio::test]
    async fn the_last_change_is_somebody_elses_and_no_look() {
        let rule = mock!(Client::lookup_events)
            .match_requests(|request| {
                let one = &request.lookup_attributes()[0];
                (one.attribute_key(), one.attribute_value()) == (&LookupAttributeKey::ResourceName, "shop-orders-db")
            })
            .then_output(|| {
                LookupEventsOutput::builder()
                    .events(event("DescribeDBInstances", "ann", "true", 4))
                    .events(event("ModifyDBInstance", "terrace-prod", "false", 3))
                    .events(event("ModifyDBInstance", "bob", "false", 2))
                    .events(event("CreateDBInstance", "carol", "false", 1))
                    .build()
            });
        let clients = clients().with_client(REGION, mock_client!(aws_sdk_cloudtrail, [&rule]));
        let found = last_change(&clients, REGION, "shop-orders-db", "terrace-prod").await.unwrap();
        assert_eq!(found, Some(Change { by: "bob".into(), event: "ModifyDBInstance".into(), at: 2 }));
    }
}
