//! What is told while somebody waits for an object: a line a change, or at a terminal the tree, drawn again and again.
//!
//! The structure is what `-o json` prints. Fields may be added to it; none is renamed or taken away.

use jiff::Timestamp;
use serde::Serialize;
use terrace_crds::ResourceEntry;
use terrace_tiers::ObjectKey;

use crate::standing::{NOT_LOOKED_AT_SINCE, OUTDATED, Thing, UNOBSERVED, mark};
use crate::style::{Mark, Paint, Style};
use crate::tree::{Scope, Tree, tree};
use crate::why::why;
use crate::{ObjectName, State, World};

/// How far an object is, as its status says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    #[serde(flatten)]
    pub object: ObjectName,
    #[serde(skip)]
    mark: Mark,
    pub state: State,
    pub reason: String,
    pub message: String,
    pub deleting: bool,
    /// How many resources are on its record, and how many of them are Ready.
    pub resources: usize,
    pub resources_ready: usize,
}

/// What is waited for.
#[derive(Clone, Copy, Debug)]
pub struct Waiting<'a> {
    pub scope: &'a Scope,
    /// How it ends, as `to be Ready`.
    pub goal: &'a str,
    pub since: Timestamp,
    /// After so many minutes it is given up.
    pub minutes: u64,
}

impl Progress {
    /// How far an object, or an Environment, is.
    pub fn of(thing: &Thing) -> Self {
        let standing = thing.standing();
        let deleting = thing.is_deleting();
        // What was said of an earlier spec is no news of this one.
        let old = standing.behind && !deleting;
        let entries: &[ResourceEntry] = thing.object().map(|object| &*object.status.resources).unwrap_or_default();
        let ready = |entry: &&ResourceEntry| entry.state == "Ready" && entry.reason.is_none();
        let marked = thing.object().map_or(standing.state.mark(), |object| mark(object, &standing));
        let (mark, state) = if old { (Mark::Reconciling, State::Reconciling) } else { (marked, standing.state) };
        let (reason, message) = if old { (OUTDATED, NOT_LOOKED_AT_SINCE) } else { (standing.reason, standing.message) };
        Progress {
            object: thing.name(),
            mark,
            state,
            reason: reason.into(),
            message: message.into(),
            deleting,
            resources: entries.len(),
            resources_ready: entries.iter().filter(ready).count(),
        }
    }

    /// Of what has no state: that it is there.
    pub fn unknown(key: &ObjectKey) -> Self {
        Progress {
            object: ObjectName::from(key),
            mark: Mark::Unknown,
            state: State::Unknown,
            reason: UNOBSERVED.into(),
            message: String::new(),
            deleting: false,
            resources: 0,
            resources_ready: 0,
        }
    }

    /// Why it is as it is, in a line.
    pub fn words(&self) -> String {
        match self.message.is_empty() {
            true => self.reason.clone(),
            false => format!("{}: {}", self.reason, self.message),
        }
    }

    /// The line that tells of it: `… DataTier shop/orders, 5 of 7 resources Ready: Settling: db (rds/DbInstance): …`.
    pub fn line(&self, style: &Style) -> String {
        let counted = match (self.deleting, self.resources) {
            (_, 0) => String::new(),
            (true, left) => format!(", {left} left"),
            (false, all) => format!(", {} of {all} resources Ready", self.resources_ready),
        };
        format!(
            "{} {}{counted}: {}\n",
            style.mark(self.mark),
            self.object.title(),
            style.paint(Paint::Plain, &self.words())
        )
    }
}

impl Thing<'_> {
    fn is_deleting(&self) -> bool {
        match self {
            Thing::Object(object) => object.deleting,
            Thing::Environment(environment) => environment.deleting,
        }
    }
}

/// How far an object of the world is; none of what is not there, and of what has no state.
pub fn progress(world: &World, key: &ObjectKey) -> Option<Progress> {
    let object = world.object(key).map(Thing::Object);
    let environment = || {
        let of_kind = key.kind == crate::Environment::KIND;
        let found = world.environments.iter().find(|environment| of_kind && environment.name == key.name);
        found.map(Thing::Environment)
    };
    object.or_else(environment).map(|thing| Progress::of(&thing))
}

/// The screen of whoever waits at a terminal: what is waited for and how long, the tree, and how long AWS usually takes for
/// what it is at; no more than so many rows, and what is left out is counted. Who may not read the world is shown what was
/// `told` of each object last.
pub fn screen(world: &World, told: &[Progress], waiting: &Waiting, style: &Style, rows: usize) -> String {
    let Waiting { scope, goal, since, minutes } = waiting;
    let title = match scope {
        Scope::Object(key) => ObjectName::from(key).title(),
        Scope::Namespace(name) => format!("all of namespace {name}"),
        Scope::All => "everything".into(),
    };
    let shown = tree(world, scope).ok().filter(|tree| !tree.objects.is_empty());
    let counted = shown.as_ref().map(|tree| tree.summary).filter(|summary| summary.resources > 0);
    let counted = counted.map(|of| format!("{} of {} resources Ready, ", of.resources_ready, of.resources));
    let heading = format!(
        "Waiting for {title} {goal}: {}{} of at most {minutes}m",
        counted.unwrap_or_default(),
        style.age(*since)
    );
    let mut lines = vec![style.paint(Paint::Bold, &heading)];
    // Two rows are for the heading, and for how long it usually takes.
    let drawn = match shown {
        Some(tree) => fitting(tree, style, rows.saturating_sub(2)),
        None => told.iter().map(|one| one.line(style)).collect(),
    };
    lines.extend(drawn.lines().map(str::to_owned));
    lines.extend(usual(world, scope, style).map(|takes| format!("AWS usually takes for this: {takes}")));
    if lines.len() > rows {
        let left = lines.len() - rows.saturating_sub(1);
        lines.truncate(rows.saturating_sub(1));
        lines.push(format!("{} {left} more lines: terrace tree has them", style.rest()));
    }
    lines.join("\n") + "\n"
}

