//! `rds/DbInstance` → `DataTier`: the instance, its subnet group and parameter group, its replicas.

use serde_json::Value;
use terrace_crds::data_tier::{Engine, LogType, StorageType};

use super::Surroundings;
use super::draft::Draft;
use super::yaml::Block;
use crate::adopt::Found;
use crate::arn::Arn;

/// The tier of an instance.
///
/// # Errors
/// Why there can be none.
pub fn draft(db: &Found, surroundings: &mut Surroundings) -> Result<Draft, String> {
    let engine = engine(db)?;
    let version = version(engine, db).ok_or("its engine version is not told")?;
    let class = db.text("dbInstanceClass").ok_or("its instance class is not told")?;
    let username = db.text("masterUsername").ok_or("its master user is not told")?;
    if !is_username(username) {
        return Err(format!("its master user is {username}, and a DataTier takes at most 16 letters and digits"));
    }
    let mut draft = surroundings.draft("DataTier", db);
    surroundings.take(&mut draft, "db", &db.handle).map_err(|other| format!("{other} takes it"))?;
    subnets(&mut draft, db, surroundings);
    surroundings.take_access(&mut draft, &db.texts("vpcSecurityGroupIds"));
    let mut spec = Block::default();
    spec.set("engine", engine.as_str());
    spec.set("engineVersion", version);
    spec.set("instanceClass", class);
    spec.block("storage", storage(&mut draft, db)?);
    let availability = db.flag("multiAz").map(|on| if on { "MultiAZ" } else { "SingleAZ" });
    draft.set(&mut spec, "availability", availability);
    replicas(&mut draft, &mut spec, db, surroundings);
    database(&mut draft, &mut spec, db);
    spec.block("credentials", credentials(&mut draft, db, username));
    operations(&mut draft, &mut spec, db);
    parameters(&mut draft, &mut spec, db, surroundings);
    spec.block("monitoring", monitoring(&mut draft, db));
    draft.set(&mut spec, "caCertificateIdentifier", db.text("caCertificateIdentifier"));
    let protection = db.flag("deletionProtection").map(|on| if on { "Enabled" } else { "Disabled" });
    draft.set(&mut spec, "deletionProtection", protection);
    draft.spec.append(spec);
    Ok(draft)
}

fn engine(db: &Found) -> Result<Engine, String> {
    let told = db.text("engine").ok_or("its engine is not told")?;
    let known = Engine::ALL.into_iter().find(|engine| engine.as_str() == told && !engine.is_aurora());
    known.ok_or_else(|| format!("its engine is {told}, and a DataTier has postgres, mysql and mariadb"))
}

/// Where AWS upgrades minor versions, only the part that it leaves: Terrace never goes down again.
fn version(engine: Engine, db: &Found) -> Option<String> {
    let whole = db.text("engineVersion")?;
    if db.flag("autoMinorVersionUpgrade") == Some(false) {
        return Some(whole.into());
    }
    // RDS User Guide, "Upgrading a DB instance engine version": MySQL's and MariaDB's major versions have two numbers.
    let numbers = if engine.is_postgres() { 1 } else { 2 };
    Some(whole.split('.').take(numbers).collect::<Vec<_>>().join("."))
}

/// `spec.credentials.username`.
fn is_username(name: &str) -> bool {
    name.len() <= 16
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric())
}

/// RDS moves no instance to another subnet group of the same network: with another it would be another database.
fn subnets(draft: &mut Draft, db: &Found, surroundings: &mut Surroundings) {
    let Some(name) = db.text("dbSubnetGroupName") else {
        return draft.shows("its subnet group, which is not told: name it under adopt as subnets, else it is REPLACED");
    };
    if name == "default" {
        return draft
            .shows("that it is REPLACED: it stands in RDS's default subnet group, which is nobody's to take over");
    }
    let known = surroundings.named("rds/DbSubnetGroup", name).map(|group| group.handle.clone());
    let Some(handle) = known.or_else(|| Some(Arn::parse(&db.handle)?.beside(&format!("subgrp:{name}")))) else {
        return;
    };
    match surroundings.take(draft, "subnets", &handle) {
        Ok(()) => draft.shows(format!("{name}: its description, and its subnets where they are not the Environment's private ones")),
        Err(other) => draft.shows(format!(
            "that it is REPLACED: its subnet group {name} is taken over by {other}, and nothing belongs to two. Do not approve \
             that: keep this database out, or move it first"
        )),
    }
}

