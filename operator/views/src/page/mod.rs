//! The page of `terrace ui`: the architecture as it stands, and of each object what is known of it. It only shows.
//!
//! What is served is [`assets`], under the policy of [`CSP`], and under [`STATE`] what [`answer`] makes of a query; the page
//! asks for that every few seconds, and for nothing else. Whoever serves it may leave out the query, which only says what
//! the picture is to show, and ETags, which only save time: [`view`] as JSON will do. Addresses are relative, so that it may
//! be served under any path that ends with a slash. A status other than 2xx is shown as a sentence: its body, if that is
//! `text/plain`.
//!
//! *Architecture Invariant:* every sentence is made here, of what `terrace tree`, `why`, `graph` and `plan` say; the script
//! places it as text. So nothing that a user wrote can become markup, and there is no second way to word anything.

mod answer;
mod card;
mod cost;
mod drawn;
mod facts;
mod resource;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod thousand;
mod told;
mod uses;
mod waiting;

use jiff::Timestamp;
use serde::Serialize;

pub use answer::{Answer, answer};
pub use card::Card;
pub use cost::{Cost, Line};
pub use drawn::{Asked, Drawn, MANY};
pub use facts::{Fact, Said};
pub use resource::Resource;
pub use told::Told;
pub use uses::{Link, Links};
pub use waiting::{Entry, Waiting};

use crate::plan::Plan;
use crate::standing::{State, Waits};
use crate::tree::{self, Scope, Tree};
use crate::{World, graph};

/// What a browser may load for the page: what is served beside it. No script and no style stands in the page itself.
pub const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// Where the page asks for [`view`], in its own folder.
pub const STATE: &str = "state";

/// A file of the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    /// In the page's folder; empty for the page itself.
    pub path: &'static str,
    pub content_type: &'static str,
    pub body: String,
}

/// All that the page is made of.
pub fn assets() -> Vec<Asset> {
    const HTML: &str = "text/html; charset=utf-8";
    const CSS: &str = "text/css; charset=utf-8";
    const SCRIPT: &str = "text/javascript; charset=utf-8";
    let asset = |path, content_type, body: &str| Asset { path, content_type, body: body.to_owned() };
    vec![
        asset("", HTML, include_str!("page.html")),
        // Colours are the picture's.
        asset("page.css", CSS, &(graph::sheet() + include_str!("page.css"))),
        asset("page.js", SCRIPT, include_str!("page.js")),
        asset("details.js", SCRIPT, include_str!("details.js")),
        asset("dom.js", SCRIPT, include_str!("dom.js")),
        asset("keys.js", SCRIPT, include_str!("keys.js")),
        asset("list.js", SCRIPT, include_str!("list.js")),
        asset("picture.js", SCRIPT, include_str!("picture.js")),
        asset("sought.js", SCRIPT, include_str!("sought.js")),
        asset("state.js", SCRIPT, include_str!("state.js")),
        asset("icon.svg", "image/svg+xml", include_str!("icon.svg")),
    ]
}

/// What the page shows. Fields may be added; none is renamed or taken away.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct View {
    /// When the cluster was read, and what ages are counted up to.
    pub now: String,
    /// There are more objects than anybody looks through: the list begins with those that need somebody.
    pub many: bool,
    /// The drawing, as SVG; the keys of cards are the `data-key` of its tiles.
    pub picture: String,
    /// What it shows, where that is not simply everything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drawn: Option<Drawn>,
    /// Environments that are not Ready; the objects, those first that hold others up; and the other Environments.
    pub cards: Vec<Card>,
}

/// What is to be shown of a cluster. `plan`: one of its objects with prices, where the caller has made one; without it no
/// cost is known, as a status has no sizes.
pub fn view(world: &World, plan: Option<&Plan>, now: Timestamp) -> View {
    view_of(world, plan, now, &Asked::default())
}

/// The same, with the picture that is asked for.
pub fn view_of(world: &World, plan: Option<&Plan>, now: Timestamp, asked: &Asked) -> View {
    let read = Timestamp::from_second(now.as_second()).unwrap_or(now).to_string();
    let many = world.objects.len() > MANY;
    let waits = Waits::of(world);
    // All of them are always there.
    let tree = tree::of(&waits, &Scope::All).ok();
    let worst = tree.as_ref().and_then(|tree| tree.objects.first()).map(|line| line.object.namespace.as_str());
    let (part, drawn) = drawn::part(world, asked, worst);
    let picture = graph::draw_for_page(part.as_ref().unwrap_or(world));
    let cards = tree.map(|tree| cards(&waits, &tree, plan, now)).unwrap_or_default();
    View { now: read, many, picture, drawn, cards }
}

fn cards(waits: &Waits, tree: &Tree, plan: Option<&Plan>, now: Timestamp) -> Vec<Card> {
    let plans = cost::by_object(plan);
    let (sound, failing): (Vec<_>, Vec<_>) = tree.environments.iter().partition(|line| line.state == State::Ready);
    let failing = failing.into_iter().filter_map(|line| card::of_environment(waits, line, now));
    let objects = tree.objects.iter().filter_map(|line| card::of_object(waits, line, &plans, now));
    failing.chain(objects).chain(sound.into_iter().filter_map(|line| card::of_environment(waits, line, now))).collect()
}
