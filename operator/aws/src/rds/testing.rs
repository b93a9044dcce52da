//! Fixtures that the tests of RDS share.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_rds::Client;
use aws_sdk_rds::types as sdk;
use aws_smithy_types::error::ErrorMetadata;
use serde_json::{Value, json};
use terrace_model::aws::Tags;
use terrace_model::aws::rds::DbInstance;
use terrace_model::diff::{OwnedKeys, diff};
use terrace_model::{Diff, Id, KindSpec, Resource};

use super::Rds;
use crate::testing::{REGION, clients, id};

/// The providers' state over a mocked client.
pub fn rds(client: Client) -> Arc<Rds> {
    Rds::new(clients().with_client(REGION, client))
}

/// An error as a service answers it.
pub fn meta(code: &str) -> ErrorMetadata {
    ErrorMetadata::builder().code(code).message("AWS says no").build()
}

/// What differs between two wishes of a kind; the keys of `have` are ours.
pub fn between<R: Resource>(have: &R, want: &R) -> Diff {
    let json = |value: &R| serde_json::to_value(value).expect("a wish is JSON");
    let (have, want) = (json(have), json(want));
    let keys = |field: &str| -> BTreeSet<String> {
        have[field].as_object().into_iter().flat_map(|map| map.keys().cloned()).collect()
    };
    let owned: OwnedKeys = ["tags", "parameters"].map(|field| (field.to_owned(), keys(field))).into();
    diff(&KindSpec::of::<R>(), &want, &have, &owned, &BTreeMap::new())
}

pub fn db() -> Id {
    id::<DbInstance>("db")
}

/// A wish as the DataTier makes it.
pub fn wish() -> DbInstance {
    let value: Value = json!({
        "engine": "postgres", "engineVersion": "17.2", "dbInstanceClass": "db.r8g.large",
        "allocatedStorage": 400, "maxAllocatedStorage": 1000, "storageType": "gp3", "iops": 12_000,
        "storageThroughput": 500, "multiAz": true, "dbName": "orders", "port": 5432, "masterUsername": "orders",
        "manageMasterUserPassword": true, "dbSubnetGroupName": "subnets", "vpcSecurityGroupIds": ["sg-1"],
        "dbParameterGroupName": "parameters", "storageEncrypted": true, "kmsKeyId": "arn:key/own",
        "backupRetentionPeriod": 7, "preferredBackupWindow": "02:00-03:00",
        "preferredMaintenanceWindow": "sun:03:00-sun:04:00", "autoMinorVersionUpgrade": true,
        "applyImmediately": true, "deletionProtection": true, "copyTagsToSnapshot": true, "publiclyAccessible": false,
        "enableIamDatabaseAuthentication": true, "databaseInsightsMode": "standard", "monitoringInterval": 0,
        "enabledCloudwatchLogsExports": ["postgresql"], "caCertificateIdentifier": "rds-ca-rsa2048-g1",
        "networkType": "IPV4", "keepsSnapshotCopy": false, "tags": {"team": "shop"}
    });
    serde_json::from_value(value).expect("a wish is whole")
}

/// The wished instance as AWS describes it.
pub fn described(tags: &Tags) -> sdk::builders::DbInstanceBuilder {
    let group = sdk::VpcSecurityGroupMembership::builder().vpc_security_group_id("sg-1").status("active").build();
    let endpoint = sdk::Endpoint::builder().address("orders.rds.amazonaws.com").port(5432).build();
    let secret = sdk::MasterUserSecret::builder().secret_arn("arn:secret/rds").secret_status("active").build();
    sdk::DbInstance::builder()
        .db_instance_identifier("Orders-DB")
        .db_instance_arn("arn:aws:rds:eu-west-1:123456789012:db:orders-db")
        .dbi_resource_id("db-1")
        .db_instance_status("available")
        .engine("postgres")
        .engine_version("17.2")
        .db_instance_class("db.r8g.large")
        .allocated_storage(400)
        .max_allocated_storage(1000)
        .storage_type("gp3")
        .iops(12_000)
        .storage_throughput(500)
        .multi_az(true)
        .db_name("orders")
        .endpoint(endpoint)
        .db_instance_port(0)
        .master_username("orders")
        .master_user_secret(secret)
        .db_subnet_group(sdk::DbSubnetGroup::builder().db_subnet_group_name("subnets").build())
        .vpc_security_groups(group)
        .db_parameter_groups(sdk::DbParameterGroupStatus::builder().db_parameter_group_name("parameters").build())
        .storage_encrypted(true)
        .kms_key_id("arn:key/own")
        .backup_retention_period(7)
        .preferred_backup_window("02:00-03:00")
        .preferred_maintenance_window("sun:03:00-sun:04:00")
        .auto_minor_version_upgrade(true)
        .deletion_protection(true)
        .copy_tags_to_snapshot(true)
        .publicly_accessible(false)
        .iam_database_authentication_enabled(true)
        .monitoring_interval(0)
        .enabled_cloudwatch_logs_exports("postgresql")
        .ca_certificate_identifier("rds-ca-rsa2048-g1")
        .network_type("IPV4")
        .set_tag_list(Some(super::write_tags(tags)))
}
