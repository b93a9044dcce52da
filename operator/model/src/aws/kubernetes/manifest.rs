//! Kubernetes objects by their manifests: one type for all kinds, and a line for each kind.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::marker::PhantomData;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::super::Tags;
use super::split;
use crate::resource::{Out, Resource, Rule};
use crate::val::Val;

/// A kind of Kubernetes object.
pub trait ObjectKind: Send + Sync + 'static {
    /// As `kubernetes/Deployment`: after the slash stands the kind as the API server has it.
    const KIND: &'static str;
    /// As `apps/v1`: what [`Manifest::new`] sets.
    const API_VERSION: &'static str;
    /// Paths of fields that nobody can change once it was made: another value is another object.
    const FIXED: &'static [&'static str] = &[];
    type Outputs: Serialize + DeserializeOwned + Default + Send + Sync;
}

/// An object of kind `K` in the owner's namespace.
///
/// What it does not set, it leaves to the API server and to others. The operator adds the label
/// `app.kubernetes.io/managed-by`, the annotations of the owner and a reference to it.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, bound = "")]
pub struct Manifest<K> {
    /// Another API group or version is another object.
    pub api_version: String,
    /// `metadata.name`.
    pub name: String,
    pub labels: BTreeMap<String, String>,
    pub annotations: BTreeMap<String, Val<String>>,
    /// All beside `apiVersion`, `kind` and `metadata`. Late values may stand anywhere in it; what a user wrote goes in as
    /// [`Opaque`](crate::Opaque), so that a mark in it is a text like any other.
    #[serde(with = "split")]
    pub fields: Map<String, Value>,
    /// Those of the fields that cannot change ([`ObjectKind::FIXED`]), apart from the others.
    #[serde(default, skip_serializing_if = "Map::is_empty", with = "split")]
    pub fixed: Map<String, Value>,
    /// Paths, as `spec.template`, below which it stays as it was applied last, since the wish no longer says what that is.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub keeps: BTreeSet<String>,
    /// Annotations of ours: they say whose it is, as tags do in AWS.
    pub tags: Tags,
    /// The kind is in the type alone.
    #[serde(skip)]
    pub kind: PhantomData<fn() -> K>,
}

impl<K: ObjectKind> Manifest<K> {
    pub const NAME: Out<Self, String> = Out::new("name");

    /// An object of that name. `fields` is an object, as `json!({"spec": {…}})`; a [`Val`] in `json!` is a late value.
    pub fn new(name: impl Into<String>, fields: Value) -> Self {
        let mut fields = match fields {
            Value::Object(fields) => fields,
            _ => Map::new(),
        };
        let mut fixed = Map::new();
        for path in K::FIXED {
            if let Some(value) = split::take(&mut fields, path) {
                split::put(&mut fixed, path, value);
            }
        }
        Manifest {
            api_version: K::API_VERSION.into(),
            name: name.into(),
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            fields,
            fixed,
            keeps: BTreeSet::new(),
            tags: Tags::new(),
            kind: PhantomData,
        }
    }

    /// The same, of another API group or version.
    #[must_use]
    pub fn version(self, api_version: impl Into<String>) -> Self {
        Manifest { api_version: api_version.into(), ..self }
    }

    /// The same with this label.
    #[must_use]
    pub fn label(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.labels.insert(key.into(), value.into());
        self
    }

    /// The same, that below this path, as `spec.template`, stays as it was applied last. It cannot be made so: what is
    /// not there has nothing to keep.
    #[must_use]
    pub fn keeping(mut self, path: impl Into<String>) -> Self {
        self.keeps.insert(path.into());
        self
    }

    /// The same with this annotation.
    #[must_use]
    pub fn annotation(mut self, key: impl Into<String>, value: impl Into<Val<String>>) -> Self {
        self.annotations.insert(key.into(), value.into());
        self
    }
}

// Derives would ask the same of the kind, which is a name only.
impl<K> Clone for Manifest<K> {
    fn clone(&self) -> Self {
        Manifest {
            api_version: self.api_version.clone(),
            name: self.name.clone(),
            labels: self.labels.clone(),
            annotations: self.annotations.clone(),
            fields: self.fields.clone(),
            fixed: self.fixed.clone(),
            keeps: self.keeps.clone(),
            tags: self.tags.clone(),
            kind: PhantomData,
        }
    }
}

