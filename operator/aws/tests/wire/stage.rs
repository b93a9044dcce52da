//! Where resources rise one after the other, each used by the next, and fall in the reverse order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_ec2::types::Filter;
use serde_json::{Map, Value};
use terrace_aws::Clients;
use terrace_aws::secretsmanager::Values;
use terrace_engine::{Disposal, Erased, Look, Registry, Sight, State};
use terrace_model::diff::{OwnedKeys, diff};
use terrace_model::identity::Freshness;
use terrace_model::{Change, Diff, Effect, Id, Owner, Resource, Rule};
use tokio::time::{Instant, interval};

use crate::bed::{self, REGION};
use crate::gaps;

/// An emulator that takes longer than this is broken.
const DEADLINE: Duration = Duration::from_secs(60);
/// Settings, disk, and one to see that nothing is left.
const STEPS: usize = 4;

/// Makes the case of a kind, once what it needs stands.
pub type Make = fn(&Stage) -> Case;

/// One resource: its wish, and other values for its fields.
pub struct Case {
    pub node: &'static str,
    pub id: Id,
    pub want: Value,
    pub edits: Vec<Edit>,
}

/// A field's other value; `back` where AWS takes the first value again.
pub struct Edit {
    pub field: &'static str,
    pub value: Value,
    pub back: bool,
}

/// An edit that can be taken back.
pub fn edit(field: &'static str, value: impl Into<Value>) -> Edit {
    Edit { field, value: value.into(), back: true }
}

/// An edit that cannot.
pub fn one_way(field: &'static str, value: impl Into<Value>) -> Edit {
    Edit { field, value: value.into(), back: false }
}

impl Case {
    pub fn new<R: Resource>(node: &'static str, want: &R, edits: Vec<Edit>) -> Self {
        let mut id = bed::id::<R>(node);
        let want = bed::owned(&id, want);
        let field = |name: &&str| ((*name).to_owned(), want[*name].clone());
        id.address = R::ADDRESS.iter().map(field).collect::<Map<_, _>>();
        Case { node, id, want, edits }
    }
}

/// The account and what stands in it.
pub struct Stage {
    pub clients: Clients,
    registry: Registry,
    pub vpc: String,
    /// In three zones.
    pub subnets: Vec<String>,
    pub security_groups: Vec<String>,
    /// ARNs, where a test has made some.
    pub certificates: Vec<String>,
    standing: Vec<(Case, Value)>,
    /// Everything that went wrong: one run tells all of it.
    faults: Vec<String>,
    /// The emulator's gaps that showed, by kind and field.
    gaps: BTreeSet<(String, String)>,
    /// Nodes and fields that cannot be brought to what is wished, and are not asked again.
    lost: BTreeSet<(String, String)>,
}

