//! What each line of the tree says.

use terrace_engine::reason;

use super::node::Node;
use super::{EnvironmentLine, ObjectLine, ResourceLine, Summary, Tree, UseLine, UserLine};
use crate::standing::{OUTDATED, UNOBSERVED, node};
use crate::style::{Line, Mark, Paint, Style, columns};
use crate::{Environment, ObjectName, State};

/// The columns of the longest word for the state of an object, of one for a resource, and of an age.
const STATE: usize = "Reconciling".len();
const RESOURCE_STATE: usize = "Intended".len();
const AGE: usize = "2d10h".len();

/// What is the same for many lines: how wide the columns are of which the content decides, and what goes without saying.
#[derive(Clone, Copy, Debug, Default)]
pub struct Layout {
    /// There are several Environments, and each object says which is its own.
    pub several: bool,
    /// Of the names of objects.
    pub title: usize,
    /// Of the kinds of an object's resources.
    pub kind: usize,
    /// Of their logical ids.
    pub id: usize,
}

impl Layout {
    /// Those of an object's resources.
    pub fn of(self, object: &ObjectLine) -> Self {
        let widest = |text: fn(&ResourceLine) -> &str| {
            object.resources.iter().map(|resource| columns(text(resource))).max().unwrap_or_default()
        };
        Layout { kind: widest(|resource| &resource.kind), id: widest(|resource| &resource.id), ..self }
    }
}

/// An Environment that is not Ready.
pub fn environment(style: &Style, layout: Layout, environment: &EnvironmentLine) -> Node {
    let EnvironmentLine { name, state, reason, message, since, holds_up, .. } = environment;
    let title = ObjectName::environment(name).title();
    let line = head(style, layout, state.mark(), &title, *state, "");
    let line = notes(line, &[lasting(style, reason, since.as_ref()), held(holds_up)]);
    Node::new(line).saying(Paint::Plain, message)
}

/// An object; `via`: the reference by which it stands under another.
pub fn object(style: &Style, layout: Layout, object: &ObjectLine, via: Option<&UseLine>) -> Node {
    let age = object.created.map(|created| style.age(created)).unwrap_or_default();
    let line = head(style, layout, object.mark, &object.object.title(), object.state, &age);
    let line = line.then(Paint::Dim, &via.map(|used| way(used.binding.as_deref(), used.access)).unwrap_or_default());
    let shown = |line: &ResourceLine| line.drifted.is_some();
    let drifted = object.drifted.as_deref().filter(|_| !object.resources.iter().any(shown));
    // What is said of a resource stands beside that, and what is said of an Environment beside the Environment.
    let elsewhere = node(&object.message).is_some() || object.waits_for.iter().any(|on| on.kind == Environment::KIND);
    let message = Some(object.message.as_str()).filter(|_| object.state != State::Ready && !elsewhere);
    Node::new(notes(line, &about(style, layout, object)))
        .saying(Paint::Plain, message.unwrap_or_default())
        .saying(Paint::Plain, drifted.unwrap_or_default())
        .saying(Paint::Plain, object.degraded.as_deref().unwrap_or_default())
        .saying(Paint::Dim, object.remarks.as_deref().unwrap_or_default())
}

/// Why an object is not Ready, and all that is to be known of it in a word.
fn about(style: &Style, layout: Layout, object: &ObjectLine) -> [String; 9] {
    let flag = |set: bool, text: &str| if set { text.to_owned() } else { String::new() };
    let why = match object.state {
        // What nobody has looked at says so itself.
        State::Ready | State::Unknown => String::new(),
        _ if object.reason == OUTDATED => String::new(),
        _ => lasting(style, &object.reason, object.since.as_ref()),
    };
    [
        why,
        held(&object.holds_up),
        object.plan.as_ref().map(|hash| format!("plan {hash} waits for approval")).unwrap_or_default(),
        flag(object.deleting && object.reason != reason::DELETING, "is being deleted"),
        flag(object.paused && object.reason != "Paused", "paused"),
        flag(object.drifted.is_some(), "drifted"),
        flag(object.degraded.is_some(), "degraded"),
        flag(object.outdated && object.reason != OUTDATED, "edited since"),
        object.environment.iter().filter(|_| layout.several).map(|name| format!("Environment {name}")).collect(),
    ]
}

