//! `terrace explain`, `terrace new`, `terrace export`: what can be written, and what is written for one.

use clap::Args;
use terrace_views::style::Style;
use terrace_views::{explain, new, terraform};

use super::look::{Output, written};
use super::{cluster, manifests, world};

/// Flags of `terrace explain`.
#[derive(Clone, Debug, Args)]
pub struct Explain {
    /// A kind, or a field of it, as DataTier or dt.storage.size.
    pub path: String,
    /// How it is written.
    #[arg(long, short, value_enum, default_value_t = Output::Text)]
    pub output: Output,
}

/// Flags of `terrace new`.
#[derive(Clone, Debug, Args)]
pub struct New {
    /// The kind, as web-app or DataTier.
    pub kind: String,
    /// The object's name.
    #[arg(long)]
    pub name: Option<String>,
    /// The object's namespace.
    #[arg(long, short, default_value = "default")]
    pub namespace: String,
    /// How it is written: text is YAML, with comments.
    #[arg(long, short, value_enum, default_value_t = Output::Text)]
    pub output: Output,
}

/// Flags of `terrace export`.
#[derive(Clone, Debug, Args)]
pub struct Export {
    /// The form: Terraform's import blocks.
    #[arg(long, required = true)]
    pub terraform: bool,
    /// The objects of all namespaces.
    #[arg(long, short = 'A')]
    pub all_namespaces: bool,
    /// How it is written: text is Terraform's language.
    #[arg(long, short, value_enum, default_value_t = Output::Text)]
    pub output: Output,
    #[command(flatten)]
    pub cluster: cluster::Flags,
}

/// What a kind or a field is for, what it may be, and an example.
///
/// # Errors
/// There is no such kind or field: a sentence with the nearest names.
pub fn explain(flags: &Explain, style: &Style) -> Result<String, String> {
    let explained = explain::explain(&flags.path).map_err(|unknown| unknown.to_string())?;
    written(flags.output, &explained, || explained.text(style))
}

/// A manifest to start from.
///
/// # Errors
/// There is no such kind, or Kubernetes takes no such name: a sentence.
pub fn new(flags: &New) -> Result<String, String> {
    let kind = new::kind(&flags.kind)?;
    let text = new::manifest(kind.kind, flags.name.as_deref().unwrap_or(kind.name), &flags.namespace)?;
    let parsed = manifests::parse("new", &text)?;
    let object = parsed.into_iter().next().map(|manifest| manifest.value);
    written(flags.output, &object, || text)
}

/// The way out: what Terraform takes over all resources by.
///
/// # Errors
/// What the API server refuses.
pub async fn export(flags: &Export) -> Result<String, String> {
    let cluster = flags.cluster.connect().await?;
    let mut world = world::world(&cluster).await?;
    if !flags.all_namespaces {
        world.objects.retain(|object| object.key.namespace == cluster.namespace);
    }
    written(flags.output, &terraform::imports(&world), || terraform::export(&world))
}
