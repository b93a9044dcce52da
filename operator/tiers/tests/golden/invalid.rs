//! Every refusal, with the field it names and its exact words.

use serde_json::{Value, json};
use terrace_crds::{DataTier, GrantAccess};
use terrace_tiers::facts::{Facts, Named, Parameter};
use terrace_tiers::{Objects, Tier};

use crate::support::{self, tier};

/// What is wrong with the smallest manifest after this change, in these facts.
fn refusals(change: Value, facts: impl FnOnce(&mut Facts)) -> Vec<String> {
    support::refusals(&tier(change), facts)
}

#[track_caller]
fn refused(change: Value, facts: impl FnOnce(&mut Facts), message: &str) {
    assert_eq!(refusals(change, facts), [message]);
}

fn as_usual(_: &mut Facts) {}

#[test]
fn a_kind_that_the_environment_does_not_admit() {
    refused(
        json!({}),
        |facts| facts.environment.limits.kinds = Some(vec!["WebApp".into()]),
        "kind: Environment prod does not admit DataTier: ask its administrator to add it to limits.kinds",
    );
}

#[test]
fn tags_that_are_reserved_alike_or_too_many() {
    let many: serde_json::Map<_, _> = (0..40).map(|n| (format!("tag-{n}"), json!(""))).collect();
    for (tags, message) in [
        (
            json!({"terrace.dev/uid": "x"}),
            "spec.tags: terrace.dev/uid is reserved: keys must not start with aws: or terrace.dev/",
        ),
        (json!({"aws:x": "x"}), "spec.tags: aws:x is reserved: keys must not start with aws: or terrace.dev/"),
        (
            json!({"Cost-Centre": "x"}),
            "spec.tags: Cost-Centre and cost-centre differ in case only, which IAM refuses: keep one",
        ),
        (
            Value::Object(many),
            "spec.tags: 41 tags with those of Environment prod, and AWS leaves room for 40 beside Terrace's own: remove some",
        ),
    ] {
        refused(json!({"tags": tags}), as_usual, message);
    }
}

#[test]
fn a_version_that_the_engine_does_not_have() {
    for (engine, version, message) in [
        (
            "postgres",
            "71",
            "spec.engineVersion: postgres has no version 71: use 11, 12, 13, 14, 15, 16, 17, 18, or a minor version of one of them",
        ),
        ("mysql", "8", "spec.engineVersion: mysql has no version 8: use 8.0, 8.4, or a minor version of one of them"),
        (
            "mariadb",
            "10.7.1",
            "spec.engineVersion: mariadb has no version 10.7.1: use 10.5, 10.6, 10.11, 11.4, 11.8, or a minor version of one of them",
        ),
    ] {
        refused(json!({"engine": engine, "engineVersion": version}), as_usual, message);
    }
}

#[test]
fn a_version_that_is_too_old_for_what_is_asked() {
    refused(
        json!({"engineVersion": "12", "availability": "Cluster", "instanceClass": "db.r6gd.large"}),
        as_usual,
        "spec.engineVersion: availability Cluster needs PostgreSQL 13 or newer: take a newer engineVersion, or availability MultiAZ",
    );
    refused(
        json!({
            "engine": "aurora-postgresql", "engineVersion": "12", "storage": null, "instanceClass": null,
            "serverless": {"maxCapacity": 8},
        }),
        as_usual,
        "spec.engineVersion: Aurora Serverless v2 needs PostgreSQL 13 or newer: take a newer engineVersion, or set instanceClass",
    );
    refused(
        json!({"engine": "mariadb", "engineVersion": "10.5"}),
        as_usual,
        "spec.credentials.iamAuthentication: MariaDB 10.5 knows no IAM authentication: set it to None, or take engineVersion 10.6 or newer",
    );
}

