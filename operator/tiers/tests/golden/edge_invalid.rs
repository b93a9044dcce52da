//! What is refused of an EdgeTier in the light of the facts, in whose words.

use serde_json::{Value, json};
use terrace_crds::environment::Exposure;
use terrace_tiers::facts::Facts;
use terrace_tiers::{Objects, ReferenceKind, Tier};

use crate::support::{self, edge};

fn refusals(change: Value, facts: impl FnOnce(&mut Facts)) -> Vec<String> {
    support::refusals(&edge(change), facts)
}

#[track_caller]
fn refused(change: Value, facts: impl FnOnce(&mut Facts), message: &str) {
    assert_eq!(refusals(change, facts), [message]);
}

fn as_usual(_: &mut Facts) {}

#[test]
fn an_edge_where_there_can_be_none() {
    refused(
        json!({}),
        |facts| facts.environment.limits.exposure = Exposure::Private,
        "kind: Environment prod lets nothing be reached from the internet, and whatever is at the edge is: ask its administrator to set limits.exposure to Public",
    );
    refused(
        json!({}),
        |facts| facts.environment.partition = "aws-cn".into(),
        "kind: CloudFront in China is a service of its own, which has no ACM certificates, web ACLs, functions or VPC origins: expose the WebApp itself instead",
    );
    refused(
        json!({}),
        |facts| facts.environment.partition = "aws-us-gov".into(),
        "kind: there is no CloudFront in AWS GovCloud (US): expose the WebApp itself instead, or put an EdgeTier of another Environment before it",
    );
    refused(
        json!({}),
        |facts| facts.environment.limits.kinds = Some(vec!["WebApp".into()]),
        "kind: Environment prod does not admit EdgeTier: ask its administrator to add it to limits.kinds",
    );
}

#[test]
fn a_host_name_that_may_not_be_claimed_or_lies_elsewhere() {
    refused(
        json!({"hostnames": ["a.b.example.com"]}),
        as_usual,
        "spec.hostnames: Environment prod does not admit a.b.example.com: ask its administrator to add it to limits.hostnames",
    );
    refused(
        json!({}),
        |facts| facts.named.get_mut("example.com").unwrap().zone.as_mut().unwrap().name = "example.org".into(),
        "spec.hostnames: shop.example.com does not lie in zone example.org: correct it, or make an EdgeTier of its own for it",
    );
    refused(
        json!({"zone": {"policy": "Create", "name": "example.org"}}),
        |facts| facts.environment.limits.hostnames.push("example.org".into()),
        "spec.hostnames: shop.example.com does not lie in zone example.org: correct it, or make an EdgeTier of its own for it",
    );
    refused(
        json!({"zone": {"policy": "Create", "name": "com"}}),
        as_usual,
        "spec.zone.name: Environment prod does not admit com: ask its administrator to add it to limits.hostnames",
    );
    let long = format!("{}.example.com", "a".repeat(60));
    refused(
        json!({"hostnames": [long]}),
        as_usual,
        &format!(
            "spec.hostnames: ACM puts a name of at most 64 characters into a certificate first, and {long} is the shortest: add a shorter one, or name a certificate under tls.certificate"
        ),
    );
}

#[test]
fn what_belongs_to_another_namespace_or_does_not_exist() {
    let own = "name one of its own, or ask the administrator of Environment prod to add";
    refused(
        json!({}),
        |facts| facts.named.get_mut("example.com").unwrap().namespace = Some("payroll".into()),
        &format!(
            "spec.zone.name: example.com is no hosted zone of namespace shop: {own} arn:aws:route53:::hostedzone/example.com to limits.allow"
        ),
    );
    refused(
        json!({"zone": {"name": null, "id": "Z9"}}),
        |facts| {
            facts.named.clear();
            facts.environment.limits.allow = vec!["arn:aws:route53:::hostedzone/*".into()];
        },
        "spec.zone.id: there is no hosted zone Z9 in account 111122223333, eu-west-1: check the name",
    );
    let arn = "arn:aws:acm:us-east-1:111122223333:certificate/1";
    refused(
        json!({"tls": {"certificate": arn}}),
        |facts| facts.named.get_mut(arn).unwrap().namespace = None,
        &format!("spec.tls.certificate: {arn} is no certificate of namespace shop: {own} {arn} to limits.allow"),
    );
    let ask = "ask the administrator of Environment prod to add";
    for (change, message) in [
        (
            json!({"origins": [{"name": "web", "bucket": "payroll"}]}),
            format!(
                "spec.origins[web].bucket: payroll is no bucket that may be named: {ask} arn:aws:s3:::payroll to limits.allow"
            ),
        ),
        (
            json!({"logs": {"bucket": "payroll"}}),
            format!(
                "spec.logs.bucket: payroll is no bucket that may be named: {ask} arn:aws:s3:::payroll to limits.allow"
            ),
        ),
        (
            json!({"firewall": {"logs": {"destination": "arn:aws:s3:::aws-waf-logs-payroll"}}}),
            format!(
                "spec.firewall.logs.destination: arn:aws:s3:::aws-waf-logs-payroll is no destination of logs that may be named: {ask} arn:aws:s3:::aws-waf-logs-payroll to limits.allow"
            ),
        ),
    ] {
        refused(change, as_usual, &message);
    }
}

