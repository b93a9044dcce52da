//! An event as EventBridge puts it into a queue: who did it, where, and what it names. Pure.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

/// What is to be known of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The service that it is about, as `rds`.
    pub source: String,
    pub account: String,
    pub region: String,
    /// What was called, or what the service says: for the log.
    pub what: String,
    /// The ARN of who did it, where somebody called an API.
    pub by: Option<String>,
    /// Everything that it names, in lower case: whole, and the last part of what has parts.
    pub names: BTreeSet<String>,
    /// AWS refused it, so that nothing is changed.
    pub refused: bool,
}

#[derive(Deserialize)]
struct Envelope {
    source: String,
    account: String,
    region: String,
    #[serde(rename = "detail-type")]
    detail_type: String,
    #[serde(default)]
    resources: Vec<String>,
    detail: Value,
}

/// What says who called, and from where: none of it is what was changed.
const CALLER: [&str; 4] = ["userIdentity", "sourceIPAddress", "userAgent", "tlsDetails"];

/// Reads the body of a message.
///
/// # Errors
/// Where it is no event of EventBridge's.
pub fn read(body: &str) -> Result<Notice, serde_json::Error> {
    let Envelope { source, account, region, detail_type, resources, detail } = serde_json::from_str(body)?;
    let mut names = BTreeSet::new();
    resources.iter().for_each(|arn| note(arn, &mut names));
    for (field, value) in detail.as_object().into_iter().flatten() {
        if !CALLER.contains(&field.as_str()) {
            gather(value, &mut names);
        }
    }
    let text = |pointer: &str| detail.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    Ok(Notice {
        source: source.strip_prefix("aws.").unwrap_or(&source).to_owned(),
        account,
        region,
        what: text("/eventName").unwrap_or(detail_type),
        by: text("/userIdentity/arn"),
        names,
        refused: detail.get("errorCode").is_some_and(|code| !code.is_null()),
    })
}

fn gather(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => note(text, names),
        Value::Array(items) => items.iter().for_each(|item| gather(item, names)),
        Value::Object(members) => members.values().for_each(|member| gather(member, names)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn note(text: &str, names: &mut BTreeSet<String>) {
    let whole = plain(text);
    if let Some(last) = last_part(&whole) {
        names.insert(last.to_owned());
    }
    names.insert(whole);
}

/// A name as it is compared: services differ in what case they keep, and a host name may end in a dot.
pub fn plain(name: &str) -> String {
    let name = name.strip_prefix(r"\052").map_or_else(|| name.to_owned(), |rest| format!("*{rest}"));
    name.trim_end_matches('.').to_lowercase()
}

/// The last part of an ARN or a path.
pub fn last_part(name: &str) -> Option<&str> {
    name.rsplit_once([':', '/']).map(|(_, last)| last).filter(|last| !last.is_empty())
}

#[cfg(test)]
mod tests {
    use super::super::samples::sample;
    use super::*;

    #[test]
    fn a_call_tells_who_made_it_where_and_what_it_names() {
        let notice = read(&sample("rds_modify")).expect("an event");
        assert_eq!((notice.source.as_str(), notice.what.as_str()), ("rds", "ModifyDBInstance"));
        assert_eq!((notice.account.as_str(), notice.region.as_str()), ("111122223333", "eu-west-1"));
        assert_eq!(notice.by.as_deref(), Some("arn:aws:sts::111122223333:assumed-role/Admin/jane"));
        assert!(notice.names.contains("orders") && !notice.refused, "{notice:?}");
        assert!(!notice.names.contains("jane"), "who did it is not what was changed: {notice:?}");
    }

    #[test]
    fn what_a_service_says_itself_names_the_resource_and_nobody() {
        let notice = read(&sample("rds_instance_event")).expect("an event");
        assert_eq!((notice.what.as_str(), notice.by), ("RDS DB Instance Event", None));
        for name in ["orders", "arn:aws:rds:eu-west-1:111122223333:db:orders"] {
            assert!(notice.names.contains(name), "{name}: {:?}", notice.names);
        }
    }

    #[test]
    fn a_call_that_aws_refused_changes_nothing() {
        assert!(read(&sample("ec2_refused")).expect("an event").refused);
    }

    #[test]
    fn names_are_compared_as_the_services_mean_them() {
        for (written, meant) in [("Orders", "orders"), (r"\052.example.com.", "*.example.com"), ("a", "a")] {
            assert_eq!(plain(written), meant);
        }
        let last = ["arn:aws:s3:::assets", "/hostedzone/Z1", "cluster:orders", "orders", "a/"].map(last_part);
        assert_eq!(last, [Some("assets"), Some("Z1"), Some("orders"), None, None]);
    }

    #[test]
    fn what_is_no_event_is_an_error() {
        for body in ["", "hello", "[]", r#"{"Message": "{}"}"#, r#"{"source": "aws.rds", "detail": {}}"#] {
            assert!(read(body).is_err(), "{body}");
        }
    }
}