#[test]
fn an_instance_class_that_there_is_not() {
    let aurora = json!({"engine": "aurora-postgresql", "storage": null});
    let cluster = json!({"availability": "Cluster"});
    let families = "r4, r5, r6g, r6gd, r6i, r6id, r7g, r7i, r8g, r8gd, t2, t3, t4g, x2g";
    let with_disks = "c6gd, m5d, m6gd, m6id, m6idn, m8gd, r5d, r6gd, r6id, r6idn, r8gd, x2iedn";
    for (base, class, message) in [
        (&json!({}), "db.r99.large", "db.r99.large is no instance class: use one that RDS has, such as db.r8g.large"),
        (&json!({}), "db.r8g.huge", "db.r8g.huge is no instance class: use one that RDS has, such as db.r8g.large"),
        (&json!({}), "db.r8g.micro", "db.r8g.micro is no instance class: use one that RDS has, such as db.r8g.large"),
        (&aurora, "db.m8g.large", &*format!("Aurora has no db.m8g.large: use one of {families} such as db.r8g.large")),
        (&aurora, "db.t4g.micro", &*format!("Aurora has no db.t4g.micro: use one of {families} such as db.r8g.large")),
        (
            &cluster,
            "db.r8g.large",
            &*format!("a Multi-AZ DB cluster has no db.r8g.large: use one of {with_disks} such as db.r6gd.large"),
        ),
    ] {
        let mut change = base.clone();
        change["instanceClass"] = json!(class);
        refused(change, as_usual, &format!("spec.instanceClass: {message}"));
    }
    refused(
        json!({"credentials": {"management": "Terrace"}, "replicas": {"count": 1, "instanceClass": "db.r9.large"}}),
        as_usual,
        "spec.replicas.instanceClass: db.r9.large is no instance class: use one that RDS has, such as db.r8g.large",
    );
}

#[test]
fn a_disk_beyond_its_bounds() {
    for (storage, message) in [
        (
            json!({"size": "1Ti", "iops": 64_001}),
            "spec.storage.iops: gp3 gives at most 64000 IOPS: lower it, or use type io2",
        ),
        (
            json!({"size": "1Ti", "iops": 20_000, "throughput": 4_001}),
            "spec.storage.throughput: gp3 gives at most 4000 MiB/s: lower it, or use type io2",
        ),
        (
            json!({"size": "100Gi", "type": "io2", "iops": 100_001}),
            "spec.storage.iops: io2 gives at most 1000 IOPS for each GiB: lower it, or raise storage.size",
        ),
        (
            json!({"size": "4001Gi", "type": "io1", "iops": 2000}),
            "spec.storage.iops: io1 wants at least one IOPS for two GiB: ask for 2001 or more",
        ),
    ] {
        refused(json!({"storage": storage}), as_usual, message);
    }
}

#[test]
fn storage_settings_that_a_multi_az_db_cluster_does_not_have() {
    let storage = json!({"size": "1Ti", "maxSize": "2Ti", "throughput": 500});
    let change = json!({"availability": "Cluster", "instanceClass": "db.r6gd.large", "storage": storage});
    let expected = [
        "spec.storage.maxSize: the storage of availability Cluster does not grow by itself: leave maxSize out, and raise storage.size in time",
        "spec.storage.throughput: availability Cluster takes no throughput, it follows from iops: leave it out",
    ];
    assert_eq!(refusals(change, as_usual), expected);
}

#[test]
fn subnets_in_too_few_zones() {
    let zones = |count: usize| move |facts: &mut Facts| facts.environment.private_subnets.truncate(count);
    let ask = "ask its administrator to add subnets in other zones";
    for (availability, count, seen, why) in [
        (
            "MultiAZ",
            1,
            "1 availability zone (eu-west-1a)",
            "RDS needs 2, also to move a database out of a zone that fails (availability MultiAZ)",
        ),
        (
            "SingleAZ",
            0,
            "0 availability zones",
            "RDS needs 2, also to move a database out of a zone that fails (availability SingleAZ)",
        ),
        ("Cluster", 2, "2 availability zones (eu-west-1a, eu-west-1b)", "availability Cluster needs 3"),
    ] {
        refused(
            json!({"availability": availability, "instanceClass": "db.r6gd.large"}),
            zones(count),
            &format!("spec.availability: the private subnets of Environment prod are in {seen}, and {why}: {ask}"),
        );
    }
}

#[test]
fn windows_that_are_none_too_short_or_overlap() {
    refused(
        json!({"backup": {"window": "25:00-26:00"}}),
        as_usual,
        "spec.backup.window: 25:00-26:00 is no window: write it like 02:00-03:00",
    );
    refused(
        json!({"maintenance": {"window": "sun:04:00-sun:04:15"}}),
        as_usual,
        "spec.maintenance.window: sun:04:00-sun:04:15 is shorter than 30 minutes: make it longer",
    );
    refused(
        json!({"backup": {"window": "03:30-04:30"}}),
        as_usual,
        "spec.maintenance.window: sun:03:00-sun:04:00 overlaps the backup window 03:30-04:30, which AWS refuses: move one of them",
    );
}

