//! Tables that are drawn from offer files, and files that are refused.

use super::super::Prices;
use super::super::bill::Bill;
use super::sample::{offer, offer_of};
use super::{DrawnPrices, from_offers};

type Said = &'static [(&'static str, &'static str)];

const POSTGRES: Said = &[
    ("usageType", "EUC1-InstanceUsage:db.r8g.xl"),
    ("Instance Type", "db.r8g.xlarge"),
    ("Database Engine", "PostgreSQL"),
    ("Deployment Option", "Single-AZ"),
    ("PricePerUnit", "0.5720000000"),
];
const POSTGRES_MULTI_AZ: Said = &[
    ("usageType", "EUC1-Multi-AZUsage:db.r8g.xl"),
    ("Instance Type", "db.r8g.xlarge"),
    ("Database Engine", "PostgreSQL"),
    ("Deployment Option", "Multi-AZ"),
    ("PricePerUnit", "1.1430000000"),
];
const ACU: Said =
    &[("usageType", "EUC1-Aurora:ServerlessV2Usage"), ("Unit", "ACU-Hr"), ("Database Engine", "Aurora MySQL")];

fn drawn(files: &[(&str, String)]) -> Result<DrawnPrices, String> {
    let files: Vec<_> = files.iter().map(|(name, text)| ((*name).to_owned(), text.clone())).collect();
    from_offers(&files)
}

/// What a row says, with this in the place of what it said.
fn but(row: &[(&'static str, &'static str)], new: Said) -> Vec<(&'static str, &'static str)> {
    let old = row.iter().filter(|(column, _)| !new.iter().any(|(other, _)| other == column));
    new.iter().chain(old).copied().collect()
}

/// The lines of a table below its heading.
fn table(drawn: &DrawnPrices) -> Vec<&str> {
    drawn.table.lines().skip_while(|line| !line.starts_with("item,")).collect()
}

/// The one price of a service's row.
fn only(code: &str, row: &[(&str, &str)]) -> String {
    let drawn = drawn(&[("f", offer(code, &[row]))]).unwrap_or_else(|why| panic!("{row:?}: {why}"));
    table(&drawn)[1..].join(" ")
}

#[test]
fn what_is_drawn_is_read_back_and_prices_a_plan() {
    let drawn = drawn(&[("rds.csv", offer("AmazonRDS", &[POSTGRES, POSTGRES_MULTI_AZ]))]).expect("a table");
    assert_eq!(
        drawn.table,
        "as of,2026-09-04\n\
         # List prices of AWS in USD, on demand, without taxes, discounts, free tiers and commitments, from its price list:\n\
         # AmazonRDS as published on 2026-09-04\n\
         item,unit,eu-central-1\n\
         rds/postgres/db.r8g.xlarge,hour,0.572\n\
         rds/postgres/db.r8g.xlarge/multi-az,hour,1.143\n"
    );
    let prices = Prices::shipped().with(&drawn.table).expect("it is read back");
    let mut bill = Bill::new(&prices, "eu-central-1");
    bill.add("rds/postgres/db.r8g.xlarge", 1.0);
    assert!((bill.usd - 417.56).abs() < 1e-9 && bill.unknown.is_empty(), "{bill:?}");
    assert!(bill.as_of.contains("2026-09-04"));
}

#[test]
fn a_multi_az_instance_that_costs_just_two_is_not_said() {
    let double = but(POSTGRES_MULTI_AZ, &[("PricePerUnit", "1.1440000000")]);
    let drawn = drawn(&[("rds.csv", offer("AmazonRDS", &[POSTGRES, &double]))]).expect("a table");
    assert_eq!(table(&drawn), ["item,unit,eu-central-1", "rds/postgres/db.r8g.xlarge,hour,0.572"]);
    let alone = only("AmazonRDS", POSTGRES_MULTI_AZ);
    assert_eq!(alone, "rds/postgres/db.r8g.xlarge/multi-az,hour,1.143");
}

#[test]
fn a_multi_az_instance_that_the_shipped_table_names_is_said_even_if_it_costs_just_two() {
    let (class, usd) = (("Instance Type", "db.m6g.large"), |usd| ("PricePerUnit", usd));
    let row = |row: Said, usd| {
        let said = row.iter().copied().filter(|(column, _)| !["Instance Type", "PricePerUnit"].contains(column));
        said.chain([class, usd]).collect::<Vec<_>>()
    };
    let (one, two) = (row(POSTGRES, usd("0.2000000000")), row(POSTGRES_MULTI_AZ, usd("0.4000000000")));
    let drawn = drawn(&[("rds.csv", offer("AmazonRDS", &[&one, &two]))]).expect("a table");
    let lines = ["rds/postgres/db.m6g.large,hour,0.2", "rds/postgres/db.m6g.large/multi-az,hour,0.4"];
    assert_eq!(table(&drawn)[1..], lines);
}

