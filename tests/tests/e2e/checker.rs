//! The checker of requests finds what AWS would refuse, takes what AWS would take, counts, and makes its faults.

use std::time::Duration;

use serde_json::{Value, json};
use terrace_tests::bed::SOON;
use terrace_tests::checker::Fault;
use terrace_tests::process::{Process, command};
use terrace_tests::scratch::Scratch;
use terrace_tests::{Bed, Rule, http, until};

/// An account of nobody's, to assume roles from.
const OUTSIDE: &str = "000000004710";

/// A request as it goes over the wire, and the violation to be found: (kind, member). Empty: none.
struct Case {
    service: &'static str,
    request: fn() -> Wire,
    expected: &'static [(&'static str, &'static str)],
}

struct Wire {
    method: &'static str,
    path: &'static str,
    header: Option<(&'static str, &'static str)>,
    body: String,
}

fn form(body: &str) -> Wire {
    Wire { method: "POST", path: "/", header: None, body: body.to_owned() }
}

fn rds(members: &str) -> Wire {
    form(&format!("Version=2014-10-31&{members}"))
}

fn ec2(members: &str) -> Wire {
    form(&format!("Version=2016-11-15&{members}"))
}

fn target(target: &'static str, body: Value) -> Wire {
    Wire { method: "POST", path: "/", header: Some(("x-amz-target", target)), body: body.to_string() }
}

fn rest(method: &'static str, path: &'static str, body: &str) -> Wire {
    Wire { method, path, header: None, body: body.to_owned() }
}

const fn case(service: &'static str, request: fn() -> Wire, expected: &'static [(&'static str, &'static str)]) -> Case {
    Case { service, request, expected }
}