#[test]
fn parameters_that_the_family_does_not_have_or_take() {
    let known = |facts: &mut Facts| {
        let parameter = |modifiable, allowed: &str| Parameter {
            modifiable,
            allowed_values: Some(allowed.into()),
            data_type: Some("integer".into()),
        };
        let parameters =
            [("work_mem".to_owned(), parameter(true, "64-2147483647")), ("port".into(), parameter(false, "1-65535"))];
        facts.parameters = Some(parameters.into());
    };
    for (name, value, message) in [
        ("work_memm", "64", "spec.parameters.work_memm: postgres17 has no such parameter: check its name"),
        ("port", "5432", "spec.parameters.port: AWS does not let it be set in postgres17: leave it out"),
        (
            "work_mem",
            "much",
            "spec.parameters.work_mem: much is not among the values that postgres17 takes: 64-2147483647",
        ),
    ] {
        refused(json!({"parameters": {name: value}}), known, message);
    }
    assert!(refusals(json!({"parameters": {"work_mem": "64"}}), known).is_empty());
    assert!(refusals(json!({"parameters": {"anything": "goes"}}), as_usual).is_empty());
}

const ELSEWHERE: &str = "arn:aws:rds:eu-west-1:444455556666:snapshot:theirs";

#[test]
fn what_belongs_to_another_namespace_or_account() {
    let of_payroll = |text: &'static str| {
        move |facts: &mut Facts| {
            facts.named.get_mut(text).unwrap().namespace = Some("payroll".into());
        }
    };
    let own = "name one of its own, or ask the administrator of Environment prod to add";
    for (text, arn) in [("salaries", "arn:aws:rds:eu-west-1:111122223333:snapshot:salaries"), (ELSEWHERE, ELSEWHERE)] {
        refused(
            json!({"restoreFrom": {"snapshot": text}}),
            of_payroll(text),
            &format!(
                "spec.restoreFrom.snapshot: {text} is no DB snapshot of namespace shop: {own} {arn} to limits.allow"
            ),
        );
    }
    refused(
        json!({"restoreFrom": {"pointInTime": {"source": "salaries"}}}),
        of_payroll("salaries"),
        &format!(
            "spec.restoreFrom.pointInTime.source: salaries is no DB instance of namespace shop: {own} arn:aws:rds:eu-west-1:111122223333:db:salaries to limits.allow"
        ),
    );
    for (field, change) in [
        ("spec.encryption.kmsKeyId", json!({"encryption": {"kmsKeyId": "alias/payroll"}})),
        ("spec.credentials.kmsKeyId", json!({"credentials": {"kmsKeyId": "alias/payroll"}})),
    ] {
        refused(
            change,
            of_payroll("alias/payroll"),
            &format!(
                "{field}: alias/payroll is no KMS key of namespace shop: {own} arn:aws:kms:eu-west-1:111122223333:alias/payroll to limits.allow"
            ),
        );
    }
    let cluster = json!({
        "engine": "aurora-postgresql", "storage": null, "restoreFrom": {"snapshot": "salaries"},
    });
    refused(
        cluster,
        |facts| facts.named.clear(),
        &format!(
            "spec.restoreFrom.snapshot: salaries is no DB cluster snapshot of namespace shop: {own} arn:aws:rds:eu-west-1:111122223333:cluster-snapshot:salaries to limits.allow"
        ),
    );
}

/// The ARN by which the DataTier `shop/old` of the next tests is known.
const OF_TIER: &str = "arn:aws:rds:eu-west-1:111122223333:db:shop-old";

#[test]
fn what_a_data_tier_is_known_by_may_be_named_if_it_is_of_the_same_form() {
    let change = json!({"restoreFrom": {"pointInTime": {"dataTierRef": {"name": "old"}}}});
    // Its tags name another namespace; that the reference is admitted was found out before.
    let theirs = |facts: &mut Facts| facts.named.get_mut(OF_TIER).unwrap().namespace = Some("payroll".into());
    assert!(refusals(change.clone(), theirs).is_empty());
    refused(
        change.clone(),
        |facts| facts.named.clear(),
        &format!(
            "spec.restoreFrom.pointInTime.dataTierRef: DataTier shop/old is no DB instance of account 111122223333, eu-west-1 ({OF_TIER}): name a DataTier of the same form and Environment"
        ),
    );
    refused(
        change,
        |facts| facts.named.get_mut(OF_TIER).unwrap().master_username = Some("root".into()),
        "spec.credentials.username: the master user of DataTier shop/old is root, and a restored database keeps it: set username to root",
    );
}

#[test]
fn what_the_environment_allows_may_be_named_if_it_exists() {
    let change = json!({"restoreFrom": {"snapshot": ELSEWHERE}});
    let allow = |facts: &mut Facts| {
        facts.named = [(ELSEWHERE.to_owned(), Named { arn: ELSEWHERE.into(), ..Named::default() })].into();
        facts.environment.limits.allow = vec!["arn:aws:rds:*:444455556666:snapshot:*".into()];
    };
    assert!(refusals(change.clone(), allow).is_empty());
    refused(
        change,
        |facts| {
            allow(facts);
            facts.named.clear();
        },
        &format!(
            "spec.restoreFrom.snapshot: there is no DB snapshot {ELSEWHERE} in account 111122223333, eu-west-1: check the name"
        ),
    );
    let key = json!({"encryption": {"kmsKeyId": "alias/aws/rds"}});
    assert!(refusals(key, |facts| facts.named.get_mut("alias/aws/rds").unwrap().namespace = None).is_empty());
}

