//! A state as Terraform writes it, for tests: a database with all around it, a cache, a bucket, and what is none of ours.

use serde_json::{Value, json};

/// One resource of a state.
pub fn resource(kind: &str, name: &str, attributes: Value) -> Value {
    json!({
        "mode": "managed", "type": kind, "name": name,
        "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]",
        "instances": [{ "schema_version": 1, "attributes": attributes, "sensitive_attributes": [], "private": "e30=" }],
    })
}

/// A state of these.
pub fn state(resources: &[Value]) -> String {
    json!({
        "version": 4, "terraform_version": "1.9.8", "serial": 42, "lineage": "0f6e", "outputs": {},
        "resources": resources, "check_results": null,
    })
    .to_string()
}

/// An ARN of the account.
pub fn arn(service: &str, resource: &str) -> String {
    format!("arn:aws:{service}:eu-west-1:111122223333:{resource}")
}

/// A database, as `aws_db_instance` has it.
pub fn database(identifier: &str) -> Value {
    let first = json!({
        "arn": arn("rds", &format!("db:{identifier}")), "id": "db-ABCDEFGHIJ", "identifier": identifier,
        "engine": "postgres", "engine_version": "17.5", "engine_version_actual": "17.5",
        "instance_class": "db.r8g.large", "allocated_storage": 400, "max_allocated_storage": 1000,
        "storage_type": "gp3", "iops": 12000, "storage_throughput": 500, "multi_az": true, "db_name": "orders",
        "port": 5432, "username": "app", "password": "hunter2", "manage_master_user_password": null,
        "master_user_secret": [{ "secret_arn": arn("secretsmanager", "secret:rds!db-1"), "secret_status": "active",
            "kms_key_id": arn("kms", "key/1111") }],
    });
    let second = json!({
        "db_subnet_group_name": "main", "vpc_security_group_ids": ["sg-0123"], "parameter_group_name": "orders-17",
        "storage_encrypted": true, "kms_key_id": arn("kms", "key/2222"), "backup_retention_period": 14,
        "backup_window": "01:00-01:30", "maintenance_window": "sat:22:00-sat:23:00", "auto_minor_version_upgrade": true,
        "deletion_protection": true, "copy_tags_to_snapshot": true, "publicly_accessible": false,
        "iam_database_authentication_enabled": true, "database_insights_mode": "advanced", "monitoring_interval": 60,
        "monitoring_role_arn": "arn:aws:iam::111122223333:role/rds-monitoring",
        "enabled_cloudwatch_logs_exports": ["postgresql", "upgrade"], "ca_cert_identifier": "rds-ca-rsa2048-g1",
        "network_type": "IPV4", "option_group_name": "default:postgres-17", "performance_insights_retention_period": 465,
        "replicate_source_db": "", "domain": "", "tags": { "team": "shop" },
        "tags_all": { "team": "shop", "cost-centre": "4711" },
    });
    merged(first, &second)
}

fn merged(mut all: Value, more: &Value) -> Value {
    for (name, value) in more.as_object().expect("attributes") {
        all[name] = value.clone();
    }
    all
}

/// A cache, as `aws_elasticache_replication_group` has it.
pub fn cache() -> Value {
    let first = json!({
        "arn": arn("elasticache", "replicationgroup:sessions"), "id": "sessions", "description": "Sessions of the shop",
        "engine": "valkey", "engine_version": "8.0", "engine_version_actual": "8.0.1", "node_type": "cache.r7g.large",
        "num_node_groups": 2, "replicas_per_node_group": 1, "num_cache_clusters": 4, "cluster_enabled": true,
        "cluster_mode": "enabled", "port": 6380, "automatic_failover_enabled": true, "multi_az_enabled": true,
        "subnet_group_name": "caches", "security_group_ids": ["sg-0456"], "parameter_group_name": "sessions-8",
    });
    let second = json!({
        "at_rest_encryption_enabled": "true", "kms_key_id": "", "transit_encryption_enabled": true,
        "transit_encryption_mode": "required", "auth_token": "correct-horse-battery", "user_group_ids": [],
        "snapshot_retention_limit": 5, "snapshot_window": "01:00-02:00", "maintenance_window": "sun:05:00-sun:06:00",
        "auto_minor_version_upgrade": "true", "data_tiering_enabled": false, "network_type": "ipv4",
        "log_delivery_configuration": [{ "destination": "/shop/sessions", "destination_type": "cloudwatch-logs",
            "log_format": "json", "log_type": "slow-log" }],
        "notification_topic_arn": arn("sns", "caches"), "tags_all": {},
    });
    merged(first, &second)
}

