//! What stands at the edge: CloudFront, WAF, Shield.

use serde_json::{Value, json};
use terrace_model::Resource;
use terrace_model::aws::Tags;
use terrace_model::aws::cloudfront::{
    CacheBehavior, CachePolicy, CustomErrorResponse, CustomOrigin, Distribution, Function, GeoRestriction, Origin,
    OriginAccessControl, OriginRequestPolicy, OriginType, PathBehavior, Port, ProtocolPolicy, ResponseHeadersPolicy,
    Selection, Setting, ViewerCertificate, managed,
};
use terrace_model::aws::shield::Protection;
use terrace_model::aws::wafv2::{
    FieldToMatch, IpSet, LoggingConfiguration, RuleEffect, Statement, VisibilityConfig, WebAcl, WebAclRule,
};

use crate::bed::REGION;
use crate::cases::{tag_edits, tags};
use crate::gaps;
use crate::stage::{Case, Edit, Make, Stage, edit};

/// By kind, each before whatever uses it.
pub const CASES: &[(&str, Make)] = &[
    (OriginAccessControl::KIND, origin_access_control),
    (CachePolicy::KIND, cache_policy),
    (OriginRequestPolicy::KIND, origin_request_policy),
    (ResponseHeadersPolicy::KIND, response_headers_policy),
    (Function::KIND, function),
    (IpSet::KIND, ip_set),
    (WebAcl::KIND, web_acl),
    (WebAcl::KIND, regional_web_acl),
    (LoggingConfiguration::KIND, logging),
    (Distribution::KIND, distribution),
    (Protection::KIND, protection),
];

/// Where what serves CloudFront is.
const EDGE: &str = "us-east-1";

fn at_edge(mut case: Case) -> Case {
    case.id.place.region = EDGE.into();
    case
}

fn origin_access_control(_: &Stage) -> Case {
    let want = OriginAccessControl {
        origin_type: "s3".into(),
        signing_behavior: "always".into(),
        signing_protocol: "sigv4".into(),
        tags: Tags::new(),
    };
    Case::new("control", &want, vec![edit("signingBehavior", "no-override"), edit("originType", "lambda")])
}

fn some(behavior: &str, items: &[&str]) -> Value {
    json!({"behavior": behavior, "items": items})
}

fn cache_policy(_: &Stage) -> Case {
    let want = CachePolicy {
        min_ttl: 0,
        default_ttl: 60,
        max_ttl: 600,
        enable_accept_encoding_gzip: true,
        enable_accept_encoding_brotli: true,
        headers: Selection::only(["authorization".to_owned()]),
        cookies: Selection::none(),
        query_strings: Selection::all(),
        tags: Tags::new(),
    };
    let edits = vec![
        edit("minTTL", 1),
        edit("defaultTTL", 61),
        edit("maxTTL", 601),
        edit("enableAcceptEncodingGzip", false),
        edit("enableAcceptEncodingBrotli", false),
        edit("headers", some("none", &[])),
        edit("headers", some("whitelist", &["accept", "authorization"])),
        edit("cookies", some("allExcept", &["session"])),
        edit("queryStrings", some("whitelist", &["page"])),
    ];
    Case::new("cache-policy", &want, edits)
}

fn origin_request_policy(_: &Stage) -> Case {
    let want = OriginRequestPolicy {
        headers: Selection::of("allViewer"),
        cookies: Selection::all(),
        query_strings: Selection::all(),
        tags: Tags::new(),
    };
    let edits = vec![
        edit("headers", some("whitelist", &["x-shop"])),
        edit("headers", some("allViewerAndWhitelistCloudFront", &["cloudfront-viewer-country"])),
        edit("cookies", some("none", &[])),
        edit("cookies", some("whitelist", &["session"])),
        edit("queryStrings", some("allExcept", &["debug"])),
    ];
    Case::new("request-policy", &want, edits)
}

