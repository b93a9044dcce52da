//! Security groups against an emulator.

use terrace_aws_ec2::registry;
use terrace_engine::reason;
use terrace_model::aws::ec2::SecurityGroup;

use crate::bed::{clients, id, owned};
use crate::life::{Life, other_tags};
use crate::prepare::{ec2, vpc};

fn wish(vpc_id: String) -> SecurityGroup {
    SecurityGroup {
        vpc_id,
        description: "Database of orders".into(),
        tags: [("team".into(), "shop".into()), ("gone".into(), "soon".into())].into(),
    }
}

#[tokio::test]
async fn a_group_lives_from_create_to_absent() {
    let Some(clients) = clients() else { return };
    let id = id::<SecurityGroup>("db");
    let want = owned(&id, &wish(vpc(&ec2(&clients)).await));
    let edits = vec![("tags", other_tags(&want))];
    Life { clients, registry, id, want, edits }.live().await;
}

#[tokio::test]
async fn a_second_group_of_the_same_name_is_refused_and_the_first_is_found() {
    let Some(clients) = clients() else { return };
    let id = id::<SecurityGroup>("db");
    let want = owned(&id, &wish(vpc(&ec2(&clients)).await));
    let registry = registry(&clients);
    let provider = registry.get(&id.kind).expect("it is registered");
    let first = provider.create(&id, &want).await.expect("it is made");
    let second = provider.create(&id, &want).await.expect_err("the name is taken");
    assert_eq!(second.reason(), reason::ALREADY_EXISTS);
    let terrace_engine::Look::Present(found) = provider.observe(&id).await.expect("it can be looked at") else {
        panic!("it is not found by its name");
    };
    assert_eq!(found.handle, first);
    provider.delete(&id, &found.have, terrace_engine::Disposal::Delete).await.expect("it is deleted");
}