#[test]
fn each_region_has_a_column_and_the_oldest_file_says_the_day() {
    let there = but(
        POSTGRES,
        &[("usageType", "InstanceUsage:db.r8g.xl"), ("Region Code", "us-east-1"), ("PricePerUnit", "0.4780000000")],
    );
    let zone: Said =
        &[("usageType", "HostedZone"), ("Unit", "HostedZone"), ("Region Code", ""), ("PricePerUnit", "0.50")];
    let drawn = drawn(&[
        ("1", offer("AmazonRDS", &[POSTGRES])),
        ("2", offer_of("AmazonRDS", "2026-08-30", &[&there, ACU])),
        ("3", offer_of("AmazonRoute53", "2026-09-01", &[zone])),
    ])
    .expect("a table");
    assert!(drawn.table.starts_with("as of,2026-08-30\n"), "{}", drawn.table);
    assert!(drawn.table.contains("# AmazonRDS as published on 2026-08-30 and 2026-09-04\n"), "{}", drawn.table);
    assert_eq!(
        table(&drawn),
        [
            "item,unit,eu-central-1,us-east-1,*",
            "rds/aurora/acu,ACU-hour,0.29,,",
            "rds/postgres/db.r8g.xlarge,hour,0.572,0.478,",
            "route53/hosted-zone,month,,,0.5",
        ]
    );
    assert_eq!((drawn.prices, drawn.regions), (4, vec!["eu-central-1".to_owned(), "us-east-1".to_owned()]));
}

#[test]
fn reservations_and_tiers_beyond_the_first_that_is_paid_for_are_left_out() {
    let reserved = but(POSTGRES, &[("TermType", "Reserved"), ("PricePerUnit", "0.3700000000")]);
    let applied = but(POSTGRES, &[("PricePerUnit", "0.0000000000")]);
    let rows: &[&[(&str, &str)]] = &[&reserved, &applied, POSTGRES];
    let drawn_from = drawn(&[("rds.csv", offer("AmazonRDS", rows))]).expect("a table");
    assert_eq!(table(&drawn_from)[1..], ["rds/postgres/db.r8g.xlarge,hour,0.572"]);
    let tier = |from: &'static str, usd: &'static str| {
        vec![
            ("SKU", "S"),
            ("usageType", "Health-Check-AWS"),
            ("Unit", "Health Checks"),
            ("StartingRange", from),
            ("PricePerUnit", usd),
        ]
    };
    let (free, paid) = (tier("0", "0.0000000000"), tier("50", "0.5000000000"));
    let drawn = drawn(&[("route53.csv", offer("AmazonRoute53", &[&free, &paid]))]).expect("a table");
    assert_eq!(table(&drawn), ["item,unit,*", "route53/health-check/aws,month,0.5"]);
}

#[test]
fn prices_that_contradict_each_other_are_none() {
    let other = but(ACU, &[("Database Engine", "Aurora PostgreSQL"), ("PricePerUnit", "0.3000000000")]);
    let drawn = drawn(&[("rds.csv", offer("AmazonRDS", &[POSTGRES, ACU, &other]))]).expect("a table");
    assert_eq!(drawn.disputed, ["rds/aurora/acu in eu-central-1"]);
    assert!(!drawn.table.contains("acu"), "{}", drawn.table);
}

#[test]
fn what_the_shipped_table_has_and_no_file_gave_is_told_by_service() {
    let vcpu: Said = &[("usageType", "EUC1-Fargate-vCPU-Hours:perCPU"), ("Unit", "hours")];
    let files = [("rds.csv", offer("AmazonRDS", &[ACU])), ("eks.csv", offer("AmazonEKS", &[vcpu]))];
    let drawn = drawn(&files).expect("a table");
    let of = |service: &str| drawn.missing.iter().find(|missing| missing.service == service);
    let rds = of("AmazonRDS").expect("much of it");
    assert!(rds.given && rds.items.contains(&"rds/postgres/db.r8g.large in eu-central-1".to_owned()), "{rds:?}");
    assert!(!rds.items.iter().any(|item| item.starts_with("rds/aurora/acu")), "{rds:?}");
    assert!(of("AmazonS3").is_some_and(|s3| !s3.given && s3.items == ["s3/standard"]));
    assert!(of("AmazonECS").is_none(), "EKS lists Fargate too");
    assert!(of("AmazonEKS").is_some_and(|eks| eks.items == ["fargate/memory in eu-central-1"]));
}

