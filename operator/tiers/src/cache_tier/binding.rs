//! What others learn of a cache: the Secret for workloads (servicebinding.io) and `status.outputs`.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use terrace_crds::CacheTierSpec;
use terrace_crds::cache_tier::{Authentication, InTransit};
use terrace_model::Val;
use terrace_model::aws::Tags;
use terrace_model::aws::elasticache::{CacheCluster, ReplicationGroup, ServerlessCache};
use terrace_model::aws::kubernetes::BindingSecret;
use terrace_model::aws::secretsmanager::Secret;

use super::design::{Design, Form};
use super::login::{Login, TOKEN, USER_SECRET, USERNAME};
use crate::BINDING;
use crate::draft::Draft;
use crate::naming::{of, secret_name};

/// Where clients connect.
pub(super) struct Endpoint {
    pub host: Val<String>,
    pub port: Val<i32>,
    /// Where reads go that may lag behind, on the same port.
    pub reader: Option<Val<String>>,
}

/// Adds the Secret.
pub(super) fn binding(draft: &mut Draft, design: &Design, endpoint: Endpoint, login: &Login) {
    let username = if matches!(login, Login::Users { .. }) { USERNAME } else { "" };
    let secret = BindingSecret {
        name: secret_name(&design.facts.object.name),
        r#type: design.engine().into(),
        provider: PROVIDER.into(),
        host: endpoint.host,
        port: Some(endpoint.port),
        reader_host: endpoint.reader,
        database: None,
        username: username.into(),
        password: login.password().cloned().unwrap_or(BindingSecret::NO_PASSWORD),
        tls: Some(design.tls().into()),
        entries: BTreeMap::new(),
        // AWS's tags are not the cluster's annotations: only those of the owner are set.
        tags: Tags::new(),
    };
    draft.add(BINDING, secret);
}

/// `status.outputs` by name.
pub(super) fn outputs(spec: &CacheTierSpec) -> BTreeMap<&'static str, Val<Value>> {
    let mut outputs = match Form::of(spec) {
        Form::Nodes => replication_group(spec),
        Form::Memcached => BTreeMap::from([
            ("arn", of("cache", CacheCluster::ARN)),
            ("configurationEndpoint", of("cache", CacheCluster::CONFIGURATION_ENDPOINT)),
            ("endpoint", of("cache", CacheCluster::CONFIGURATION_ENDPOINT)),
            ("engineVersion", of("cache", CacheCluster::ENGINE_VERSION)),
            ("port", of("cache", CacheCluster::PORT)),
        ]),
        Form::Serverless => BTreeMap::from([
            ("arn", of("cache", ServerlessCache::ARN)),
            ("endpoint", of("cache", ServerlessCache::ENDPOINT)),
            ("engineVersion", of("cache", ServerlessCache::ENGINE_VERSION)),
            ("port", of("cache", ServerlessCache::PORT)),
        ]),
    };
    outputs.extend(for_bindings(spec));
    outputs
}

/// What others bind to, beside where it is. All of it is always there, an empty text where there is none: who refers to it
/// waits until it is known.
fn for_bindings(spec: &CacheTierSpec) -> BTreeMap<&'static str, Val<Value>> {
    let text = |text: &str| Val::Known(json!(text));
    let secret = |id: &str| (of(id, Secret::ARN), of(id, Secret::VERSION));
    let (username, (arn, version)) = match spec.authentication() {
        Authentication::None => ("", (text(""), text(""))),
        Authentication::Token => ("", secret(TOKEN)),
        Authentication::Users => (USERNAME, secret(USER_SECRET)),
    };
    let tls = spec.encryption.in_transit != InTransit::Disabled;
    BTreeMap::from([
        ("bindingType", text(spec.engine.as_str())),
        ("provider", text(PROVIDER)),
        ("username", text(username)),
        ("secretArn", arn),
        ("secretVersion", version),
        ("tls", text(if tls { "true" } else { "false" })),
    ])
}

/// The provider in every binding to a cache.
const PROVIDER: &str = "aws-elasticache";

fn replication_group(spec: &CacheTierSpec) -> BTreeMap<&'static str, Val<Value>> {
    let mut outputs = BTreeMap::from([
        ("arn", of("cache", ReplicationGroup::ARN)),
        ("endpoint", of("cache", ReplicationGroup::ENDPOINT)),
        ("engineVersion", of("cache", ReplicationGroup::ENGINE_VERSION)),
        ("port", of("cache", ReplicationGroup::PORT)),
    ]);
    if spec.cluster_mode() {
        let endpoint = || of("cache", ReplicationGroup::CONFIGURATION_ENDPOINT);
        outputs.extend([("endpoint", endpoint()), ("configurationEndpoint", endpoint())]);
    } else if spec.replicas_per_shard() > 0 {
        outputs.insert("readerEndpoint", of("cache", ReplicationGroup::READER_ENDPOINT));
    }
    outputs
}
