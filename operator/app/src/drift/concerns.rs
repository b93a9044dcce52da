//! Which resources of an object's inventory an event is about. Pure.
//!
//! Where in doubt a resource counts as meant: that costs a read of it, and nothing is changed on the word of an event.

use serde_json::Value;
use terrace_crds::ResourceEntry;
use terrace_model::{NodeKey, Resource, aws::route53};

use super::event::{Notice, last_part, plain};
use super::services::{TAGGING, of_kind};

/// Members of an address that name what a resource lies in, or what it is about: who changes that may change it too.
const PARENTS: [&str; 11] = [
    "bucket",
    "certificateArn",
    "dbProxyName",
    "groupId",
    "keyId",
    "listenerArn",
    "loadBalancerArn",
    "name",
    "resourceArn",
    "resourceId",
    "secretArn",
];

/// The resources that the event is about.
pub fn concerned(resources: &[ResourceEntry], notice: &Notice) -> Vec<NodeKey> {
    let meant = resources.iter().filter(|entry| is_about(notice, entry));
    meant.map(|entry| NodeKey::new(&entry.id, entry.incarnation)).collect()
}

fn is_about(notice: &Notice, entry: &ResourceEntry) -> bool {
    let Some(service) = of_kind(&entry.kind) else { return false };
    let here = service.worldwide || entry.place.region == notice.region;
    let of_service = notice.source == service.source || notice.source == TAGGING.source;
    here && of_service && is_named(notice, entry)
}

fn is_named(notice: &Notice, entry: &ResourceEntry) -> bool {
    let address = |member: &str| entry.address.as_ref()?.get(member).and_then(Value::as_str).map(plain);
    let has = |name: Option<String>| name.is_some_and(|name| notice.names.contains(&name));
    match entry.kind.as_str() {
        // A zone is named by whoever changes any record in it.
        route53::RecordSet::KIND => has(address("zoneId")) && has(address("name")),
        // Their names are ACM's, which begin so.
        route53::ValidationRecords::KIND => {
            has(address("zoneId")) && notice.names.iter().any(|name| name.starts_with('_'))
        }
        _ => {
            let handle = entry.handle.as_deref().map(plain);
            let last = handle.as_deref().and_then(last_part).map(str::to_owned);
            has(handle)
                || has(last)
                || has(entry.name.as_deref().map(plain))
                || PARENTS.iter().any(|of| has(address(of)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::event::read;
    use super::super::samples::{SAMPLES, inventory, sample};
    use super::*;

    /// The ids of what the sample is about, in an inventory with one resource of each kind.
    fn about(sample: &str) -> Vec<String> {
        let notice = read(sample).expect("an event");
        concerned(&inventory(), &notice).into_iter().map(|key| key.to_string()).collect()
    }

    #[test]
    fn a_recorded_event_of_every_service_finds_what_it_is_about() {
        for (name, body, expected) in SAMPLES {
            assert_eq!(about(body), *expected, "{name}");
        }
    }

    #[test]
    fn every_service_has_a_recorded_event() {
        for service in super::super::services::SERVICES {
            let found =
                |(_, body, _): &(&str, &str, &[&str])| read(body).is_ok_and(|notice| notice.source == service.source);
            assert!(SAMPLES.iter().any(found), "{}", service.source);
        }
    }

    #[test]
    fn another_resource_account_region_or_service_is_not_meant() {
        let body = sample("rds_modify");
        assert_eq!(about(&body.replace("rders", "thers")), [] as [&str; 0]);
        assert_eq!(about(&body.replace("eu-west-1", "eu-central-1")), [] as [&str; 0]);
        assert_eq!(about(&body.replace("aws.rds", "aws.elasticache")), [] as [&str; 0]);
    }

    #[test]
    fn a_record_beside_ours_is_not_ours() {
        let body = sample("route53_change");
        assert_eq!(about(&body.replace("shop.example.com", "pay.example.com")), [] as [&str; 0]);
        assert_eq!(about(&body.replace("shop.example.com", "_x1.example.com")), ["validation-records"]);
    }

    #[test]
    fn a_later_incarnation_is_its_own() {
        let notice = read(&sample("rds_modify")).expect("an event");
        let mut resources = inventory();
        resources.iter_mut().for_each(|entry| entry.incarnation = 2);
        assert_eq!(concerned(&resources, &notice), [NodeKey::new("db", 2)]);
    }
}
