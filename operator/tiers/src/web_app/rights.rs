//! What the role may do: for each binding what that one resource needs, and the statements that the spec writes itself.

use std::collections::BTreeMap;

use serde_json::json;
use terrace_crds::web_app::{BindingAccess, Permission, WebBinding};
use terrace_model::Val;
use terrace_model::aws::iam::{Policy, Statement};

use super::bindings::{Target, used};
use super::design::Design;
use crate::facts::Environment;

/// The role's inline policies by name.
pub(super) fn policies(design: &Design) -> BTreeMap<String, Policy> {
    let (environment, namespace) = (&design.facts.environment, &design.facts.object.namespace);
    let of = |binding: &WebBinding| {
        let source = used(binding, namespace)?.source();
        Some((format!("binding-{}", binding.name), Policy::of(statements(binding, &source, environment))))
    };
    let mut policies: BTreeMap<_, _> = design.spec.bindings.iter().filter_map(of).collect();
    if !design.spec.permissions.is_empty() {
        policies.insert("permissions".into(), Policy::of(design.spec.permissions.iter().map(permission)));
    }
    policies
}

fn statements(binding: &WebBinding, source: &str, environment: &Environment) -> Vec<Statement> {
    match Target::of(binding) {
        Target::Database => {
            vec![
                may_read_secret(source, environment),
                may_decrypt_secret(source, environment),
                logs_in(source, environment),
            ]
        }
        Target::Cache => vec![may_read_secret(source, environment)],
        Target::Bucket => bucket(binding.access, source, environment),
    }
}

const READ_SECRET: &[&str] = &["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"];

/// Reads that one secret, if there is one. A cache may be open to whoever reaches it, and who logs in by IAM needs none: then
/// its ARN is an empty text, which could stand for no resource, and in this condition holds for no request (Service
/// Authorization Reference, "Condition keys for AWS Secrets Manager").
fn may_read_secret(source: &str, environment: &Environment) -> Statement {
    Statement::allow(READ_SECRET, [environment.arn("secretsmanager", "secret:*").into()]).when(
        "StringEquals",
        "secretsmanager:SecretId",
        Val::of_object(source, "secretArn"),
    )
}

/// Decrypts that one secret, by whatever key it is encrypted (Secrets Manager User Guide, "Secret encryption and
/// decryption", for the encryption context).
fn may_decrypt_secret(source: &str, environment: &Environment) -> Statement {
    Statement::allow(&["kms:Decrypt"], [environment.arn("kms", "key/*").into()])
        .when("StringEquals", "kms:ViaService", environment.service_host("secretsmanager"))
        .when("StringEquals", "kms:EncryptionContext:SecretARN", Val::<String>::of_object(source, "secretArn"))
}

/// Logs in by IAM as that one user, where the database allows it (RDS User Guide, "Creating and using an IAM policy for IAM
/// database access").
fn logs_in(source: &str, environment: &Environment) -> Statement {
    let user = Val::join([
        environment.arn("rds-db", "dbuser:").into(),
        Val::of_object(source, "resourceId"),
        "/".into(),
        Val::of_object(source, "username"),
    ]);
    Statement::allow(&["rds-db:connect"], [user])
}

/// Reads or writes that one bucket (Amazon S3 User Guide, "Policy actions for Amazon S3"; "Reducing the cost of SSE-KMS
/// with Amazon S3 Bucket Keys", for the encryption context: the bucket, or the object).
fn bucket(access: BindingAccess, source: &str, environment: &Environment) -> Vec<Statement> {
    let arn = || Val::<String>::of_object(source, "arn");
    let objects = || Val::join([arn(), "/*".into()]);
    let (mut bucket, mut object, mut keys) =
        (vec!["s3:GetBucketLocation", "s3:ListBucket"], vec!["s3:GetObject"], vec!["kms:Decrypt"]);
    if access == BindingAccess::ReadWrite {
        bucket.push("s3:ListBucketMultipartUploads");
        object.extend(["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:ListMultipartUploadParts", "s3:PutObject"]);
        keys.push("kms:GenerateDataKey");
    }
    let mut decrypt = Statement::allow(&keys, [environment.arn("kms", "key/*").into()]).when(
        "StringEquals",
        "kms:ViaService",
        environment.service_host("s3"),
    );
    let context = [("kms:EncryptionContext:aws:s3:arn".to_owned(), json!([arn(), objects()]))];
    decrypt.condition.insert("StringLike".into(), context.into());
    vec![Statement::allow(&bucket, [arn()]), Statement::allow(&object, [objects()]), decrypt]
}

fn permission(permission: &Permission) -> Statement {
    let actions: Vec<&str> = permission.actions.iter().map(String::as_str).collect();
    let mut statement = Statement::allow(&actions, permission.resources.iter().cloned().map(Val::from));
    for (operator, keys) in &permission.conditions {
        let keys = keys.iter().map(|(key, values)| (key.clone(), json!(values)));
        statement.condition.entry(operator.clone()).or_default().extend(keys);
    }
    statement
}