/// What AWS would refuse.
const BAD: &[Case] = &[
    case(
        "rds",
        || rds("Action=CreateDBInstance&DBInstanceIdentifier=a&Engine=postgres"),
        &[("missing", "DBInstanceClass")],
    ),
    case("rds", || rds("Action=DeleteDBInstance&DBInstanceIdentifier=a&Snapshot=b"), &[("unknown", "Snapshot")]),
    case(
        "rds",
        || rds("Action=ModifyDBInstance&DBInstanceIdentifier=a&AllocatedStorage=100Gi"),
        &[("type", "AllocatedStorage")],
    ),
    case("rds", || rds("Action=ModifyDBInstance&DBInstanceIdentifier=a&MultiAZ=yes"), &[("type", "MultiAZ")]),
    case("rds", || rds("Action=DescribeDBInstances&Filters.member.1.Name=a"), &[("unknown", "Filters")]),
    case(
        "rds",
        || {
            rds(
                "Action=CreateDBSubnetGroup&DBSubnetGroupName=a&DBSubnetGroupDescription=b&SubnetIds.SubnetIdentifier.2=c",
            )
        },
        &[("type", "SubnetIds")],
    ),
    case("rds", || rds("Action=MakeDBInstance&DBInstanceIdentifier=a"), &[("operation", "")]),
    case("rds", || form("Version=2009-10-16&Action=DescribeDBInstances"), &[("operation", "")]),
    case(
        "rds",
        || {
            rds(
                "Action=CreateDBProxy&DBProxyName=a&EngineFamily=DB2&RoleArn=arn:aws:iam::111122223333:role/proxy&VpcSubnetIds.member.1=s",
            )
        },
        &[("enum", "EngineFamily")],
    ),
    case("ec2", || ec2("Action=CreateSecurityGroup&GroupName=a"), &[("missing", "Description")]),
    case("ec2", || ec2("Action=DescribeSubnets&SubnetIds.1=subnet-1"), &[("unknown", "SubnetIds")]),
    case("ec2", || ec2("Action=DescribeSubnets&MaxResults=2000"), &[("range", "MaxResults")]),
    case(
        "secretsmanager",
        || {
            target(
                "secretsmanager.CreateSecret",
                json!({ "Name": "", "ClientRequestToken": "12345678901234567890123456789012" }),
            )
        },
        &[("length", "Name")],
    ),
    case(
        "secretsmanager",
        || target("secretsmanager.GetSecretValue", json!({ "SecretID": "a" })),
        &[("unknown", "SecretID"), ("missing", "SecretId")],
    ),
    case(
        "secretsmanager",
        || target("secretsmanager.DeleteSecret", json!({ "SecretId": "a", "RecoveryWindowInDays": "7" })),
        &[("type", "RecoveryWindowInDays")],
    ),
    case(
        "application-autoscaling",
        || target("AnyScaleFrontendService.DescribeScalableTargets", json!({ "ServiceNamespace": "aurora" })),
        &[("enum", "ServiceNamespace")],
    ),
    case(
        "tagging",
        || {
            target(
                "ResourceGroupsTaggingAPI_20170126.TagResources",
                json!({ "ResourceARNList": [], "Tags": { "a": "b" } }),
            )
        },
        &[("length", "ResourceARNList")],
    ),
    case(
        "eks",
        || rest("POST", "/clusters", r#"{"name": "-prod-", "roleArn": "r", "resourcesVpcConfig": {}}"#),
        &[("pattern", "name")],
    ),
    case("eks", || rest("GET", "/cluster/prod", ""), &[("operation", "")]),
    case(
        "iam",
        || form("Version=2010-05-08&Action=CreateRole&RoleName=a+b&AssumeRolePolicyDocument=%7B%7D"),
        &[("pattern", "RoleName")],
    ),
    case(
        "iam",
        || form("Version=2010-05-08&Action=AttachRolePolicy&RoleName=a&PolicyArn=short"),
        &[("length", "PolicyArn")],
    ),
    case(
        "sts",
        || {
            form(
                "Version=2011-06-15&Action=AssumeRole&RoleArn=arn:aws:iam::1:role/a&RoleSessionName=sss&DurationSeconds=60",
            )
        },
        &[("range", "DurationSeconds")],
    ),
    case("kms", || target("TrentService.DescribeKey", json!({ "KeyId": ["a"] })), &[("type", "KeyId")]),
    case(
        "route53",
        || {
            rest(
                "POST",
                "/2013-04-01/hostedzone",
                "<CreateHostedZoneRequest><Name>example.com</Name></CreateHostedZoneRequest>",
            )
        },
        &[("missing", "CallerReference")],
    ),
];

/// What AWS would take.
const GOOD: &[Case] = &[
    case(
        "rds",
        || rds("Action=DescribeDBInstances&Filters.Filter.1.Name=db-instance-id&Filters.Filter.1.Values.Value.1=a"),
        &[],
    ),
    case(
        "rds",
        || {
            rds(
                "Action=CreateDBSubnetGroup&DBSubnetGroupName=a&DBSubnetGroupDescription=b&SubnetIds.SubnetIdentifier.1=c&SubnetIds.SubnetIdentifier.2=d&Tags.Tag.1.Key=k&Tags.Tag.1.Value=v",
            )
        },
        &[],
    ),
    case("ec2", || ec2("Action=DescribeSubnets&SubnetId.1=subnet-1&Filter.1.Name=vpc-id&Filter.1.Value.1=vpc-1"), &[]),
    case(
        "ec2",
        || {
            ec2(
                "Action=CreateSecurityGroup&GroupName=a&GroupDescription=b&VpcId=vpc-1&TagSpecification.1.ResourceType=security-group&TagSpecification.1.Tag.1.Key=k&TagSpecification.1.Tag.1.Value=v",
            )
        },
        &[],
    ),
    case(
        "secretsmanager",
        || target("secretsmanager.ListSecrets", json!({ "MaxResults": 100, "IncludePlannedDeletion": true })),
        &[],
    ),
    case(
        "tagging",
        || {
            target(
                "ResourceGroupsTaggingAPI_20170126.GetResources",
                json!({ "TagFilters": [{ "Key": "a", "Values": ["b"] }] }),
            )
        },
        &[],
    ),
    case("eks", || rest("GET", "/clusters/prod", ""), &[]),
    case("iam", || form("Version=2010-05-08&Action=GetRole&RoleName=terrace"), &[]),
    case("sts", || form("Version=2011-06-15&Action=GetCallerIdentity"), &[]),
    case("route53", || rest("GET", "/2013-04-01/hostedzonesbyname?dnsname=example.com&maxitems=1", ""), &[]),
];

async fn send(bed: &Bed, account: &str, service: &str, wire: &Wire) -> anyhow::Result<http::Reply> {
    let scope = format!(
        "AWS4-HMAC-SHA256 Credential={account}/20260101/eu-west-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
    );
    let mut headers = vec![("authorization", scope.as_str())];
    headers.extend(wire.header);
    http::send(wire.method, &bed.checker.url, wire.path, &headers, &wire.body).await
}

/// What the checker says of each case, sent as an account that sends nothing else.
async fn verdicts(account: &str, cases: &[Case]) -> Vec<Vec<(String, String)>> {
    let bed = Bed::shared().await.unwrap();
    for case in cases {
        send(bed, account, case.service, &(case.request)()).await.unwrap();
    }
    let mut requests = bed.checker.requests().unwrap();
    requests.retain(|request| request.account == account);
    assert_eq!(requests.len(), cases.len());
    requests.into_iter().map(|request| request.violations.into_iter().map(|v| (v.kind, v.path)).collect()).collect()
}

#[tokio::test]
async fn every_planted_bad_request_is_found() {
    for (case, found) in BAD.iter().zip(verdicts("000000004711", BAD).await) {
        let expected: Vec<(String, String)> =
            case.expected.iter().map(|(k, p)| ((*k).to_owned(), (*p).to_owned())).collect();
        let body = (case.request)().body;
        assert!(
            expected.iter().all(|violation| found.contains(violation)),
            "{body}: expected {expected:?}, found {found:?}"
        );
        assert_eq!(found.len(), expected.len(), "{body}: {found:?}");
    }
}

#[tokio::test]
async fn good_requests_have_no_violation() {
    for (case, found) in GOOD.iter().zip(verdicts("000000004712", GOOD).await) {
        assert!(found.is_empty(), "{}: {found:?}", (case.request)().body);
    }
}

#[tokio::test]
async fn calls_are_counted_by_account_and_operation() {
    let bed = Bed::shared().await.unwrap();
    for wire in [ec2("Action=DescribeVpcs"), ec2("Action=DescribeVpcs"), ec2("Action=CreateVpc&CidrBlock=10.0.0.0/16")]
    {
        send(bed, "000000004713", "ec2", &wire).await.unwrap();
    }
    let counted = bed.checker.counters("000000004713").await.unwrap();
    assert_eq!((counted.calls, counted.mutating, counted.violations), (3, 1, 0));
    assert_eq!(counted.operations["ec2.DescribeVpcs"], 2);
    assert_eq!(bed.checker.counters("000000009999").await.unwrap().calls, 0);
}

#[tokio::test]
async fn calls_of_an_assumed_role_count_for_the_role_s_account() {
    let bed = Bed::shared().await.unwrap();
    let tenant = bed.tenant("assumed").await.unwrap();
    let assume = format!(
        "Version=2011-06-15&Action=AssumeRole&RoleSessionName=s&RoleArn={}&ExternalId={}",
        tenant.account.role_arn, tenant.account.external_id
    );
    let reply = send(bed, OUTSIDE, "sts", &form(&assume)).await.unwrap().body;
    let key =
        reply.split("<AccessKeyId>").nth(1).and_then(|rest| rest.split('<').next()).expect("credentials").to_owned();
    let vpcs = send(bed, &key, "ec2", &ec2("Action=DescribeVpcs")).await.unwrap().body;
    assert!(vpcs.contains(&tenant.account.vpc), "{vpcs}");
    let counted = tenant.calls().await.unwrap().operations;
    assert_eq!((counted["sts.AssumeRole"], counted["ec2.DescribeVpcs"]), (1, 1));

    let refuse = Rule::new(Fault::Fail).operation("sts", "AssumeRole").answering(403, "AccessDenied");
    tenant.set_rules(&[refuse]).await.unwrap();
    assert_eq!(send(bed, OUTSIDE, "sts", &form(&assume)).await.unwrap().status, 403);
}

fn create_vpc(n: u32) -> Wire {
    ec2(&format!("Action=CreateVpc&CidrBlock=10.{n}.0.0/16"))
}

async fn vpcs(bed: &Bed, account: &str) -> usize {
    bed.aws.as_account(account).list("ec2", "describe_vpcs", json!({}), "Vpcs").await.unwrap().len()
}

#[tokio::test]
async fn a_call_that_fails_is_not_carried_out_and_only_the_one_it_was_set_for() {
    let (bed, account) = (Bed::shared().await.unwrap(), "000000004714");
    let before = vpcs(bed, account).await;
    let rule = Rule::new(Fault::Fail).mutating().at(2, 1).answering(503, "ServiceUnavailable");
    bed.checker.set_rules(account, &[rule]).await.unwrap();
    let mut answers = Vec::new();
    for wire in [create_vpc(1), ec2("Action=DescribeVpcs"), create_vpc(2), create_vpc(3)] {
        answers.push(send(bed, account, "ec2", &wire).await.unwrap());
    }
    assert_eq!(answers.iter().map(|answer| answer.status).collect::<Vec<_>>(), [200, 200, 503, 200]);
    assert!(answers[2].body.contains("<Code>ServiceUnavailable</Code>"), "{:?}", answers[2]);
    assert_eq!(vpcs(bed, account).await, before + 2);
    assert_eq!(bed.checker.fired(account).await.unwrap(), [(3, vec!["ec2.CreateVpc".to_owned()])]);
    assert_eq!(bed.checker.counters(account).await.unwrap().errors["ec2.CreateVpc ServiceUnavailable"], 1);
}

#[tokio::test]
async fn a_call_whose_reply_is_lost_or_false_is_carried_out() {
    let (bed, account) = (Bed::shared().await.unwrap(), "000000004715");
    let before = vpcs(bed, account).await;
    bed.checker.set_rules(account, &[Rule::new(Fault::Lose).operation("ec2", "CreateVpc")]).await.unwrap();
    send(bed, account, "ec2", &create_vpc(1)).await.unwrap_err();
    assert_eq!(vpcs(bed, account).await, before + 1);

    bed.checker.set_rules(account, &[Rule::new(Fault::FailAfter).operation("ec2", "CreateVpc")]).await.unwrap();
    assert_eq!(send(bed, account, "ec2", &create_vpc(2)).await.unwrap().status, 400);
    assert_eq!(vpcs(bed, account).await, before + 2);
}

#[tokio::test]
async fn a_process_is_killed_around_a_call() {
    let (bed, account) = (Bed::shared().await.unwrap(), "000000004716");
    let scratch = Scratch::new().unwrap();
    let mut made = vpcs(bed, account).await;
    for (n, fault, replied, carried_out) in
        [(1, Fault::KillBefore, false, false), (2, Fault::KillLost, false, true), (3, Fault::KillAfter, true, true)]
    {
        let mut victim =
            Process::start(&format!("victim-{n}"), &command("tail", ["-f", "/dev/null"]), scratch.path()).unwrap();
        until("the victim", SOON, async || Ok(std::fs::metadata(victim.pid_file())?)).await.unwrap();
        let rule = Rule::new(fault).mutating().killing(victim.pid_file());
        bed.checker.set_rules(account, &[rule]).await.unwrap();
        assert_eq!(send(bed, account, "ec2", &create_vpc(n)).await.is_ok(), replied, "{fault:?}");
        tokio::time::timeout(SOON, victim.wait()).await.expect("the victim is killed").unwrap();
        made += usize::from(carried_out);
        assert_eq!(vpcs(bed, account).await, made, "{fault:?}");
    }
}

#[tokio::test]
async fn latency_is_added_to_the_calls_of_an_account() {
    let (bed, account) = (Bed::shared().await.unwrap(), "000000004717");
    bed.checker.add_latency(account, Duration::from_secs(3600)).await.unwrap();
    let call = ec2("Action=DescribeVpcs");
    let slow = tokio::time::timeout(Duration::from_millis(300), send(bed, account, "ec2", &call)).await;
    assert!(slow.is_err(), "the call waits");
    bed.checker.add_latency(account, Duration::ZERO).await.unwrap();
    assert_eq!(send(bed, account, "ec2", &call).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_slow_database_is_creating_for_as_long_as_it_was_told() {
    let (bed, account) = (Bed::shared().await.unwrap(), "000000004718");
    let make = rds(
        "Action=CreateDBInstance&DBInstanceIdentifier=slow&DBInstanceClass=db.t4g.micro&Engine=postgres&AllocatedStorage=20&MasterUsername=u&MasterUserPassword=long-enough",
    );
    let describe = rds("Action=DescribeDBInstances&DBInstanceIdentifier=slow");
    bed.checker.slow_databases(account, Duration::from_secs(3600)).await.unwrap();
    assert_eq!(send(bed, account, "rds", &make).await.unwrap().status, 200);
    let seen = send(bed, account, "rds", &describe).await.unwrap().body;
    assert!(seen.contains("<DBInstanceStatus>creating<") && !seen.contains("<Endpoint>"), "{seen}");

    bed.checker.slow_databases(account, Duration::ZERO).await.unwrap();
    let seen = send(bed, account, "rds", &describe).await.unwrap().body;
    assert!(seen.contains("<DBInstanceStatus>available<") && seen.contains("<Endpoint>"), "{seen}");
}

#[tokio::test]
async fn a_rule_that_the_checker_does_not_know_is_refused() {
    let bed = Bed::shared().await.unwrap();
    let reply = http::post(
        &bed.checker.url,
        "/_check/rules",
        &json!({ "account": OUTSIDE, "rules": [{ "action": "explode" }] }),
    )
    .await;
    assert_eq!(reply.unwrap().status, 400);
}
