//! The SDK's clients of one Environment: one per service and region, made when first asked for.
//!
//! *Retries are off in the SDK.* Most calls that change something take no idempotency token, so a repetition after a
//! lost reply could act twice; the engine looks first and tries again by its own backoff, and for reads nothing is
//! gained by a second place that does. *No timeout spans the wait for the limiter:* connecting and reading have each
//! their own.

use std::any::{Any, TypeId};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_smithy_http_client::tls;
use aws_smithy_runtime::client::identity::IdentityCache;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::interceptors::SharedInterceptor;
use aws_smithy_types::retry::RetryConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use tokio::sync::OnceCell;

use crate::calls::{CallObserver, Hooks, Paced, Unobserved};
use crate::limits::Limits;

/// RDS answers most calls within two seconds; a create may take ten.
const TIMEOUTS: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(60));
/// The session tag that says for whom a change is made.
pub const NAMESPACE_TAG: &str = "terrace:namespace";
/// Where services that have no regions are asked, if the operator itself has no region.
const HOME: &str = "us-east-1";

/// Whose account it is and how it is reached.
#[derive(Clone)]
pub struct Settings {
    /// Twelve digits.
    pub account: String,
    /// All services are found here: an emulator. Set by process flag only.
    pub endpoint_url: Option<String>,
    /// The role of the Environment; without one the operator's own identity is used, which bears no session tags.
    pub assume_role: Option<AssumeRole>,
    pub limits: Arc<Limits>,
    pub observer: Arc<dyn CallObserver>,
    /// How old a list may be that answers a look of a resync: half the resync's period, so that each resync reads anew
    /// once and all objects share what it read.
    pub recent: Duration,
}

/// A role to act as.
#[derive(Clone, Debug)]
pub struct AssumeRole {
    pub arn: String,
    pub external_id: Option<String>,
    pub session_name: String,
    /// Session tags; the role's trust policy must then allow `sts:TagSession`.
    pub tags: BTreeMap<String, String>,
}

/// The clients of one Environment. Cheap to clone.
#[derive(Clone)]
pub struct Clients(Arc<Inner>);

struct Inner {
    /// The operator's own, before any role.
    origin: SdkConfig,
    settings: Settings,
    config: SdkConfig,
    made: Mutex<HashMap<(TypeId, String), Box<dyn Any + Send + Sync>>>,
    namespaces: Mutex<BTreeMap<String, Clients>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Clients {
    /// Makes no call: credentials are fetched when the first one is signed.
    pub fn new(base: &SdkConfig, settings: Settings) -> Self {
        let mut origin = base.to_builder().behavior_version(BehaviorVersion::latest());
        if let Some(url) = &settings.endpoint_url {
            origin.set_endpoint_url(Some(url.clone()));
        }
        if base.region().is_none() {
            origin.set_region(Region::new(HOME));
        }
        if base.http_client().is_none() {
            // One pool of connections, and one copy of the root certificates, for all clients.
            let tls = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc);
            origin = origin.http_client(aws_smithy_http_client::Builder::new().tls_provider(tls).build_https());
        }
        if base.time_source().is_none() {
            origin.set_time_source(Some(aws_smithy_async::time::SharedTimeSource::default()));
        }
        Clients::of(origin.build(), settings)
    }

    /// Clients that nobody calls by: to ask the providers what they are.
    pub fn unconnected() -> Self {
        let settings = Settings {
            account: String::new(),
            endpoint_url: None,
            assume_role: None,
            limits: Limits::new(),
            observer: Arc::new(Unobserved),
            recent: Duration::ZERO,
        };
        Clients::new(&SdkConfig::builder().build(), settings)
    }

