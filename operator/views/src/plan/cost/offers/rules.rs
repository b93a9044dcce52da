//! What Terrace takes from AWS's price list: a line an item.
//!
//! A service's file names its products by usage type; what of them is paid for, the services' pricing pages say. Database
//! Insights is not in the price list.

use super::rule::{Also, Rule, anywhere, of};

/// Services by their code in the price list, and the rules of each.
pub(super) const SERVICES: &[(&str, &[Rule])] = &[
    ("AmazonRDS", RDS),
    ("AmazonElastiCache", ELASTICACHE),
    ("AWSELB", ELB),
    ("AmazonVPC", VPC),
    ("AmazonCloudFront", CLOUDFRONT),
    ("awswaf", WAF),
    ("AmazonRoute53", ROUTE_53),
    ("AWSSecretsManager", SECRETS_MANAGER),
    ("AmazonS3", S3),
    ("AmazonECS", FARGATE),
    ("AmazonEKS", FARGATE),
];

const POSTGRES: Also = &[("Database Engine", &["PostgreSQL"])];
const MYSQL: Also = &[("Database Engine", &["MySQL"])];
const MARIADB: Also = &[("Database Engine", &["MariaDB"])];
const OPEN: Also = &[("Database Engine", &["Any", "PostgreSQL", "MySQL", "MariaDB"])];
/// A row of proxies may name no engine. Before SQL Server they are of no use here.
const PROXIED: Also =
    &[("Database Engine", &["", "Any", "PostgreSQL", "MySQL", "MariaDB", "Aurora PostgreSQL", "Aurora MySQL"])];
const AURORA: Also = &[("Database Engine", &["Any", "Aurora PostgreSQL", "Aurora MySQL"])];

/// Storage is that of one copy; a Multi-AZ DB cluster's is that of all three.
const RDS: &[Rule] = &[
    of("rds/postgres/{class}", "hour", "InstanceUsage:db.*", POSTGRES),
    of("rds/postgres/{class}/multi-az", "hour", "Multi-AZUsage:db.*", POSTGRES),
    of("rds/postgres/{class}/multi-az-cluster", "hour", "Multi-AZClusterUsage:db.*", POSTGRES),
    of("rds/mysql/{class}", "hour", "InstanceUsage:db.*", MYSQL),
    of("rds/mysql/{class}/multi-az", "hour", "Multi-AZUsage:db.*", MYSQL),
    of("rds/mysql/{class}/multi-az-cluster", "hour", "Multi-AZClusterUsage:db.*", MYSQL),
    of("rds/mariadb/{class}", "hour", "InstanceUsage:db.*", MARIADB),
    of("rds/mariadb/{class}/multi-az", "hour", "Multi-AZUsage:db.*", MARIADB),
    of("rds/storage/gp2", "GiB-month", "RDS:GP2-Storage", OPEN),
    of("rds/storage/gp3", "GiB-month", "RDS:GP3-Storage", OPEN),
    of("rds/storage/io1", "GiB-month", "RDS:PIOPS-Storage", OPEN),
    of("rds/storage/io2", "GiB-month", "RDS:PIOPS-Storage-IO2", OPEN),
    of("rds/iops/gp3", "IOPS-month", "RDS:GP3-PIOPS", OPEN),
    of("rds/iops/io1", "IOPS-month", "RDS:PIOPS", OPEN),
    of("rds/iops/io2", "IOPS-month", "RDS:IO2-PIOPS", OPEN),
    of("rds/throughput/gp3", "MiBps-month", "RDS:GP3-Throughput", OPEN),
    of("rds/storage/gp3/multi-az-cluster", "GiB-month", "RDS:Multi-AZCluster-GP3-Storage", OPEN),
    of("rds/storage/io1/multi-az-cluster", "GiB-month", "RDS:Multi-AZCluster-PIOPS-Storage", OPEN),
    of("rds/storage/io2/multi-az-cluster", "GiB-month", "RDS:Multi-AZCluster-PIOPS-Storage-IO2", OPEN),
    of("rds/iops/gp3/multi-az-cluster", "IOPS-month", "RDS:Multi-AZCluster-GP3-PIOPS", OPEN),
    of("rds/iops/io1/multi-az-cluster", "IOPS-month", "RDS:Multi-AZCluster-PIOPS", OPEN),
    of("rds/iops/io2/multi-az-cluster", "IOPS-month", "RDS:Multi-AZCluster-IO2-PIOPS", OPEN),
    of("rds/throughput/gp3/multi-az-cluster", "MiBps-month", "RDS:Multi-AZCluster-GP3-Throughput", OPEN),
    of("rds/proxy", "vCPU-hour", "RDS:ProxyUsage", PROXIED),
    of("rds/proxy/serverless", "ACU-hour", "RDS:Proxy-ASv2-Usage", PROXIED),
    of("rds/aurora/{class}", "hour", "InstanceUsage:db.*", AURORA),
    of("rds/aurora/{class}/iopt1", "hour", "InstanceUsageIOOptimized:db.*", AURORA),
    of("rds/aurora/acu", "ACU-hour", "Aurora:ServerlessV2Usage", AURORA),
    of("rds/aurora/acu/iopt1", "ACU-hour", "Aurora:ServerlessV2IOOptimizedUsage", AURORA),
    of("rds/aurora/storage", "GB-month", "Aurora:StorageUsage", AURORA),
    of("rds/aurora/storage/iopt1", "GB-month", "Aurora:IO-OptimizedStorageUsage", AURORA),
    of("rds/aurora/io", "million requests", "Aurora:StorageIOUsage", AURORA).by(1e6),
];

