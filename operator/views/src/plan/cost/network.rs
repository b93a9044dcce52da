//! What load balancers, names and firewalls cost ("Elastic Load Balancing pricing", "Amazon VPC pricing", "Amazon Route 53
//! pricing", "AWS WAF pricing", "Amazon CloudFront pricing", "AWS Shield pricing").

use super::bill::{Bill, Resource};

/// A load balancer has an address in each of its subnets.
pub(super) fn load_balancer(balancer: &Resource, bill: &mut Bill) {
    let item = format!("elbv2/{}", balancer.text("type"));
    bill.add(&item, 1.0);
    bill.by_use("its load", &format!("{item}/use"));
    if balancer.text("scheme") == "internet-facing" {
        bill.add("vpc/public-ipv4", balancer.count("subnets"));
        bill.assume("a load balancer that faces the internet has one public IPv4 address a subnet");
    }
}

/// A hosted zone.
pub(super) fn hosted_zone(_: &Resource, bill: &mut Bill) {
    bill.add("route53/hosted-zone", 1.0);
    bill.by_use("queries", "route53/queries");
    bill.assume("a hosted zone is among the first 25 of its account");
}

/// A health check. HTTPS, an interval of 10 seconds and a search in the answer are options, paid for each.
pub(super) fn health_check(check: &Resource, bill: &mut Bill) {
    let name = check.text("fullyQualifiedDomainName");
    // What is not known yet is the name of something of the same object.
    let ours = [".amazonaws.com", ".cloudfront.net"].iter().any(|end| name.ends_with(end)) || name.is_empty();
    let place = if ours { "aws" } else { "other" };
    bill.add(&format!("route53/health-check/{place}"), 1.0);
    let kind = check.text("type");
    let options =
        [kind.starts_with("HTTPS"), kind.ends_with("STR_MATCH"), check.number("requestInterval") == Some(10.0)];
    let options = options.into_iter().filter(|option| *option).count();
    bill.add(&format!("route53/health-check-option/{place}"), options as f64);
    bill.assume(match ours {
        true => "the 50 free health checks of endpoints in AWS are used up",
        false => "a health check of a name of your own counts as one of an endpoint outside AWS",
    });
}

/// A web ACL and its rules, of which some of AWS's groups cost a subscription each.
pub(super) fn web_acl(acl: &Resource, bill: &mut Bill) {
    bill.add("wafv2/web-acl", 1.0);
    bill.add("wafv2/rule", acl.count("rules"));
    bill.by_use("requests", "wafv2/requests");
    for rule in acl.fields["rules"].as_object().into_iter().flat_map(|rules| rules.values()) {
        let group = &rule["statement"]["managedRuleGroup"];
        let (vendor, name) = (group["vendorName"].as_str(), group["name"].as_str().unwrap_or_default());
        match vendor {
            Some("AWS") if SUBSCRIBED.contains(&name) => bill.add(&format!("wafv2/{name}"), 1.0),
            Some("AWS") | None => {}
            Some(vendor) => bill.lacks(format!("the rules {name} are sold by {vendor}")),
        }
    }
}

/// AWS's groups of rules that cost more than a rule.
const SUBSCRIBED: &[&str] = &[
    "AWSManagedRulesBotControlRuleSet",
    "AWSManagedRulesATPRuleSet",
    "AWSManagedRulesACFPRuleSet",
    "AWSManagedRulesAntiDDoSRuleSet",
];

/// Where a web ACL's log goes.
pub(super) fn firewall_log(_: &Resource, bill: &mut Bill) {
    bill.elsewhere("logs of the firewall, at the price of where they go");
}

/// A distribution costs nothing by itself.
pub(super) fn distribution(_: &Resource, bill: &mut Bill) {
    bill.by_use("data to viewers", "cloudfront/data");
    bill.by_use("requests", "cloudfront/requests");
    bill.assume("viewers are in North America and Europe, within the first 10 TB a month and beyond what is free");
}

/// A function at the edge.
pub(super) fn edge_function(_: &Resource, bill: &mut Bill) {
    bill.by_use("runs of the function", "cloudfront/function");
}

/// Terrace never subscribes to Shield Advanced.
pub(super) fn protection(_: &Resource, bill: &mut Bill) {
    bill.elsewhere("data out of what Shield Advanced protects");
    bill.assume("the account's subscription to Shield Advanced is paid for already");
}
