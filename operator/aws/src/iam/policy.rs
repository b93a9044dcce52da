//! Policy documents: as IAM takes them, and as it gives them back.
//!
//! IAM keeps a document as it was put (JSON policy elements reference, "Grammar of the IAM JSON policy language"), so
//! what Terrace wrote reads back as it was. The rest here is for documents that a console or another tool rewrote.

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};
use terrace_engine::{Error, Result};
use terrace_model::aws::iam::Policy;

/// The document as IAM takes it.
///
/// # Errors
/// Where the policy is not to be written as JSON.
pub fn write(policy: &Policy) -> Result<String> {
    serde_json::to_string(policy).map_err(Error::invalid)
}

/// Reads a document as IAM gives it: URL-encoded after RFC 3986 (API reference, GetRole), one statement or value where
/// a list may stand.
///
/// A document that Terrace would never write (`NotAction`, several principals of one type, an older version of the
/// language) reads as one without statements: no wish is like that, so it is found as drift.
pub fn read(document: &str) -> Policy {
    parse(&percent_decode_str(document).decode_utf8_lossy())
}

/// The same of a document as services give it that do not encode it, as S3.
pub fn parse(document: &str) -> Policy {
    let value = serde_json::from_str(document).unwrap_or(Value::Null);
    serde_json::from_value(plain(value)).unwrap_or_default()
}

/// Brings a document into the one form in which Terrace writes it.
fn plain(document: Value) -> Value {
    let Value::Object(mut document) = document else {
        return Value::Null;
    };
    document.remove("Id");
    if let Some(statements) = document.remove("Statement") {
        let statements = list(statements).into_iter().map(statement).collect();
        document.insert("Statement".into(), Value::Array(statements));
    }
    document.into()
}

/// A `Sid` grants nothing and is left out; conditions stay as they are.
fn statement(statement: Value) -> Value {
    let Value::Object(mut statement) = statement else {
        return Value::Null;
    };
    statement.remove("Sid");
    for element in ["Action", "Resource"] {
        if let Some(values) = statement.get_mut(element) {
            *values = Value::Array(list(values.take()));
        }
    }
    if let Some(principal) = statement.get_mut("Principal") {
        *principal = self::principal(principal.take());
    }
    statement.into()
}

/// `"*"` is short for `{"AWS": "*"}` (JSON policy elements reference, "Principal"); a list of one is its one value.
fn principal(principal: Value) -> Value {
    let one = |(kind, values): (String, Value)| {
        let mut values = list(values);
        let value = if values.len() == 1 { values.swap_remove(0) } else { Value::Array(values) };
        (kind, value)
    };
    match principal {
        Value::Object(kinds) => kinds.into_iter().map(one).collect::<Map<_, _>>().into(),
        everyone => json!({ "AWS": everyone }),
    }
}

fn list(value: Value) -> Vec<Value> {
    match value {
        Value::Array(values) => values,
        one => vec![one],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use terrace_model::aws::iam::Statement;

    fn queue_policy() -> Policy {
        let mut statement = Statement::allow(&["sqs:SendMessage", "sqs:GetQueueUrl"], ["arn:aws:sqs:::q".into()]);
        statement.condition =
            BTreeMap::from([("StringEquals".into(), BTreeMap::from([("aws:SourceAccount".into(), json!("1"))]))]);
        Policy::of([statement])
    }

    #[test]
    fn what_was_written_reads_back_plain_and_encoded() {
        for policy in [queue_policy(), Policy::trusts_service("monitoring.rds.amazonaws.com")] {
            let document = write(&policy).expect("it is JSON");
            assert_eq!(read(&document), policy);
            let encoded = percent_encoding::utf8_percent_encode(&document, percent_encoding::NON_ALPHANUMERIC);
            assert_eq!(read(&encoded.to_string()), policy);
        }
    }

    #[test]
    fn single_values_lists_and_order_mean_the_same() {
        let document = r#"{"Id": "x", "Version": "2012-10-17", "Statement": {"Sid": "Send", "Effect": "Allow",
            "Action": ["sqs:GetQueueUrl", "sqs:SendMessage"], "Resource": "arn:aws:sqs:::q",
            "Condition": {"StringEquals": {"aws:SourceAccount": "1"}}}}"#;
        assert_eq!(read(document), queue_policy());
        let trust = |principal: &str, action: &str| {
            read(&format!(
                r#"{{"Version": "2012-10-17",
                "Statement": [{{"Effect": "Allow", "Principal": {principal}, "Action": {action}}}]}}"#
            ))
        };
        let service = Policy::trusts_service("rds.amazonaws.com");
        assert_eq!(trust(r#"{"Service": "rds.amazonaws.com"}"#, r#""sts:AssumeRole""#), service);
        assert_eq!(trust(r#"{"Service": ["rds.amazonaws.com"]}"#, r#"["sts:AssumeRole"]"#), service);
        assert_eq!(trust(r#""*""#, r#""sts:AssumeRole""#), trust(r#"{"AWS": "*"}"#, r#""sts:AssumeRole""#));
    }

    #[test]
    fn a_wider_or_foreign_document_equals_no_wish() {
        for document in [
            "",
            "not json",
            r#"{"Version": "2008-10-17", "Statement": []}"#,
            r#"{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}"#,
            r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "NotAction": "a:b", "Resource": "*"}]}"#,
            r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "a:b",
                "Principal": {"Service": ["a.amazonaws.com", "b.amazonaws.com"]}}]}"#,
        ] {
            assert_eq!(read(document), Policy::default(), "{document}");
        }
        let narrower = queue_policy();
        let mut wider = write(&narrower).expect("it is JSON");
        wider = wider.replace("arn:aws:sqs:::q", "*");
        assert_ne!(read(&wider), narrower);
    }
}
