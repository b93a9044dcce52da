//! One reconcile of one object, step by step.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use kube::ResourceExt;
use serde_json::Value;
use terrace_crds::{Environment, EnvironmentPin, TierStatus, User};
use terrace_engine::ownership::Adopt;
use terrace_engine::rebuild::{Lost, rebuild};
use terrace_engine::{Ledger, Memory, Outcome, Request, report};
use terrace_model::aws::eks::FargateProfile;
use terrace_model::identity::Freshness;
use terrace_model::{Graph, Inventory, OwnerRef, Place, Resource, Val};
use terrace_tiers::{Advance, Course, Credential, ObjectKey, Reference, facts};

use super::ledger::{self, StatusLedger};
use super::{Managed, asking, credentials, facts as described, is_held_still, links, named, policy, status};
use crate::cloud::Cloud;
use crate::conditions;
use crate::context::Context;
use crate::environment::choose::choose;
use crate::next::Next;
use crate::problem::Problem;

/// How soon after a repair it is looked at again: Drifted is True until somebody has seen that all is as wished.
const CONFIRM: Duration = Duration::from_secs(15);

/// What a reconcile comes to.
pub enum Pass {
    Gone,
    Stands {
        status: Box<TierStatus>,
        next: Next,
        /// It came to its end.
        whole: bool,
        /// What changes from time to time, the earliest where there are several.
        credential: Option<Credential>,
    },
}

/// What a reconcile is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// To do what is to be done.
    Carry,
    /// To say what would be done, as AWS stands.
    Foresee,
    /// To say what would be done as far as the record tells, without AWS.
    Foretell,
}

/// One reconcile of one object.
pub struct Job<'a, T> {
    pub mode: Mode,
    pub object: &'a T,
    pub key: ObjectKey,
    pub before: &'a TierStatus,
    pub uid: &'a str,
    pub deleting: bool,
    /// It had our finalizer before this pass.
    pub held: bool,
    /// Somebody asks for a fresh look.
    pub asked: bool,
    /// The live objects that refer to it and may.
    pub users: Vec<facts::User>,
    pub context: &'a Context,
    pub ledger: &'a StatusLedger<'a>,
}

/// What an object is to become: its graph, and what its status says of it.
pub(super) struct Wishes {
    graph: Graph,
    outputs: BTreeMap<&'static str, Val<Value>>,
    /// The outputs of other objects, by what names them in the graph.
    foreign: BTreeMap<String, Value>,
    /// Why some of them are not known yet.
    pub waits: Option<Problem>,
    /// Whom the graph admits.
    users: Vec<User>,
    /// What some of them get for themselves.
    user_outputs: BTreeMap<User, BTreeMap<&'static str, Val<Value>>>,
    /// What status says of an object that is as wished.
    remarks: Vec<String>,
    /// Why an object that is as wished is not what its spec asks for.
    course: Option<Course>,
    /// When a procedure is to be judged again.
    again: Option<Duration>,
    /// What a procedure changes from time to time.
    credential: Option<Credential>,
}

