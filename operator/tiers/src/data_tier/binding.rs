//! What others learn of a database: the Secret for workloads (servicebinding.io) and `status.outputs`.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use terrace_crds::DataTierSpec;
use terrace_crds::data_tier::CredentialManagement;
use terrace_model::aws::Tags;
use terrace_model::aws::kubernetes::BindingSecret;
use terrace_model::aws::rds::{DbCluster, DbInstance, DbProxy, DbReplica};
use terrace_model::aws::secretsmanager::{Secret, SecretVersion};
use terrace_model::{Out, SecretRef, Val};

use super::design::{Design, Shape, proxied, replicas};
use super::parts::Database;
use crate::BINDING;
use crate::draft::Draft;
use crate::naming::{of, secret_name};

/// Adds the Secret. Clients connect to the proxy, where there is one.
pub(super) fn binding(
    draft: &mut Draft,
    design: &Design,
    database: &Database,
    proxy: Option<(Val<String>, Val<i32>)>,
    password: SecretRef,
) {
    let (host, port) = proxy.unwrap_or_else(|| (database.endpoint(), database.port()));
    let secret = BindingSecret {
        name: secret_name(&design.facts.object.name),
        r#type: binding_type(design.spec).into(),
        provider: PROVIDER.into(),
        host,
        port: Some(port),
        reader_host: database.reader_endpoint().filter(|_| one_port(design.spec)),
        database: design.spec.database_name.clone().map(Val::from),
        username: database.master_username(),
        password,
        tls: None,
        entries: BTreeMap::new(),
        // AWS's tags are not the cluster's annotations: only those of the owner are set.
        tags: Tags::new(),
    };
    draft.add(BINDING, secret);
}

/// `status.outputs` by name.
pub(super) fn outputs(spec: &DataTierSpec) -> BTreeMap<&'static str, Val<Value>> {
    let shape = Shape::of(spec);
    let mut outputs = BTreeMap::from([
        ("arn", db(shape, DbInstance::ARN, DbCluster::ARN)),
        ("endpoint", db(shape, DbInstance::ENDPOINT, DbCluster::ENDPOINT)),
        ("engineVersion", db(shape, DbInstance::ENGINE_VERSION, DbCluster::ENGINE_VERSION)),
        ("port", db(shape, DbInstance::PORT, DbCluster::PORT)),
        ("resourceId", db(shape, DbInstance::RESOURCE_ID, DbCluster::RESOURCE_ID)),
        ("secretArn", db(shape, DbInstance::MASTER_SECRET_ARN, DbCluster::MASTER_SECRET_ARN)),
    ]);
    if let Some(readers) = reader_endpoint(spec, shape) {
        outputs.insert("readerEndpoint", readers);
    }
    if spec.credentials.management == CredentialManagement::Terrace {
        outputs.insert("secretArn", of("master-secret", Secret::ARN));
    }
    if proxied(spec) {
        outputs.insert("endpoint", of("proxy", DbProxy::ENDPOINT));
        outputs.insert("port", Val::Known(json!(spec.engine.default_port())));
    }
    outputs.extend(for_bindings(spec, &outputs));
    outputs
}

/// What others bind to, beside where it is. All of it is always there, an empty text where there is none: who refers to it
/// waits until it is known.
fn for_bindings(
    spec: &DataTierSpec,
    outputs: &BTreeMap<&'static str, Val<Value>>,
) -> BTreeMap<&'static str, Val<Value>> {
    let version = match spec.credentials.management {
        CredentialManagement::Terrace => of("master-secret", Secret::VERSION),
        CredentialManagement::Rds => of("master-version", SecretVersion::VERSION),
    };
    let username = db(Shape::of(spec), DbInstance::MASTER_USERNAME, DbCluster::MASTER_USERNAME);
    let reader = outputs.get("readerEndpoint").or(outputs.get("endpoint"));
    let mut more = BTreeMap::from([
        ("bindingType", Val::Known(json!(binding_type(spec)))),
        ("provider", Val::Known(json!(PROVIDER))),
        ("database", Val::Known(json!(spec.database_name.clone().unwrap_or_default()))),
        ("username", username),
        ("secretVersion", version),
    ]);
    // Where reads may go: to the readers, or where there are none to the database itself.
    more.extend(reader.map(|host| ("readerHost", host.clone())));
    more
}

/// The provider in every binding to a database.
const PROVIDER: &str = "aws-rds";

/// What clients speak, as servicebinding.io has it.
fn binding_type(spec: &DataTierSpec) -> &'static str {
    if spec.engine.is_postgres() { "postgresql" } else { "mysql" }
}

fn reader_endpoint(spec: &DataTierSpec, shape: Shape) -> Option<Val<Value>> {
    let readers = if shape.is_cluster() {
        Some(of("db", DbCluster::READER_ENDPOINT))
    } else {
        (replicas(spec) > 0).then(|| of("replica-1", DbReplica::ENDPOINT))
    };
    readers.filter(|_| one_port(spec))
}

/// Whether the readers are on the port that clients are given. A proxy may be on another, and only one can be named.
fn one_port(spec: &DataTierSpec) -> bool {
    !proxied(spec) || spec.port() == spec.engine.default_port()
}

fn db<T>(shape: Shape, instance: Out<DbInstance, T>, cluster: Out<DbCluster, T>) -> Val<Value> {
    if shape.is_cluster() { of("db", cluster) } else { of("db", instance) }
}
