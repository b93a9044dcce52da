//! A manifest in the making: what it takes over, its fields, and what its comments announce.

use serde_json::Value;
use terrace_crds::{GROUP, VERSION};

use super::Manifest;
use super::yaml::Block;
use crate::adopt::{Found, Origin};
use crate::arn::Arn;

/// One object, for what was found.
pub struct Draft {
    kind: &'static str,
    namespace: String,
    name: String,
    region: Option<String>,
    account: Option<String>,
    taken: Vec<Taken>,
    /// The fields of its kind's own.
    pub spec: Block,
    tags: Vec<(String, Value)>,
    shows: Vec<String>,
    stays: Vec<String>,
    untold: Vec<String>,
}

struct Taken {
    id: String,
    handle: String,
    origin: Origin,
}

/// The most tags that an object takes (`spec.tags`).
const MOST_TAGS: usize = 40;

impl Draft {
    /// With nothing in it but tags.
    pub fn new(kind: &'static str, namespace: &str, name: String, found: &Found) -> Self {
        let account = Arn::parse(&found.handle).map(|arn| arn.account.to_owned()).filter(|account| !account.is_empty());
        Draft {
            kind,
            namespace: namespace.into(),
            name,
            region: found.region.clone(),
            account,
            taken: Vec::new(),
            spec: Block::default(),
            tags: found.map("tags").map(|(key, value)| (key.to_owned(), value.clone())).collect(),
            shows: vec!["the tags by which Terrace knows what is its own".into()],
            stays: found.beyond.clone(),
            untold: Vec::new(),
        }
    }

    /// As `DataTier shop/orders`: what Terrace writes into descriptions.
    pub fn title(&self) -> String {
        format!("{} {}/{}", self.kind, self.namespace, self.name)
    }

    /// Something is taken over under a logical id.
    pub fn takes(&mut self, id: &str, handle: &str, origin: Origin) {
        self.taken.push(Taken { id: id.into(), handle: handle.into(), origin });
    }

    /// A change that a plan shows all the same.
    pub fn shows(&mut self, change: impl Into<String>) {
        self.shows.push(change.into());
    }

    /// A field, where it is known what it was.
    pub fn set(&mut self, block: &mut Block, name: &str, value: Option<impl Into<Value>>) {
        match value {
            Some(value) => block.set(name, value),
            None => self.untold.push(name.into()),
        }
    }

    /// The object.
    pub fn manifest(self, namespace: &str, environment: &str) -> Manifest {
        let block = self.block(environment);
        Manifest { kind: self.kind, namespace: namespace.into(), name: self.name, yaml: block.text() }
    }

    /// The object as a block.
    pub fn block(&self, environment: &str) -> Block {
        let mut all = Block::default();
        self.head(&mut all, environment);
        all.set("apiVersion", format!("{GROUP}/{VERSION}"));
        all.set("kind", self.kind);
        let mut meta = Block::default();
        meta.set("name", self.name.as_str());
        meta.set("namespace", self.namespace.as_str());
        all.block("metadata", meta);
        all.block("spec", self.whole(environment));
        all
    }

    fn head(&self, all: &mut Block, environment: &str) {
        all.note(format!("{}: takes over what exists. Read it before you apply it.", self.title()));
        all.note("");
        let where_ = match (&self.region, &self.account) {
            (Some(region), Some(account)) => format!("region {region} and account {account}"),
            (Some(region), None) => format!("region {region}"),
            (None, _) => "the same region and account".into(),
        };
        all.note(format!(
            "First: Environment {environment} must be of {where_}, and an administrator must add all that stands under adopt \
             to its spec.limits.allow (and keys that are named below)."
        ));
        self.let_go().iter().for_each(|how| all.note(format!("So that two do not look after one thing: {how}")));
        all.note("Applied, it changes nothing. Managed, Terrace would change this, each with your approval:");
        self.shows.iter().for_each(|change| all.note(format!("- {change}")));
        self.stays.iter().for_each(|stays| all.note(format!("There is no field for this: {stays}.")));
        if !self.untold.is_empty() {
            all.note(format!("Not told, so that Terrace's defaults hold: {}.", self.untold.join(", ")));
        }
    }

    /// How those let go who look after it so far.
    fn let_go(&self) -> Vec<String> {
        let origins = || self.taken.iter().map(|taken| &taken.origin);
        let addresses = origins().filter_map(|origin| match origin {
            Origin::Terraform(address) => Some(quoted(address)),
            _ => None,
        });
        let objects = origins().filter_map(|origin| match origin {
            Origin::Ack(object) => Some(object.as_str()),
            _ => None,
        });
        let (addresses, objects): (Vec<_>, Vec<_>) = (addresses.collect(), objects.collect());
        let mut ways = Vec::new();
        if !addresses.is_empty() {
            ways.push(format!("terraform state rm {}", addresses.join(" ")));
        }
        if !objects.is_empty() {
            // ACK's documentation, "Deletion policy".
            let objects = objects.join(" ");
            ways.push(format!(
                "kubectl annotate {objects} services.k8s.aws/deletion-policy=retain, and then kubectl delete {objects}"
            ));
        }
        ways
    }

    fn whole(&self, environment: &str) -> Block {
        let mut spec = Block::default();
        let mut reference = Block::default();
        reference.set("name", environment);
        spec.block("environmentRef", reference);
        spec.note("Nothing is changed: terrace manage hands it over, once the plan is as you like it.");
        spec.set("management", "Observe");
        spec.note("Then every change waits for your approval.");
        spec.set("changePolicy", "ApproveAll");
        spec.note("If this object is deleted, everything stays as it is.");
        spec.set("deletionPolicy", "Retain");
        let mut adopt = Block::default();
        let resource = |taken: &Taken| {
            let mut one = Block::default();
            one.set("id", taken.id.as_str());
            one.set("handle", taken.handle.as_str());
            one
        };
        adopt.list("resources", self.taken.iter().map(resource).collect());
        spec.block("adopt", adopt);
        spec.append(self.spec.clone());
        let mut tags = Block::default();
        self.tags.iter().take(MOST_TAGS).for_each(|(key, value)| tags.set(key, value.clone()));
        spec.block("tags", tags);
        spec
    }
}

/// For a shell: an address may have quotes and brackets in it.
fn quoted(address: &str) -> String {
    format!("'{}'", address.replace('\'', "'\\''"))
}
