//! Passwords change on schedule, and no login ever fails: a DataTier and the engine over a simulated AWS and a real server,
//! with clients that log in all the while.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::{Value, json};
use terrace_crds::{DataTier, User as Who};
use terrace_engine::ownership::Adopt;
use terrace_engine::sim::SimAws;
use terrace_engine::{Engine, Ledger, Look, Memory, Outcome, Policy, Request};
use terrace_model::identity::Freshness;
use terrace_model::{DeletionPolicy, Graph, Inventory, NodeKey, OwnerRef, Phase, Ref, Source, Val};
use terrace_sql::{Reach, registry};
use terrace_tiers::samples::{self, user};
use terrace_tiers::{Facts, Tier};

use crate::case::{Secrets, password, unique};
use crate::servers::{self, ADMINISTRATOR, PASSWORD, Server};

const DAY: Duration = Duration::from_secs(24 * 3600);
const PATIENCE: usize = 60;

/// What a client logs in with.
type Login = (String, String);

/// Logs in and out.
type Door = Arc<dyn Fn(Login) -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// An object, the process that looks after it, and its clients.
struct Life {
    tier: DataTier,
    facts: Facts,
    sim: Arc<SimAws>,
    engine: Engine,
    memory: Memory,
    host: Value,
    door: Door,
    deleting: bool,
    /// When the procedures are to be judged again.
    again: Option<Duration>,
    /// What each client was given last, and before that.
    given: BTreeMap<Who, Vec<Login>>,
}

impl Life {
    fn new(engine: &str, server: &Server, database: &str, door: Door) -> Life {
        let version = if engine == "postgres" { "17" } else { "11.4" };
        let tier: DataTier = serde_json::from_value(json!({
            "apiVersion": "terrace.dev/v1alpha1", "kind": "DataTier", "metadata": { "name": "orders", "namespace": "shop" },
            "spec": {
                "engine": engine, "engineVersion": version, "instanceClass": "db.r8g.large", "storage": { "size": "100Gi" },
                "databaseName": database, "deletionPolicy": "Delete", "credentials": { "rotateEveryDays": 30 },
            },
        }))
        .expect("a DataTier");
        let mut facts = Facts { users: vec![user("shop", "web"), user("web", "portal")], ..samples::facts(&tier) };
        facts.users.iter_mut().for_each(|user| user.security_group = None);
        // Whose name is in the names of users, which are the server's.
        facts.object.name = database.to_owned();
        let sim = SimAws::new();
        let users = registry(Arc::new(Secrets), Reach::Managed(server.tls.clone()));
        let engine = Engine::new(sim.registry().and(users), Duration::ZERO);
        let host = json!({
            "host": "localhost", "port": server.port, "administrator": ADMINISTRATOR, "administratorSecretArn": "arn:admin",
        });
        let (memory, given) = (Memory::default(), BTreeMap::new());
        Life { tier, facts, sim, engine, memory, host, door, deleting: false, again: None, given }
    }

    fn owner(&self) -> OwnerRef {
        let object = &self.facts.object;
        OwnerRef {
            cluster: "prod".into(),
            namespace: object.namespace.clone(),
            kind: "DataTier".into(),
            name: object.name.clone(),
            uid: object.uid.clone(),
        }
    }

    fn inventory(&self) -> Inventory {
        self.sim.ledger("DataTier/shop/orders").load().unwrap_or_default()
    }

    /// The graph of this step, in which the simulated database is the real one.
    fn graph(&self) -> Graph {
        let mut wire =
            serde_json::to_value(self.tier.expand(&self.facts).expect("a valid object")).expect("plain data");
        for node in wire["nodes"].as_object_mut().into_iter().flat_map(|nodes| nodes.values_mut()) {
            if node["kind"] == "sql/User" {
                let way = self.host.as_object().expect("fields").clone();
                node["want"].as_object_mut().expect("fields").extend(way);
            }
        }
        serde_json::from_value(wire).expect("a graph")
    }