fn response_headers_policy(_: &Stage) -> Case {
    let want = ResponseHeadersPolicy {
        cors: Setting::Off,
        strict_transport_security: Setting::Off,
        content_type_options: Setting::On(true),
        frame_options: Setting::Off,
        referrer_policy: Setting::Off,
        content_security_policy: Setting::Off,
        xss_protection: Setting::Off,
        custom_headers: Default::default(),
        remove_headers: Default::default(),
        server_timing_sampling_rate: Setting::Off,
        tags: Tags::new(),
    };
    let on = |value: Value| json!({ "on": value });
    let cors = json!({
        "allowOrigins": ["https://shop.example.com"], "allowHeaders": ["*"], "allowMethods": ["GET", "PUT"],
        "allowCredentials": false, "exposeHeaders": ["etag"], "maxAgeSeconds": 600, "originOverride": true,
    });
    let transport = json!({"maxAgeSeconds": 31_536_000, "includeSubdomains": true, "preload": false, "override": true});
    let edits = vec![
        edit("cors", on(cors)),
        edit("strictTransportSecurity", on(transport)),
        edit("contentTypeOptions", on(json!(false))),
        edit("frameOptions", on(json!({"frameOption": "SAMEORIGIN", "override": true}))),
        edit("referrerPolicy", on(json!({"referrerPolicy": "same-origin", "override": true}))),
        edit("contentSecurityPolicy", on(json!({"contentSecurityPolicy": "default-src 'self'", "override": false}))),
        edit("xssProtection", on(json!({"protection": true, "modeBlock": true, "override": false}))),
        edit("customHeaders", json!({"x-shop": {"value": "1", "override": true}})),
        edit("removeHeaders", json!(["server"])),
        edit("serverTimingSamplingRate", on(json!(50.0))),
    ];
    Case::new("response-policy", &want, edits)
}

/// A function that says what it is given.
fn code(comment: &str) -> String {
    format!("// {comment}\nfunction handler(event) {{ return event.request; }}\n")
}

fn function(_: &Stage) -> Case {
    let want = Function {
        comment: "Rewrites paths of shop".into(),
        runtime: "cloudfront-js-2.0".into(),
        code: code("one"),
        tags: tags(),
    };
    let mut edits = tag_edits();
    edits.extend([edit("comment", "Other"), edit("runtime", "cloudfront-js-1.0"), edit("code", code("two"))]);
    Case::new("function", &want, edits)
}

fn ip_set(_: &Stage) -> Case {
    let want = IpSet {
        scope: "CLOUDFRONT".into(),
        description: "Offices of shop".into(),
        ip_address_version: "IPV4".into(),
        addresses: ["203.0.113.0/24".to_owned()].into(),
        tags: tags(),
    };
    let mut edits = tag_edits();
    edits.extend([
        edit("description", "Other offices"),
        edit("addresses", json!(["198.51.100.0/24", "203.0.113.0/24"])),
        edit("addresses", json!([])),
    ]);
    at_edge(Case::new("office", &want, edits))
}

fn visible(metric: &str) -> VisibilityConfig {
    VisibilityConfig { sampled_requests_enabled: true, cloud_watch_metrics_enabled: true, metric_name: metric.into() }
}

fn rule(name: &str, effect: RuleEffect, statement: Statement) -> WebAclRule {
    WebAclRule { name: name.into(), statement, effect, visibility_config: visible(name) }
}

fn action(word: &str) -> RuleEffect {
    RuleEffect::Action(word.into())
}

/// One rule of each kind.
fn rules(office: &str) -> Vec<WebAclRule> {
    let group = Statement::ManagedRuleGroup {
        vendor_name: "AWS".into(),
        name: "AWSManagedRulesCommonRuleSet".into(),
        version: String::new(),
        rule_action_overrides: [("SizeRestrictions_BODY".to_owned(), "Count".to_owned())].into(),
    };
    let matches = |field, constraint: &str, text: &str| Statement::ByteMatch {
        field_to_match: field,
        search_string: text.into(),
        positional_constraint: constraint.into(),
        text_transformations: vec!["NONE".into()],
    };
    let debug = matches(FieldToMatch::QueryString, "CONTAINS", "debug=1");
    let bot = matches(FieldToMatch::SingleHeader("x-bot".into()), "EXACTLY", "1");
    let geo = Statement::GeoMatch { country_codes: ["KP".to_owned()].into() };
    let rate = Statement::RateBased {
        limit: 2000,
        evaluation_window_sec: 300,
        aggregate_key_type: "IP".into(),
        scope_down: Setting::On(Box::new(Statement::Not(Box::new(geo.clone())))),
    };
    vec![
        rule("office", action("Allow"), Statement::IpSetReference { arn: office.into() }),
        rule("no-debug", action("Block"), Statement::Or(vec![debug, bot])),
        rule("country", action("Count"), geo),
        rule("rate", action("Block"), rate),
        rule("common", RuleEffect::OverrideAction("None".into()), group),
    ]
}

