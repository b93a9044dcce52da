//! From the objects of a cluster to the lines of the tree.

use std::collections::{BTreeMap, BTreeSet};

use terrace_crds::{GrantAccess, ResourceEntry, User, UserAccess};
use terrace_tiers::Use;

use super::order::shown;
use super::{EnvironmentLine, ObjectLine, ResourceLine, Scope, Summary, Tree, UseLine, UserLine};
use crate::adopt::neighbours::candidates;
use crate::arn::last;
use crate::standing::{ABSENT, Absent, Resource, Standing, State, Waits, access, mark, resources, told};
use crate::style::Mark;
use crate::{Environment, Object, ObjectName, World};

/// What is to be shown of a cluster.
///
/// # Errors
/// Where the object that was asked for is not there.
pub fn tree(world: &World, scope: &Scope) -> Result<Tree, Absent> {
    of(&Waits::of(world), scope)
}

/// As [`tree`], where it is known already what waits for what.
///
/// # Errors
/// As there.
pub(crate) fn of(waits: &Waits, scope: &Scope) -> Result<Tree, Absent> {
    let places = shown(waits, scope)?;
    let objects: Vec<ObjectLine> = places.iter().map(|at| object(waits, *at)).collect();
    let root = match scope {
        Scope::Object(key) if key.kind != Environment::KIND => Some(ObjectName::from(key)),
        Scope::All | Scope::Namespace(_) | Scope::Object(_) => None,
    };
    Ok(Tree { root, environments: environments(waits, &places, scope), summary: summary(&objects), objects })
}

fn names(waits: &Waits, places: &[usize]) -> Vec<ObjectName> {
    places.iter().map(|at| waits.thing(*at).name()).collect()
}

fn environments(waits: &Waits, places: &[usize], scope: &Scope) -> Vec<EnvironmentLine> {
    let world = waits.world;
    let pinned = places.iter().filter_map(|at| {
        let environment = waits.index.environment(&world.objects[*at])?;
        waits.place_of_environment(&environment.name)
    });
    let awaited = places.iter().flat_map(|at| waits.on(*at).iter().copied());
    let concerned: BTreeSet<usize> = pinned.chain(awaited).collect();
    let first = world.objects.len();
    let all = world.environments.iter().zip(first..);
    let asked = |environment: &Environment| match scope {
        Scope::All => true,
        Scope::Object(key) => key.kind == Environment::KIND && key.name == environment.name,
        Scope::Namespace(_) => false,
    };
    let shown = all.filter(|(environment, at)| asked(environment) || concerned.contains(at));
    let mut lines: Vec<_> = shown.map(|(environment, at)| environment_line(waits, environment, at)).collect();
    lines.sort_by(|a, b| (a.state, &a.name).cmp(&(b.state, &b.name)));
    lines
}

fn environment_line(waits: &Waits, environment: &Environment, at: usize) -> EnvironmentLine {
    let Environment { name, account, region, cluster, .. } = environment;
    let standing = Standing::of_environment(environment);
    EnvironmentLine {
        name: name.clone(),
        account: account.clone(),
        region: region.clone(),
        cluster: cluster.clone(),
        state: standing.state,
        reason: standing.reason.into(),
        message: standing.message.into(),
        since: standing.since,
        holds_up: names(waits, waits.held(at)),
    }
}

fn object(waits: &Waits, at: usize) -> ObjectLine {
    let object = &waits.world.objects[at];
    let standing = Standing::of(object);
    let home = waits.index.environment(object).map(|environment| environment.region.as_str());
    ObjectLine {
        object: ObjectName::from(&object.key),
        mark: mark(object, &standing),
        state: standing.state,
        reason: standing.reason.into(),
        message: standing.message.into(),
        since: standing.since,
        created: object.created,
        environment: object.status.environment.as_ref().map(|pin| pin.name.clone()),
        outdated: standing.behind,
        deleting: object.deleting,
        paused: object.paused,
        drifted: told(object, "Drifted").map(Into::into),
        degraded: told(object, "Degraded").map(Into::into),
        remarks: standing.remarks().map(Into::into),
        plan: object.status.plan.as_ref().map(|plan| plan.hash.clone()),
        waits_for: names(waits, waits.on(at)),
        holds_up: names(waits, waits.held(at)),
        resources: resources(object, &standing).into_iter().map(|one| resource(one, home)).collect(),
        uses: uses(waits, object),
        used_by: used_by(waits, object, at),
    }
}

