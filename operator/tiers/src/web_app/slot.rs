//! The two places in which a version of the pods stands: a rollout puts the next one into the free one.

use terrace_model::aws::eks::{FargateProfile, PodIdentityAssociation};
use terrace_model::aws::kubernetes::BindingSecret;
use terrace_model::{Out, Ref, Source, Val};

/// One of the two places. A rolling update never leaves the one it is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Slot {
    A,
    B,
}

/// The logical id of a Deployment, in slot A.
pub(super) const WORKLOAD: &str = "workload";
/// The logical id of a target group, in slot A.
pub(super) const TARGETS: &str = "targets";
/// The logical id of what registers pods in it, in slot A.
pub(super) const TARGET_BINDING: &str = "target-binding";
/// The logical id of the Service by which it finds them, in slot A.
pub(super) const TARGET_SERVICE: &str = "target-service";
/// The logical id of what sets the number of pods, in slot A.
pub(super) const AUTOSCALER: &str = "autoscaler";

impl Slot {
    pub const ALL: [Slot; 2] = [Slot::A, Slot::B];

    /// The other one.
    pub fn other(self) -> Self {
        match self {
            Slot::A => Slot::B,
            Slot::B => Slot::A,
        }
    }

    /// As labels and status have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Slot::A => "a",
            Slot::B => "b",
        }
    }

    /// What it is called as.
    pub fn parse(text: &str) -> Option<Self> {
        Slot::ALL.into_iter().find(|slot| slot.as_str() == text)
    }

    /// The logical id of what is called `base` in slot A, and the name of an object that is.
    pub fn of(self, base: &str) -> String {
        match self {
            Slot::A => base.into(),
            Slot::B => format!("{base}-b"),
        }
    }
}

/// An output of the node with this logical id.
pub(super) fn out<R, T>(node: &str, output: Out<R, T>) -> Val<T> {
    Val::Ref(Ref { source: Source::Node(node.into()), output: output.name().into() })
}

/// The logical id of a binding's Secret.
pub(super) fn secret_id(binding: &str) -> String {
    format!("binding-{binding}")
}

/// The name of a binding's Secret, known once it stands.
pub(super) fn secret_name(binding: &str) -> Val<String> {
    out(&secret_id(binding), BindingSecret::NAME)
}

/// The version of the password in it, which changes after the Secret has.
pub(super) fn secret_version(binding: &str) -> Val<String> {
    out(&secret_id(binding), BindingSecret::VERSION)
}

/// The logical id of the Fargate profile.
pub(super) const FARGATE_PROFILE: &str = "fargate-profile";
/// The logical id of the Pod Identity association.
pub(super) const POD_IDENTITY: &str = "pod-identity";

/// The profile, known once pods start by it.
pub(super) fn profile() -> Val<String> {
    out(FARGATE_PROFILE, FargateProfile::ARN)
}

/// The association, known once it stands.
pub(super) fn association() -> Val<String> {
    out(POD_IDENTITY, PodIdentityAssociation::ARN)
}