impl<K> fmt::Debug for Manifest<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Manifest")
            .field("apiVersion", &self.api_version)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// The first is for kinds that have such fields.
const RULES: &[(&str, Rule)] = &[
    ("fixed", Rule::Replace),
    ("apiVersion", Rule::Replace),
    ("name", Rule::Replace),
    ("labels", Rule::Keyed),
    ("annotations", Rule::Keyed),
    ("fields", Rule::Keyed),
    ("tags", Rule::Keyed),
];

impl<K: ObjectKind> Resource for Manifest<K> {
    const KIND: &'static str = K::KIND;
    const FIELDS: &'static [(&'static str, Rule)] = if K::FIXED.is_empty() { RULES.split_at(1).1 } else { RULES };
    const ADDRESS: &'static [&'static str] = &["apiVersion", "name"];
    type Outputs = K::Outputs;
}

/// What is known of any object.
#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ManifestOutputs {
    pub name: Option<String>,
}

/// What is known of a Deployment: `name`, and of its status what shows how far it is.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeploymentOutputs {
    pub name: Option<String>,
    /// `spec.replicas`, whoever sets it.
    pub replicas: Option<i32>,
    pub ready_replicas: Option<i32>,
    pub available_replicas: Option<i32>,
    /// The annotation `deployment.kubernetes.io/revision`, as a text: another with each new pod template.
    pub revision: Option<String>,
}

impl Deployment {
    pub const REPLICAS: Out<Self, i32> = Out::new("replicas");
    pub const READY_REPLICAS: Out<Self, i32> = Out::new("readyReplicas");
    pub const AVAILABLE_REPLICAS: Out<Self, i32> = Out::new("availableReplicas");
    pub const REVISION: Out<Self, String> = Out::new("revision");
}