    /// One pass, as the controller makes it: the step is judged and written before anything is done. All the while, clients
    /// log in with what they have.
    async fn pass(&mut self) -> Outcome {
        let now = self.sim.clock().now();
        let inventory = self.inventory();
        let ids = |so: &dyn Fn(&terrace_model::Entry) -> bool| -> BTreeSet<String> {
            inventory.0.values().filter(|entry| so(entry)).map(|entry| entry.id.clone()).collect()
        };
        self.facts.made = ids(&|entry| entry.created.is_some());
        self.facts.ready = ids(&|entry| entry.phase == Phase::Ready);
        self.facts.now = now;
        let advance = self.tier.advance(&self.facts);
        (self.facts.progress, self.again) = (advance.progress, advance.again);
        let (owner, graph, ledger) = (self.owner(), self.graph(), self.sim.ledger("DataTier/shop/orders"));
        let request = Request {
            owner: &owner,
            graph: (!self.deleting).then_some(&graph),
            deletion: DeletionPolicy::Delete,
            inventory: inventory.clone(),
            foreign: &BTreeMap::new(),
            adopt: &Adopt::default(),
            policy: &Policy::default(),
            freshness: Freshness::Now,
            now,
        };
        let done = AtomicBool::new(false);
        let work = async {
            let outcome = self.engine.pass(request, &self.memory, &ledger as &dyn Ledger).await;
            ledger.save(&outcome.inventory).await.expect("nobody else writes it");
            done.store(true, Ordering::Release);
            outcome
        };
        let (outcome, tries) = futures::join!(work, self.clients(&done));
        assert!(tries >= self.given.len(), "every client logs in");
        self.give(&outcome);
        outcome
    }

    /// Logs in with what clients have been given, over and over, until it is done, and once more after that: also with what
    /// they were given before, which they have as long to part with as passwords stay.
    async fn clients(&self, done: &AtomicBool) -> usize {
        // The one before is theirs as long as the last one is the present one.
        let valid = |logins: &&Vec<Login>| if self.step() == format!("Current {}", logins.len()) { 2 } else { 1 };
        let mut tries = 0;
        loop {
            let last = done.load(Ordering::Acquire);
            for login in self.given.values().flat_map(|logins| logins.iter().rev().take(valid(&logins))) {
                let entered = (self.door)(login.clone()).await;
                entered.unwrap_or_else(|error| panic!("{}: {}: {error}", login.0, self.step()));
                tries += 1;
            }
            if last {
                return tries;
            }
            tokio::task::yield_now().await;
        }
    }

    /// Gives clients what status shows for them after the pass.
    fn give(&mut self, outcome: &Outcome) {
        let known = |value: &Val<Value>| {
            let Val::Ref(Ref { source: Source::Node(id), output }) = value else { return None };
            match outcome.sights.get(&NodeKey::new(id, 1)) {
                Some(Ok(Look::Present(sight))) => sight.out[output].as_str().map(str::to_owned),
                _ => None,
            }
        };
        for (who, outputs) in self.tier.user_outputs(&self.facts) {
            let all = ["username", "secretArn", "secretVersion"].map(|output| known(&outputs[output]));
            if let [Some(username), Some(arn), Some(version)] = all {
                let (logins, login) = (self.given.entry(who).or_default(), (username, password(&arn, &version)));
                if logins.last() != Some(&login) {
                    logins.push(login);
                }
            }
        }
    }

    /// Passes until nothing is left to do.
    async fn settle(&mut self) {
        for _ in 0..PATIENCE {
            let outcome = self.pass().await;
            assert!(outcome.failures.values().all(|error| !error.is_stalled()), "{:?}", outcome.failures);
            match outcome.requeue.into_iter().chain(self.again).min() {
                Some(again) if again < DAY => self.sim.clock().advance(again),
                _ => return,
            }
        }
        panic!("{:?} does not come to rest\n{}", self.facts.progress, self.sim.trace());
    }