fn storage(draft: &mut Draft, db: &Found) -> Result<Block, String> {
    let size = db.positive("allocatedStorage").ok_or("the size of its disk is not told")?;
    let told = db.text("storageType").unwrap_or("gp2");
    let types = [StorageType::Gp3, StorageType::Gp2, StorageType::Io1, StorageType::Io2];
    let kind = types.into_iter().find(|kind| kind.as_str() == told);
    let mut storage = Block::default();
    if size < LEAST_SIZE {
        storage.note(format!("It has {size} GiB; Terrace has {LEAST_SIZE} at least."));
        draft.shows("its disk, which grows");
    }
    storage.set("size", format!("{}Gi", size.max(LEAST_SIZE)));
    if let Some(most) = db.positive("maxAllocatedStorage").filter(|most| *most > size) {
        storage.set("maxSize", format!("{most}Gi"));
    }
    if kind.is_none() {
        storage.note(format!("It is {told}, which Terrace does not have."));
        draft.shows(format!("its disk, which goes from {told} to gp3"));
    }
    let kind = kind.unwrap_or_default();
    storage.set("type", kind.as_str());
    // RDS takes no performance for gp2, and for gp3 from 400 GiB on (RDS User Guide, "gp3 storage").
    let tunable = kind != StorageType::Gp2 && (kind != StorageType::Gp3 || size >= STRIPED);
    if let Some(iops) = db.positive("iops").filter(|_| tunable) {
        storage.set("iops", iops);
    }
    if let Some(rate) = db.positive("storageThroughput").filter(|_| kind == StorageType::Gp3 && tunable) {
        storage.set("throughput", rate);
    }
    if db.flag("storageEncrypted") == Some(false) {
        draft.shows("that it is REPLACED by an encrypted one, from a last snapshot: it is not encrypted, and AWS encrypts none in place");
    }
    Ok(storage)
}

/// GiB (`spec.storage.size`).
const LEAST_SIZE: i64 = 20;
/// GiB.
const STRIPED: i64 = 400;

fn replicas(draft: &mut Draft, spec: &mut Block, db: &Found, surroundings: &mut Surroundings) {
    let of = |found: &&Found| {
        found.kind == "rds/DbReplica"
            && found.text("sourceDbInstanceIdentifier") == Some(db.name())
            && found.region == db.region
    };
    let replicas: Vec<&Found> = surroundings.found.iter().filter(of).collect();
    // AWS made them before RDS managed the password, and makes no more of them (RDS User Guide, "Password management with
    // Amazon RDS and AWS Secrets Manager", limitations).
    if !replicas.is_empty() && db.flag("manageMasterUserPassword") == Some(true) {
        return spec
            .note("Its replicas are left as they are: RDS manages its password, and a DataTier has no replicas then.");
    }
    let mut taken = 0;
    for replica in &replicas {
        let id = format!("replica-{}", taken + 1);
        taken += usize::from(surroundings.take(draft, &id, &replica.handle).is_ok());
    }
    if taken == 0 {
        return;
    }
    let mut block = Block::default();
    block.set("count", taken);
    let classes: Vec<_> = replicas.iter().filter_map(|replica| replica.text("dbInstanceClass")).collect();
    let other = classes.first().filter(|class| Some(**class) != db.text("dbInstanceClass"));
    if let Some(class) = other {
        block.set("instanceClass", *class);
    }
    if classes.iter().any(|class| Some(class) != classes.first()) {
        block.note(format!("They have {}; Terrace has one class for all.", classes.join(", ")));
        draft.shows("the classes of its replicas, which become one");
    }
    spec.block("replicas", block);
    draft.shows("whatever of its replicas is not as of the database itself: disk, logs, parameter group, windows");
}

fn database(draft: &mut Draft, spec: &mut Block, db: &Found) {
    if let Some(name) = db.text("dbName") {
        spec.set("databaseName", name);
    }
    draft.set(spec, "port", db.positive("port"));
    let network = db.text("networkType").filter(|kind| ["IPV4", "DUAL"].contains(kind));
    draft.set(spec, "networkType", network);
}

