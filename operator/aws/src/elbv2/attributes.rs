//! Attributes of load balancers and target groups, which AWS lists nowhere whole: they are read about once an hour, and
//! whenever the look must be fresh.
//!
//! AWS shows every attribute always, and unsets none (API reference, ModifyLoadBalancerAttributes,
//! ModifyTargetGroupAttributes). Those that mean nothing because of another are left out here: so they may leave a wish.

use std::collections::BTreeMap;
use std::future::Future;

use terrace_engine::{Error, Result, reason};
use terrace_model::aws::elbv2::Attributes;
use terrace_model::{Diff, Id};

use super::Elb;

/// Prefix, and the attribute and value without which what begins so means nothing.
const HANGING: &[(&str, &str, &str)] = &[
    ("access_logs.s3.bucket", "access_logs.s3.enabled", "true"),
    ("access_logs.s3.prefix", "access_logs.s3.enabled", "true"),
    ("connection_logs.s3.bucket", "connection_logs.s3.enabled", "true"),
    ("connection_logs.s3.prefix", "connection_logs.s3.enabled", "true"),
    ("health_check_logs.s3.bucket", "health_check_logs.s3.enabled", "true"),
    ("health_check_logs.s3.prefix", "health_check_logs.s3.enabled", "true"),
    ("stickiness.app_cookie.", "stickiness.type", "app_cookie"),
];

/// What means something, of what AWS shows. An attribute without a value is one that is not set.
pub(super) fn meaning(shown: Attributes) -> Attributes {
    let means = |key: &str, all: &Attributes| {
        let on = HANGING.iter().find(|(prefix, ..)| key.starts_with(prefix));
        on.is_none_or(|(_, on, value)| all.get(*on).is_some_and(|is| is == value))
    };
    shown.iter().filter(|(key, value)| !value.is_empty() && means(key, &shown)).map(to_owned).collect()
}

fn to_owned((key, value): (&String, &String)) -> (String, String) {
    (key.clone(), value.clone())
}

/// What is to be said of attributes that differ.
pub(super) fn changed(want: &Attributes, diff: &Diff) -> Attributes {
    let differs = |key: &str| diff.0.iter().any(|change| change.path.strip_prefix("attributes.") == Some(key));
    want.iter().filter(|(key, _)| differs(key)).map(to_owned).collect()
}

/// Refuses a wish that no longer says what it once said, where that still means something.
pub(super) fn unset(have: &Attributes, want: &Attributes, diff: &Diff) -> Result<()> {
    let mut then: BTreeMap<_, _> = have.clone();
    then.extend(want.iter().map(to_owned));
    let still = meaning(then);
    match diff.removed("attributes").into_iter().find(|key| still.contains_key(key)) {
        None => Ok(()),
        Some(key) => Err(Error::Invalid {
            reason: reason::REFUSED,
            message: format!("AWS unsets no attribute: say the value that {key} is to have, its default if need be"),
        }),
    }
}

impl Elb {
    /// The attributes of `arn`; `None` where their turn has not come.
    pub(super) async fn attributes_of<F>(
        &self,
        id: &Id,
        arn: &str,
        read: impl FnOnce() -> F,
    ) -> Result<Option<Attributes>>
    where
        F: Future<Output = Result<Attributes>>,
    {
        let read = || async { read().await.map(meaning) };
        self.attributes.get_in_turn(arn, id.freshness, read).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elbv2::testing::between;
    use serde_json::json;
    use terrace_model::aws::elbv2::LoadBalancer;

    fn of(pairs: &[(&str, &str)]) -> Attributes {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn load_balancer(attributes: &Attributes) -> LoadBalancer {
        let value = json!({
            "type": "application", "scheme": "internal", "ipAddressType": "ipv4", "subnets": [], "securityGroups": [],
            "attributes": attributes, "tags": {},
        });
        serde_json::from_value(value).expect("a wish is whole")
    }

    #[test]
    fn what_means_nothing_is_not_seen() {
        let off = of(&[("access_logs.s3.enabled", "false"), ("access_logs.s3.bucket", "old"), ("stickiness.x", "")]);
        assert_eq!(meaning(off), of(&[("access_logs.s3.enabled", "false")]));
        let on = of(&[("access_logs.s3.enabled", "true"), ("access_logs.s3.bucket", "logs")]);
        assert_eq!(meaning(on.clone()), on);
        let cookie = of(&[("stickiness.type", "lb_cookie"), ("stickiness.app_cookie.duration_seconds", "86400")]);
        assert_eq!(meaning(cookie), of(&[("stickiness.type", "lb_cookie")]));
    }

    #[test]
    fn a_bucket_may_leave_the_wish_with_its_logs_and_no_other_attribute_may() {
        let on = of(&[("access_logs.s3.enabled", "true"), ("access_logs.s3.bucket", "logs"), ("idle", "60")]);
        let off = of(&[("access_logs.s3.enabled", "false"), ("idle", "60")]);
        let diff = between(&load_balancer(&on), &load_balancer(&off));
        assert_eq!(unset(&on, &off, &diff), Ok(()));
        assert_eq!(changed(&off, &diff), of(&[("access_logs.s3.enabled", "false")]));
        let less = of(&[("access_logs.s3.enabled", "true"), ("access_logs.s3.bucket", "logs")]);
        let diff = between(&load_balancer(&on), &load_balancer(&less));
        let error = unset(&on, &less, &diff).expect_err("it cannot be unset");
        assert_eq!(error.reason(), reason::REFUSED);
        assert!(error.to_string().contains("idle"), "{error}");
    }
}