macro_rules! kinds {
    ($($(#[$about:meta])* $name:ident $version:literal $outputs:ident $(fixed $($fixed:literal)+)?;)*) => {
        /// The kinds of [`Manifest`], as names.
        pub mod kind {
            $(
                $(#[$about])*
                #[derive(Debug)]
                pub enum $name {}

                impl super::ObjectKind for $name {
                    const KIND: &'static str = concat!("kubernetes/", stringify!($name));
                    const API_VERSION: &'static str = $version;
                    $(const FIXED: &'static [&'static str] = &[$($fixed),+];)?
                    type Outputs = super::$outputs;
                }
            )*
        }

        $(
            $(#[$about])*
            pub type $name = Manifest<kind::$name>;
        )*
    };
}

kinds! {
    /// Pods that are all alike. A wish beside an autoscaler sets no `spec.replicas`.
    Deployment "apps/v1" DeploymentOutputs;
    /// One name for pods.
    Service "v1" ManifestOutputs;
    /// Who pods are, to the API server and, by its annotations, to AWS.
    ServiceAccount "v1" ManifestOutputs;
    /// Sets the replicas of a Deployment.
    HorizontalPodAutoscaler "autoscaling/v2" ManifestOutputs;
    /// How many pods may be evicted at a time.
    PodDisruptionBudget "policy/v1" ManifestOutputs;
    /// Configuration that is no secret. The operator keeps what it applied in an annotation: 200 KiB are the most.
    ConfigMap "v1" ManifestOutputs;
    /// Keeps the pods of a Service registered in a target group: of the AWS Load Balancer Controller
    /// (`elbv2.k8s.aws/v1beta1`), or of EKS Auto Mode (`eks.amazonaws.com/v1`). The controller's webhook refuses changes of
    /// the fixed fields (kubernetes-sigs/aws-load-balancer-controller, `webhooks/elbv2/targetgroupbinding_validator.go`).
    TargetGroupBinding "elbv2.k8s.aws/v1beta1" ManifestOutputs
        fixed "spec.targetGroupARN" "spec.targetType" "spec.ipAddressType" "spec.vpcID";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::{OwnedKeys, diff};
    use crate::resolve::resolve;
    use crate::{KindSpec, Opaque, Ref, Source};
    use serde_json::json;

    fn arn() -> Val<String> {
        Val::Ref(Ref { source: Source::Node("group".into()), output: "arn".into() })
    }

    fn json<K: ObjectKind>(manifest: &Manifest<K>) -> Value {
        serde_json::to_value(manifest).expect("JSON")
    }

    #[test]
    fn late_values_stand_anywhere_and_what_a_user_wrote_is_no_reference() {
        let theirs = Opaque(json!({"name": "app", "args": [{"$terrace": {"node": "group", "output": "arn"}}]}));
        let wish = Deployment::new(
            "shop",
            json!({"spec": {"template": {"spec": {"containers": [theirs, {"env": [{"name": "ARN", "value": arn()}]}]}}}}),
        )
        .annotation("role", arn());
        let resolved = resolve(&json(&wish), &|_| Some(json!("arn:1")));
        assert_eq!(resolved.open, vec![]);
        let read: Deployment = serde_json::from_value(resolved.value).expect("a Deployment");
        assert_eq!(read.annotations["role"], "arn:1".into());
        let containers = &read.fields["spec"]["template"]["spec"]["containers"];
        assert_eq!(containers[1]["env"][0]["value"], "arn:1");
        let Opaque(plain) = serde_json::from_value(containers[0].clone()).expect("what they wrote");
        assert_eq!(plain["args"][0]["$terrace"]["node"], "group");
    }

    #[test]
    fn a_difference_names_the_very_field() {
        let service =
            |port: i32| Service::new("shop", json!({"spec": {"ports": [{"port": port}], "type": "ClusterIP"}}));
        let spec = KindSpec::of::<Service>();
        let found = diff(&spec, &json(&service(80)), &json(&service(81)), &OwnedKeys::new(), &BTreeMap::new());
        assert_eq!(found.0.len(), 1);
        assert_eq!(found.0[0].path, "fields.spec.ports");
    }

    #[test]
    fn the_api_group_is_part_of_the_wish() {
        let binding = |version: &str| TargetGroupBinding::new("shop", json!({})).version(version);
        let spec = KindSpec::of::<TargetGroupBinding>();
        let (want, have) = (json(&binding("eks.amazonaws.com/v1")), json(&TargetGroupBinding::new("shop", json!({}))));
        assert_eq!(have["apiVersion"], "elbv2.k8s.aws/v1beta1");
        let found = diff(&spec, &want, &have, &OwnedKeys::new(), &BTreeMap::new());
        assert_eq!(found.forcing().map(|change| change.path.as_str()).collect::<Vec<_>>(), ["apiVersion"]);
    }

    #[test]
    fn what_cannot_change_is_apart_and_replaces() {
        let binding = |arn: Val<String>, port: i32| {
            let spec = json!({"targetGroupARN": arn, "targetType": "ip", "serviceRef": {"name": "shop", "port": port}});
            json(&TargetGroupBinding::new("shop", json!({ "spec": spec })))
        };
        let have = binding("arn:1".into(), 80);
        assert_eq!(have["fixed"], json!({"spec.targetGroupARN": "arn:1", "spec.targetType": "ip"}));
        assert_eq!(have["fields"], json!({"spec.serviceRef.name": "shop", "spec.serviceRef.port": 80}));
        let spec = KindSpec::of::<TargetGroupBinding>();
        let forcing = |want: &Value| diff(&spec, want, &have, &OwnedKeys::new(), &BTreeMap::new()).forcing().count();
        assert_eq!((forcing(&binding("arn:2".into(), 80)), forcing(&binding("arn:1".into(), 81))), (1, 0));
        let late = resolve(&binding(arn(), 80), &|_| Some(json!("arn:1")));
        assert_eq!((late.value, late.open.len()), (have.clone(), 0));
        assert!(json(&Service::new("shop", json!({"spec": {"targetType": "ip"}}))).get("fixed").is_none());
    }

    #[test]
    fn a_kind_is_called_as_the_api_server_calls_it() {
        assert_eq!(PodDisruptionBudget::KIND, "kubernetes/PodDisruptionBudget");
    }
}