fn resource(resource: Resource, home: Option<&str>) -> ResourceLine {
    let text = |text: Option<&str>| text.map(str::to_owned);
    let region = resource.entry.map(|entry| entry.place.region.as_str());
    ResourceLine {
        kind: resource.kind.into(),
        mark: resource.mark,
        state: resource.state.into(),
        reason: text(resource.reason),
        message: text(resource.message),
        name: resource.entry.and_then(physical_name),
        handle: resource.entry.and_then(|entry| entry.handle.clone()),
        region: text(region),
        elsewhere: region.zip(home).is_some_and(|(region, home)| region != home),
        created: resource.entry.and_then(|entry| entry.created.as_ref()).map(|created| created.0),
        drifted: text(resource.drifted),
        replaced_by: resource.replaced_by,
        depends_on: resource.entry.map(|entry| entry.depends_on.clone()).unwrap_or_default(),
        id: resource.key,
    }
}

/// The name that AWS knows it by. What was taken over keeps the one that it had, which its ARN ends with.
fn physical_name(entry: &ResourceEntry) -> Option<String> {
    let adoptable = |arn: &&str| candidates(arn).iter().any(|one| one.kind == entry.kind);
    let arn = entry.handle.as_deref().filter(|handle| handle.starts_with("arn:")).filter(adoptable);
    arn.map(|arn| last(arn).to_owned()).or_else(|| entry.name.clone())
}

fn uses(waits: &Waits, object: &Object) -> Vec<UseLine> {
    let made: BTreeSet<String> =
        object.status.resources.iter().filter(|entry| entry.created.is_some()).map(|entry| entry.id.clone()).collect();
    let line = |used: &Use| {
        let target = waits.index.object(&used.target);
        let standing = target.map(Standing::of);
        let fulfilled = used.is_over(&made);
        UseLine {
            object: ObjectName::from(&used.target),
            field: used.field.clone(),
            access: access(used.access),
            binding: used.binding.clone(),
            mark: match (target.zip(standing.as_ref()), fulfilled) {
                (Some((target, standing)), _) => mark(target, standing),
                (None, true) => Mark::Ready,
                (None, false) => Mark::Unknown,
            },
            state: standing.map(|standing| standing.state),
            reason: standing.map(|standing| standing.reason.to_owned()),
            drifted: target.is_some_and(|target| target.is("Drifted")),
            degraded: target.is_some_and(|target| target.is("Degraded")),
            admitted: waits.index.admits(&object.key, used),
            fulfilled,
        }
    };
    let mut lines: Vec<UseLine> = object.uses.iter().map(line).collect();
    lines.sort_by_key(|line| line.mark);
    lines
}

/// Whoever it lists, and whoever refers to it besides.
fn used_by(waits: &Waits, object: &Object, at: usize) -> Vec<UserLine> {
    let referring = waits.referring(at).iter().map(|(user, used)| used.entry(&waits.world.objects[*user].key));
    let all = object.status.users.iter().cloned().chain(referring);
    let each: BTreeMap<_, UserLine> = all.map(|user| (identity(&user), user_line(&user))).collect();
    each.into_values().collect()
}

fn identity(user: &User) -> (String, String, String, Option<String>) {
    (user.kind.clone(), user.namespace.clone(), user.name.clone(), user.binding.clone())
}

fn user_line(user: &User) -> UserLine {
    let User { kind, namespace, name, binding, access: granted, outputs: _ } = user;
    let granted = match granted {
        UserAccess::ReadOnly => GrantAccess::Read,
        UserAccess::ReadWrite => GrantAccess::ReadWrite,
    };
    UserLine {
        object: ObjectName { kind: kind.clone(), namespace: namespace.clone(), name: name.clone() },
        access: access(granted),
        binding: binding.clone(),
    }
}

fn summary(objects: &[ObjectLine]) -> Summary {
    let mut summary = Summary { objects: objects.len(), ..Summary::default() };
    for object in objects {
        *match object.state {
            State::Ready => &mut summary.ready,
            State::Reconciling => &mut summary.reconciling,
            State::Stalled => &mut summary.stalled,
            State::Paused => &mut summary.paused,
            State::Unknown => &mut summary.unknown,
        } += 1;
        summary.drifted += usize::from(object.drifted.is_some());
        summary.degraded += usize::from(object.degraded.is_some());
        summary.resources += object.resources.iter().filter(|resource| resource.state != ABSENT).count();
        let ready = |resource: &&ResourceLine| matches!(resource.mark, Mark::Ready | Mark::Concern);
        summary.resources_ready += object.resources.iter().filter(ready).count();
    }
    summary
}
