//! Records and what lies beside them, in a zone that takes batches as Route 53 does.

mod records;
mod validation;
mod zones;

use aws_sdk_route53::types::ChangeStatus;
use aws_smithy_mocks::{Rule, RuleMode, mock_client};
use serde_json::Value;
use terrace_engine::{Look, Registry, Sight};
use terrace_model::diff::{OwnedKeys, diff};
use terrace_model::{Diff, Handle, Id, Resource};

use super::testing::{Zone, status};
use super::{HostedZones, RecordSets, Route53, ValidationRecordSets};
use crate::testing::clients;

/// Providers of an account whose zone this is, with whatever else it answers.
fn registry(zone: &Zone, more: &[&Rule]) -> Registry {
    let (list, take, refuse) = (zone.list(), zone.take_batches(), zone.refuse_batches());
    let done = status(ChangeStatus::Insync);
    let rules: Vec<&Rule> = [&list, &take, &refuse, &done].into_iter().chain(more.iter().copied()).collect();
    let client = mock_client!(aws_sdk_route53, RuleMode::MatchAny, &rules);
    let route53 = Route53::new(clients().with_client("us-east-1", client));
    Registry::default()
        .with(HostedZones(route53.clone()))
        .with(RecordSets(route53.clone()))
        .with(ValidationRecordSets(route53))
}

/// A wish with its owner's tags.
fn owned(id: &Id, want: &impl Resource) -> Value {
    let mut want = serde_json::to_value(want).expect("it is JSON");
    let tags = want["tags"].as_object_mut().expect("it has tags");
    tags.extend(id.owner_tags().into_iter().map(|(key, value)| (key, value.into())));
    want
}

/// A node and its providers, as the engine calls them.
struct Node {
    registry: Registry,
    id: Id,
}

impl Node {
    /// Its address is that of the wish.
    fn new<R: Resource>(zone: &Zone, more: &[&Rule], id: Id, want: &R) -> Self {
        let wire = serde_json::to_value(want).expect("it is JSON");
        let address = R::ADDRESS.iter().map(|field| ((*field).to_owned(), wire[*field].clone()));
        let address = address.filter(|(_, value)| !value.is_null()).collect();
        Node { registry: registry(zone, more), id: Id { address, ..id } }
    }

    async fn look(&self) -> Option<Sight> {
        match self.try_look().await.expect("it can be looked at") {
            Look::Absent => None,
            Look::Present(sight) => Some(*sight),
        }
    }

    async fn try_look(&self) -> terrace_engine::Result<Look> {
        self.registry.get(&self.id.kind)?.observe(&self.id).await
    }

    async fn create(&self, want: &Value) -> terrace_engine::Result<Handle> {
        self.registry.get(&self.id.kind)?.create(&self.id, want).await
    }

    /// What differs, as the engine sees it.
    async fn differs(&self, want: &Value) -> Diff {
        let sight = self.look().await.expect("it is there");
        let provider = self.registry.get(&self.id.kind).expect("it is registered");
        let keys =
            |value: &Value| value["tags"].as_object().map(|map| map.keys().cloned().collect()).unwrap_or_default();
        let owned: OwnedKeys = [("tags".to_owned(), keys(&sight.have))].into();
        let want = (provider.spec().normalise)(want).expect("it is a wish");
        diff(provider.spec(), &want, &sight.have, &owned, &Default::default())
    }

    async fn update(&self, want: &Value) -> terrace_engine::Result<()> {
        let (diff, sight) = (self.differs(want).await, self.look().await.expect("it is there"));
        self.registry.get(&self.id.kind)?.update(&self.id, &sight.have, want, &diff).await
    }

    async fn delete(&self, have: &Value) -> terrace_engine::Result<()> {
        self.registry.get(&self.id.kind)?.delete(&self.id, have, terrace_engine::Disposal::Delete).await
    }
}