fn web_acl(stage: &Stage) -> Case {
    let office = match gaps::lacking(IpSet::KIND) {
        None => stage.out("office", "arn"),
        Some(_) => stage.clients.arn("wafv2", EDGE, "global/ipset/office/473e64fd-f30b-4765-81a0-62ad96dd167a"),
    };
    let all = || (0..).zip(rules(&office));
    let want = WebAcl {
        scope: "CLOUDFRONT".into(),
        description: "Firewall of shop".into(),
        default_action: "Allow".into(),
        rules: all().collect(),
        visibility_config: visible("shop"),
        tags: tags(),
    };
    let mut counted: Vec<(i32, WebAclRule)> = all().collect();
    counted.iter_mut().for_each(|(_, rule)| match &mut rule.effect {
        RuleEffect::Action(word) | RuleEffect::OverrideAction(word) => *word = "Count".into(),
    });
    let by_priority = |rules: Vec<(i32, WebAclRule)>| {
        let fields = rules.into_iter().map(|(priority, rule)| (priority.to_string(), json!(rule)));
        Value::Object(fields.collect())
    };
    let mut edits = tag_edits();
    edits.extend([
        edit("description", "Other firewall"),
        edit("defaultAction", "Block"),
        edit("rules", by_priority(counted)),
        edit("rules", by_priority(all().map(|(priority, rule)| (10 - priority, rule)).collect())),
        edit("rules", by_priority(Vec::new())),
        edit("visibilityConfig", json!(visible("other"))),
    ]);
    at_edge(Case::new("firewall", &want, edits))
}

/// One before a load balancer.
fn regional_web_acl(_: &Stage) -> Case {
    let want = WebAcl {
        scope: "REGIONAL".into(),
        description: "Firewall of a load balancer".into(),
        default_action: "Block".into(),
        rules: Default::default(),
        visibility_config: visible("regional"),
        tags: tags(),
    };
    Case::new("regional-firewall", &want, Vec::new())
}

fn log_group(stage: &Stage, name: &str) -> String {
    stage.clients.arn("logs", REGION, &format!("log-group:aws-waf-logs-{name}"))
}

fn logging(stage: &Stage) -> Case {
    let want = LoggingConfiguration {
        resource_arn: stage.out("regional-firewall", "arn").as_str().into(),
        log_destination: log_group(stage, "shop").as_str().into(),
        redacted_headers: ["authorization".to_owned()].into(),
        redacted_query_string: false,
    };
    let edits = vec![
        edit("logDestination", log_group(stage, "other")),
        edit("redactedHeaders", json!(["authorization", "cookie"])),
        edit("redactedHeaders", json!([])),
        edit("redactedQueryString", true),
    ];
    Case::new("firewall-log", &want, edits)
}

fn origin(domain: &str, kind: OriginType) -> Origin {
    Origin {
        domain_name: domain.into(),
        origin_path: String::new(),
        custom_headers: [("x-edge".to_owned(), "shop".into())].into(),
        connection_attempts: 3,
        connection_timeout: 10,
        origin_shield_region: String::new(),
        origin: kind,
    }
}

fn custom() -> CustomOrigin {
    CustomOrigin {
        http_port: Port(80).into(),
        https_port: Port(443).into(),
        origin_protocol_policy: ProtocolPolicy::HttpsOnly.into(),
        origin_ssl_protocols: ["TLSv1.2".to_owned()].into(),
        origin_read_timeout: 30,
        origin_keepalive_timeout: 5,
    }
}

fn behavior(origin: &str) -> CacheBehavior {
    CacheBehavior {
        target_origin_id: origin.into(),
        viewer_protocol_policy: "redirect-to-https".into(),
        allowed_methods: ["GET", "HEAD"].map(str::to_owned).into(),
        cached_methods: ["GET", "HEAD"].map(str::to_owned).into(),
        cache_policy_id: managed::CACHING_OPTIMIZED.into(),
        origin_request_policy_id: "".into(),
        response_headers_policy_id: "".into(),
        compress: true,
        function_associations: Default::default(),
    }
}

