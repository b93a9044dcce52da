//! What RDS and Aurora cost: instances, storage, capacity and proxies.
//!
//! "Amazon RDS pricing", "Amazon Aurora pricing" and "Amazon RDS Proxy pricing" say what is paid for; `prices.csv`, how much.

use super::bill::{Bill, Resource};

const MULTI_AZ: &str = "a Multi-AZ instance costs two of Single-AZ";
const BACKUPS: &str = "backups of databases take no more than their free share, and no version is in Extended Support";
const SERVERLESS: &str = "db.serverless";

/// An instance or a replica of one.
pub(super) fn instance(db: &Resource, bill: &mut Bill) {
    let copies = if db.is("multiAz") { 2.0 } else { 1.0 };
    let class = db.text("dbInstanceClass");
    match engine(db) {
        Some(engine) => hours(&format!("rds/{engine}/{class}"), copies, bill),
        None => bill.lacks("its engine is its source's, which is not known yet"),
    }
    storage(db, "", copies, bill);
    insights(db.text("databaseInsightsMode"), class, bill);
    secret(db, bill);
    bill.assume(BACKUPS);
}

/// A replica has none of its own.
fn engine<'a>(db: &Resource<'a>) -> Option<&'a str> {
    match db.text("engine") {
        "" => db.beside("rds/DbInstance").map(|source| source.text("engine")).find(|engine| !engine.is_empty()),
        engine => Some(engine),
    }
}

fn hours(item: &str, copies: f64, bill: &mut Bill) {
    let own = format!("{item}/multi-az");
    if copies > 1.0 && bill.knows(&own) {
        return bill.add(&own, 1.0);
    }
    if copies > 1.0 {
        bill.assume(MULTI_AZ);
    }
    bill.add(item, copies);
}

/// What is included in gp3: 3,000 IOPS and 125 MiB a second, from 400 GiB on 12,000 and 500 (RDS User Guide, "gp3 storage",
/// for MariaDB, MySQL and PostgreSQL).
fn included(gib: f64) -> (f64, f64) {
    if gib < 400.0 { (3000.0, 125.0) } else { (12_000.0, 500.0) }
}

/// `form` ends the items of what has storage prices of its own.
fn storage(db: &Resource, form: &str, copies: f64, bill: &mut Bill) {
    let (kind, Some(gib)) = (db.text("storageType"), db.number("allocatedStorage")) else {
        return bill.lacks("the size of its storage is not known yet");
    };
    if kind.is_empty() {
        return bill.lacks("the type of its storage is not known yet");
    }
    bill.add(&format!("rds/storage/{kind}{form}"), gib * copies);
    let (iops, throughput) = if kind == "gp3" { included(gib) } else { (0.0, f64::INFINITY) };
    let beyond = |field, free: f64| (db.number(field).unwrap_or_default() - free).max(0.0) * copies;
    bill.add(&format!("rds/iops/{kind}{form}"), beyond("iops", iops));
    bill.add(&format!("rds/throughput/{kind}{form}"), beyond("storageThroughput", throughput));
}

fn insights(mode: &str, class: &str, bill: &mut Bill) {
    match (mode, vcpus(class)) {
        ("advanced", Some(vcpus)) => bill.add("rds/database-insights/advanced", vcpus),
        ("advanced", None) => {
            bill.lacks(format!("Database Insights is paid for by vCPU, and those of {class} are not known"))
        }
        _ => {}
    }
}

fn secret(db: &Resource, bill: &mut Bill) {
    if db.is("manageMasterUserPassword") {
        bill.add("secretsmanager/secret", 1.0);
    }
}

/// The vCPUs of a class of the families t to x: 2 up to large, 4 of xlarge, 4 for each xlarge beyond (RDS User Guide,
/// "Hardware specifications for DB instance classes"; t2 and medium of m and r, which have 1, are not among Terrace's).
fn vcpus(class: &str) -> Option<f64> {
    match class.rsplit('.').next()? {
        "micro" | "small" | "medium" | "large" => Some(2.0),
        "xlarge" => Some(4.0),
        size => size.strip_suffix("xlarge")?.parse::<u16>().ok().map(|times| f64::from(times) * 4.0),
    }
}

/// An Aurora cluster, which is paid for by its instances and by what it stores, or a Multi-AZ DB cluster.
pub(super) fn cluster(db: &Resource, bill: &mut Bill) {
    secret(db, bill);
    bill.assume(BACKUPS);
    if !db.text("engine").starts_with("aurora") {
        let class = db.text("dbClusterInstanceClass");
        bill.add(&format!("rds/{}/{class}/multi-az-cluster", db.text("engine")), 1.0);
        storage(db, "/multi-az-cluster", 1.0, bill);
        return insights(db.text("databaseInsightsMode"), class, bill);
    }
    match form(db) {
        "" => {
            bill.by_use("what Aurora stores", "rds/aurora/storage");
            bill.by_use("its I/O", "rds/aurora/io");
        }
        form => bill.by_use("what Aurora stores", &format!("rds/aurora/storage{form}")),
    }
}

/// How the items of a cluster end.
fn form(cluster: &Resource) -> &'static str {
    if cluster.text("storageType") == "aurora-iopt1" { "/iopt1" } else { "" }
}

/// An instance of an Aurora cluster.
pub(super) fn cluster_instance(db: &Resource, bill: &mut Bill) {
    let Some(cluster) = db.beside("rds/DbCluster").next() else {
        return bill.lacks("its cluster is not known");
    };
    let (class, form) = (db.text("dbInstanceClass"), form(&cluster));
    if class != SERVERLESS {
        bill.add(&format!("rds/aurora/{class}{form}"), 1.0);
        return insights(cluster.text("databaseInsightsMode"), class, bill);
    }
    match cluster.fields["serverlessV2Scaling"]["minCapacity"].as_f64() {
        Some(least) => {
            bill.add(&format!("rds/aurora/acu{form}"), least);
            bill.by_use("capacity beyond the least", &format!("rds/aurora/acu{form}"));
            bill.assume(format!("Aurora Serverless stays at its least capacity, {least} ACU an instance"));
            insights(cluster.text("databaseInsightsMode"), class, bill);
        }
        None => bill.lacks("the capacity of its cluster is not known"),
    }
}

/// A proxy, by the vCPUs that it stands before, 2 at least; by the ACUs of Serverless, 8 at least. Before an instance its
/// replicas do not count, before a cluster all instances do.
pub(super) fn proxy(proxy: &Resource, bill: &mut Bill) {
    let mut classes: Vec<&str> = proxy.beside("rds/DbClusterInstance").map(|db| db.text("dbInstanceClass")).collect();
    classes.extend(proxy.beside("rds/DbInstance").map(|db| db.text("dbInstanceClass")));
    if classes.is_empty() {
        return bill.lacks("a proxy is paid for by the vCPUs of its database, which is not known");
    }
    for class in classes {
        match vcpus(class) {
            _ if class == SERVERLESS => {
                bill.add("rds/proxy/serverless", 8.0);
                bill.assume("a proxy before Aurora Serverless is paid for by 8 ACUs an instance, the least");
            }
            Some(vcpus) => bill.add("rds/proxy", vcpus),
            None => bill.lacks(format!("a proxy is paid for by vCPU, and those of {class} are not known")),
        }
    }
}

/// Readers that come and go with the load.
pub(super) fn scaling(target: &Resource, bill: &mut Bill) {
    let most = target.number("maxCapacity").unwrap_or_default();
    bill.elsewhere(format!("readers that autoscaling adds, up to {most} in all, at the price of the others"));
}
