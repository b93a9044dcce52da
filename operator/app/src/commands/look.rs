//! `terrace tree`, `terrace why`, `terrace graph`: how things stand, from the objects' status alone.

use clap::{Args, ValueEnum};
use serde::Serialize;
use terrace_views::graph::Format;
use terrace_views::style::Style;
use terrace_views::tree::Scope;
use terrace_views::{graph, tree, why};

use super::named::Named;
use super::{cluster, world};

/// Flags of `terrace tree`.
#[derive(Clone, Debug, Args)]
pub struct Tree {
    /// One object, as KIND/NAME, and what it uses.
    pub object: Option<String>,
    /// The objects of all namespaces.
    #[arg(long, short = 'A')]
    pub all_namespaces: bool,
    /// How it is written.
    #[arg(long, short, value_enum, default_value_t = Output::Text)]
    pub output: Output,
    #[command(flatten)]
    pub cluster: cluster::Flags,
}

/// Flags of `terrace why`.
#[derive(Clone, Debug, Args)]
pub struct Why {
    /// The object, as KIND/NAME.
    pub object: String,
    /// How it is written.
    #[arg(long, short, value_enum, default_value_t = Output::Text)]
    pub output: Output,
    #[command(flatten)]
    pub cluster: cluster::Flags,
}

/// Flags of `terrace graph`.
#[derive(Clone, Debug, Args)]
pub struct Graph {
    /// The objects of all namespaces.
    #[arg(long, short = 'A')]
    pub all_namespaces: bool,
    /// The form of the picture.
    #[arg(long, short, value_enum, default_value_t = Picture::Svg)]
    pub output: Picture,
    #[command(flatten)]
    pub cluster: cluster::Flags,
}

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Output {
    Text,
    Json,
}

/// The form of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Picture {
    Svg,
    /// For Graphviz.
    Dot,
    /// For Mermaid, which GitHub draws in Markdown.
    Mermaid,
    /// What is to be seen, as data: frames, tiles in them, and edges between tiles.
    Json,
}

/// What exists.
///
/// # Errors
/// A sentence for the person who asked.
pub async fn tree(flags: &Tree, style: &Style) -> Result<String, String> {
    let cluster = flags.cluster.connect().await?;
    let world = world::world(&cluster).await?;
    let scope = match &flags.object {
        Some(object) => Scope::Object(Named::of(object)?.key(&cluster.namespace)),
        None if flags.all_namespaces => Scope::All,
        None => Scope::Namespace(cluster.namespace.clone()),
    };
    let tree = tree::tree(&world, &scope).map_err(|absent| absent.to_string())?;
    written(flags.output, &tree, || tree.text(style))
}

/// The root cause of how an object stands.
///
/// # Errors
/// A sentence for the person who asked.
pub async fn why(flags: &Why, style: &Style) -> Result<String, String> {
    let cluster = flags.cluster.connect().await?;
    let mut world = world::world(&cluster).await?;
    world::add_events(&mut world, &cluster).await;
    let key = Named::of(&flags.object)?.key(&cluster.namespace);
    let why = why::why(&world, &key, style.now).map_err(|absent| absent.to_string())?;
    written(flags.output, &why, || why.text(style))
}

/// The architecture as a picture.
///
/// # Errors
/// A sentence for the person who asked.
pub async fn graph(flags: &Graph) -> Result<String, String> {
    let cluster = flags.cluster.connect().await?;
    let mut world = world::world(&cluster).await?;
    if !flags.all_namespaces {
        world.objects.retain(|object| object.key.namespace == cluster.namespace);
    }
    let format = match flags.output {
        Picture::Svg => Format::Svg,
        Picture::Dot => Format::Dot,
        Picture::Mermaid => Format::Mermaid,
        Picture::Json => return written(Output::Json, &graph::picture(&world), String::new),
    };
    Ok(graph::draw(&world, format))
}

/// A view in a form.
///
/// # Errors
/// None but a defect: views are plain data.
pub fn written(output: Output, view: &impl Serialize, text: impl FnOnce() -> String) -> Result<String, String> {
    match output {
        Output::Text => Ok(text()),
        Output::Json => serde_json::to_string_pretty(view).map(|json| json + "\n").map_err(|error| error.to_string()),
    }
}
