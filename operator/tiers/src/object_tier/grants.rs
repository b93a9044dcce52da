//! The policy of a bucket: TLS only, and a statement for whoever uses it.
//!
//! What lies inside a target is the target's: the statements are composed from the objects that use it. A CloudFront
//! distribution comes in by origin access control (CloudFront Developer Guide, "Restrict access to an Amazon S3 origin"), all
//! others by their role.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use terrace_crds::UserAccess;
use terrace_model::aws::iam::{Effect, Policy, Statement};
use terrace_model::aws::s3::{Bucket, BucketPolicy};
use terrace_model::{Node, Val};

use crate::Facts;
use crate::facts::User;

/// The kind whose principal is a distribution.
const EDGE: &str = "EdgeTier";
const CLOUDFRONT: &str = "cloudfront.amazonaws.com";

/// Whom a statement lets in. Users with the same one share the statement.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Grantee {
    /// By the ARN of a distribution.
    Distribution(Val<String>),
    /// By the ARN of a role.
    Role(Val<String>),
}

/// The policy of a bucket.
pub(super) fn policy(bucket: &Node<Bucket>, facts: &Facts) -> BucketPolicy {
    let arn = || bucket.out(Bucket::ARN);
    let resources = || [arn(), Val::join([arn(), "/*".into()])];
    let grants = grantees(&facts.users).into_iter().map(|(who, access)| grant(who, access, resources()));
    BucketPolicy {
        bucket: bucket.out(Bucket::NAME),
        policy: Policy::of([tls_only(resources())].into_iter().chain(grants)),
    }
}

/// Those who are let in, each with the most that any of its bindings asks for.
fn grantees(users: &[User]) -> BTreeMap<Grantee, UserAccess> {
    let mut all = BTreeMap::new();
    for user in users {
        let Some(principal) = user.principal.clone() else { continue };
        let who = if user.who.kind == EDGE { Grantee::Distribution(principal) } else { Grantee::Role(principal) };
        let access = all.entry(who).or_insert(user.who.access);
        if user.who.access == UserAccess::ReadWrite {
            *access = UserAccess::ReadWrite;
        }
    }
    all
}

fn tls_only(resources: [Val<String>; 2]) -> Statement {
    Statement {
        effect: Effect::Deny,
        principal: Some(principal("AWS", "*".into())),
        action: ["s3:*".to_owned()].into(),
        resource: resources.into(),
        condition: condition("Bool", "aws:SecureTransport", json!("false")),
    }
}

fn grant(who: Grantee, access: UserAccess, resources: [Val<String>; 2]) -> Statement {
    let (principal, condition) = match &who {
        Grantee::Distribution(arn) => {
            (principal("Service", CLOUDFRONT.into()), condition("StringEquals", "AWS:SourceArn", json!(arn)))
        }
        Grantee::Role(arn) => (principal("AWS", arn.clone()), BTreeMap::new()),
    };
    Statement {
        effect: Effect::Allow,
        principal: Some(principal),
        action: actions(&who, access),
        resource: resources.into(),
        condition,
    }
}

/// Who may list is told that a name is not there (404); who may not is told that it may not be read (403).
fn actions(who: &Grantee, access: UserAccess) -> BTreeSet<String> {
    let read: &[&str] = match who {
        Grantee::Distribution(_) => &["s3:GetObject", "s3:ListBucket"],
        Grantee::Role(_) => &["s3:GetBucketLocation", "s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket"],
    };
    let write: &[&str] = match (who, access) {
        (_, UserAccess::ReadOnly) => &[],
        (Grantee::Distribution(_), UserAccess::ReadWrite) => &["s3:DeleteObject", "s3:PutObject"],
        (Grantee::Role(_), UserAccess::ReadWrite) => &[
            "s3:AbortMultipartUpload",
            "s3:DeleteObject",
            "s3:ListBucketMultipartUploads",
            "s3:ListMultipartUploadParts",
            "s3:PutObject",
        ],
    };
    read.iter().chain(write).map(|action| (*action).to_owned()).collect()
}

fn principal(kind: &str, who: Val<String>) -> BTreeMap<String, Val<String>> {
    [(kind.to_owned(), who)].into()
}

fn condition(operator: &str, key: &str, value: Value) -> BTreeMap<String, BTreeMap<String, Value>> {
    [(operator.to_owned(), [(key.to_owned(), value)].into())].into()
}
