//! Roles and OIDC providers against an emulator.

use serde_json::json;
use terrace_aws::Clients;
use terrace_aws::iam::{OidcProviders, Roles, provider_of};
use terrace_engine::{Disposal, Look, Provider, Registry, Seen, reason};
use terrace_model::Id;
use terrace_model::aws::iam::{OidcProvider, Policy, Role, Statement};

use crate::bed::{clients, id, owned};
use crate::life::{Life, other_tags};

fn registry(clients: &Clients) -> Registry {
    Registry::default().with(Roles::new(clients)).with(OidcProviders::new(clients))
}

/// A managed policy of the customer's, by its ARN.
async fn managed_policy(clients: &Clients, id: &Id, name: &str) -> String {
    let document = r#"{"Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}]}"#;
    let name = format!("{name}-{}", id.owner.namespace);
    let made = clients.iam().create_policy().policy_name(name).policy_document(document).send().await;
    made.expect("a policy is made").policy.and_then(|policy| policy.arn).expect("it has an ARN")
}

async fn wish(clients: &Clients, id: &Id) -> Role {
    let queue = Statement::allow(&["sqs:SendMessage", "sqs:GetQueueUrl"], ["arn:aws:sqs:eu-west-1:1:orders".into()]);
    Role {
        assume_role_policy: Policy::trusts_service("monitoring.rds.amazonaws.com"),
        description: "Enhanced monitoring of orders".into(),
        managed_policy_arns: [managed_policy(clients, id, "attached").await].into(),
        inline_policies: [("queue".into(), Policy::of([queue]))].into(),
        permissions_boundary: managed_policy(clients, id, "boundary").await,
        max_session_duration: Some(3600),
        tags: [("team".into(), "shop".into()), ("gone".into(), "soon".into())].into(),
    }
}

#[tokio::test]
async fn a_role_lives_from_create_to_absent() {
    let Some(clients) = clients() else { return };
    let id = id::<Role>("monitoring");
    let want = owned(&id, &wish(&clients, &id).await);
    let bucket = Policy::of([Statement::allow(&["s3:GetObject"], ["arn:aws:s3:::orders/*".into()])]);
    let bucket = serde_json::to_value(bucket).expect("it is JSON");
    let (other, foreign) =
        (managed_policy(&clients, &id, "other").await, managed_policy(&clients, &id, "foreign").await);
    let trust = Policy::trusts_service("rds.amazonaws.com");
    let edits = vec![
        ("assumeRolePolicy", serde_json::to_value(trust).expect("it is JSON")),
        ("description", json!("Something else")),
        ("maxSessionDuration", json!(7200)),
        ("managedPolicyArns", json!([other, foreign])),
        ("managedPolicyArns", json!([])),
        ("inlinePolicies", json!({"queue": bucket, "bucket": bucket})),
        ("inlinePolicies", json!({})),
        ("permissionsBoundary", json!(other)),
        ("permissionsBoundary", json!("")),
        ("tags", other_tags(&want)),
    ];
    Life { clients, registry, id, want, edits }.live().await;
}

#[tokio::test]
async fn a_second_role_of_the_same_name_is_refused_and_the_first_is_found() {
    let Some(clients) = clients() else { return };
    let id = id::<Role>("monitoring");
    let want = owned(&id, &wish(&clients, &id).await);
    let registry = registry(&clients);
    let provider = registry.get(&id.kind).expect("it is registered");
    let first = provider.create(&id, &want).await.expect("it is made");
    let second = provider.create(&id, &want).await.expect_err("the name is taken");
    assert_eq!(second.reason(), reason::ALREADY_EXISTS);
    let Look::Present(found) = provider.observe(&id).await.expect("it can be looked at") else {
        panic!("it is not found by its name");
    };
    assert_eq!(found.handle, first);
    provider.delete(&id, &found.have, Disposal::Delete).await.expect("it is deleted");
}

#[tokio::test]
async fn a_role_of_another_name_is_found_by_its_arn() {
    let Some(clients) = clients() else { return };
    let id = id::<Role>("adopted");
    let (name, trust) = (format!("theirs-{}", id.owner.namespace), Policy::trusts_service("rds.amazonaws.com"));
    let document = serde_json::to_string(&trust).expect("it is JSON");
    let request =
        clients.iam().create_role().role_name(&name).path("/their/path/").assume_role_policy_document(document);
    let arn = request.send().await.expect("they make a role").role.expect("it is described").arn;
    let id = Id { handle: Some(arn.as_str().into()), ..id };
    let Seen::Present { have, out, .. } = Roles::new(&clients).observe(&id).await.expect("it can be looked at") else {
        panic!("it is not found");
    };
    assert_eq!((have.assume_role_policy, out.arn), (trust, Some(arn)));
}

#[tokio::test]
async fn an_oidc_provider_lives_from_create_to_absent() {
    let Some(clients) = clients() else { return };
    let url = format!("https://oidc.eks.eu-west-1.amazonaws.com/id/{}", clients.account());
    assert_eq!(provider_of(&clients, &url).await, Ok(None));
    let want = OidcProvider {
        url: url.as_str().into(),
        client_ids: ["sts.amazonaws.com".to_owned()].into(),
        tags: [("team".into(), "shop".into()), ("gone".into(), "soon".into())].into(),
    };
    let id = id::<OidcProvider>("issuer");
    let id = Id { address: [("url".to_owned(), json!(url))].into_iter().collect(), ..id };
    let want = owned(&id, &want);
    let edits = vec![("clientIds", json!(["sts.amazonaws.com", "other"])), ("tags", other_tags(&want))];
    Life { clients, registry, id, want, edits }.live().await;
}
