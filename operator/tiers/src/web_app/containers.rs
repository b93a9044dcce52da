//! The containers of a pod: that of an image, and what any of them is given where it says nothing itself.

use serde_json::{Map, Value, json};
use terrace_crds::WebAppSpec;
use terrace_crds::web_app::{ExposeProtocol, Health, Resources, RunOn};

use super::wiring::Wiring;

/// The name of the container of the app, and of its port.
pub(super) const APP: &str = "app";
/// The empty directory that stands in for a root filesystem that cannot be written.
const SCRATCH: &str = "tmp";

/// The container of an image.
pub(super) fn of_image(spec: &WebAppSpec, image: &str) -> Map<String, Value> {
    let mut container = map(json!({"name": APP, "image": image, "resources": resources(spec)}));
    for (field, texts) in [("command", &spec.command), ("args", &spec.args)] {
        if !texts.is_empty() {
            container.insert(field.into(), json!(texts));
        }
    }
    if !spec.env.is_empty() {
        container.insert("env".into(), json!(spec.env));
    }
    let security = spec.security_context.clone().unwrap_or_default();
    if security.read_only_root_filesystem {
        container.insert("securityContext".into(), json!({"readOnlyRootFilesystem": true}));
        container.insert("volumeMounts".into(), json!([{"name": SCRATCH, "mountPath": "/tmp"}]));
    }
    container
}

/// The volumes that it needs.
pub(super) fn volumes(spec: &WebAppSpec) -> Vec<Value> {
    let read_only = spec.security_context.as_ref().is_some_and(|security| security.read_only_root_filesystem);
    if read_only { vec![json!({"name": SCRATCH, "emptyDir": {}})] } else { Vec::new() }
}

/// What is set aside, and the most: of memory the same, so that no neighbour is hurt. On Fargate of both (EKS user guide,
/// "Understand Fargate Pod configuration details").
fn resources(spec: &WebAppSpec) -> Value {
    let Resources { mut requests, mut limits } = spec.resources.clone().unwrap_or_default();
    for (name, amount) in [("cpu", "250m"), ("memory", "512Mi")] {
        requests.entry(name.into()).or_insert_with(|| amount.into());
    }
    let bounded: &[&str] = if spec.run_on == RunOn::Fargate { &["cpu", "memory"] } else { &["memory"] };
    for name in bounded {
        limits.entry((*name).to_owned()).or_insert_with(|| requests[*name].clone());
    }
    json!({"requests": requests, "limits": limits})
}

/// What the restricted pod security standard asks of every container (Kubernetes, "Pod Security Standards"), where it says
/// nothing itself.
pub(super) fn secure(container: &mut Map<String, Value>) {
    let security = inner(container, "securityContext");
    default(security, "allowPrivilegeEscalation", json!(false));
    default(security, "capabilities", json!({"drop": ["ALL"]}));
}

/// Adds what wires the app: its port, its health, its end, its bindings. The name of its port comes back.
pub(super) fn wire(container: &mut Map<String, Value>, spec: &WebAppSpec, wiring: &Wiring) -> String {
    let port = port(container, spec.port);
    for (field, probe) in probes(spec) {
        default(container, field, probe);
    }
    let sleep = json!({"sleep": {"seconds": spec.draining_seconds()}});
    default(inner(container, "lifecycle"), "preStop", sleep);
    extend(container, "env", &wiring.env);
    extend(container, "volumeMounts", &wiring.mounts);
    port
}

/// The name of the port: the container's own, where it names that port.
fn port(container: &mut Map<String, Value>, port: u16) -> String {
    if let Some(Value::Array(ports)) = container.get_mut("ports") {
        let known = ports.iter_mut().find(|known| known["containerPort"] == port && known["protocol"] != "UDP");
        if let Some(Value::Object(known)) = known {
            default(known, "name", json!(APP));
            return known.get("name").and_then(Value::as_str).unwrap_or(APP).to_owned();
        }
    }
    extend(container, "ports", &[json!({"name": APP, "containerPort": port, "protocol": "TCP"})]);
    APP.into()
}

/// The probes: no requests come until the app has started and while it is not well; one that stays unwell is restarted.
fn probes(spec: &WebAppSpec) -> [(&'static str, Value); 3] {
    let health = health(spec);
    let probe = |failures: u32| {
        let mut probe = map(json!({
            "periodSeconds": health.interval_seconds,
            "timeoutSeconds": health.timeout_seconds,
            "failureThreshold": failures,
        }));
        let port = health.port.unwrap_or(spec.port);
        match path(spec) {
            Some(path) => probe.insert("httpGet".into(), json!({"path": path, "port": port})),
            None => probe.insert("tcpSocket".into(), json!({"port": port})),
        };
        Value::Object(probe)
    };
    let (failures, interval) = (u32::from(health.failure_threshold), u32::from(health.interval_seconds));
    let start = u32::from(health.startup_seconds).div_ceil(interval);
    [("startupProbe", probe(start)), ("readinessProbe", probe(failures)), ("livenessProbe", probe(failures * 3))]
}

/// How it is told whether the app is well.
pub(super) fn health(spec: &WebAppSpec) -> Health {
    spec.health.clone().unwrap_or_default()
}

/// The path that tells it; none where it is enough that the port takes connections.
pub(super) fn path(spec: &WebAppSpec) -> Option<String> {
    let protocol = spec.expose.as_ref().map(|expose| expose.protocol).unwrap_or_default();
    let by_port = matches!(protocol, ExposeProtocol::Tcp | ExposeProtocol::Tls);
    health(spec).path.or_else(|| (!by_port).then(|| "/".to_owned()))
}

/// An object, or an empty one where it is none.
pub(super) fn map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// The object under a key, made where there is none.
pub(super) fn inner<'m>(fields: &'m mut Map<String, Value>, key: &str) -> &'m mut Map<String, Value> {
    let value = fields.entry(key).or_insert_with(|| json!({}));
    if !value.is_object() {
        *value = json!({});
    }
    value.as_object_mut().expect("it was made one")
}

/// Sets a field that nobody has set.
pub(super) fn default(fields: &mut Map<String, Value>, key: &str, value: Value) {
    fields.entry(key).or_insert(value);
}

/// Adds to the list under a key.
pub(super) fn extend(fields: &mut Map<String, Value>, key: &str, items: &[Value]) {
    if items.is_empty() {
        return;
    }
    match fields.entry(key).or_insert_with(|| json!([])) {
        Value::Array(list) => list.extend(items.iter().cloned()),
        other => *other = json!(items),
    }
}
