//! Which object waits for which other, as far as their status tells: the way from a symptom to its cause, and back.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use terrace_engine::reason;
use terrace_tiers::{ObjectKey, Use};

use super::said::mentions;
use super::{Index, ObjectName, Standing, State};
use crate::{Environment, Object, World};

/// What can be waited for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Thing<'a> {
    Object(&'a Object),
    Environment(&'a Environment),
}

impl<'a> Thing<'a> {
    /// What it is called.
    pub fn name(&self) -> ObjectName {
        #[cfg(test)]
        crate::count::add("names written", 1);
        match self {
            Thing::Object(object) => ObjectName::from(&object.key),
            Thing::Environment(environment) => ObjectName::environment(&environment.name),
        }
    }

    /// The object, where it is one.
    pub fn object(&self) -> Option<&'a Object> {
        match self {
            Thing::Object(object) => Some(object),
            Thing::Environment(_) => None,
        }
    }

    /// Whether a message names it: by its title, or as a graph names what an output is of.
    fn is_named_in(&self, message: &str) -> bool {
        mentions(message, &self.name().title())
            || matches!(self, Thing::Object(object) if mentions(message, &object.key.to_string()))
    }

    /// How it stands.
    pub fn standing(&self) -> Standing<'a> {
        match self {
            Thing::Object(object) => Standing::of(object),
            Thing::Environment(environment) => Standing::of_environment(environment),
        }
    }
}

/// Objects and Environments with what they wait for. They go by their place: objects first, then Environments.
pub struct Waits<'a> {
    pub world: &'a World,
    pub index: Index<'a>,
    /// The operator that looks after one of the objects, and so after all of them.
    pub operator: Option<&'a str>,
    /// Whether any object was ever looked at.
    pub looked_at: bool,
    /// By the place of the target: who refers to it.
    referring: Vec<Vec<(usize, &'a Use)>>,
    /// By place: what it waits for, the worst first.
    on: Vec<Vec<usize>>,
    /// By place: what waits for it.
    held: Vec<Vec<usize>>,
    /// By place: what waits for it by way of others too, once somebody has asked.
    all_held: Vec<OnceCell<Vec<usize>>>,
}

impl<'a> Waits<'a> {
    /// Reads all objects' status.
    pub fn of(world: &'a World) -> Self {
        let many = world.objects.len() + world.environments.len();
        let mut waits = Waits {
            world,
            index: Index::of(world),
            operator: world.objects.iter().find_map(|object| object.status.operator.as_deref()),
            looked_at: world.objects.iter().any(|object| !object.status.conditions.is_empty()),
            referring: vec![Vec::new(); many],
            on: vec![Vec::new(); many],
            held: vec![Vec::new(); many],
            all_held: vec![OnceCell::new(); many],
        };
        for (at, object) in world.objects.iter().enumerate() {
            for used in &object.uses {
                if let Some(target) = waits.place(&used.target) {
                    waits.referring[target].push((at, used));
                }
            }
        }
        for at in 0..world.objects.len() {
            let on = waits.awaited(at);
            on.iter().for_each(|target| waits.held[*target].push(at));
            waits.on[at] = on;
        }
        waits
    }

    /// The place of an object.
    pub fn place(&self, key: &ObjectKey) -> Option<usize> {
        self.index.place(key)
    }

    /// The place of an Environment.
    pub fn place_of_environment(&self, name: &str) -> Option<usize> {
        Some(self.world.objects.len() + self.index.place_of_environment(name)?)
    }

    /// What is at a place.
    pub fn thing(&self, at: usize) -> Thing<'a> {
        let objects = &self.world.objects;
        match objects.get(at) {
            Some(object) => Thing::Object(object),
            None => Thing::Environment(&self.world.environments[at - objects.len()]),
        }
    }

    /// What it waits for, the worst first.
    pub fn on(&self, at: usize) -> &[usize] {
        &self.on[at]
    }

    /// Who refers to it, and by which reference.
    pub fn referring(&self, at: usize) -> &[(usize, &'a Use)] {
        &self.referring[at]
    }

    /// All that waits for it, itself or by way of others, the nearest first.
    pub fn held(&self, at: usize) -> &[usize] {
        self.all_held[at].get_or_init(|| self.reach(at))
    }

    fn reach(&self, at: usize) -> Vec<usize> {
        let mut all = Vec::new();
        if self.held[at].is_empty() {
            return all;
        }
        let mut seen = BTreeSet::from([at]);
        let (mut next, mut place) = (0, at);
        loop {
            all.extend(self.held[place].iter().copied().filter(|held| seen.insert(*held)));
            let Some(following) = all.get(next).copied() else { return all };
            (next, place) = (next + 1, following);
        }
    }

    /// What an object waits for: of what it has to do with, all that its message names and that is not Ready, or is on its
    /// way out.
    fn awaited(&self, at: usize) -> Vec<usize> {
        let object = &self.world.objects[at];
        let standing = Standing::of(object);
        if !standing.waits() {
            return Vec::new();
        }
        let near = self.near(at, object, &standing);
        let open = |place: &usize| match self.thing(*place) {
            Thing::Object(other) => Standing::of(other).state != State::Ready || other.deleting,
            other @ Thing::Environment(_) => other.standing().state != State::Ready,
        };
        let named = |place: &usize| self.thing(*place).is_named_in(standing.message);
        let open: BTreeSet<usize> = near.into_iter().filter(open).collect();
        let mut awaited: Vec<usize> = open.iter().copied().filter(named).collect();
        if awaited.is_empty() && standing.reason == reason::WAITING {
            let uses = |place: &usize| object.uses.iter().any(|used| self.place(&used.target) == Some(*place));
            awaited = open.into_iter().filter(uses).collect();
        }
        awaited.sort_by_key(|place| self.thing(*place).standing().state);
        awaited
    }

    /// What an object refers to, what refers to it, and its Environment.
    fn near(&self, at: usize, object: &Object, standing: &Standing) -> Vec<usize> {
        let targets = object.uses.iter().filter_map(|used| self.place(&used.target));
        let users = self.referring[at].iter().map(|(user, _)| *user);
        let first = self.world.objects.len();
        // An Environment is waited for only where it is named.
        let named = standing.message.contains(Environment::KIND);
        let environments = first..first + if named { self.world.environments.len() } else { 0 };
        targets.chain(users).filter(|place| *place != at).chain(environments).collect()
    }
}
