//! Where these tests run: an emulator, and owners and accounts of their own, so that they may run side by side.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_types::SdkConfig;
use serde_json::Value;
use terrace_aws::calls::Unobserved;
use terrace_aws::limits::Limits;
use terrace_aws::{Clients, Settings};
use terrace_model::identity::Freshness;
use terrace_model::{Id, OwnerRef, Place, Resource};

const ENDPOINT: &str = "TERRACE_WIRE_ENDPOINT";
pub const REGION: &str = "eu-west-1";

/// Clients of the emulator, in an account of their own; `None`, with the reason said, where there is no emulator.
pub fn clients() -> Option<Clients> {
    let Ok(endpoint) = std::env::var(ENDPOINT) else {
        skip(&format!("{ENDPOINT} names no emulator"));
        return None;
    };
    let account = format!("{:012}", unique() % 1_000_000_000_000);
    let credentials = Credentials::new(&account, "secret", None, None, "wire");
    let base = SdkConfig::builder().credentials_provider(SharedCredentialsProvider::new(credentials)).build();
    let settings = Settings {
        account,
        endpoint_url: Some(endpoint),
        assume_role: None,
        limits: Limits::lifted(),
        observer: Arc::new(Unobserved),
        recent: Duration::from_secs(300),
    };
    Some(Clients::new(&base, settings))
}

/// Says that a test does nothing here, and why: straight to stderr, since the harness holds back what a passing test
/// prints. `tests/run-all` counts these lines.
pub fn skip(reason: &str) {
    let thread = std::thread::current();
    let line = format!("skipped: {}: {reason}\n", thread.name().unwrap_or("a test"));
    // One that cannot be told is no reason to fail.
    let _ = std::io::stderr().write_all(line.as_bytes());
}

/// A number that no other test has, nor had any run before: it is the time, and goes on where that stands still.
fn unique() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a clock after 1970");
    let time = u64::try_from(since.as_nanos() / 100).expect("a time of this age");
    let next = |last: u64| time.max(last + 1);
    LAST.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(next(last))).map_or(time, next)
}

/// A node of an owner that no other test has.
pub fn id<R: Resource>(node: &str) -> Id {
    Id {
        owner: OwnerRef {
            cluster: "wire".into(),
            namespace: format!("run-{}", unique()),
            kind: "DataTier".into(),
            name: "orders".into(),
            uid: format!("uid-{}", unique()),
        },
        place: Place { environment: "test".into(), region: REGION.into() },
        kind: R::KIND.into(),
        node: node.into(),
        incarnation: 1,
        remade: 0,
        handle: None,
        address: serde_json::Map::new(),
        freshness: Freshness::Now,
    }
}

/// A wish as the engine hands it to a provider: with the owner's tags.
pub fn owned(id: &Id, want: &impl Resource) -> Value {
    let mut want = serde_json::to_value(want).expect("a wish is JSON");
    if let Some(tags) = want.get_mut("tags").and_then(Value::as_object_mut) {
        tags.extend(id.owner_tags().into_iter().map(|(key, value)| (key, value.into())));
    }
    want
}
