//! Kubernetes objects that stand in a graph beside AWS resources.

mod binding;
mod manifest;
mod split;
mod workload;

pub use binding::{BindingSecret, BindingSecretOutputs};
pub use manifest::{
    ConfigMap, Deployment, DeploymentOutputs, HorizontalPodAutoscaler, Manifest, ManifestOutputs, ObjectKind,
    PodDisruptionBudget, Service, ServiceAccount, TargetGroupBinding, kind,
};
pub use split::{put, take};
pub use workload::{WorkloadPatch, WorkloadPatchOutputs};