impl<T: Managed> Job<'_, T> {
    /// Does what is to be done now.
    ///
    /// # Errors
    /// Why nothing can be done.
    pub async fn run(&self) -> Result<Pass, Problem> {
        if self.is_done()? {
            return Ok(Pass::Gone);
        }
        let labels = self.labels()?;
        let environments = self.context.environments();
        let environment = choose(&environments, &asking(self.object, &labels))?;
        self.context.process.claims(self.uid, &environment.uid().unwrap_or_default());
        let (outcome, wishes) = self.pass(environment, &labels).await?;
        Ok(self.conclude(&outcome, wishes))
    }

    /// Carries out what is to be done, or says what that would come to, and what for.
    ///
    /// # Errors
    /// Why nothing can be done.
    pub(super) async fn pass(
        &self,
        environment: &Environment,
        labels: &BTreeMap<String, String>,
    ) -> Result<(Outcome, Option<Wishes>), Problem> {
        let (cloud, owner) = (self.context.clouds.of(environment), self.owner(environment));
        let wishes = match self.deleting {
            true => None,
            false => Some(self.expand(environment, &cloud, labels).await?),
        };
        let adopt = if self.deleting { Adopt::default() } else { policy::adopt(self.object, environment, labels)? };
        if self.mode == Mode::Carry {
            self.ledger.pin(pin(environment), &self.context.install.name);
        }
        // A record that was lost is looked for where the wishes say, also while the object is deleted, if they can be had.
        let names = match self.deleting && self.lost() {
            true => match self.expand(environment, &cloud, labels).await {
                Err(problem) if !problem.stalled => return Err(problem),
                expanded => expanded.ok(),
            },
            false => None,
        };
        let graph = wishes.as_ref().or(names.as_ref()).map(|wishes| &wishes.graph);
        let inventory = self.inventory(environment, &cloud, &owner, graph, adopt.same_object).await?;
        let outcome = self.asked_of(&cloud, &owner, inventory, wishes.as_ref(), &adopt).await;
        Ok((outcome, wishes))
    }

    /// True for an object that is to be deleted and has nothing.
    ///
    /// # Errors
    /// Who keeps it from being deleted.
    pub(super) fn is_done(&self) -> Result<bool, Problem> {
        let never_made = self.before.environment.is_none() && self.before.resources.is_empty();
        if self.deleting && never_made && !self.lost() {
            return Ok(true);
        }
        let kept = || self.context.neighbours.look(|all| links::holders(all, &self.key, self.before));
        match self.deleting.then(kept).flatten() {
            Some(kept) => Err(kept),
            None => Ok(false),
        }
    }

    pub(super) fn labels(&self) -> Result<BTreeMap<String, String>, Problem> {
        let namespace = &self.key.namespace;
        match self.context.labels(namespace) {
            Some(labels) => Ok(labels),
            // A namespace that is being deleted may be out of sight already; its objects must go all the same.
            None if self.deleting => Ok(BTreeMap::new()),
            None => Err(Problem::waiting("NamespaceUnknown", format!("namespace {namespace} has not been seen yet"))),
        }
    }

    fn owner(&self, environment: &Environment) -> OwnerRef {
        OwnerRef {
            cluster: environment.spec.cluster.name.clone(),
            namespace: self.key.namespace.clone(),
            kind: self.key.kind.clone(),
            name: self.key.name.clone(),
            uid: self.uid.into(),
        }
    }

    /// A finalizer without an inventory, where there was one: the status was lost, or its inventory was cleared.
    fn lost(&self) -> bool {
        let blank = self.before.observed_generation < 0;
        self.held && self.before.resources.is_empty() && (blank || self.before.environment.is_some())
    }

    /// What the object has. Where its record was lost, it is looked for, and put on record before anything is decided by it.
    async fn inventory(
        &self,
        environment: &Environment,
        cloud: &Cloud,
        owner: &OwnerRef,
        graph: Option<&Graph>,
        same_object: bool,
    ) -> Result<Inventory, Problem> {
        let process = &self.context.process;
        let is_blank = same_object && self.before.resources.is_empty();
        if !(self.lost() || is_blank) || process.is_searched(self.uid) || self.mode == Mode::Foretell {
            return Ok(ledger::inventory(self.before)?);
        }
        // What serves CloudFront has a region of its own.
        let further = environment.spec.regions.iter().map(|further| further.region.as_str());
        let regions: BTreeSet<&str> =
            [environment.spec.region.as_str(), cloud.clients.worldwide()].into_iter().chain(further).collect();
        let name = environment.name_any();
        let place = |region: &str| Place { environment: name.clone(), region: region.into() };
        let places: Vec<Place> = regions.into_iter().map(place).collect();
        let (memory, now) = (&self.context.memory, Timestamp::now());
        let lost = Lost { owner, places: &places, kinds: cloud.engine.kinds(), graph, same_object, memory, now };
        let found = rebuild(&cloud.finder(), &lost).await?;
        if self.mode != Mode::Carry {
            return Ok(found);
        }
        // A mark before the record would be believed after a failed write.
        self.ledger.save(&found).await?;
        if found.0.is_empty() {
            process.searched(self.uid);
        }
        Ok(found)
    }

    async fn expand(
        &self,
        environment: &Environment,
        cloud: &Cloud,
        labels: &BTreeMap<String, String>,
    ) -> Result<Wishes, Problem> {
        let made = described::made(self.before);
        let asking = links::Asking { me: &self.key, environment: &pin(environment), made: &made };
        let uses = self.object.uses();
        let look = |all: &_| links::links(all, &uses, &asking, &self.users, &self.before.users);
        let links::Links { targets, waits, users, foreign } = self.context.neighbours.look(look)?;
        let environment = described::environment(environment, labels)?;
        let asking = named::Asking {
            environment: &environment,
            namespace: &self.key.namespace,
            made: &made,
            describe: &cloud.describe,
        };
        let listed = users.iter().map(|user| user.who.clone()).collect();
        let references = self.object.references(&targets);
        let alarms = self.alarms(&environment.region, cloud).await?;
        let watched = named::alarms(&references, &alarms, &environment);
        let looked = self.context.process.has_looked(self.uid, &self.before.progress);
        let mut facts = facts::Facts {
            object: facts::Object {
                namespace: self.key.namespace.clone(),
                name: self.key.name.clone(),
                uid: self.uid.into(),
            },
            // Status keeps whole seconds, and a step is to read back as it was written.
            now: Timestamp::from_second(Timestamp::now().as_second()).unwrap_or(Timestamp::UNIX_EPOCH),
            users,
            progress: self.before.progress.clone(),
            named: self.named(references, &asking).await?.into_iter().chain(watched).collect(),
            parameters: self.parameters(&asking).await?,
            objects: targets,
            environment: environment.clone(),
            made: made.clone(),
            ready: if looked { described::ready(self.before) } else { BTreeSet::new() },
            looked,
            alarms,
            targets: self.targets(&environment.region, cloud).await?,
        };
        let again = self.advance(&mut facts).await?;
        let graph =
            self.object.expand(&facts).map_err(|invalid| Problem::stalled("InvalidSpec", invalid.to_string()))?;
        let remarks = self.object.remarks(&facts).into_iter().chain(self.route_logs(&graph, &environment).await);
        Ok(Wishes {
            outputs: self.object.outputs(),
            foreign,
            waits,
            users: listed,
            user_outputs: self.object.user_outputs(&facts),
            remarks: remarks.collect(),
            course: self.object.course(&facts),
            credential: self.object.credential(&facts),
            graph,
            again,
        })
    }

    async fn named(
        &self,
        references: Vec<Reference>,
        asking: &named::Asking<'_>,
    ) -> Result<BTreeMap<String, facts::Named>, Problem> {
        match self.mode {
            Mode::Foretell => Ok(named::taken_for_granted(references, asking)),
            Mode::Carry | Mode::Foresee => named::find(references, asking).await,
        }
    }

    /// What the engine's family may be given; without AWS it is left to judge.
    async fn parameters(
        &self,
        asking: &named::Asking<'_>,
    ) -> Result<Option<BTreeMap<String, facts::Parameter>>, Problem> {
        let family = self.object.parameter_family().filter(|_| self.mode != Mode::Foretell);
        named::parameters(family, asking).await
    }

    /// Whoever runs pods on Fargate sees to it that their logs go somewhere; returns why they do not.
    async fn route_logs(&self, graph: &Graph, environment: &facts::Environment) -> Option<String> {
        let profile = graph.nodes().values().any(|node| node.kind == FargateProfile::KIND);
        if !profile || self.is_held_still() || self.mode != Mode::Carry {
            return None;
        }
        let (context, facts::Environment { region, cluster, .. }) = (self.context, environment);
        context.log_routing.ensure(&context.client, region, cluster, Timestamp::now(), context.resync).await
    }

    /// The alarms that a procedure is judged by.
    async fn alarms(&self, region: &str, cloud: &Cloud) -> Result<BTreeMap<String, facts::Alarm>, Problem> {
        let names: BTreeSet<String> = self.object.alarms().into_iter().collect();
        match self.mode {
            _ if names.is_empty() => return Ok(BTreeMap::new()),
            Mode::Foretell => return Ok(names.into_iter().map(|name| (name, facts::Alarm::Ok)).collect()),
            Mode::Carry | Mode::Foresee => {}
        }
        let found = cloud.describe.alarms(region, &names).await?;
        Ok(found.into_iter().map(|(name, alarm)| (name, described::alarm(alarm))).collect())
    }

    /// What load balancers find of the pods that a procedure is about.
    async fn targets(&self, region: &str, cloud: &Cloud) -> Result<BTreeMap<String, facts::Targets>, Problem> {
        let mut found = BTreeMap::new();
        if self.mode == Mode::Foretell {
            return Ok(found);
        }
        for id in self.object.target_groups(&self.before.progress) {
            let made =
                self.before.resources.iter().filter(|entry| entry.id == id).max_by_key(|entry| entry.incarnation);
            let Some(arn) = made.and_then(|entry| entry.handle.as_deref()) else { continue };
            let targets = cloud.describe.targets(region, arn).await?;
            found.extend(targets.map(|targets| (id, described::targets(targets))));
        }
        Ok(found)
    }

    /// Whether nothing new is to be begun for it.
    fn is_held_still(&self) -> bool {
        self.deleting || is_held_still(self.object)
    }

    /// Takes procedures to the step that is due, and writes that down before anything of the step is done.
    async fn advance(&self, facts: &mut facts::Facts) -> Result<Option<Duration>, Problem> {
        if self.is_held_still() {
            return Ok(None);
        }
        let Advance { progress, again } = self.object.advance(facts);
        if progress != facts.progress {
            if self.mode != Mode::Carry {
                facts.progress = progress;
                return Ok(again);
            }
            let status = TierStatus { progress: progress.clone(), ..self.ledger.status() };
            self.ledger.write(status).await?;
            facts.progress = progress;
        }
        Ok(again)
    }

    async fn asked_of(
        &self,
        cloud: &Cloud,
        owner: &OwnerRef,
        inventory: Inventory,
        wishes: Option<&Wishes>,
        adopt: &Adopt,
    ) -> Outcome {
        let (policy, none) = (policy::policy(self.object), BTreeMap::new());
        let request = Request {
            owner,
            graph: wishes.map(|wishes| &wishes.graph),
            deletion: policy::deletion(self.object),
            inventory,
            foreign: wishes.map_or(&none, |wishes| &wishes.foreign),
            adopt,
            policy: &policy,
            freshness: if self.mode == Mode::Carry { self.freshness() } else { Freshness::Now },
            now: Timestamp::now(),
        };
        match self.mode {
            Mode::Carry => cloud.engine.pass(request, &self.context.memory, self.ledger).await,
            Mode::Foresee => cloud.engine.foresee(request, &Memory::default()).await,
            Mode::Foretell => cloud.engine.foretell(request, &Memory::default()),
        }
    }

    /// What stood still when it was last looked at is compared with lists that all objects share; a rollout that waits for
    /// its next step does.
    fn freshness(&self) -> Freshness {
        let same = Some(self.before.observed_generation) == self.object.meta().generation;
        let conditions = &self.before.conditions;
        let stands = conditions::is(conditions, conditions::READY)
            || conditions::reason(conditions, conditions::READY)
                .is_some_and(|reason| Course::REASONS.contains(&reason));
        if same && stands && !self.deleting && !self.asked { Freshness::Recent } else { Freshness::Now }
    }

    fn conclude(&self, outcome: &Outcome, wishes: Option<Wishes>) -> Pass {
        if self.deleting && outcome.inventory.0.is_empty() && outcome.unsaved.is_none() {
            return Pass::Gone;
        }
        if !outcome.inventory.0.is_empty() {
            self.context.process.recorded(self.uid);
        }
        let mut report = report(outcome, self.deleting);
        if let Some(waits) = wishes.as_ref().and_then(|wishes| wishes.waits.as_ref()) {
            links::explain(&mut report, waits);
        }
        let drifted: BTreeSet<_> = outcome.drift.keys().map(ToString::to_string).collect();
        self.context.metrics.drift(T::KIND, drifted.len());
        for (key, error) in &outcome.failures {
            tracing::warn!(node = %key, reason = error.reason(), error = %error, "a step failed");
        }
        if let Some(course) = wishes.as_ref().and_then(|wishes| wishes.course.as_ref()) {
            status::tell(&mut report, course);
        }
        if let Some(wishes) = wishes.as_ref().filter(|wishes| report.ready.status && !wishes.remarks.is_empty()) {
            report.ready.message = [&report.ready.message, "; ", &wishes.remarks.join("; ")].concat();
        }
        let again = wishes.as_ref().and_then(|wishes| wishes.again);
        let credential = credentials::first(outcome, wishes.as_ref().and_then(|wishes| wishes.credential));
        let (outputs, users, user_outputs) = match wishes {
            Some(wishes) => (wishes.outputs, wishes.users, wishes.user_outputs),
            None => (BTreeMap::new(), self.remaining(), BTreeMap::new()),
        };
        let seen = status::Seen {
            before: &self.ledger.status(),
            generation: self.object.meta().generation.unwrap_or_default(),
            outcome,
            report: &report,
            outputs: &outputs,
            users,
            user_outputs: &user_outputs,
            now: Timestamp::now(),
        };
        let confirm = (!outcome.drift.is_empty()).then_some(CONFIRM);
        let due = [outcome.requeue, outcome.rotation, again, confirm].into_iter().flatten();
        let next = due.fold(self.context.resync, Duration::min);
        let (status, next) = (Box::new(status::status(&seen)), Next::After(next));
        Pass::Stands { status, next, whole: outcome.unsaved.is_none(), credential }
    }

    /// The status where nothing can be done. Who is no user any more is listed no more; nobody new is taken in.
    ///
    /// A status that was lost whole stays one that nobody has written, until the inventory has been looked for: else the
    /// object would next be taken for one that never made anything, and go without what it has.
    pub fn troubled(&self, problem: &Problem) -> TierStatus {
        let status = self.ledger.status();
        let generation = self.object.meta().generation.unwrap_or_default();
        let conditions = conditions::problem(&status.conditions, problem, generation, Timestamp::now());
        let blank = self.lost() && self.before.environment.is_none() && !self.context.process.is_searched(self.uid);
        let observed_generation = if blank { status.observed_generation } else { generation };
        TierStatus { observed_generation, conditions, users: self.remaining(), ..status }
    }

    fn remaining(&self) -> Vec<User> {
        links::remaining(&self.users, self.before)
    }
}

fn pin(environment: &Environment) -> EnvironmentPin {
    EnvironmentPin { name: environment.name_any(), uid: environment.uid().unwrap_or_default() }
}