#[test]
fn a_certificate_that_is_not_issued_or_does_not_cover() {
    let arn = "arn:aws:acm:us-east-1:111122223333:certificate/1";
    let with = |change: fn(&mut terrace_tiers::facts::Certificate)| {
        move |facts: &mut Facts| change(facts.named.get_mut(arn).unwrap().certificate.as_mut().unwrap())
    };
    refused(
        json!({"tls": {"certificate": arn}}),
        with(|certificate| certificate.status = "PENDING_VALIDATION".into()),
        "spec.tls.certificate: it is PENDING_VALIDATION, and CloudFront takes issued ones only: validate it, or name another",
    );
    refused(
        json!({"tls": {"certificate": arn}}),
        with(|certificate| certificate.domains = ["example.com".into()].into()),
        "spec.tls.certificate: it does not cover shop.example.com: name one that does, or leave certificate out to have one made",
    );
}

#[test]
fn origins_that_cloudfront_does_not_reach_like_that() {
    let scheme = |scheme: &'static str| {
        move |facts: &mut Facts| {
            let app = facts.objects.get_mut("WebApp/shop/shop").unwrap();
            app.insert("loadBalancerScheme".into(), scheme.into());
        }
    };
    let public = json!({"origins": [{"name": "web", "webAppRef": {"name": "shop"}, "access": "Public"}]});
    refused(
        json!({}),
        scheme("InternetFacing"),
        "spec.origins[web].access: WebApp shop/shop has an internet-facing load balancer, which takes no VPC origin: set access to Public, or its expose.scheme to Internal",
    );
    refused(
        public.clone(),
        scheme("Internal"),
        "spec.origins[web].access: WebApp shop/shop has an internal load balancer, which the internet does not reach: leave access out, or set its expose.scheme to InternetFacing",
    );
    assert!(
        refusals(json!({}), scheme("Internal")).is_empty() && refusals(public, scheme("InternetFacing")).is_empty()
    );
    refused(
        json!({"origins": [{"name": "web", "host": "shop.example.com"}]}),
        as_usual,
        "spec.origins[web].host: shop.example.com is served by this EdgeTier itself, so it would ask itself for ever: name the server behind it",
    );
    let group = |failover: Value, codes: Value| {
        json!({"origins": [
            {"name": "a", "host": "a.example.net"}, {"name": "b", "host": "b.example.net"},
            {"name": "web", "failover": failover, "failoverOn": codes},
        ]})
    };
    refused(
        group(json!(["a", "a"]), json!([])),
        as_usual,
        "spec.origins[web].failover: a cannot take over from itself: name two origins",
    );
    refused(
        group(json!(["a", "b"]), json!([500, 501])),
        as_usual,
        "spec.origins[web].failoverOn: CloudFront fails over on 403, 404, 416, 429, 500, 502, 503 and 504 only: leave 501 out",
    );
    let mut writes = group(json!(["a", "b"]), json!([]));
    writes["routes"] = json!([{"path": "/*", "origin": "web", "methods": "All"}]);
    refused(
        writes,
        as_usual,
        "spec.routes[/*].methods: CloudFront fails over for GET, HEAD and OPTIONS only, and web is a failover group: set methods to ReadOptions, or lead the route to one origin",
    );
}

#[test]
fn routes_that_cloudfront_does_not_take() {
    let route = |route: Value| {
        let mut route = route;
        (route["path"], route["origin"]) = (json!("/*"), json!("web"));
        json!({"routes": [route]})
    };
    refused(
        route(json!({"cache": {"minTTLSeconds": 60, "defaultTTLSeconds": 30}})),
        as_usual,
        "spec.routes[/*].cache: minTTLSeconds 60, defaultTTLSeconds 30 and maxTTLSeconds 31536000 must not fall: correct them",
    );
    refused(
        route(json!({"cache": {"maxTTLSeconds": 0, "keys": {"queryStrings": "All"}}})),
        as_usual,
        "spec.routes[/*].cache: with maxTTLSeconds 0 nothing is cached, so there is no key: leave keys out, and say under originRequest what the origin sees",
    );
    for headers in [json!("All"), json!({"headers": "All"}), json!({"headers": ["Host"]})] {
        let mut change = route(json!({"originRequest": headers}));
        change["origins"] = json!([{"name": "web", "bucket": "shop-assets"}]);
        refused(
            change,
            as_usual,
            "spec.routes[/*].originRequest: a bucket answers under its own host name only: leave Host out, or set originRequest to None",
        );
    }
    let code = "function handler(event) { return event.request; }";
    let functions = json!([
        {"event": "ViewerRequest", "code": code}, {"name": "second", "event": "ViewerRequest", "code": code, "routes": ["/*"]},
    ]);
    refused(
        json!({"functions": functions}),
        as_usual,
        "spec.functions[second]: route /* has another function for ViewerRequest already, and CloudFront takes one: name its routes",
    );
    for (header, instead) in [
        ("Access-Control-Max-Age", "cors"),
        ("content-security-policy", "contentSecurityPolicy"),
        ("X-Frame-Options", "security"),
    ] {
        refused(
            json!({"responseHeaders": {"custom": {header: "x"}}}),
            as_usual,
            &format!(
                "spec.responseHeaders.custom: CloudFront takes {header} in a field of its own: say it by {instead}"
            ),
        );
    }
}

