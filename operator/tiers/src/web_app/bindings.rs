//! The tiers that a WebApp is wired to: what it uses of them, and a Secret of its own for each.

use terrace_crds::TierRef;
use terrace_crds::web_app::{BindingAccess, WebBinding};
use terrace_crds::{CacheTier, DataTier, GrantAccess, TierObject, WebAppSpec};
use terrace_model::aws::kubernetes::BindingSecret;
use terrace_model::{SecretRef, Val};

use super::design::Design;
use super::outputs::ROLE_ARN;
use super::slot::secret_id;
use crate::draft::Draft;
use crate::{ObjectKey, Use};

/// The kind of a tier that keeps objects.
const OBJECT_TIER: &str = "ObjectTier";

/// What a binding leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Database,
    Cache,
    Bucket,
}

/// An entry of a binding's Secret that is given to the container.
pub(super) struct Entry {
    pub key: &'static str,
    /// Whether there may be none.
    pub optional: bool,
}

const fn always(key: &'static str) -> Entry {
    Entry { key, optional: false }
}

const fn perhaps(key: &'static str) -> Entry {
    Entry { key, optional: true }
}

const DATABASE: &[Entry] = &[
    always("type"),
    always("provider"),
    always("host"),
    always("port"),
    perhaps("reader-host"),
    perhaps("database"),
    always("username"),
    // Who logs in by IAM has neither.
    perhaps("password"),
    perhaps("secret-arn"),
];
const CACHE: &[Entry] = &[
    always("type"),
    always("provider"),
    always("host"),
    always("port"),
    perhaps("username"),
    perhaps("password"),
    perhaps("secret-arn"),
    perhaps("tls"),
];
const BUCKET: &[Entry] =
    &[always("type"), always("provider"), always("host"), always("bucket"), always("region"), always("arn")];

impl Target {
    pub fn of(binding: &WebBinding) -> Self {
        match (&binding.data_tier_ref, &binding.cache_tier_ref) {
            (Some(_), _) => Target::Database,
            (None, Some(_)) => Target::Cache,
            (None, None) => Target::Bucket,
        }
    }

    fn kind(self) -> &'static str {
        match self {
            Target::Database => DataTier::KIND,
            Target::Cache => CacheTier::KIND,
            Target::Bucket => OBJECT_TIER,
        }
    }

    fn field(self) -> &'static str {
        match self {
            Target::Database => "dataTierRef",
            Target::Cache => "cacheTierRef",
            Target::Bucket => "objectTierRef",
        }
    }

    /// What the container is given, by the entries' names.
    pub fn entries(self) -> &'static [Entry] {
        match self {
            Target::Database => DATABASE,
            Target::Cache => CACHE,
            Target::Bucket => BUCKET,
        }
    }

    /// Whether it may be reached by a password, which is rotated.
    pub fn has_credential(self) -> bool {
        self != Target::Bucket
    }
}

/// What the bindings refer to.
pub(super) fn uses(spec: &WebAppSpec, namespace: &str) -> Vec<Use> {
    spec.bindings.iter().filter_map(|binding| used(binding, namespace)).collect()
}

/// What one binding refers to; the schema sees to it that it is something.
pub(super) fn used(binding: &WebBinding, namespace: &str) -> Option<Use> {
    let target = Target::of(binding);
    let TierRef { name, namespace: other } =
        binding.data_tier_ref.as_ref().or(binding.cache_tier_ref.as_ref()).or(binding.object_tier_ref.as_ref())?;
    Some(Use {
        field: format!("spec.bindings[{}].{}", binding.name, target.field()),
        target: ObjectKey::new(target.kind(), other.as_deref().unwrap_or(namespace), name),
        access: match binding.access {
            BindingAccess::ReadOnly => GrantAccess::Read,
            BindingAccess::ReadWrite => GrantAccess::ReadWrite,
        },
        binding: Some(binding.name.clone()),
        // Each node waits for the outputs that it refers to, and no longer.
        needs: &[],
        until: None,
        // Pods are in the group of the cluster, on nodes and on Fargate.
        security_group: None,
        principal: Some(ROLE_ARN),
    })
}

/// Adds a Secret for each binding.
pub(super) fn secrets(draft: &mut Draft, design: &Design) {
    for binding in &design.spec.bindings {
        if let Some(used) = used(binding, &design.facts.object.namespace) {
            let name = format!("{}-{}", design.app(), binding.name);
            draft.add(&secret_id(&binding.name), secret(name, Target::of(binding), &used.source()));
        }
    }
}

fn secret(name: String, target: Target, source: &str) -> BindingSecret {
    let late = |output: &str| Val::<String>::of_object(source, output);
    let password = || SecretRef { arn: late("secretArn"), version: late("secretVersion") };
    let port = || Some(Val::of_object(source, "port"));
    match target {
        Target::Database => BindingSecret {
            host: late("endpoint"),
            port: port(),
            reader_host: Some(late("readerHost")),
            database: Some(late("database")),
            username: late("username"),
            password: password(),
            ..BindingSecret::new(name, late("bindingType"), late("provider"))
        },
        Target::Cache => BindingSecret {
            host: late("endpoint"),
            port: port(),
            username: late("username"),
            password: password(),
            tls: Some(Val::of_object(source, "tls")),
            ..BindingSecret::new(name, late("bindingType"), late("provider"))
        },
        Target::Bucket => {
            let entries = ["bucket", "region", "arn"].map(|output| (output.to_owned(), late(output)));
            BindingSecret {
                host: late("regionalDomainName"),
                entries: entries.into(),
                ..BindingSecret::new(name, "s3", "aws-s3")
            }
        }
    }
}