/// Rows of each service that Terrace reads, in AWS's units: service, usage type, unit, price, another column and what it
/// says, and the line that comes of it.
const SERVICES: &str = "\
AmazonRDS|EUC1-RDS:GP3-Storage|GB-Mo|0.1370000000|Database Engine=PostgreSQL|rds/storage/gp3,GiB-month,0.137
AmazonRDS|EUC1-RDS:GP3-PIOPS|IOPS-Mo|0.0240000000|Database Engine=MariaDB|rds/iops/gp3,IOPS-month,0.024
AmazonRDS|EUC1-RDS:GP3-Throughput|MBPS-Mo|0.0960000000|Database Engine=MySQL|rds/throughput/gp3,MiBps-month,0.096
AmazonRDS|EUC1-RDS:PIOPS-Storage-IO2|GB-Mo|0.1490000000|Database Engine=Any|rds/storage/io2,GiB-month,0.149
AmazonRDS|EUC1-RDS:Multi-AZCluster-GP3-Storage|GB-Mo|0.4110000000|Database Engine=MySQL|rds/storage/gp3/multi-az-cluster,GiB-month,0.411
AmazonRDS|EUC1-Multi-AZClusterUsage:db.r8g.xl|Hrs|1.7000000000|Database Engine=MySQL|rds/mysql/db.r8g.xlarge/multi-az-cluster,hour,1.7
AmazonRDS|EUC1-InstanceUsage:db.r8g.xl|Hrs|0.6600000000|Database Engine=Aurora PostgreSQL|rds/aurora/db.r8g.xlarge,hour,0.66
AmazonRDS|EUC1-InstanceUsageIOOptimized:db.r8g.xl|Hrs|0.9000000000|Database Engine=Aurora MySQL|rds/aurora/db.r8g.xlarge/iopt1,hour,0.9
AmazonRDS|EUC1-Aurora:StorageIOUsage|IOs|0.0000002200|Database Engine=Any|rds/aurora/io,million requests,0.22
AmazonRDS|EUC1-RDS:ProxyUsage|Hrs|0.0180000000|Database Engine=PostgreSQL|rds/proxy,vCPU-hour,0.018
AmazonElastiCache|EUC1-NodeUsage:cache.r7g.large|Hrs|0.2120000000|Cache Engine=Valkey|elasticache/valkey/cache.r7g.large,hour,0.212
AmazonElastiCache|EUC1-CachedData:Valkey|GB-Hours|0.1010000000|Cache Engine=Valkey|elasticache-serverless/valkey/data,GB-hour,0.101
AmazonElastiCache|EUC1-ElastiCacheProcessingUnits:Redis|ElastiCacheProcessingUnit|0.0000000041|Cache Engine=Redis|elasticache-serverless/redis/requests,million ECPUs,0.0041
AWSELB|EUC1-LCUUsage|LCU-Hrs|0.0080000000|Product Family=Load Balancer-Application|elbv2/application/use,LCU-hour,0.008
AWSELB|EUC1-LoadBalancerUsage|Hrs|0.0270000000|Product Family=Load Balancer-Network|elbv2/network,hour,0.027
AmazonVPC|EUC1-PublicIPv4:InUseAddress|Hrs|0.0050000000|Group=VPCPublicIPv4Address|vpc/public-ipv4,hour,0.005
AmazonCloudFront|US-Requests-Tier2-HTTPS|Requests|0.0000010000|Location Type=|cloudfront/requests,million HTTPS requests,1
AmazonCloudFront|US-DataTransfer-Out-Bytes|GB|0.0850000000|Location Type=|cloudfront/data,GB,0.085
awswaf|Global-WebACLV2|Month|5.0000000000|Region Code=|wafv2/web-acl,month,5
awswaf|EUC1-RequestV2-Tier1|Request|0.0000006000|Group=Request|wafv2/requests,million requests,0.6
AmazonRoute53|DNS-Queries|Queries|0.0000004000|Region Code=|route53/queries,million queries,0.4
AWSSecretsManager|EUC1-AWSSecretsManager-Secrets|Secrets|0.4000000000|Group=|secretsmanager/secret,month,0.4
AWSSecretsManager|EUC1-AWSSecretsManagerAPIRequest|API Requests|0.0000050000|Group=|secretsmanager/requests,10000 requests,0.05
AmazonS3|EUC1-TimedStorage-ByteHrs|GB-Mo|0.0245000000|Group=|s3/standard,GB-month,0.0245
AmazonECS|EUC1-Fargate-GB-Hours|hours|0.0051100000|Group=|fargate/memory,GB-hour,0.00511";

