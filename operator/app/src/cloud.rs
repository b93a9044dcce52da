//! The way into AWS of each Environment: clients, engine and finder, made once and kept.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use kube::ResourceExt;
use secrecy::SecretString;
use terrace_aws::describe::Describe;
use terrace_aws::finder::TagFinder;
use terrace_aws::limits::Limits;
use terrace_aws::{AssumeRole, Clients, Settings, secretsmanager};
use terrace_crds::Environment;
use terrace_crds::environment::DatabaseAccess;
use terrace_engine::{Engine, Registry, Result, SecretReader};
use terrace_model::{Place, SecretRef};

use crate::cli::DEFAULT_RESYNC;
use crate::telemetry::metrics::Metrics;

/// One Environment's way into AWS.
pub struct Cloud {
    pub clients: Clients,
    pub engine: Engine,
    pub describe: Describe,
}

/// A cloud, and the identity that it was made for.
type Made = (Option<String>, Arc<Cloud>);

/// All of them, by the UID of their Environment.
pub struct Clouds {
    base: aws_config::SdkConfig,
    endpoint_url: Option<String>,
    limits: Arc<Limits>,
    metrics: Metrics,
    resync: Duration,
    others: Box<dyn Fn(DatabaseAccess, Arc<dyn SecretReader>) -> Registry + Send + Sync>,
    made: Mutex<BTreeMap<String, Made>>,
}

impl Clouds {
    /// `others` makes the providers of what stands outside AWS, for an Environment.
    pub fn new(
        base: aws_config::SdkConfig,
        endpoint_url: Option<String>,
        limits: Arc<Limits>,
        metrics: Metrics,
        others: impl Fn(DatabaseAccess, Arc<dyn SecretReader>) -> Registry + Send + Sync + 'static,
    ) -> Self {
        let (others, made, resync) = (Box::new(others), Mutex::default(), Duration::ZERO);
        Clouds { base, endpoint_url, limits, metrics, resync, others, made }.with_resync(DEFAULT_RESYNC)
    }

    /// For another period in which objects that stand still are looked at again.
    #[must_use]
    pub fn with_resync(self, resync: Duration) -> Self {
        Clouds { resync, ..self }
    }

    /// The cloud of an Environment: made at the first call, and made anew when its identity, or its way to databases, changes.
    pub fn of(&self, environment: &Environment) -> Arc<Cloud> {
        let uid = environment.uid().unwrap_or_default();
        let identity = serde_json::to_string(&(&environment.spec.identity, environment.spec.database_access)).ok();
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        match made.get(&uid) {
            Some((same, cloud)) if *same == identity => cloud.clone(),
            _ => {
                let cloud = Arc::new(self.make(environment));
                made.insert(uid, (identity, cloud.clone()));
                cloud
            }
        }
    }

    /// Forgets an Environment that is gone.
    pub fn forget(&self, uid: &str) {
        self.made.lock().unwrap_or_else(PoisonError::into_inner).remove(uid);
    }

    fn make(&self, environment: &Environment) -> Cloud {
        let assume_role = environment.spec.identity.assume_role.as_ref().map(|role| AssumeRole {
            arn: role.arn.clone(),
            external_id: role.external_id.clone(),
            session_name: session_name(environment),
            tags: BTreeMap::new(),
        });
        let recent = self.resync.mul_f64(0.9);
        let clients = Clients::new(
            &self.base,
            Settings {
                account: environment.spec.account.clone(),
                endpoint_url: self.endpoint_url.clone(),
                assume_role,
                limits: self.limits.clone(),
                observer: Arc::new(self.metrics.clone()),
                recent,
            },
        );
        let values = secretsmanager::Values::new(&clients);
        let registry =
            of_aws(&clients, &values).and((self.others)(environment.spec.database_access, Arc::new(Secrets(values))));
        Cloud { describe: Describe::new(clients.clone()), clients, engine: Engine::new(registry, recent) }
    }
}

/// What CloudTrail knows the operator by in the account of an Environment.
pub fn session_name(environment: &Environment) -> String {
    format!("terrace-{}", environment.name_any().chars().take(50).collect::<String>())
}

/// The providers of everything in AWS.
pub fn of_aws(clients: &Clients, values: &secretsmanager::Values) -> Registry {
    terrace_aws::registry::registry(clients, values).and(terrace_aws_ec2::registry(clients))
}

impl Cloud {
    /// Finds what bears an object's tags.
    pub fn finder(&self) -> TagFinder {
        TagFinder::new(self.clients.clone())
    }
}

/// Reads secrets for what must hold them.
struct Secrets(secretsmanager::Values);

impl SecretReader for Secrets {
    fn read<'a>(&'a self, place: &'a Place, secret: &'a SecretRef) -> BoxFuture<'a, Result<SecretString>> {
        Box::pin(self.0.read(&place.region, secret))
    }

    fn current<'a>(&'a self, place: &'a Place, arn: &'a str) -> BoxFuture<'a, Result<SecretString>> {
        Box::pin(self.0.password(&place.region, arn))
    }
}