/// A bucket and the resources of its settings.
pub fn bucket() -> Vec<Value> {
    let of = |kind: &str, attributes: Value| {
        resource(kind, "assets", merged(json!({ "bucket": "example-assets", "id": "example-assets" }), &attributes))
    };
    vec![
        of(
            "aws_s3_bucket",
            json!({ "arn": "arn:aws:s3:::example-assets", "region": "eu-west-1", "tags_all": { "team": "shop" },
            "object_lock_enabled": false, "lifecycle_rule": [], "cors_rule": [], "logging": [], "policy": "" }),
        ),
        of(
            "aws_s3_bucket_public_access_block",
            json!({ "block_public_acls": true, "block_public_policy": true,
            "ignore_public_acls": true, "restrict_public_buckets": true }),
        ),
        of("aws_s3_bucket_ownership_controls", json!({ "rule": [{ "object_ownership": "BucketOwnerEnforced" }] })),
        of(
            "aws_s3_bucket_versioning",
            json!({ "versioning_configuration": [{ "status": "Enabled", "mfa_delete": "" }] }),
        ),
        of(
            "aws_s3_bucket_server_side_encryption_configuration",
            json!({ "rule": [{ "bucket_key_enabled": true,
            "apply_server_side_encryption_by_default": [{ "sse_algorithm": "aws:kms", "kms_master_key_id": arn("kms", "key/3333") }] }] }),
        ),
        of(
            "aws_s3_bucket_lifecycle_configuration",
            json!({ "rule": [
            { "id": "old logs", "status": "Enabled", "filter": [{ "and": [{ "prefix": "logs/", "tags": { "class": "log" },
                "object_size_greater_than": 1024, "object_size_less_than": 0 }], "prefix": "" }],
              "transition": [{ "days": 90, "storage_class": "GLACIER" }, { "days": 30, "storage_class": "STANDARD_IA" }],
              "expiration": [{ "days": 365, "date": null, "expired_object_delete_marker": false }] },
            { "id": "versions", "status": "Disabled", "filter": [{ "prefix": "", "and": [], "tag": [] }],
              "noncurrent_version_expiration": [{ "noncurrent_days": 90, "newer_noncurrent_versions": 3 }] },
            { "id": "uploads", "status": "Enabled", "filter": [{ "prefix": "" }],
              "abort_incomplete_multipart_upload": [{ "days_after_initiation": 3 }] },
        ] }),
        ),
        of(
            "aws_s3_bucket_cors_configuration",
            json!({ "cors_rule": [{ "allowed_origins": ["https://www.example.com"],
            "allowed_methods": ["GET"], "allowed_headers": ["*"], "expose_headers": [], "max_age_seconds": 600 }] }),
        ),
        of("aws_s3_bucket_policy", json!({ "policy": "{}" })),
        of("aws_s3_bucket_notification", json!({})),
    ]
}

/// A group that others stand in, by its name.
fn group(kind: &str, name: &str, service: &str, resource_of: &str, attributes: Value) -> Value {
    let mut all = attributes;
    all["arn"] = json!(arn(service, resource_of));
    all["id"] = json!(name);
    resource(kind, name, all)
}

/// A cache with its groups.
fn caches() -> Vec<Value> {
    vec![
        group(
            "aws_elasticache_subnet_group",
            "caches",
            "elasticache",
            "subnetgroup:caches",
            json!({ "subnet_ids": [] }),
        ),
        group(
            "aws_elasticache_parameter_group",
            "sessions-8",
            "elasticache",
            "parametergroup:sessions-8",
            json!({
            "family": "valkey8", "parameter": [{ "name": "cluster-enabled", "value": "yes" },
                { "name": "maxmemory-policy", "value": "allkeys-lru" }] }),
        ),
        resource("aws_elasticache_replication_group", "sessions", cache()),
    ]
}

/// All of them, and what Terrace has no kind for.
pub fn whole() -> String {
    // RDS replicates no database whose password it manages.
    let orders = merged(database("orders"), &json!({ "master_user_secret": [] }));
    let mut replica = database("orders-reader");
    for (name, value) in [
        ("replicate_source_db", json!("orders")),
        ("instance_class", json!("db.r8g.xlarge")),
        ("multi_az", json!(false)),
        ("backup_retention_period", json!(0)),
    ] {
        replica[name] = value;
    }
    let mut counted = resource("aws_lambda_function", "job", json!({ "arn": arn("lambda", "function:job") }));
    counted["module"] = json!("module.jobs[\"nightly\"]");
    counted["instances"][0]["index_key"] = json!(0);
    let mut all = vec![
        json!({ "mode": "data", "type": "aws_db_instance", "name": "old", "instances": [{ "attributes": database("old") }] }),
        group(
            "aws_db_subnet_group",
            "main",
            "rds",
            "subgrp:main",
            json!({ "description": "Managed by Terraform",
            "subnet_ids": ["subnet-1", "subnet-2"] }),
        ),
        group(
            "aws_db_parameter_group",
            "orders-17",
            "rds",
            "pg:orders-17",
            json!({ "family": "postgres17", "parameter": [
            { "name": "log_min_duration_statement", "value": "500", "apply_method": "immediate" },
            { "name": "max_connections", "value": "400", "apply_method": "pending-reboot" }] }),
        ),
        resource(
            "aws_security_group",
            "db",
            json!({ "id": "sg-0123", "arn": arn("ec2", "security-group/sg-0123"),
            "description": "Managed by Terraform", "vpc_id": "vpc-1" }),
        ),
        resource("aws_db_instance", "orders", orders),
        resource("aws_db_instance", "reader", replica),
        counted,
    ];
    all.extend(caches());
    all.extend(bucket());
    state(&all)
}
