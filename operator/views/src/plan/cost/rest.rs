//! What secrets, buckets and pods on Fargate cost ("AWS Secrets Manager pricing", "Amazon S3 pricing", "AWS Fargate pricing").

use super::bill::{Bill, Resource};

/// A secret.
pub(super) fn secret(_: &Resource, bill: &mut Bill) {
    bill.add("secretsmanager/secret", 1.0);
    bill.by_use("calls for secrets", "secretsmanager/requests");
}

/// A bucket costs nothing while it is empty.
pub(super) fn bucket(_: &Resource, bill: &mut Bill) {
    bill.by_use("what S3 stores", "s3/standard");
    bill.elsewhere("requests to S3");
}

/// A profile costs nothing by itself, the pods that run by it do.
pub(super) fn fargate(_: &Resource, bill: &mut Bill) {
    bill.by_use("pods on Fargate", "fargate/vcpu");
    bill.by_use("memory of pods on Fargate", "fargate/memory");
}