/// A resource of an object.
pub fn resource(style: &Style, layout: Layout, resource: &ResourceLine) -> Node {
    let ResourceLine { id, kind, mark, state, reason, message, drifted, replaced_by, .. } = resource;
    let (at_id, at_state) = (2 + layout.kind + 2, 2 + layout.kind + 2 + layout.id + 2);
    let age = resource.created.map_or("-".to_owned(), |created| style.age(created));
    let calm = if *mark == Mark::Ready { Paint::Dim } else { Paint::Plain };
    let mut line = Line::new().mark(style, *mark).then(Paint::Plain, kind).at(at_id).then(Paint::Plain, id);
    line = line.at(at_state).then(if *mark == Mark::Ready { Paint::Dim } else { mark.paint() }, state);
    line = line.at(at_state + RESOURCE_STATE + 2).then(Paint::Dim, &age);
    line = line.at(at_state + RESOURCE_STATE + 2 + AGE + 2).then(calm, &identifier(resource));
    if let Some(region) = resource.region.as_ref().filter(|_| resource.elsewhere) {
        line = line.then(Paint::Plain, &format!("({region})"));
    }
    let plain = [state.as_str(), reason::WAITING, reason::SETTLING];
    let reason = reason.as_ref().filter(|reason| !plain.contains(&reason.as_str()));
    let message = match (reason, message.as_deref()) {
        (Some(reason), Some(message)) => format!("{reason}: {message}"),
        (reason, message) => message.or(reason.map(String::as_str)).unwrap_or_default().to_owned(),
    };
    Node::new(line)
        .saying(Paint::Plain, &message)
        .saying(Paint::Plain, &drifted.as_ref().map(|what| format!("drifted: {what}")).unwrap_or_default())
        .saying(Paint::Plain, &replaced_by.as_ref().map(|next| format!("replaced by {next}")).unwrap_or_default())
}

/// What an object uses that stands elsewhere.
pub fn reference(style: &Style, used: &UseLine) -> Node {
    let UseLine { object, access, binding, mark, .. } = used;
    let line = Line::new().then(Paint::Plain, style.to()).then(Paint::Plain, &object.title());
    let line = line.then(Paint::Dim, &way(binding.as_deref(), access)).apart().mark(style, *mark);
    Node::new(line.then(mark.paint(), &used_in_words(used)))
}

/// How what is used stands, in a word or a few.
pub(crate) fn used_in_words(used: &UseLine) -> String {
    let UseLine { state, reason, admitted, fulfilled, drifted, degraded, .. } = used;
    match state {
        Some(State::Ready) if !admitted && !fulfilled => "Ready, and has not admitted it yet".to_owned(),
        Some(State::Ready) if *drifted => "Ready, drifted".to_owned(),
        Some(State::Ready) if *degraded => "Ready, degraded".to_owned(),
        Some(state) => match reason.as_deref().filter(|reason| ![state.word(), UNOBSERVED].contains(reason)) {
            Some(reason) => format!("{}, {reason}", state.word()),
            None => state.word().to_owned(),
        },
        None if *fulfilled => "is gone, and no longer needed".to_owned(),
        None => "there is no such object".to_owned(),
    }
}

/// Who uses an object, beside the one that it stands under.
pub fn used_by(style: &Style, object: &ObjectLine, parent: Option<&ObjectName>) -> Option<Node> {
    let others = object.used_by.iter().filter(|user| Some(&user.object) != parent);
    let user = |user: &UserLine| format!("{} {}", user.object.title(), way(user.binding.as_deref(), user.access));
    let users: Vec<String> = others.map(user).collect();
    let line = Line::new().then(Paint::Dim, style.from()).then(Paint::Dim, "used by");
    (!users.is_empty()).then(|| Node::new(line.then(Paint::Dim, &users.join(", "))))
}