impl Stage {
    /// With the network that databases need.
    pub async fn new(clients: Clients) -> Self {
        let ec2 = clients.service(REGION, |config, _| aws_sdk_ec2::Client::new(config));
        let vpc = ec2.create_vpc().cidr_block("10.20.0.0/16").send().await.expect("a VPC is made").vpc;
        let vpc = vpc.and_then(|vpc| vpc.vpc_id).expect("it has an id");
        for (number, zone) in ["a", "b", "c"].into_iter().enumerate() {
            let request = ec2.create_subnet().vpc_id(&vpc).cidr_block(format!("10.20.{number}.0/24"));
            request.availability_zone(format!("{REGION}{zone}")).send().await.expect("a subnet is made");
        }
        let of_vpc = Filter::builder().name("vpc-id").values(&vpc).build();
        let subnets = ec2.describe_subnets().filters(of_vpc).send().await.expect("they are described").subnets;
        let subnets = subnets.unwrap_or_default().into_iter().filter_map(|subnet| subnet.subnet_id).collect();
        let mut security_groups = Vec::new();
        for name in ["first", "second"] {
            let request = ec2.create_security_group().vpc_id(&vpc).group_name(name).description("wire");
            security_groups.extend(request.send().await.expect("a group is made").group_id);
        }
        let registry = terrace_aws::registry::registry(&clients, &Values::new(&clients));
        Stage {
            clients,
            registry,
            vpc,
            subnets,
            security_groups,
            certificates: Vec::new(),
            standing: Vec::new(),
            faults: Vec::new(),
            gaps: BTreeSet::new(),
            lost: BTreeSet::new(),
        }
    }

    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Kinds that have stood here.
    pub fn kinds(&self) -> Vec<&'static str> {
        self.standing.iter().map(|(case, _)| self.provider(&case.id.kind).spec().kind).collect()
    }

    /// An output of what stands.
    pub fn out(&self, node: &str, output: &str) -> String {
        let found = self.standing.iter().find(|(case, _)| case.node == node);
        let (_, out) = found.unwrap_or_else(|| panic!("{node} does not stand"));
        out[output].as_str().unwrap_or_else(|| panic!("{node} has no {output}: {out}")).to_owned()
    }

    fn provider(&self, kind: &str) -> Arc<dyn Erased> {
        self.registry.get(kind).expect("the kind is registered").clone()
    }

    /// Makes it, sees that it is as wished, changes each field and sees the change, both ways.
    pub async fn rise(&mut self, case: fn(&Stage) -> Case) {
        let mut case = case(self);
        let provider = self.provider(&case.id.kind);
        let kind = provider.spec().kind;
        assert!(matches!(look(&*provider, &case.id).await, Look::Absent), "{kind} is there before it is made");
        let handle = provider.create(&case.id, &case.want).await.unwrap_or_else(|error| panic!("{kind}: {error:?}"));
        let sight = settled(&*provider, &case.id).await;
        assert_eq!(sight.handle, handle, "{kind}");
        let owner = Owner::Tagged { owner: case.id.owner.clone(), node: case.node.into(), incarnation: 1 };
        let owner = if case.want.get("tags").is_some() { owner } else { Owner::Inherent };
        assert_eq!(sight.owner, owner, "{kind}");
        // From here on it is known, and found wherever its address moves.
        case.id.handle = Some(handle);
        self.is_listed_alike(&case, &sight).await;
        for change in self.differs(&case, &case.want, &sight).0 {
            self.falls_short(kind, field(&change), || format!("{kind} is not made as wished: {change:?}"));
        }
        self.bring(&case, &case.want).await;
        for change in &case.edits {
            self.edit(&case, change).await;
        }
        let sight = settled(&*provider, &case.id).await;
        self.standing.push((case, sight.out));
    }

    /// A whole list tells of it what a look by name does, but for what is not read at every look.
    async fn is_listed_alike(&self, case: &Case, sight: &Sight) {
        let id = Id { freshness: Freshness::Recent, ..case.id.clone() };
        let registry = terrace_aws::registry::registry(&self.clients, &Values::new(&self.clients));
        let provider = registry.get(&id.kind).expect("the kind is registered");
        let Look::Present(mut listed) = look(&**provider, &id).await else { panic!("{} is in no list", id.kind) };
        for field in listed.unread {
            listed.have[*field] = sight.have[*field].clone();
        }
        assert_eq!(
            (listed.have, listed.out, listed.owner),
            (sight.have.clone(), sight.out.clone(), sight.owner.clone())
        );
    }

    /// Notes a gap of the emulator where it is known to have one, and a fault where it is not.
    fn falls_short(&mut self, kind: &str, field: &str, fault: impl FnOnce() -> String) {
        if gaps::fields().iter().any(|(of, name, _)| *of == kind && *name == field) {
            self.gaps.insert((kind.to_owned(), field.to_owned()));
        } else {
            self.faults.push(fault());
        }
    }

    /// The engine's own comparison; every key that any wish of this case sets is ours. Fields that are lost are left out.
    fn differs(&self, case: &Case, want: &Value, sight: &Sight) -> Diff {
        let provider = self.provider(&case.id.kind);
        let spec = provider.spec();
        let want = (spec.normalise)(want).expect("it is a wish");
        let keyed = spec.fields.iter().filter(|(_, rule)| *rule == Rule::Keyed).map(|(field, _)| *field);
        let wishes = |field| case.edits.iter().filter(move |edit| edit.field == field).map(|edit| &edit.value);
        let keys = |field| -> BTreeSet<String> {
            let all = wishes(field).chain([&case.want[field]]).filter_map(Value::as_object);
            all.flat_map(|map| map.keys().cloned()).collect()
        };
        let owned: OwnedKeys = keyed.map(|field| (field.to_owned(), keys(field))).collect();
        let found = diff(spec, &want, &sight.have, &owned, &BTreeMap::new());
        Diff(found.0.into_iter().filter(|change| !self.is_lost(case, field(change))).collect())
    }

    fn is_lost(&self, case: &Case, field: &str) -> bool {
        self.lost.contains(&(case.id.node.clone(), field.to_owned()))
    }

    async fn edit(&mut self, case: &Case, Edit { field, value, back }: &Edit) {
        let kind = &case.id.kind;
        if self.is_lost(case, field) {
            return;
        }
        let mut other = case.want.clone();
        other[field] = match (value, &case.want[field]) {
            // Of tags, the owner's stay.
            (Value::Object(new), Value::Object(old)) if *field == "tags" => {
                let ours = old.iter().filter(|(key, _)| key.starts_with("terrace.dev/"));
                ours.chain(new).map(|(key, value)| (key.clone(), value.clone())).collect()
            }
            _ => value.clone(),
        };
        self.bring(case, &other).await;
        if !*back || self.is_lost(case, field) {
            return;
        }
        let sight = settled(&*self.provider(kind), &case.id).await;
        let found = self.differs(case, &case.want, &sight);
        if !found.touches(field) {
            self.faults.push(format!("{kind}.{field}: a change behind our back is not found"));
        }
        assert!(found.0.iter().all(|change| change.effect == Effect::InPlace), "{kind}.{field}: {found:?}");
        self.bring(case, &case.want).await;
    }

    /// Updates until nothing differs, as the engine does; gives up on what does not move.
    async fn bring(&mut self, case: &Case, want: &Value) {
        let provider = self.provider(&case.id.kind);
        for _ in 0..STEPS {
            let sight = settled(&*provider, &case.id).await;
            let open = self.differs(case, want, &sight);
            if open.is_empty() {
                return;
            }
            if let Err(error) = provider.update(&case.id, &sight.have, want, &open).await {
                let fault = format!("{}: {error:?} at {open:?}", case.id.kind);
                open.0.iter().for_each(|change| self.falls_short(&case.id.kind, field(change), || fault.clone()));
                break;
            }
        }
        let sight = settled(&*provider, &case.id).await;
        for change in self.differs(case, want, &sight).0 {
            let fault = || format!("{} never gets there: {change:?}", case.id.kind);
            self.falls_short(&case.id.kind, field(&change), fault);
            self.lost.insert((case.id.node.clone(), field(&change).to_owned()));
        }
    }

    /// Deletes all of it, last first; each twice, since a second try must do no harm.
    pub async fn fall(mut self) {
        for (case, _) in self.standing.iter().rev() {
            let provider = self.provider(&case.id.kind);
            let have = settled(&*provider, &case.id).await.have;
            let tries = if gaps::deletes_once(&case.id.kind) { 1 } else { 2 };
            for _ in 0..tries {
                let done = provider.delete(&case.id, &have, Disposal::Delete).await;
                done.unwrap_or_else(|error| panic!("{}: {error:?}", case.id.kind));
            }
            gone(&*provider, &case.id).await;
        }
        let shown = |kind: &str, field: &str| self.gaps.contains(&(kind.to_owned(), field.to_owned()));
        let kinds = self.kinds();
        let none = gaps::fields().iter().filter(|(kind, field, _)| kinds.contains(kind) && !shown(kind, field));
        self.faults.extend(none.map(|gap| format!("a gap that is none: take it out of gaps.rs: {gap:?}")));
        assert!(self.faults.is_empty(), "{:#?}", self.faults);
    }
}

/// The field that differs.
fn field(change: &Change) -> &str {
    change.path.split('.').next().unwrap_or_default()
}

async fn look(provider: &dyn Erased, id: &Id) -> Look {
    provider.observe(id).await.unwrap_or_else(|error| panic!("{}: {error:?}", id.kind))
}

/// What is there, once it has settled.
async fn settled(provider: &dyn Erased, id: &Id) -> Sight {
    let (deadline, mut pace) = (Instant::now() + DEADLINE, interval(Duration::from_millis(50)));
    loop {
        match look(provider, id).await {
            Look::Present(sight) if sight.state == State::Ready => return *sight,
            seen => assert!(Instant::now() < deadline, "{} does not settle: {seen:?}", id.kind),
        }
        pace.tick().await;
    }
}

async fn gone(provider: &dyn Erased, id: &Id) {
    let (deadline, mut pace) = (Instant::now() + DEADLINE, interval(Duration::from_millis(50)));
    while let Look::Present(sight) = look(provider, id).await {
        assert!(Instant::now() < deadline, "{} does not go: {sight:?}", id.kind);
        pace.tick().await;
    }
}