    fn of(origin: SdkConfig, settings: Settings) -> Self {
        let hooks = Hooks {
            account: settings.account.clone(),
            limits: settings.limits.clone(),
            observer: settings.observer.clone(),
        };
        let (connect, read) = TIMEOUTS;
        let mut config = origin
            .to_builder()
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::builder().connect_timeout(connect).read_timeout(read).build())
            .identity_cache(Paced { cache: IdentityCache::lazy().build(), hooks });
        if let Some(role) = &settings.assume_role {
            let role = Role { origin: origin.clone(), role: role.clone(), provider: OnceCell::new() };
            config.set_credentials_provider(Some(SharedCredentialsProvider::new(role)));
        }
        let config = config.build();
        Clients(Arc::new(Inner { origin, settings, config, made: Mutex::default(), namespaces: Mutex::default() }))
    }

    /// The same account, for a change that is made for one namespace: the role's session bears [`NAMESPACE_TAG`], so
    /// that policies and CloudTrail can tell namespaces apart. The operator's own identity cannot be tagged.
    #[must_use]
    pub fn for_namespace(&self, namespace: &str) -> Self {
        let Some(role) = &self.0.settings.assume_role else { return self.clone() };
        let make = || {
            let mut role = role.clone();
            role.tags.insert(NAMESPACE_TAG.to_owned(), namespace.to_owned());
            let settings = Settings { assume_role: Some(role), ..self.0.settings.clone() };
            Clients::of(self.0.origin.clone(), settings)
        };
        lock(&self.0.namespaces).entry(namespace.to_owned()).or_insert_with(make).clone()
    }

    /// The account, twelve digits.
    pub fn account(&self) -> &str {
        &self.0.settings.account
    }

    /// How old a list may be that answers a [`Recent`](terrace_model::identity::Freshness::Recent) look.
    pub fn recent(&self) -> Duration {
        self.0.settings.recent
    }

    /// The ARN of a resource of this account; `resource` is the ARN's last part.
    pub fn arn(&self, service: &str, region: &str, resource: &str) -> String {
        format!("arn:{}:{service}:{region}:{}:{resource}", partition(region), self.account())
    }

    /// The ARN of what is found worldwide and has neither region nor account in it, as a hosted zone.
    pub fn worldwide_arn(&self, service: &str, resource: &str) -> String {
        format!("arn:{}:{service}:::{resource}", partition(self.home()))
    }

    /// The region whose Tagging API lists what has no region (Tagging AWS Resources user guide, GetResources).
    pub fn worldwide(&self) -> &'static str {
        worldwide(partition(self.home()))
    }

    /// The region of services that have none of their own.
    pub fn home(&self) -> &str {
        self.0.config.region().map_or(HOME, AsRef::as_ref)
    }

    /// The SDK's configuration for a region. A client built from it must also carry [`Clients::calls`]; see
    /// [`Clients::service`].
    pub fn config(&self, region: &str) -> SdkConfig {
        self.0.config.to_builder().region(Region::new(region.to_owned())).build()
    }

    /// The interceptor that reports calls and throttles.
    pub fn calls(&self) -> SharedInterceptor {
        let settings = &self.0.settings;
        SharedInterceptor::new(Hooks {
            account: settings.account.clone(),
            limits: settings.limits.clone(),
            observer: settings.observer.clone(),
        })
    }

    /// The client `C` of a region, made once by `build` from the configuration and the interceptor that it must carry.
    pub fn service<C, F>(&self, region: &str, build: F) -> C
    where
        C: Clone + Send + Sync + 'static,
        F: FnOnce(&SdkConfig, SharedInterceptor) -> C,
    {
        let mut made = lock(&self.0.made);
        let make = || -> Box<dyn Any + Send + Sync> { Box::new(build(&self.config(region), self.calls())) };
        let client = made.entry((TypeId::of::<C>(), region.to_owned())).or_insert_with(make);
        client.downcast_ref::<C>().cloned().expect("the key is the type")
    }

    /// Puts a client of one's own in place, as tests do.
    #[must_use]
    pub fn with_client<C: Send + Sync + 'static>(self, region: &str, client: C) -> Self {
        lock(&self.0.made).insert((TypeId::of::<C>(), region.to_owned()), Box::new(client));
        self
    }
}

