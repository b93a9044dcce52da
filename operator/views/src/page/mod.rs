//! The page of `terrace ui`: the architecture as it stands, and of each object what is known of it. It only shows.
//!
//! What is served is [`assets`], under the policy of [`CSP`], and [`view`] as JSON under [`STATE`]; the page asks for that
//! every few seconds, and for nothing else. Addresses are relative, so that it may be served under any path that ends with
//! a slash. A status other than 2xx is shown as a sentence: its body, if that is `text/plain`.
//!
//! *Architecture Invariant:* every sentence is made here, of what `terrace tree`, `why`, `graph` and `plan` say; the script
//! places it as text. So nothing that a user wrote can become markup, and there is no second way to word anything.

mod card;
mod cost;
mod facts;
mod resource;
#[cfg(test)]
mod tests;
mod told;
mod uses;
mod waiting;

use jiff::Timestamp;
use serde::Serialize;

pub use card::Card;
pub use cost::{Cost, Line};
pub use facts::{Fact, Said};
pub use resource::Resource;
pub use told::Told;
pub use uses::{Link, Links};
pub use waiting::{Entry, Waiting};

use crate::plan::Plan;
use crate::standing::{State, Waits};
use crate::tree::{self, Scope};
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
        asset("list.js", SCRIPT, include_str!("list.js")),
        asset("picture.js", SCRIPT, include_str!("picture.js")),
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
    /// The drawing, as SVG; the keys of cards are the `data-key` of its tiles.
    pub picture: String,
    /// Environments that are not Ready; the objects, those first that hold others up; and the other Environments.
    pub cards: Vec<Card>,
}

/// What is to be shown of a cluster. `plan`: one of its objects with prices, where the caller has made one; without it no
/// cost is known, as a status has no sizes.
pub fn view(world: &World, plan: Option<&Plan>, now: Timestamp) -> View {
    let read = Timestamp::from_second(now.as_second()).unwrap_or(now).to_string();
    let mut view = View { now: read, picture: graph::draw_for_page(world), cards: Vec::new() };
    let waits = Waits::of(world);
    // All of them are always there.
    let Ok(tree) = tree::of(&waits, &Scope::All) else { return view };
    let plans = cost::by_object(plan);
    let (sound, failing): (Vec<_>, Vec<_>) = tree.environments.iter().partition(|line| line.state == State::Ready);
    view.cards.extend(failing.into_iter().filter_map(|line| card::of_environment(&waits, line, now)));
    view.cards.extend(tree.objects.iter().filter_map(|line| card::of_object(&waits, line, &plans, now)));
    view.cards.extend(sound.into_iter().filter_map(|line| card::of_environment(&waits, line, now)));
    view
}