#[test]
fn records_that_cannot_stand_beside_each_other() {
    let record = |name: &str, kind: &str, more: Value| {
        let mut record = more;
        (record["name"], record["type"], record["values"]) = (json!(name), json!(kind), json!(["192.0.2.1"]));
        record
    };
    let weighted = json!({"set": "b", "routing": {"policy": "Weighted", "weight": 1}});
    for (records, message) in [
        (
            json!([record("mail.example.org", "A", json!({}))]),
            "spec.records[mail.example.org/A]: Environment prod does not admit mail.example.org: ask its administrator to add it to limits.hostnames; spec.records[mail.example.org/A]: mail.example.org does not lie in zone example.com: correct it, or make an EdgeTier of its own for it",
        ),
        (
            json!([record("shop.example.com", "A", weighted.clone())]),
            "spec.records[shop.example.com/A]: shop.example.com has a A record of routing policy Simple already: give both the same",
        ),
        (
            json!([record("shop.example.com", "A", json!({}))]),
            "spec.records[shop.example.com/A]: shop.example.com has this A record already: leave one out, or give each another set and a routing policy",
        ),
        (
            json!([record("shop.example.com", "CNAME", json!({}))]),
            "spec.records[shop.example.com/CNAME]: shop.example.com has records of other types, beside which no CNAME can stand: leave it out",
        ),
        (
            json!([record("example.com", "CNAME", json!({}))]),
            "spec.records[example.com/CNAME]: example.com is the zone itself, whose NS and SOA records no CNAME can stand beside: name a host in it, or let hostnames lead there",
        ),
        (
            json!([record("a.example.com", "A", json!({"routing": {"policy": "MultiValue", "healthCheck": "one"}}))]),
            "spec.records[a.example.com/A].routing.healthCheck: there is no one among healthChecks: add it, or name another",
        ),
    ] {
        assert_eq!(refusals(json!({"records": records}), as_usual).join("; "), message);
    }
    let own = json!({"setIdentifier": "same", "policy": "Weighted", "weight": 1});
    let twice = json!([
        record("a.example.com", "A", json!({"set": "a", "routing": own})),
        record("a.example.com", "A", json!({"set": "b", "routing": own})),
    ]);
    assert_eq!(
        refusals(json!({"records": twice}), as_usual),
        [
            "spec.records[a.example.com/A]: a.example.com has this A record already: leave one out, or give each another set and a routing policy"
        ]
    );
    let beside =
        json!({"routing": {"policy": "Weighted", "weight": 1}, "records": [record("shop.example.com", "A", weighted)]});
    assert_eq!(refusals(beside, as_usual), Vec::<String>::new());
}

#[test]
fn an_edge_says_what_it_names_before_it_is_judged() {
    let named = |change: Value| {
        let of = |reference: terrace_tiers::Reference| (reference.field, reference.text, reference.kind);
        edge(change).references(&Objects::new()).into_iter().map(of).collect::<Vec<_>>()
    };
    let zone = ("spec.zone.name", "example.com".to_owned(), ReferenceKind::HostedZone);
    assert_eq!(named(json!({})), std::slice::from_ref(&zone));
    assert_eq!(
        named(json!({"zone": {"name": null, "id": "Z1"}})),
        [("spec.zone.id", "Z1".to_owned(), ReferenceKind::HostedZone)]
    );
    assert!(named(json!({"zone": {"policy": "Create"}})).is_empty());
    let arn = "arn:aws:acm:us-east-1:111122223333:certificate/1".to_owned();
    let certificate = ("spec.tls.certificate", arn.clone(), ReferenceKind::Certificate);
    assert_eq!(named(json!({"tls": {"certificate": arn}})), [zone, certificate]);
    assert_eq!(edge(json!({})).parameter_family(), None);
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let change = json!({
        "tags": {"aws:x": "x"}, "hostnames": ["a.b.example.com"],
        "origins": [{"name": "web", "bucket": "payroll"}],
        "routes": [{"path": "/*", "origin": "web", "originRequest": "All"}],
    });
    let all = refusals(change, |facts| facts.environment.limits.exposure = Exposure::Private);
    let fields: Vec<_> = all.iter().map(|problem| problem.split(": ").next().unwrap()).collect();
    assert_eq!(
        fields,
        ["spec.tags", "kind", "spec.origins[web].bucket", "spec.hostnames", "spec.routes[/*].originRequest"]
    );
}
