//! A user as the engine deals with it: identified, wished for, looked at, compared, changed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures::FutureExt;
use futures::future::BoxFuture;
use secrecy::SecretString;
use serde_json::{Value, json};
use terrace_engine::{Disposal, Erased, Look, Registry, Result, SecretReader, Sight};
use terrace_model::aws::sql::{Access, User};
use terrace_model::diff::{OwnedKeys, diff};
use terrace_model::{Diff, Id, KindSpec, NodeKey, OwnerRef, Place, Resource, SecretRef};
use terrace_sql::{Reach, Tls, registry};

use crate::servers::{ADMINISTRATOR, PASSWORD, Server};

/// A secret holds what its name and version say.
pub struct Secrets;

/// The password in a version of a secret.
pub fn password(arn: &str, version: &str) -> String {
    format!("of {arn} '\"\\ {version}")
}

impl SecretReader for Secrets {
    fn read<'a>(&'a self, _place: &'a Place, secret: &'a SecretRef) -> BoxFuture<'a, Result<SecretString>> {
        let get = |value: &terrace_model::Val<String>| value.get().cloned().expect("a resolved wish");
        async move { Ok(password(&get(&secret.arn), &get(&secret.version)).into()) }.boxed()
    }

    fn current<'a>(&'a self, _place: &'a Place, arn: &'a str) -> BoxFuture<'a, Result<SecretString>> {
        async move { Ok(if arn == "arn:admin" { PASSWORD.into() } else { "wrong".into() }) }.boxed()
    }
}

/// A name that no other test has.
pub fn unique(stem: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("{stem}_{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A user of one database.
#[derive(Clone)]
pub struct Case {
    registry: Registry,
    pub id: Id,
    pub want: Value,
}

impl Case {
    /// A user of this name, with the password in the first version of a secret of its own.
    pub fn new(server: &Server, engine: &str, database: &str, name: &str, access: Access) -> Case {
        let owner = OwnerRef {
            cluster: "prod".into(),
            namespace: "shop".into(),
            kind: "DataTier".into(),
            name: database.into(),
            uid: format!("uid-{database}"),
        };
        let place = Place { environment: "prod".into(), region: "eu-west-1".into() };
        let id = Id::new(&owner, &place, User::KIND, &NodeKey::new(name, 1));
        let want = json!({
            "engine": engine, "server": database, "host": "localhost", "port": server.port, "database": database,
            "administrator": ADMINISTRATOR, "administratorSecretArn": "arn:admin", "after": [],
            "username": name, "authentication": { "password": { "arn": format!("arn:{name}"), "version": "v1" } },
            "access": access, "tags": id.owner_tags(),
        });
        let registry = registry(Arc::new(Secrets), Reach::Managed(server.tls.clone()));
        Case { registry, id, want }
    }

    /// The same user where the operator trusts somebody else.
    pub fn trusting(&self, tls: Tls) -> Case {
        Case { registry: registry(Arc::new(Secrets), Reach::Managed(tls)), ..self.clone() }
    }

    /// The same user where the operator reaches no database.
    pub fn out_of_reach(&self) -> Case {
        Case { registry: registry(Arc::new(Secrets), Reach::None), ..self.clone() }
    }

    /// The same user with another value in a field.
    pub fn with(&self, field: &str, value: impl Into<Value>) -> Case {
        let mut case = self.clone();
        case.want[field] = value.into();
        case
    }

    /// The same user, whose secret has this version.
    pub fn version(&self, version: &str) -> Case {
        let mut case = self.clone();
        case.want["authentication"]["password"]["version"] = version.into();
        case
    }

    pub fn name(&self) -> &str {
        self.want["username"].as_str().expect("a name")
    }

    /// What it logs in with.
    pub fn password(&self) -> String {
        let secret = &self.want["authentication"]["password"];
        password(secret["arn"].as_str().expect("an ARN"), secret["version"].as_str().expect("a version"))
    }

    fn provider(&self) -> &Arc<dyn Erased> {
        self.registry.get(User::KIND).expect("the provider")
    }

    fn id(&self) -> Id {
        let address = User::ADDRESS.iter().map(|field| ((*field).to_owned(), self.want[*field].clone()));
        Id { address: address.collect(), ..self.id.clone() }
    }

    pub async fn look(&self) -> Result<Option<Sight>> {
        Ok(match self.provider().observe(&self.id()).await? {
            Look::Absent => None,
            Look::Present(sight) => Some(*sight),
        })
    }

    pub async fn sight(&self) -> Sight {
        self.look().await.expect("it is looked at").expect("it is there")
    }

    pub async fn create(&self) -> Result<()> {
        self.provider().create(&self.id(), &self.want).await.map(drop)
    }

    /// What differs from the wish.
    pub async fn diff(&self) -> (Value, Diff) {
        let have = self.sight().await.have;
        let spec = KindSpec::of::<User>();
        let diff = diff(&spec, &self.want, &have, &OwnedKeys::new(), &BTreeMap::new());
        (have, diff)
    }

    /// The fields that differ.
    pub async fn differs(&self) -> Vec<String> {
        self.diff().await.1.0.into_iter().map(|change| change.path).collect()
    }

    /// Brings it to the wish.
    pub async fn update(&self) -> Result<()> {
        let (have, diff) = self.diff().await;
        self.provider().update(&self.id(), &have, &self.want, &diff).await
    }

    pub async fn delete(&self) -> Result<()> {
        self.provider().delete(&self.id(), &self.want, Disposal::Delete).await
    }

    /// Takes the owner's tags off, as the engine does with what is to stay.
    pub async fn release(&self) -> Result<()> {
        let have = self.sight().await.have;
        let (mut want, spec) = (have.clone(), KindSpec::of::<User>());
        want["tags"] = json!({});
        let owned = have["tags"].as_object().map(|tags| tags.keys().cloned().collect()).unwrap_or_default();
        let owned = OwnedKeys::from([("tags".to_owned(), owned)]);
        let diff = diff(&spec, &want, &have, &owned, &BTreeMap::new());
        self.provider().update(&self.id(), &have, &want, &diff).await
    }

    /// Makes it, and holds that it is then as wished.
    pub async fn made(self) -> Case {
        assert!(self.look().await.expect("it is looked at").is_none(), "{} is there already", self.name());
        self.create().await.expect("it is made");
        assert_eq!(self.differs().await, Vec::<String>::new());
        self
    }

    /// Holds that something behind its back is found in these fields, and mended.
    pub async fn mends(&self, fields: &[&str]) {
        assert_eq!(self.differs().await, fields, "of {}", self.name());
        self.update().await.expect("it is mended");
        assert_eq!(self.differs().await, Vec::<String>::new(), "{} is mended", self.name());
    }
}