fn credentials(draft: &mut Draft, db: &Found, username: &str) -> Block {
    let mut credentials = Block::default();
    match db.flag("manageMasterUserPassword") {
        Some(true) => credentials.set("management", "RDS"),
        _ => {
            credentials.note(
                "Terrace gives the master user a password of its own making: whoever has the old one is locked out.",
            );
            credentials.set("management", "Terrace");
            draft.shows("the password of its master user, which becomes one of Terrace's own");
        }
    }
    credentials.set("username", username);
    let iam = db.flag("enableIamDatabaseAuthentication").map(|on| if on { "Allowed" } else { "None" });
    draft.set(&mut credentials, "iamAuthentication", iam);
    if let Some(key) = db.text("masterUserSecretKmsKeyId").filter(|_| db.flag("manageMasterUserPassword") == Some(true))
    {
        credentials.note("Leave it out if it is the account's key for Secrets Manager (alias/aws/secretsmanager).");
        credentials.set("kmsKeyId", key);
    }
    credentials
}

fn operations(draft: &mut Draft, spec: &mut Block, db: &Found) {
    let mut backup = Block::default();
    let days = db.number("backupRetentionPeriod");
    // RDS User Guide, "Enabling automated backups".
    if days == Some(0) {
        backup.note("It has no backups; Terrace keeps them for a day at least.");
        draft.shows("its backups, which are switched on: RDS interrupts the database for that");
    }
    draft.set(&mut backup, "retentionDays", days.map(|days| days.max(1)));
    draft.set(&mut backup, "window", db.text("preferredBackupWindow"));
    spec.block("backup", backup);
    let mut maintenance = Block::default();
    draft.set(&mut maintenance, "window", db.text("preferredMaintenanceWindow"));
    let minor = db.flag("autoMinorVersionUpgrade").map(|on| if on { "Automatic" } else { "Manual" });
    draft.set(&mut maintenance, "minorVersions", minor);
    spec.block("maintenance", maintenance);
    let mut encryption = Block::default();
    if let Some(key) = db.text("kmsKeyId").filter(|key| Arn::parse(key).is_some()) {
        encryption.note("Leave it out if it is the account's key for RDS (alias/aws/rds).");
        encryption.set("kmsKeyId", key);
    }
    spec.block("encryption", encryption);
    if db.flag("publiclyAccessible") == Some(true) {
        draft.shows("its public address, which it loses: a DataTier has none");
    }
    if db.flag("copyTagsToSnapshot") == Some(false) {
        draft.shows("that its snapshots get its tags from now on");
    }
}

/// A group of the account's own is replaced by one of the same values, which takes effect as RDS next restarts it.
fn parameters(draft: &mut Draft, spec: &mut Block, db: &Found, surroundings: &mut Surroundings) {
    let name = db.text("dbParameterGroupName").filter(|name| !name.starts_with("default."));
    let Some(name) = name else {
        return draft.shows(
            "its parameter group: one of its own, with the same values, which is in use from the next reboot on",
        );
    };
    let group = surroundings.named("rds/DbParameterGroup", name);
    let known = group.map(|group| group.handle.clone());
    let handle = known.or_else(|| Some(Arn::parse(&db.handle)?.beside(&format!("pg:{name}"))));
    if let Some(Err(other)) = handle.map(|handle| surroundings.take(draft, "parameters", &handle)) {
        draft.shows(format!(
            "its parameter group: one of its own, since {other} takes {name}; in use from the next reboot on"
        ));
    }
    let mut values = Block::default();
    match group {
        Some(group) => group.map("parameters").for_each(|(name, value)| values.set(name, value.clone())),
        None => {
            spec.note(format!("The parameters of {name} are not told: what is not named here stays in it as it is."))
        }
    }
    spec.block("parameters", values);
}

fn monitoring(draft: &mut Draft, db: &Found) -> Block {
    let mut monitoring = Block::default();
    let insights = match db.text("databaseInsightsMode").unwrap_or("standard") {
        "advanced" => "Advanced",
        _ => "Standard",
    };
    monitoring.set("databaseInsights", insights);
    let interval = db.number("monitoringInterval");
    draft.set(&mut monitoring, "enhancedIntervalSeconds", interval);
    if interval.is_some_and(|seconds| seconds > 0) {
        draft.shows("the role by which it sends its figures, which becomes one of Terrace's own");
    }
    let told = db.texts("enabledCloudwatchLogsExports");
    let known = |log: &&&str| serde_json::from_value::<LogType>(Value::from(**log)).is_ok();
    let logs: Vec<&str> = told.iter().filter(known).copied().collect();
    if logs.len() < told.len() {
        monitoring.note(format!("It exports {}.", told.join(", ")));
        draft.shows("its logs, of which Terrace does not know all");
    }
    monitoring.set("exportLogs", logs);
    monitoring
}
