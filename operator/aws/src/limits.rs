//! How fast AWS may be called: one bucket per account, region and service, at AWS's published rates where there are
//! any, and slower for a while after a throttle.
//!
//! A call reserves its place at once and waits until its time, so that calls go in the order in which they came and
//! nobody starves. The libraries that offer rate limits have fixed rates and no reservation, which is why the bucket is
//! ours; it is arithmetic only, and whoever holds it does the waiting.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How many calls at once, and how many a second for ever.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    pub burst: f64,
    pub per_second: f64,
}

/// Rates by the service's id in the SDK. RDS, EC2 and Elastic Load Balancing: the services' own guides ("Quotas and
/// constraints", "Request throttling"; EC2's lowest bucket for calls that change something). CloudWatch: DescribeAlarms
/// (user guide, "CloudWatch service quotas"). The rest publish none that bind us, and start at a
/// rate that a console user reaches; a throttle lowers it.
fn published(service: &str) -> Rate {
    match service {
        "RDS" => Rate { burst: 300.0, per_second: 12.0 },
        "EC2" => Rate { burst: 100.0, per_second: 20.0 },
        "Elastic Load Balancing v2" => Rate { burst: 40.0, per_second: 10.0 },
        "CloudWatch" => Rate { burst: 9.0, per_second: 9.0 },
        "IAM" => Rate { burst: 40.0, per_second: 10.0 },
        // Each setting of a bucket is a call.
        "S3" => Rate { burst: 200.0, per_second: 50.0 },
        // Route 53 developer guide, "Quotas": five requests a second, all kinds together.
        "Route 53" => Rate { burst: 5.0, per_second: 5.0 },
        // ACM user guide, "Quotas": each call has its own, and those that change something the lowest, five a second.
        "ACM" => Rate { burst: 5.0, per_second: 5.0 },
        // WAF developer guide, "AWS WAF quotas": of each call that reads five a second, of each that changes something one.
        "WAFV2" => Rate { burst: 5.0, per_second: 5.0 },
        "Resource Groups Tagging API" => Rate { burst: 30.0, per_second: 10.0 },
        _ => Rate { burst: 50.0, per_second: 15.0 },
    }
}

/// Never slower than this part of the full rate.
const SLOWEST: f64 = 1.0 / 64.0;
/// Part of the full rate that is won back in a second without a throttle.
const RECOVERY: f64 = 1.0 / 60.0;
/// Calls that were under way together are throttled together: that counts once.
const TOGETHER: Duration = Duration::from_secs(1);

/// A token bucket whose rate is halved by a throttle and won back little by little.
#[derive(Debug)]
struct Bucket {
    rate: Rate,
    tokens: f64,
    factor: f64,
    updated: Instant,
    throttled: Option<Instant>,
}

impl Bucket {
    fn new(rate: Rate, now: Instant) -> Self {
        Bucket { rate, tokens: rate.burst, factor: 1.0, updated: now, throttled: None }
    }

    fn advance(&mut self, now: Instant) {
        let seconds = now.saturating_duration_since(self.updated).as_secs_f64();
        self.tokens = (self.tokens + seconds * self.rate.per_second * self.factor).min(self.rate.burst);
        self.factor = (self.factor + seconds * RECOVERY).min(1.0);
        self.updated = now;
    }

    /// Takes the next place; the call may go after so long.
    fn reserve(&mut self, now: Instant) -> Duration {
        self.advance(now);
        self.tokens -= 1.0;
        Duration::from_secs_f64((-self.tokens).max(0.0) / (self.rate.per_second * self.factor))
    }

    /// AWS said that it was too fast: what was saved up is gone, and the rate is half of what it was.
    fn throttle(&mut self, now: Instant) {
        self.advance(now);
        if self.throttled.is_some_and(|last| now.saturating_duration_since(last) < TOGETHER) {
            return;
        }
        self.tokens = self.tokens.min(0.0);
        self.factor = (self.factor / 2.0).max(SLOWEST);
        self.throttled = Some(now);
    }
}

/// Account, region and service.
type Key = (String, String, String);