#[test]
fn what_a_database_was_made_from_is_not_looked_at_again() {
    for from in [json!({"snapshot": "gone"}), json!({"pointInTime": {"dataTierRef": {"name": "gone"}}})] {
        let change = json!({"restoreFrom": from});
        let made = |facts: &mut Facts| {
            facts.named.clear();
            facts.made = ["db".to_owned()].into();
        };
        assert!(refusals(change.clone(), made).is_empty());
        assert_eq!(refusals(change, |facts| facts.named.clear()).len(), 1);
    }
}

#[test]
fn a_source_that_does_not_fit() {
    let change = json!({"restoreFrom": {"snapshot": "old"}});
    let known = |edit: fn(&mut Named)| move |facts: &mut Facts| edit(facts.named.get_mut("old").unwrap());
    type Edit = fn(&mut Named);
    let cases: [(Edit, &str); 4] = [
        (
            |named| named.engine = Some("mysql".into()),
            "spec.restoreFrom.snapshot: old is of engine mysql: set engine to mysql, or name another source",
        ),
        (
            |named| named.master_username = Some("root".into()),
            "spec.credentials.username: the master user of old is root, and a restored database keeps it: set username to root",
        ),
        (
            |named| named.encrypted = Some(false),
            "spec.restoreFrom.snapshot: old is not encrypted: copy it with a KMS key (aws rds copy-db-snapshot --kms-key-id), and name the copy",
        ),
        (
            |named| named.allocated_storage = Some(200),
            "spec.storage.size: old holds 200Gi: set storage.size to 200Gi or more",
        ),
    ];
    for (edit, message) in cases {
        refused(change.clone(), known(edit), message);
    }
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let change = json!({"engineVersion": "71", "instanceClass": "db.r99.large", "backup": {"window": "03:00-03:30"}});
    let all = refusals(change, |facts| facts.environment.private_subnets.clear());
    let fields: Vec<_> = all.iter().map(|problem| problem.split(": ").next().unwrap()).collect();
    assert_eq!(fields, ["spec.engineVersion", "spec.instanceClass", "spec.availability", "spec.maintenance.window"]);
}

#[test]
fn a_tier_says_what_it_names_before_it_is_judged() {
    let names = |tier: &DataTier| {
        tier.references(&Objects::new()).into_iter().map(|reference| reference.text).collect::<Vec<_>>()
    };
    assert!(names(&tier(json!({}))).is_empty());
    let tier = tier(json!({
        "engineVersion": "71",
        "encryption": {"kmsKeyId": "alias/a"},
        "credentials": {"kmsKeyId": "alias/b"},
        "restoreFrom": {"snapshot": "c"},
    }));
    assert_eq!(names(&tier), ["alias/a", "alias/b", "c"]);
    assert_eq!(tier.parameter_family(), None);
    assert!(tier.uses().is_empty());
}

#[test]
fn a_tier_says_what_it_refers_to_and_what_it_needs_of_it() {
    let used = |reference: Value| {
        let tier = tier(json!({"restoreFrom": {"pointInTime": {"dataTierRef": reference}}}));
        assert!(tier.references(&Objects::new()).is_empty(), "what is not known names nothing");
        let [used] = &tier.uses()[..] else { panic!("{:?}", tier.uses()) };
        (used.target.to_string(), used.field.clone(), used.access, used.needs, used.until)
    };
    let field = "spec.restoreFrom.pointInTime.dataTierRef".to_owned();
    let expected = |target: &str| (target.to_owned(), field.clone(), GrantAccess::Read, &["arn"][..], Some("db"));
    assert_eq!(used(json!({"name": "old"})), expected("DataTier/shop/old"));
    assert_eq!(used(json!({"name": "old", "namespace": "web"})), expected("DataTier/web/old"));
}

#[test]
fn parameters_are_asked_for_only_where_some_are_set() {
    assert_eq!(tier(json!({})).parameter_family(), None);
    let some = json!({"parameters": {"work_mem": "65536"}});
    assert_eq!(tier(some.clone()).parameter_family().as_deref(), Some("postgres17"));
    let unknown = json!({"engineVersion": "71", "parameters": some["parameters"]});
    assert_eq!(tier(unknown).parameter_family(), None);
}
