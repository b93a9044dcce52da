//! What is left of CloudFront against an emulator: VPC origins, which need a load balancer, and distributions that use
//! them; the lives of its other kinds are in `tests/wire`.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use terrace_aws::Clients;
use terrace_aws::cloudfront::{CloudFront, Distributions, VpcOrigins};
use terrace_engine::{Disposal, Erased, Error, Look, Registry};
use terrace_model::Id;
use terrace_model::aws::cloudfront::{Distribution, Port, ProtocolPolicy, VpcOrigin};

use crate::bed::{REGION, clients, id, owned, skip};
use crate::gaps;
use crate::life::{Life, other_tags};

fn registry(clients: &Clients) -> Registry {
    let edge = CloudFront::new(clients.clone());
    Registry::default().with(VpcOrigins(edge.clone())).with(Distributions(edge))
}

/// A load balancer in a network of its own.
async fn load_balancer(clients: &Clients) -> String {
    let ec2 = clients.service(REGION, |config, _| aws_sdk_ec2::Client::new(config));
    let vpc = ec2.create_vpc().cidr_block("10.30.0.0/16").send().await.expect("a VPC is made").vpc;
    let vpc = vpc.and_then(|vpc| vpc.vpc_id).expect("it has an id");
    let mut subnets = Vec::new();
    for (number, zone) in ["a", "b"].into_iter().enumerate() {
        let request = ec2.create_subnet().vpc_id(&vpc).cidr_block(format!("10.30.{number}.0/24"));
        let made = request.availability_zone(format!("{REGION}{zone}")).send().await.expect("a subnet is made");
        subnets.extend(made.subnet.and_then(|subnet| subnet.subnet_id));
    }
    let balancers = clients.service(REGION, |config, _| aws_sdk_elasticloadbalancingv2::Client::new(config));
    let request = balancers.create_load_balancer().name("web").set_subnets(Some(subnets));
    let made = request.send().await.expect("a load balancer is made").load_balancers.unwrap_or_default();
    made.into_iter().find_map(|made| made.load_balancer_arn).expect("it has an ARN")
}

fn vpc_origin(balancer: &str) -> VpcOrigin {
    VpcOrigin {
        arn: balancer.into(),
        http_port: Port(80).into(),
        https_port: Port(8443).into(),
        origin_protocol_policy: ProtocolPolicy::HttpsOnly.into(),
        origin_ssl_protocols: BTreeSet::from(["TLSv1.2".to_owned()]),
        tags: [("team".into(), "shop".into()), ("gone".into(), "soon".into())].into(),
    }
}

/// A distribution before this VPC origin, and nothing else.
fn distribution(origin: &str) -> Distribution {
    let wish = json!({
        "comment": "shop", "enabled": true, "aliases": [], "defaultRootObject": "",
        "origins": {"web": {
            "domainName": "web.internal", "originPath": "", "customHeaders": {}, "connectionAttempts": 3,
            "connectionTimeout": 10, "originShieldRegion": "",
            "origin": {"vpc": {"vpcOriginId": origin, "originReadTimeout": 30, "originKeepaliveTimeout": 5}},
        }},
        "originGroups": {},
        "defaultCacheBehavior": {
            "targetOriginId": "web", "viewerProtocolPolicy": "redirect-to-https", "allowedMethods": ["GET", "HEAD"],
            "cachedMethods": ["GET", "HEAD"], "cachePolicyId": terrace_model::aws::cloudfront::managed::CACHING_DISABLED,
            "originRequestPolicyId": "", "responseHeadersPolicyId": "", "compress": true, "functionAssociations": {},
        },
        "cacheBehaviors": [], "customErrorResponses": {}, "priceClass": "PriceClass_100", "httpVersion": "http2",
        "isIPV6Enabled": true, "geoRestriction": {"restrictionType": "none", "locations": []}, "webACLId": "",
        "viewerCertificate": "cloudFrontDefault", "logging": "off", "tags": {"team": "shop", "gone": "soon"},
    });
    serde_json::from_value(wish).expect("a wish is whole")
}

async fn made(provider: &dyn Erased, id: &mut Id, want: &Value) -> Value {
    id.handle = Some(provider.create(id, want).await.expect("it is made"));
    match provider.observe(id).await.expect("it can be looked at") {
        Look::Present(sight) => sight.out,
        Look::Absent => panic!("it is not there"),
    }
}

#[tokio::test]
async fn a_vpc_origin_lives_and_outlives_no_distribution_before_it() {
    let Some(clients) = clients() else { return };
    if gaps::emulator() == "moto" {
        return skip("the emulator has no VPC origins");
    }
    let balancer = load_balancer(&clients).await;
    let id = id::<VpcOrigin>("origin");
    let want = owned(&id, &vpc_origin(&balancer));
    let edits = vec![("tags", other_tags(&want))];
    Life { clients: clients.clone(), registry, id, want, edits }.live().await;

    let registry = registry(&clients);
    let mut origin = crate::bed::id::<VpcOrigin>("origin");
    let provider = registry.get(&origin.kind).expect("it is registered").as_ref();
    let want = owned(&origin, &vpc_origin(&balancer));
    let out = made(provider, &mut origin, &want).await;
    let mut edge = crate::bed::id::<Distribution>("distribution");
    let before = registry.get(&edge.kind).expect("it is registered").as_ref();
    let wish = owned(&edge, &distribution(out["id"].as_str().expect("it is deployed")));
    made(before, &mut edge, &wish).await;
    let held = provider.delete(&origin, &want, Disposal::Delete).await;
    assert!(matches!(held, Err(Error::Wait { .. })), "{held:?}");
    for step in ["disabled", "deleted", "gone already"] {
        before.delete(&edge, &wish, Disposal::Delete).await.unwrap_or_else(|error| panic!("{step}: {error:?}"));
    }
    for _ in 0..2 {
        provider.delete(&origin, &want, Disposal::Delete).await.expect("it is deleted, or gone already");
    }
    assert!(matches!(provider.observe(&origin).await, Ok(Look::Absent)));
}