/// The buckets of one process, shared by all its Environments: AWS counts by account, not by who asks.
#[derive(Debug, Default)]
pub struct Limits {
    buckets: Mutex<BTreeMap<Key, Bucket>>,
    lifted: bool,
}

impl Limits {
    /// Limits at AWS's rates.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// No limits: for an emulator, or to measure without them.
    pub fn lifted() -> Arc<Self> {
        Arc::new(Limits { lifted: true, ..Limits::default() })
    }

    /// Reserves a place for one call; it may go after so long.
    pub fn reserve(&self, account: &str, region: &str, service: &str) -> Duration {
        if self.lifted {
            return Duration::ZERO;
        }
        self.with(account, region, service, Bucket::reserve)
    }

    /// Takes note of a throttle.
    pub fn throttled(&self, account: &str, region: &str, service: &str) {
        if !self.lifted {
            self.with(account, region, service, Bucket::throttle);
        }
    }

    fn with<T>(&self, account: &str, region: &str, service: &str, act: impl FnOnce(&mut Bucket, Instant) -> T) -> T {
        let key = (account.to_owned(), region.to_owned(), service.to_owned());
        let now = Instant::now();
        let mut buckets: MutexGuard<'_, _> = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        act(buckets.entry(key).or_insert_with(|| Bucket::new(published(service), now)), now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { burst: 3.0, per_second: 2.0 };

    fn seconds(wait: Duration) -> f64 {
        (wait.as_secs_f64() * 1000.0).round() / 1000.0
    }

    #[test]
    fn a_burst_goes_at_once_and_the_rest_one_after_the_other() {
        let now = Instant::now();
        let mut bucket = Bucket::new(RATE, now);
        let waits: Vec<f64> = (0..6).map(|_| seconds(bucket.reserve(now))).collect();
        assert_eq!(waits, [0.0, 0.0, 0.0, 0.5, 1.0, 1.5]);
    }

    #[test]
    fn time_fills_the_bucket_up_to_the_burst_and_no_further() {
        let now = Instant::now();
        let mut bucket = Bucket::new(RATE, now);
        assert!((0..3).all(|_| bucket.reserve(now).is_zero()));
        let later = now + Duration::from_secs(100);
        let waits: Vec<f64> = (0..4).map(|_| seconds(bucket.reserve(later))).collect();
        assert_eq!(waits, [0.0, 0.0, 0.0, 0.5]);
    }

    #[test]
    fn a_throttle_halves_the_rate_once_and_a_calm_minute_restores_it() {
        let now = Instant::now();
        let mut bucket = Bucket::new(RATE, now);
        (0..5).for_each(|_| bucket.throttle(now));
        assert_eq!(seconds(bucket.reserve(now)), 1.0);
        assert_eq!(seconds(bucket.reserve(now)), 2.0);
        let calm = now + Duration::from_secs(60);
        bucket.advance(calm);
        assert_eq!((bucket.factor, bucket.tokens), (1.0, RATE.burst));
    }

    #[test]
    fn throttles_without_end_slow_down_to_a_bound_and_lose_nothing() {
        let mut now = Instant::now();
        let mut bucket = Bucket::new(RATE, now);
        for _ in 0..50 {
            now += TOGETHER;
            bucket.throttle(now);
        }
        let wait = seconds(bucket.reserve(now));
        assert!(wait <= 1.0 / (RATE.per_second * SLOWEST), "{wait}");
    }

    #[test]
    fn accounts_regions_and_services_do_not_slow_each_other() {
        let limits = Limits::new();
        limits.throttled("1", "eu-west-1", "RDS");
        assert!(limits.reserve("1", "eu-west-1", "RDS") > Duration::ZERO);
        for (account, region, service) in
            [("2", "eu-west-1", "RDS"), ("1", "us-east-1", "RDS"), ("1", "eu-west-1", "EC2")]
        {
            assert_eq!(limits.reserve(account, region, service), Duration::ZERO);
        }
    }

    #[test]
    fn lifted_limits_never_wait() {
        let limits = Limits::lifted();
        limits.throttled("1", "eu-west-1", "RDS");
        assert!((0..10_000).all(|_| limits.reserve("1", "eu-west-1", "RDS").is_zero()));
    }
}