macro_rules! services {
    ($($name:ident: $sdk:ident),* $(,)?) => {
        impl Clients {
            $(
                #[doc = concat!("The client of `", stringify!($sdk), "` in a region.")]
                pub fn $name(&self, region: &str) -> $sdk::Client {
                    self.service(region, |config, calls| {
                        $sdk::Client::from_conf($sdk::config::Builder::from(config).interceptor(calls).build())
                    })
                }
            )*
        }
    };
}

services! {
    acm: aws_sdk_acm,
    autoscaling: aws_sdk_applicationautoscaling,
    cloudtrail: aws_sdk_cloudtrail,
    cloudwatch: aws_sdk_cloudwatch,
    cloudfront_in: aws_sdk_cloudfront,
    eks: aws_sdk_eks,
    elasticache: aws_sdk_elasticache,
    elbv2: aws_sdk_elasticloadbalancingv2,
    iam_in: aws_sdk_iam,
    kms: aws_sdk_kms,
    rds: aws_sdk_rds,
    route53_in: aws_sdk_route53,
    secretsmanager: aws_sdk_secretsmanager,
    shield_in: aws_sdk_shield,
    sqs: aws_sdk_sqs,
    sts: aws_sdk_sts,
    tagging: aws_sdk_resourcegroupstagging,
    wafv2: aws_sdk_wafv2,
}

impl Clients {
    /// The client of S3 in a region. An emulator has one host name for all buckets.
    pub fn s3(&self, region: &str) -> aws_sdk_s3::Client {
        let one_host = self.0.settings.endpoint_url.is_some();
        self.service(region, |config, calls| {
            let config = aws_sdk_s3::config::Builder::from(config).interceptor(calls).force_path_style(one_host);
            aws_sdk_s3::Client::from_conf(config.build())
        })
    }

    /// The client of CloudFront, which is the same in all regions.
    pub fn cloudfront(&self) -> aws_sdk_cloudfront::Client {
        self.cloudfront_in(self.home())
    }

    /// The client of Shield Advanced, which is the same in all regions.
    pub fn shield(&self) -> aws_sdk_shield::Client {
        self.shield_in(self.home())
    }

    /// The client of IAM, which is the same in all regions.
    pub fn iam(&self) -> aws_sdk_iam::Client {
        self.iam_in(self.home())
    }

    /// The client of Route 53, which is the same in all regions.
    pub fn route53(&self) -> aws_sdk_route53::Client {
        self.route53_in(self.home())
    }
}

/// The region of a partition in which services that have no regions tell of themselves.
pub fn worldwide(partition: &str) -> &'static str {
    match partition {
        "aws-cn" => "cn-northwest-1",
        "aws-us-gov" => "us-gov-west-1",
        _ => HOME,
    }
}

