//! Keys against an emulator.

use serde_json::json;
use terrace_aws::kms::Keys;
use terrace_engine::{Provider, Seen, State};
use terrace_model::Id;
use terrace_model::aws::kms::Key;
use terrace_model::identity::Freshness;

use crate::bed::{REGION, clients, id};

/// ARN and state; `None` where there is no such key.
async fn look(keys: &Keys, key: &str, freshness: Freshness) -> Option<(String, State)> {
    let address = [("keyId".to_owned(), json!(key))].into_iter().collect();
    match keys.observe(&Id { address, freshness, ..id::<Key>("key") }).await.expect("it can be looked at") {
        Seen::Absent => None,
        Seen::Present { out, state, .. } | Seen::Partly { out, state, .. } => {
            Some((out.arn.expect("it has an ARN"), state))
        }
    }
}

#[tokio::test]
async fn a_key_is_found_by_id_alias_and_arn_and_its_state_is_told() {
    let Some(clients) = clients() else { return };
    let kms = clients.kms(REGION);
    let made = kms.create_key().send().await.expect("a key is made").key_metadata.expect("it is described");
    let (key, arn) = (made.key_id, made.arn.expect("it has an ARN"));
    let alias = format!("alias/{key}");
    kms.create_alias().alias_name(&alias).target_key_id(&key).send().await.expect("an alias is made");
    let keys = Keys::new(&clients);
    for name in [&key, &alias, &arn] {
        for freshness in [Freshness::Recent, Freshness::Now, Freshness::Recent] {
            assert_eq!(look(&keys, name, freshness).await, Some((arn.clone(), State::Ready)), "{name}");
        }
    }
    assert_eq!(look(&keys, "alias/nobody", Freshness::Recent).await, None);

    kms.disable_key().key_id(&key).send().await.expect("it is disabled");
    assert_eq!(look(&keys, &key, Freshness::Recent).await, Some((arn.clone(), State::Ready)));
    for (words, freshness) in [("disabled", Freshness::Now), ("disabled", Freshness::Recent)] {
        let found = look(&keys, &key, freshness).await;
        assert!(matches!(&found, Some((_, State::Failed(text))) if text.contains(words)), "{found:?}");
    }
    kms.schedule_key_deletion().key_id(&key).pending_window_in_days(7).send().await.expect("it is deleted");
    let found = look(&keys, &key, Freshness::Now).await;
    assert!(matches!(&found, Some((_, State::Failed(text))) if text.contains("scheduled for deletion")), "{found:?}");
}