    fn step(&self) -> &str {
        &self.facts.progress[0].step
    }

    /// The life: made, changed three times on schedule, one client gone, all of it gone.
    async fn live(mut self) {
        self.settle().await;
        assert_eq!((self.step(), self.given.len()), ("Current 1", 2));
        for rotation in 2..=4 {
            self.sim.clock().advance(DAY * 30);
            self.settle().await;
            assert_eq!(self.step(), format!("Current {rotation}"));
            for (who, logins) in &self.given {
                assert_eq!(logins.len(), rotation, "{who:?} was given another each time");
                let [.., before, now] = &logins[..] else { panic!("two at least") };
                assert!(before.0 != now.0 && before.1 != now.1, "another user with another password");
                if let Some(old) = logins.iter().rev().nth(2) {
                    (self.door)(old.clone()).await.expect_err("the one before the last");
                }
            }
        }
        let secrets = self.sim.console().all("secretsmanager/Secret").len();
        assert_eq!(secrets, 4, "two for each client: those before are gone");
        let gone = self.facts.users.remove(0).who;
        let logins = self.given.remove(&gone).expect("it was a client");
        self.settle().await;
        for login in logins {
            (self.door)(login).await.expect_err("it is none any more");
        }
        let rest = std::mem::take(&mut self.given);
        self.deleting = true;
        for _ in 0..PATIENCE {
            if self.pass().await.inventory.0.is_empty() {
                for login in rest.into_values().flatten() {
                    (self.door)(login).await.expect_err("nothing is left");
                }
                return;
            }
            self.sim.clock().advance(Duration::from_secs(60));
        }
        panic!("it does not go\n{}", self.sim.trace());
    }
}

#[tokio::test]
async fn on_postgresql_no_login_fails_while_passwords_change() {
    let Some(server) = servers::postgres().await else { return };
    let database = unique("rotation");
    let administrator =
        crate::postgres::connect(&server, ADMINISTRATOR, PASSWORD, "postgres").await.expect("it logs in");
    administrator.batch_execute(&format!("CREATE DATABASE {database}")).await.expect("a database");
    let door: Door = Arc::new({
        let (server, database) = (server.clone(), database.clone());
        move |(name, password)| {
            let (server, database) = (server.clone(), database.clone());
            let enter = async move {
                let client = crate::postgres::connect(&server, &name, &password, &database).await;
                let client = client.map_err(|error| format!("{error:?}"))?;
                let work = "CREATE TABLE IF NOT EXISTS work (id int); INSERT INTO work VALUES (1)";
                client.batch_execute(work).await.map_err(|error| format!("{error:?}"))
            };
            enter.boxed()
        }
    });
    Life::new("postgres", &server, &database, door).live().await;
    let administrator =
        crate::postgres::connect(&server, ADMINISTRATOR, PASSWORD, &database).await.expect("it logs in");
    let rows: i64 = administrator.query_one("SELECT count(*) FROM work", &[]).await.expect("the table").get(0);
    assert!(rows > 0, "what clients wrote is all there");
}

#[tokio::test]
async fn on_mariadb_no_login_fails_while_passwords_change() {
    let Some(server) = servers::mariadb().await else { return };
    let database = unique("rotation");
    crate::mariadb::administrate(&server, &format!("CREATE DATABASE {database}")).await;
    let door: Door = Arc::new({
        let (server, database) = (server.clone(), database.clone());
        move |(name, password)| {
            let (server, database) = (server.clone(), database.clone());
            async move { crate::mariadb::work(&server, &name, &password, &database).await }.boxed()
        }
    });
    Life::new("mariadb", &server, &database, door).live().await;
    crate::mariadb::administrate(&server, &format!("INSERT INTO {database}.work VALUES (2)")).await;
}