/// The partition that a region is in, as ARNs have it.
pub fn partition(region: &str) -> &'static str {
    match region {
        region if region.starts_with("cn-") => "aws-cn",
        region if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

/// Credentials of a role; the SDK's provider is made at the first use, since making it is asynchronous.
#[derive(Debug)]
struct Role {
    origin: SdkConfig,
    role: AssumeRole,
    provider: OnceCell<AssumeRoleProvider>,
}

impl Role {
    async fn make(&self) -> AssumeRoleProvider {
        let AssumeRole { arn, external_id, session_name, tags } = self.role.clone();
        let mut builder = AssumeRoleProvider::builder(arn).configure(&self.origin).session_name(session_name);
        if let Some(id) = external_id {
            builder = builder.external_id(id);
        }
        if !tags.is_empty() {
            builder = builder.tags(tags);
        }
        builder.build().await
    }
}

impl ProvideCredentials for Role {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            let provider = self.provider.get_or_init(|| self.make()).await;
            provider.provide_credentials().await
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::Call;
    use crate::errors::classify;
    use aws_credential_types::Credentials;
    use aws_smithy_runtime_api::client::http::{
        HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
    };
    use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;
    use terrace_engine::reason;

    const ACCOUNT: &str = "123456789012";
    const REGION: &str = "eu-west-1";
    const SLOWER: &str =
        "<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>";
    const SESSION: &str = "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>AKIA</AccessKeyId>\
        <SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>\
        </Credentials></AssumeRoleResult></AssumeRoleResponse>";

    /// Bodies of all requests, and every call as it was observed.
    #[derive(Clone, Debug, Default)]
    struct Wire {
        sent: Arc<Mutex<Vec<String>>>,
        seen: Arc<Mutex<Vec<String>>>,
    }

    impl Wire {
        fn sent(&self, part: &str) -> usize {
            lock(&self.sent).iter().filter(|body| body.contains(part)).count()
        }
    }

    impl HttpConnector for Wire {
        fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
            let body = String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned();
            let (status, answer) = if body.contains("AssumeRole") { (200, SESSION) } else { (400, SLOWER) };
            lock(&self.sent).push(body);
            let status = StatusCode::try_from(status).expect("a status");
            HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(answer))))
        }
    }

    impl CallObserver for Wire {
        fn observe(&self, call: &Call<'_>) {
            let Call { account, region, service, operation, code, throttled, .. } = call;
            let code = code.unwrap_or("-");
            lock(&self.seen).push(format!("{account} {region} {service} {operation} {code} {throttled}"));
        }
    }

    fn clients(assume_role: Option<AssumeRole>) -> (Clients, Wire, Arc<Limits>) {
        let (wire, limits) = (Wire::default(), Limits::new());
        let connector = SharedHttpConnector::new(wire.clone());
        let base = SdkConfig::builder()
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new("AKIA", "s", None, None, "test")))
            .build();
        let observer = Arc::new(wire.clone());
        let settings = Settings {
            account: ACCOUNT.into(),
            endpoint_url: None,
            assume_role,
            limits: limits.clone(),
            observer,
            recent: Duration::ZERO,
        };
        (Clients::new(&base, settings), wire, limits)
    }

    async fn describe(clients: &Clients) -> terrace_engine::Error {
        classify(clients.rds(REGION).describe_db_instances().send().await.expect_err("AWS says slower"))
    }

    #[tokio::test]
    async fn a_throttle_is_sent_once_observed_and_slows_the_next_call() {
        let (clients, wire, limits) = clients(None);
        let error = describe(&clients).await;
        assert_eq!((error.reason(), error.to_string().as_str()), (reason::RETRYING, "Rate exceeded (Throttling)"));
        assert_eq!(wire.sent("DescribeDBInstances"), 1);
        let seen = lock(&wire.seen).clone();
        assert_eq!(seen, ["123456789012 eu-west-1 RDS DescribeDBInstances Throttling true"]);
        assert!(limits.reserve(ACCOUNT, REGION, "RDS") > Duration::ZERO);
        assert_eq!(limits.reserve(ACCOUNT, REGION, "IAM"), Duration::ZERO);
    }

    #[tokio::test]
    async fn reads_share_one_session_and_changes_have_one_a_namespace() {
        let role = AssumeRole {
            arn: "arn:aws:iam::123456789012:role/terrace".into(),
            external_id: Some("ext".into()),
            session_name: "terrace".into(),
            tags: BTreeMap::new(),
        };
        let (clients, wire, _) = clients(Some(role));
        for _ in 0..2 {
            describe(&clients).await;
            describe(&clients.for_namespace("shop")).await;
            describe(&clients.for_namespace("bank")).await;
        }
        assert_eq!((wire.sent("Action=AssumeRole"), wire.sent("ExternalId=ext")), (3, 3));
        assert_eq!(wire.sent("Tags.member.1.Key=terrace%3Anamespace"), 2);
        assert_eq!((wire.sent("Value=shop"), wire.sent("Value=bank")), (1, 1));
    }

    #[test]
    fn a_client_is_made_once_a_region() {
        let (clients, ..) = clients(None);
        let made = std::cell::Cell::new(0);
        let make = |region: &str| clients.service(region, |_, _| made.replace(made.get() + 1));
        assert_eq!([make("a"), make("a"), make("b")], [0, 0, 1]);
    }
}