#[test]
fn every_service_is_read_in_its_own_units() {
    for sample in SERVICES.lines() {
        let fields: Vec<&str> = sample.split('|').collect();
        let [code, usage, unit, usd, also, line] = fields[..] else { panic!("{sample}") };
        let also = also.split_once('=').expect("a column and what it says");
        let class = if usage.contains("cache.") { "cache.r7g.large" } else { "db.r8g.xlarge" };
        let row = [("usageType", usage), ("Unit", unit), ("PricePerUnit", usd), ("Instance Type", class), also];
        assert_eq!(only(code, &row), line);
    }
}

#[test]
fn one_product_may_be_two_items() {
    let fraud = [("usageType", "Global-AMR-ATP"), ("Unit", "Month"), ("PricePerUnit", "10.0000000000")];
    let drawn = drawn(&[("waf.csv", offer("awswaf", &[&fraud]))]).expect("a table");
    assert_eq!(
        table(&drawn)[1..],
        ["wafv2/AWSManagedRulesACFPRuleSet,month,10", "wafv2/AWSManagedRulesATPRuleSet,month,10"]
    );
}

#[test]
fn files_that_cannot_be_used_are_told_by_name_with_what_to_do() {
    let refused = |name: &str, text: String| drawn(&[(name, text)]).expect_err("it is refused");
    assert_eq!(
        refused("ec2.csv", offer("AmazonEC2", &[])),
        "ec2.csv is of AmazonEC2, of which Terrace prices nothing: leave it out; it reads AmazonRDS, AmazonElastiCache, \
         AWSELB, AmazonVPC, AmazonCloudFront, awswaf, AmazonRoute53, AWSSecretsManager, AmazonS3, AmazonECS, AmazonEKS"
    );
    assert_eq!(
        refused("cn.csv", offer("AmazonRDS", &[&but(POSTGRES, &[("Currency", "CNY")])])),
        "cn.csv, line 7: its prices are in CNY, and Terrace reckons in USD alone: leave the file out"
    );
    for (column, said) in [("PricePerUnit", "cheap"), ("PricePerUnit", "-1"), ("StartingRange", "Inf")] {
        let row: Vec<_> = [(column, said)].into_iter().chain(POSTGRES.iter().copied()).collect();
        let why = refused("rds.csv", offer("AmazonRDS", &[&row]));
        assert_eq!(why, format!("rds.csv, line 7: {said:?} is no {column}: fetch the file anew"));
    }
    let shield = [("usageType", "EUC1-OriginShield-Requests"), ("Unit", "Requests")];
    let why = refused("cloudfront.csv", offer("AmazonCloudFront", &[&shield]));
    assert!(why.starts_with("the files have no price that Terrace reckons with: fetch index.csv of"), "{why}");
    assert!(from_offers(&[]).is_err());
}

#[test]
fn a_file_that_is_cut_anywhere_is_no_panic_and_gives_no_other_price() {
    let text = offer("AmazonRDS", &[POSTGRES, ACU]);
    for cut in 0..text.len() {
        if let Ok(drawn) = drawn(&[("rds.csv", text[..cut].to_owned())]) {
            let known = ["rds/aurora/acu,ACU-hour,0.29", "rds/postgres/db.r8g.xlarge,hour,0.572"];
            assert!(table(&drawn)[1..].iter().all(|line| known.contains(line)), "{cut}: {}", drawn.table);
        }
    }
}

#[test]
fn what_the_table_lacks_is_told_in_lines_that_stay_short() {
    let other = but(ACU, &[("SKU", "B"), ("PricePerUnit", "0.99")]);
    let remarks = drawn(&[("rds.csv", offer("AmazonRDS", &[POSTGRES, ACU, &other]))]).expect("a table").remarks();
    assert_eq!(remarks[0], "1 prices, for eu-central-1");
    assert_eq!(remarks[1], "AWS's rows say two prices, and so none is taken, of rds/aurora/acu in eu-central-1");
    assert!(
        remarks[2].starts_with("AmazonRDS has no price of rds/aurora/") && remarks[2].ends_with(" more"),
        "{remarks:?}"
    );
    assert!(remarks[3].starts_with("no file was given of ") && remarks[3].contains("AWSELB"), "{remarks:?}");
    assert!(remarks.len() == 4 && remarks.iter().all(|line| line.len() < 400), "{remarks:?}");
}