fn distribution(stage: &Stage) -> Case {
    let s3 = OriginType::S3 { origin_access_control_id: "E2QWRUHAPOMQZL".into() };
    let want = Distribution {
        comment: "shop".into(),
        enabled: true,
        aliases: ["shop.example.com".to_owned()].into(),
        default_root_object: "index.html".into(),
        origins: [
            ("web".to_owned(), origin("web.example.com", OriginType::Custom(custom()))),
            ("assets".to_owned(), origin("assets.s3.eu-west-1.amazonaws.com", s3)),
        ]
        .into(),
        origin_groups: Default::default(),
        default_cache_behavior: behavior("web"),
        cache_behaviors: vec![PathBehavior { path_pattern: "/assets/*".into(), behavior: behavior("assets") }],
        custom_error_responses: [(404, page())].into(),
        price_class: "PriceClass_All".into(),
        http_version: "http2".into(),
        is_ipv6_enabled: true,
        geo_restriction: GeoRestriction::none(),
        web_acl_id: "".into(),
        viewer_certificate: certificate(stage, "TLSv1.2_2021"),
        logging: Setting::Off,
        tags: tags(),
    };
    let edits = distribution_edits(stage, &want);
    Case::new("distribution", &want, edits)
}

fn page() -> CustomErrorResponse {
    CustomErrorResponse {
        response_page_path: "/index.html".into(),
        response_code: "200".into(),
        error_caching_min_ttl: 10,
    }
}

fn certificate(stage: &Stage, minimum: &str) -> ViewerCertificate {
    ViewerCertificate::Acm {
        certificate_arn: stage.clients.arn("acm", EDGE, "certificate/3c1b").as_str().into(),
        minimum_protocol_version: minimum.into(),
        ssl_support_method: "sni-only".into(),
    }
}

fn distribution_edits(stage: &Stage, want: &Distribution) -> Vec<Edit> {
    let slower = CustomOrigin {
        origin_read_timeout: 60,
        origin_ssl_protocols: ["TLSv1.1".to_owned(), "TLSv1.2".to_owned()].into(),
        ..custom()
    };
    let public = OriginType::S3 { origin_access_control_id: "".into() };
    let mut origins = want.origins.clone();
    origins.insert("web".into(), origin("other.example.com", OriginType::Custom(slower)));
    origins.insert("assets".into(), origin("assets.s3.eu-west-1.amazonaws.com", public));
    let group = json!({"both": {"statusCodes": [500, 503], "members": ["web", "assets"]}});
    let arn = stage.clients.arn("cloudfront", "", "function/rewrite");
    let all = CacheBehavior {
        allowed_methods: ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"].map(str::to_owned).into(),
        cached_methods: ["GET", "HEAD", "OPTIONS"].map(str::to_owned).into(),
        cache_policy_id: managed::CACHING_DISABLED.into(),
        origin_request_policy_id: managed::ALL_VIEWER.into(),
        response_headers_policy_id: managed::SECURITY_HEADERS.into(),
        compress: false,
        function_associations: [("viewer-request".to_owned(), arn.as_str().into())].into(),
        ..behavior("web")
    };
    let paths = json!([{"pathPattern": "/api/*", "behavior": all}, want.cache_behaviors[0]]);
    let log = json!({"on": {"bucket": "logs.s3.amazonaws.com", "prefix": "shop/", "includeCookies": true}});
    let mut edits = tag_edits();
    edits.extend([
        edit("comment", "other"),
        edit("enabled", false),
        edit("aliases", json!(["shop.example.com", "www.shop.example.com"])),
        edit("aliases", json!([])),
        edit("defaultRootObject", ""),
        edit("origins", json!(origins)),
        edit("originGroups", group),
        edit("defaultCacheBehavior", json!(all)),
        edit("cacheBehaviors", paths),
        edit("cacheBehaviors", json!([])),
        edit("customErrorResponses", json!({"403": page(), "404": page()})),
        edit("customErrorResponses", json!({})),
        edit("priceClass", "PriceClass_100"),
        edit("httpVersion", "http2and3"),
        edit("isIPV6Enabled", false),
        edit("geoRestriction", json!({"restrictionType": "whitelist", "locations": ["DE", "FR"]})),
        edit("webACLId", stage.clients.arn("wafv2", EDGE, "global/webacl/shop/473e64fd-f30b-4765-81a0-62ad96dd167a")),
        edit("viewerCertificate", json!(certificate(stage, "TLSv1.2_2019"))),
        edit("viewerCertificate", "cloudFrontDefault"),
        edit("logging", log),
    ]);
    edits
}

fn protection(stage: &Stage) -> Case {
    let arn = stage.clients.arn("cloudfront", "", "distribution/E2QWRUHAPOMQZL");
    Case::new("protection", &Protection { resource_arn: arn.as_str().into(), tags: tags() }, tag_edits())
}