const VALKEY: Also = &[("Cache Engine", &["Valkey"])];
const REDIS: Also = &[("Cache Engine", &["Redis"])];
const MEMCACHED: Also = &[("Cache Engine", &["Memcached"])];

/// The three engines share the usage types of their nodes.
const ELASTICACHE: &[Rule] = &[
    of("elasticache/valkey/{class}", "hour", "NodeUsage:cache.*", VALKEY),
    of("elasticache/redis/{class}", "hour", "NodeUsage:cache.*", REDIS),
    of("elasticache/memcached/{class}", "hour", "NodeUsage:cache.*", MEMCACHED),
    of("elasticache-serverless/valkey/data", "GB-hour", "CachedData:Valkey", &[]),
    of("elasticache-serverless/redis/data", "GB-hour", "CachedData:Redis", &[]),
    of("elasticache-serverless/memcached/data", "GB-hour", "CachedData:Memcached", &[]),
    of("elasticache-serverless/valkey/requests", "million ECPUs", "ElastiCacheProcessingUnits:Valkey", &[]).by(1e6),
    of("elasticache-serverless/redis/requests", "million ECPUs", "ElastiCacheProcessingUnits:Redis", &[]).by(1e6),
    of("elasticache-serverless/memcached/requests", "million ECPUs", "ElastiCacheProcessingUnits:Memcached", &[])
        .by(1e6),
];

const APPLICATION: Also = &[("Product Family", &["Load Balancer-Application"])];
const NETWORK: Also = &[("Product Family", &["Load Balancer-Network"])];

const ELB: &[Rule] = &[
    of("elbv2/application", "hour", "LoadBalancerUsage", APPLICATION),
    of("elbv2/application/use", "LCU-hour", "LCUUsage", APPLICATION),
    of("elbv2/network", "hour", "LoadBalancerUsage", NETWORK),
    of("elbv2/network/use", "NLCU-hour", "LCUUsage", NETWORK),
];

const VPC: &[Rule] = &[of("vpc/public-ipv4", "hour", "PublicIPv4:InUseAddress", &[])];

/// In the files of all regions and of `aws-other`, not in a region's. Viewers in the United States; data to those in Europe
/// cost the same.
const CLOUDFRONT: &[Rule] = &[
    anywhere("cloudfront/data", "GB", "US-DataTransfer-Out-Bytes"),
    anywhere("cloudfront/requests", "million HTTPS requests", "US-Requests-Tier2-HTTPS").by(1e6),
    anywhere("cloudfront/function", "million invocations", "Executions-CloudFrontFunctions").by(1e6),
];