/// How many stand how, in which Environment, and where to read on.
pub fn summary(style: &Style, tree: &Tree) -> String {
    let Summary { objects, resources, resources_ready, .. } = tree.summary;
    let waiting = resources.saturating_sub(resources_ready);
    let ready = if waiting == 0 { "all Ready".to_owned() } else { format!("{waiting} of them not Ready") };
    let mut lines = vec![match objects {
        0 => "There are no objects.".to_owned(),
        _ if resources == 0 => format!("{}: {}. No resources.", count(objects, "object"), states(&tree.summary)),
        _ => format!(
            "{}: {}. {}, {ready}.",
            count(objects, "object"),
            states(&tree.summary),
            count(resources, "resource")
        ),
    }];
    lines.extend(tree.environments.iter().map(|environment| {
        let EnvironmentLine { name, account, region, cluster, .. } = environment;
        format!("Environment {name}: account {account}, {region}, cluster {cluster}.")
    }));
    let wrong = tree.environments.iter().find(|environment| environment.state != State::Ready);
    let wrong = wrong.filter(|_| tree.root.is_none()).map(|environment| ObjectName::environment(&environment.name));
    let open = tree.objects.iter().find(|object| object.state != State::Ready);
    if let Some(name) = wrong.or(open.map(|object| object.object.clone())) {
        lines.push(format!("Next: terrace why {}", name.argument()));
    }
    let paint = |number| if number == 0 { Paint::Bold } else { Paint::Plain };
    lines.iter().enumerate().map(|(number, line)| format!("{}\n", style.paint(paint(number), line))).collect()
}

fn states(summary: &Summary) -> String {
    let Summary { ready, reconciling, stalled, paused, unknown, drifted, degraded, .. } = *summary;
    let counts = [
        (ready, true, "Ready"),
        (reconciling, true, "Reconciling"),
        (stalled, true, "Stalled"),
        (paused, false, "Paused"),
        (unknown, false, "Unknown"),
        (drifted, false, "drifted"),
        (degraded, false, "degraded"),
    ];
    let shown = counts.into_iter().filter(|(many, always, _)| *always || *many > 0);
    shown.map(|(many, _, word)| format!("{many} {word}")).collect::<Vec<_>>().join(", ")
}

fn count(many: usize, what: &str) -> String {
    format!("{many} {what}{}", if many == 1 { "" } else { "s" })
}

fn head(style: &Style, layout: Layout, mark: Mark, title: &str, state: State, age: &str) -> Line {
    let at_state = 2 + layout.title + 2;
    let line = Line::new().mark(style, mark).then(Paint::Bold, title);
    let line = line.at(at_state).then(mark.paint(), state.word());
    line.at(at_state + STATE + 2).then(Paint::Dim, age).at(at_state + STATE + 2 + AGE + 2)
}

fn notes(line: Line, notes: &[String]) -> Line {
    let notes: Vec<&str> = notes.iter().map(String::as_str).filter(|note| !note.is_empty()).collect();
    line.then(Paint::Plain, &notes.join(", "))
}

/// `AccessDenied for 12m`.
fn lasting(style: &Style, reason: &str, since: Option<&jiff::Timestamp>) -> String {
    since.map_or(reason.to_owned(), |since| format!("{reason} for {}", style.age(*since)))
}

/// Whom it holds up: the first of them, and how many more.
fn held(held: &[ObjectName]) -> String {
    match held {
        [] => String::new(),
        [one] => format!("holds up {}", one.title()),
        [first, rest @ ..] => format!("holds up {} and {} more", first.title(), rest.len()),
    }
}

/// By what one uses another: `(binding db, ReadWrite)`.
fn way(binding: Option<&str>, access: &str) -> String {
    binding.map_or(format!("({access})"), |binding| format!("(binding {binding}, {access})"))
}

/// What AWS knows it by, as short as it stays unique: an id, or the name that an ARN would end in.
fn identifier(resource: &ResourceLine) -> String {
    let handle = resource.handle.as_deref();
    match handle {
        // Beyond the name there is a UID.
        Some(handle) if resource.kind.starts_with("kubernetes/") => {
            handle.rsplit_once('/').map_or(handle, |(name, _)| name).to_owned()
        }
        Some(handle) if !handle.starts_with("arn:") => handle.to_owned(),
        // What is not made yet has a name in AWS already, and none in Kubernetes that it is found by.
        None if resource.kind.starts_with("kubernetes/") => String::new(),
        _ => resource.name.as_deref().or(handle).unwrap_or_default().to_owned(),
    }
}
