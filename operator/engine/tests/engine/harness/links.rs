//! References between the objects of a world, as the operator's program carries them: what each is told of the others, and
//! who keeps whom.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value};
use terrace_engine::Outcome;
use terrace_engine::sim::SimAws;
use terrace_model::{Graph, Val};
use terrace_tiers::ObjectKey;
use terrace_tiers::samples::{Expanded, Member, Outputs};

use super::{Object, World};

/// What makes an object one of several that refer to one another.
#[derive(Clone)]
pub struct Linked {
    member: Member,
    /// Its users, each with what it gets for itself.
    users: Vec<(terrace_crds::User, Outputs)>,
    /// What its status says; and whom that lists as users, with what they get.
    shown: BTreeMap<String, String>,
    given: BTreeMap<Given, BTreeMap<String, String>>,
}

/// What names a target's outputs in the graph of a user, and the user.
type Given = (String, ObjectKey);

impl Linked {
    fn is(&self, key: &ObjectKey) -> bool {
        self.member.key == *key
    }

    fn uses(&self, key: &ObjectKey) -> bool {
        self.member.uses.iter().any(|used| used.target == *key)
    }

    fn learn(&mut self, outcome: &Outcome) {
        let shown = |outputs: &Outputs, before: &BTreeMap<String, String>| -> BTreeMap<String, String> {
            let one = |(name, value): (&&'static str, &Val<Value>)| {
                Some(((*name).to_owned(), outcome.shown(value, before.get(*name))?))
            };
            outputs.iter().filter_map(one).collect()
        };
        self.shown = shown(&self.member.outputs, &self.shown);
        let given = self.users.iter().map(|(user, own)| {
            let binding = user.binding.as_ref().map(|binding| format!("#{binding}")).unwrap_or_default();
            let who = ObjectKey::new(&user.kind, &user.namespace, &user.name);
            let name = (format!("{}{binding}", self.member.key), who);
            let none = BTreeMap::new();
            let mut all = self.shown.clone();
            all.extend(shown(own, self.given.get(&name).unwrap_or(&none)));
            (name, all)
        });
        self.given = given.collect();
    }
}

fn value(outputs: &BTreeMap<String, String>) -> Value {
    outputs.iter().map(|(name, text)| (name.clone(), Value::from(text.clone()))).collect::<Map<_, _>>().into()
}

impl Object {
    /// An object for each member, which has the others as its users as far as they refer to it.
    pub fn linked(members: Vec<Member>) -> Vec<Object> {
        members.iter().map(|member| Object::of(member.clone(), member.expand(&members))).collect()
    }

    fn of(member: Member, Expanded { graph, users }: Expanded) -> Object {
        let mut object = Object::new(&member.key.name, graph);
        object.owner.kind.clone_from(&member.key.kind);
        // An EdgeTier and a WebApp may have one name.
        object.owner.uid = format!("uid-{}-{}", member.key.kind.to_lowercase(), member.key.name);
        object.linked = Some(Linked { member, users, shown: BTreeMap::new(), given: BTreeMap::new() });
        object
    }

    /// Wishes for a change of what it wishes for otherwise.
    pub fn edit(&mut self, edit: fn(&Graph) -> Graph) {
        self.edit = edit;
        self.graph = edit(&self.base);
    }
}

impl World {
    /// The objects of a set, in a new account.
    pub fn linked(members: Vec<Member>) -> Self {
        World::with(SimAws::new(), Object::linked(members), super::Mutant::NONE)
    }

    /// The place of the member of this kind and name.
    pub fn index(&self, kind: &str, name: &str) -> usize {
        let is = |object: &Object| object.owner.kind == kind && object.owner.name == name;
        self.objects.iter().position(is).unwrap_or_else(|| panic!("no {kind} {name}"))
    }

    fn all(&self) -> impl Iterator<Item = &Linked> {
        self.objects.iter().filter(|object| !object.gone).filter_map(|object| object.linked.as_ref())
    }

    /// What an object is told of others: the outputs of what it refers to, once these list it and have what it needs; and
    /// those of its users.
    pub(super) fn told(&self, index: usize) -> BTreeMap<String, Value> {
        let mut told = self.foreign.clone();
        let Some(Linked { member, users, .. }) = &self.objects[index].linked else { return told };
        for used in &member.uses {
            let target = self.all().find(|target| target.is(&used.target));
            let given = target.and_then(|target| target.given.get(&(used.source(), member.key.clone())));
            let given = given.filter(|given| used.needs.iter().all(|needed| given.contains_key(*needed)));
            told.extend(given.map(|given| (used.source(), value(given))));
        }
        for (user, _) in users {
            let who = ObjectKey::new(&user.kind, &user.namespace, &user.name);
            let user = self.all().find(|user| user.is(&who));
            told.extend(user.map(|user| (who.to_string(), value(&user.shown))));
        }
        told
    }

    /// Whether an object that is to be deleted is kept by whoever uses it.
    pub(super) fn is_kept(&self, index: usize) -> bool {
        let object = &self.objects[index];
        let key = object.linked.as_ref().map(|linked| &linked.member.key);
        object.deleting && key.is_some_and(|key| self.all().any(|other| other.uses(key)))
    }

    /// Notes what a pass came to; those that it concerns are looked at now.
    pub(super) fn link(&mut self, index: usize, outcome: &Outcome, now: Timestamp) {
        let gone = self.objects[index].gone;
        let Some(linked) = &mut self.objects[index].linked else { return };
        let (key, before) = (linked.member.key.clone(), (linked.shown.clone(), linked.given.clone()));
        linked.learn(outcome);
        if !gone && before == (linked.shown.clone(), linked.given.clone()) {
            return;
        }
        let targets = linked.member.uses.iter().map(|used| used.target.clone()).collect::<Vec<_>>();
        for other in 0..self.objects.len() {
            let Some(linked) = self.objects[other].linked.as_ref().filter(|_| !self.objects[other].gone) else {
                continue;
            };
            let is_target = targets.contains(&linked.member.key);
            if is_target || linked.uses(&key) {
                self.objects[other].due = Some(now);
            }
            if gone && is_target {
                self.expand(other);
            }
        }
    }

    /// Its graph, with the users that there still are.
    fn expand(&mut self, index: usize) {
        let Some(linked) = &self.objects[index].linked else { return };
        let others: Vec<&Member> = self.all().map(|linked| &linked.member).collect();
        let Expanded { graph, users } = linked.member.expand(others);
        let object = &mut self.objects[index];
        (object.graph, object.base) = ((object.edit)(&graph), graph);
        if let Some(linked) = &mut object.linked {
            linked.users = users;
        }
    }
}
