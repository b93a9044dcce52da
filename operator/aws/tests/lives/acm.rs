//! Certificates against an emulator.

use serde_json::json;
use terrace_aws::Clients;
use terrace_aws::acm::{Acm, Certificates, Validations};
use terrace_aws::route53::Route53;
use terrace_engine::{Look, Registry, State};
use terrace_model::Id;
use terrace_model::aws::acm::{Certificate, Validation};

use crate::bed::{clients, id, owned};
use crate::life::{Life, other_tags};

fn registry(clients: &Clients) -> Registry {
    let acm = Acm::new(clients.clone(), Route53::new(clients.clone()));
    Registry::default().with(Certificates(acm.clone())).with(Validations(acm))
}

fn wish() -> Certificate {
    Certificate {
        domain_name: "shop.example.com".into(),
        subject_alternative_names: ["*.shop.example.com".into(), "www.example.com".into()].into(),
        key_algorithm: "RSA_2048".into(),
        tags: [("team".into(), "shop".into()), ("gone".into(), "soon".into())].into(),
    }
}

#[tokio::test]
async fn a_certificate_for_route53_lives_from_create_to_absent() {
    let Some(clients) = clients() else { return };
    let id = id::<Certificate>("certificate");
    let want = owned(&id, &wish());
    let edits = vec![("tags", other_tags(&want))];
    Life { clients, registry, id, want, edits }.live().await;
}

#[tokio::test]
async fn a_certificate_yields_its_records_for_route53_and_says_whether_it_is_issued() {
    let Some(clients) = clients() else { return };
    let (id, registry) = (id::<Certificate>("certificate"), registry(&clients));
    let provider = registry.get(&id.kind).expect("it is registered");
    let arn = provider.create(&id, &owned(&id, &wish())).await.expect("it is made");
    let Look::Present(sight) = provider.observe(&id).await.expect("it can be looked at") else {
        panic!("it is not found by its tags");
    };
    let records = sight.out["validationRecords"].as_object().expect("they are known");
    // One of a domain, which its wildcard shares.
    assert_eq!((records.len(), sight.state), (2, State::Ready));
    assert!(records.keys().all(|name| name.ends_with("example.com")), "{records:?}");

    let address = [("certificateArn".to_owned(), json!(arn.0)), ("zoneId".to_owned(), json!(""))].into_iter().collect();
    let issued = Id { kind: "acm/Validation".into(), address, ..crate::bed::id::<Validation>("issued") };
    let validation = registry.get("acm/Validation").expect("it is registered");
    let Look::Present(seen) = validation.observe(&issued).await.expect("it can be looked at") else {
        panic!("it is not found by its ARN");
    };
    match seen.state {
        State::Ready => assert_eq!(seen.out["certificateArn"], arn.0),
        State::Settling(text) => {
            assert_eq!(seen.out["certificateArn"], json!(null));
            let said = records.keys().all(|name| text.contains(&format!("{name} CNAME ")));
            assert!(text.starts_with("PENDING_VALIDATION") && said, "{text}");
        }
        other => panic!("{other:?}"),
    }
}