/// What stands before CloudFront is sold as `Global-…`, in the files of all regions and of `aws-other`. The two groups against
/// fraud are one product.
const WAF: &[Rule] = &[
    of("wafv2/web-acl", "month", "WebACLV2", &[]),
    of("wafv2/rule", "month", "RuleV2", &[]),
    of("wafv2/requests", "million requests", "RequestV2-Tier1", &[]).by(1e6),
    of("wafv2/AWSManagedRulesBotControlRuleSet", "month", "AMR-BotControl", &[]),
    of("wafv2/AWSManagedRulesATPRuleSet", "month", "AMR-ATP", &[]),
    of("wafv2/AWSManagedRulesACFPRuleSet", "month", "AMR-ATP", &[]),
    of("wafv2/AWSManagedRulesAntiDDoSRuleSet", "month", "AMR-AntiDDoS", &[]),
];

/// In the files of all regions and of `aws-other`. `DNS-Queries` with the mark of a region are those of the resolver.
const ROUTE_53: &[Rule] = &[
    anywhere("route53/hosted-zone", "month", "HostedZone"),
    anywhere("route53/queries", "million queries", "DNS-Queries").by(1e6),
    anywhere("route53/health-check/aws", "month", "Health-Check-AWS"),
    anywhere("route53/health-check/other", "month", "Health-Check-Non-AWS"),
    anywhere("route53/health-check-option/aws", "month", "Health-Check-Option-AWS"),
    anywhere("route53/health-check-option/other", "month", "Health-Check-Option-Non-AWS"),
];

const SECRETS_MANAGER: &[Rule] = &[
    of("secretsmanager/secret", "month", "AWSSecretsManager-Secrets", &[]),
    of("secretsmanager/requests", "10000 requests", "AWSSecretsManagerAPIRequest", &[]).by(1e4),
];

const S3: &[Rule] = &[of("s3/standard", "GB-month", "TimedStorage-ByteHrs", &[])];

/// ECS and EKS list it alike.
const FARGATE: &[Rule] = &[
    of("fargate/vcpu", "vCPU-hour", "Fargate-vCPU-Hours:perCPU", &[]),
    of("fargate/memory", "GB-hour", "Fargate-GB-Hours", &[]),
];

/// The rules of a service, by its code.
pub(super) fn of_service(code: &str) -> Option<&'static [Rule]> {
    SERVICES.iter().find(|(service, _)| *service == code).map(|(_, rules)| *rules)
}

/// The services that an item may come from.
pub(super) fn services(item: &str) -> impl Iterator<Item = &'static str> {
    let names = move |rules: &[Rule]| rules.iter().any(|rule| rule.names(item));
    SERVICES.iter().filter(move |(_, rules)| names(rules)).map(|(code, _)| *code)
}

#[cfg(test)]
mod tests {
    use super::super::super::prices;
    use super::*;

    #[test]
    fn every_item_of_the_table_that_is_shipped_has_a_rule_and_its_unit() {
        let units = prices::shipped_units();
        assert!(units.len() > 150, "{}", units.len());
        for (item, unit) in &units {
            let rules: Vec<&Rule> =
                SERVICES.iter().flat_map(|(_, rules)| *rules).filter(|rule| rule.names(item)).collect();
            assert!(!rules.is_empty(), "{item} wants a line in the rules of its service");
            assert!(rules.iter().all(|rule| rule.unit == unit), "{item} is sold by {unit}");
        }
    }

    #[test]
    fn no_two_rules_of_a_service_are_the_same() {
        for (code, rules) in SERVICES {
            for (at, rule) in rules.iter().enumerate() {
                let same = |other: &&Rule| other.item == rule.item && other.usage == rule.usage;
                assert!(!rules[..at].iter().any(|other| same(&other)), "{code}: {}", rule.item);
            }
        }
    }

    #[test]
    fn an_item_may_come_from_two_services() {
        assert_eq!(services("fargate/vcpu").collect::<Vec<_>>(), ["AmazonECS", "AmazonEKS"]);
        assert_eq!(services("rds/aurora/db.r8g.large/iopt1").collect::<Vec<_>>(), ["AmazonRDS"]);
        assert_eq!(services("rds/database-insights/advanced").count(), 0);
        assert!(of_service("AmazonEC2").is_none() && of_service("AWSELB").is_some());
    }
}