/// The tree without what is counted elsewhere; where that does not fit, without what is Ready.
fn fitting(mut tree: Tree, style: &Style, rows: usize) -> String {
    let text = |tree: &Tree| -> Vec<String> {
        let text = tree.text(style);
        text.lines().take_while(|line| !line.is_empty()).map(str::to_owned).collect()
    };
    let mut lines = text(&tree);
    if lines.len() > rows {
        for object in &mut tree.objects {
            object.resources.retain(|resource| resource.mark != Mark::Ready);
            object.uses.retain(|used| used.mark != Mark::Ready);
            object.used_by.clear();
        }
        lines = text(&tree);
    }
    lines.join("\n")
}

/// How long AWS usually takes for what it is at; of several objects nobody says.
fn usual(world: &World, scope: &Scope, style: &Style) -> Option<&'static str> {
    let Scope::Object(key) = scope else { return None };
    why(world, key, style.now).ok()?.usual?.takes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web_world::{ago, key, now, web_world};

    fn at(world: &World, title: &str) -> Progress {
        progress(world, &key(title)).expect("an object")
    }

    fn waiting(scope: &Scope) -> Waiting<'_> {
        Waiting { scope, goal: "to be Ready", since: ago("5m"), minutes: 60 }
    }

    #[test]
    fn a_line_says_how_many_resources_are_ready_and_what_is_waited_for() {
        let mut world = web_world();
        let style = Style::plain(now());
        let all = at(&world, "DataTier shop/orders");
        assert_eq!((all.state, all.resources), (State::Ready, all.resources_ready));
        world.object_mut("DataTier shop/orders").reconciles("Settling", "db (rds/DbInstance): AWS says creating", "2m");
        world.object_mut("DataTier shop/orders").resource("db").state = "Settling".into();
        assert_eq!(
            at(&world, "DataTier shop/orders").line(&style),
            "… DataTier shop/orders, 4 of 5 resources Ready: Settling: db (rds/DbInstance): AWS says creating\n"
        );
        world.object_mut("DataTier shop/orders").deleting = true;
        assert!(at(&world, "DataTier shop/orders").line(&style).contains(", 5 left: "));
    }

    #[test]
    fn what_was_said_of_an_earlier_spec_is_no_news_of_this_one() {
        let mut world = web_world();
        let data = world.object_mut("DataTier shop/orders");
        data.stalls("InvalidParameter", "db (rds/DbInstance): no such class", "2m");
        data.generation += 1;
        let edited = at(&world, "DataTier shop/orders");
        assert_eq!((edited.state, &*edited.reason), (State::Reconciling, OUTDATED));
        world.object_mut("DataTier shop/orders").deleting = true;
        assert_eq!(at(&world, "DataTier shop/orders").state, State::Stalled);
    }

    #[test]
    fn an_environment_is_waited_for_as_well() {
        let mut world = web_world();
        let name = world.environments[0].name.clone();
        let key = ObjectKey::new("Environment", "", &name);
        assert_eq!(progress(&world, &key).map(|progress| progress.state), Some(State::Ready));
        world.environments[0].generation += 1;
        assert_eq!(progress(&world, &key).map(|progress| progress.reason), Some(OUTDATED.into()));
        assert_eq!(progress(&world, &ObjectKey::new("Environment", "", "nowhere")), None);
    }

    #[test]
    fn a_screen_says_how_long_draws_the_tree_and_never_has_more_rows_than_there_are() {
        let mut world = web_world();
        world.object_mut("DataTier shop/orders").reconciles("Settling", "db (rds/DbInstance): AWS says creating", "2m");
        world.object_mut("DataTier shop/orders").resource("db").state = "Settling".into();
        let (scope, style) =
            (Scope::Object(key("DataTier shop/orders")), Style { width: Some(100), ..Style::plain(now()) });
        insta::assert_snapshot!(screen(&world, &[], &waiting(&scope), &style, 40));
        let small = screen(&world, &[], &waiting(&scope), &style, 6);
        assert!(small.lines().count() <= 6 && small.contains("rds/DbInstance"), "{small}");
        assert!(!small.contains("ec2/SecurityGroup") && !small.contains("used by"), "{small}");
        let tiny = screen(&world, &[], &waiting(&scope), &style, 2);
        assert_eq!(tiny.lines().count(), 2, "{tiny}");
        assert!(tiny.lines().last().is_some_and(|line| line.contains("more lines")), "{tiny}");
        let last = at(&world, "DataTier shop/orders");
        let blind = screen(&World::default(), &[last], &waiting(&scope), &style, 40);
        assert!(blind.ends_with("resources Ready: Settling: db (rds/DbInstance): AWS says creating\n"), "{blind}");
        let all = screen(&world, &[], &waiting(&Scope::Namespace("shop".into())), &style, 99);
        assert!(
            all.starts_with("Waiting for all of namespace shop to be Ready: ") && all.contains(", 5m of at most 60m\n"),
            "{all}"
        );
        assert!(all.contains("WebApp shop/shop") && !all.contains("usually"), "{all}");
    }
}
