//! Secrets whose password Secrets Manager generates.
//!
//! From the Secrets Manager API reference: a name takes letters, digits and `/_+=.@-`, up to 512 characters; the token
//! of CreateSecret becomes the id of the first version; a deleted secret holds its name for 7 to 30 days, in which it
//! can be restored, or deleted at once after all (DeleteSecret, `ForceDeleteWithoutRecovery`).

use std::sync::Arc;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_secretsmanager::types::Tag;
use serde_json::{Map, Value};
use terrace_engine::{Disposal, Error, Provider, Result, Seen, State, reason};
use terrace_model::aws::Tags;
use terrace_model::aws::secretsmanager::{Secret, SecretOutputs};
use terrace_model::identity::Freshness;
use terrace_model::{Diff, Handle, Id, Owner, OwnerRef};

use super::shelf::{Found, Shelf};
use super::value::PASSWORD;
use crate::errors::{absent, classify, code};
use crate::tags;

/// The least that AWS takes: days in which a secret deleted by mistake can be had back.
const RECOVERY: i64 = 7;
const GONE: &[&str] = &["ResourceNotFoundException"];
/// What a name that is scheduled for deletion answers, among other things; the second where the token is known as well.
const REFUSED: &[&str] = &["InvalidRequestException", "ResourceExistsException"];

/// Secrets. Their values pass through the calls that make them and are kept nowhere.
pub struct Secrets {
    shelf: Shelf,
}

impl Secrets {
    /// The secrets of an account.
    pub fn new(shelf: &Shelf) -> Self {
        Secrets { shelf: shelf.clone() }
    }

    async fn look(&self, id: &Id, freshness: Freshness) -> Result<Option<Arc<Found>>> {
        self.shelf.get(&id.place.region, &key(id), freshness).await
    }

    /// Restores what bears a name and is scheduled for deletion, where this very object made it. What anybody else made,
    /// an earlier object of this name among them, is for a person to delete for good or to restore.
    async fn reclaim(&self, client: &Client, id: &Id) -> Result<Handle> {
        let name = name(id);
        let Some(found) = self.look(id, Freshness::Now).await? else {
            return Err(Error::wait(reason::NAME_HELD, format!("secret {name} is still being deleted")));
        };
        match Owner::from_tags(&found.tags) {
            Owner::Tagged { owner, .. } if owner == id.owner => {
                client.restore_secret().secret_id(&name).send().await.map_err(classify)?;
                Ok(Handle(found.arn.clone()))
            }
            Owner::Tagged { owner, .. } if is_earlier(&owner, &id.owner) => {
                Err(held(id, &name, &format!("made by an earlier {owner}")))
            }
            Owner::Tagged { owner, .. } => Err(held(id, &name, &format!("made by {owner}"))),
            _ => Err(held(id, &name, "not made by Terrace")),
        }
    }

    async fn is_going(&self, id: &Id) -> Result<bool> {
        Ok(self.look(id, Freshness::Now).await?.is_some_and(|found| found.deleted))
    }
}

impl Provider<Secret> for Secrets {
    const ACTIONS: &'static [&'static str] = &[
        "kms:Decrypt",
        "kms:GenerateDataKey",
        "secretsmanager:CreateSecret",
        "secretsmanager:DeleteSecret",
        "secretsmanager:DescribeSecret",
        "secretsmanager:GetRandomPassword",
        "secretsmanager:ListSecrets",
        "secretsmanager:RestoreSecret",
        "secretsmanager:TagResource",
        "secretsmanager:UntagResource",
        "secretsmanager:UpdateSecret",
    ];

    async fn observe(&self, id: &Id) -> Result<Seen<Secret>> {
        // What is scheduled for deletion can be neither read nor changed: to everybody it is gone.
        let Some(found) = self.look(id, id.freshness).await?.filter(|found| !found.deleted) else {
            return Ok(Seen::Absent);
        };
        Ok(Seen::Present {
            have: have(&found),
            out: SecretOutputs { arn: Some(found.arn.clone()), version: found.version.clone() },
            handle: Handle(found.arn.clone()),
            owner: Owner::from_tags(&found.tags),
            state: State::Ready,
        })
    }

    async fn create(&self, id: &Id, want: &Secret) -> Result<Handle> {
        let client = self.shelf.writer(id);
        let password = client
            .get_random_password()
            .password_length(want.password_length.into())
            .exclude_characters(&want.exclude_characters)
            .require_each_included_type(true);
        let password = password.send().await.map_err(classify)?.random_password.unwrap_or_default();
        let request = client
            .create_secret()
            .name(name(id))
            .client_request_token(id.token())
            .description(&want.description)
            .set_kms_key_id(Some(kms_key(want)?).filter(|key| !key.is_empty()))
            .secret_string(document(want, password)?)
            .set_tags(Some(to_sdk(&want.tags)));
        match request.send().await {
            Ok(made) => made.arn.map(Handle).ok_or_else(|| Error::retry("Secrets Manager did not say what it made")),
            Err(error) if is_refused(&error) && self.is_going(id).await? => self.reclaim(&client, id).await,
            Err(error) => Err(classify(error)),
        }
    }

    async fn update(&self, id: &Id, _have: &Secret, want: &Secret, diff: &Diff) -> Result<()> {
        let (client, key) = (self.shelf.writer(id), key(id));
        if diff.touches_any(&["description", "kmsKeyId"]) {
            let request = client.update_secret().secret_id(&key).description(&want.description);
            request.kms_key_id(kms_key(want)?).send().await.map_err(classify)?;
        }
        let (client, key) = (&client, &key);
        let set = |tags: Tags| async move {
            let request = client.tag_resource().secret_id(key).set_tags(Some(to_sdk(&tags)));
            request.send().await.map(drop).map_err(classify)
        };
        let remove = |keys| async move {
            client.untag_resource().secret_id(key).set_tag_keys(Some(keys)).send().await.map(drop).map_err(classify)
        };
        tags::retag(&want.tags, diff, set, remove).await
    }

    async fn delete(&self, id: &Id, _have: &Secret, _disposal: Disposal) -> Result<()> {
        let client = self.shelf.writer(id);
        let request = client.delete_secret().secret_id(key(id)).recovery_window_in_days(RECOVERY);
        match request.send().await {
            Err(error) if is_refused(&error) && self.is_going(id).await? => Ok(()),
            result => absent(result, GONE).map(drop),
        }
    }
}

/// Under a prefix of our own, so that the operator's rights can be confined to it.
fn name(id: &Id) -> String {
    ["terrace", &id.name(255)].join("/")
}

/// What it goes by: its ARN, where that is known.
fn key(id: &Id) -> String {
    id.handle.as_ref().map_or_else(|| name(id), |Handle(arn)| arn.clone())
}

fn have(found: &Found) -> Secret {
    Secret {
        description: found.description.clone(),
        template: [].into(),
        password_length: 0,
        exclude_characters: String::new(),
        kms_key_id: found.kms_key_id.as_str().into(),
        tags: found.tags.clone(),
    }
}

fn is_refused<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    code(error).is_some_and(|code| REFUSED.contains(&code))
}

/// The key as requests name it: empty for AWS's own, which need not exist before (API reference, UpdateSecret).
fn kms_key(want: &Secret) -> Result<String> {
    let key = want.kms_key_id.get().map_err(Error::invalid)?;
    Ok(if key == Secret::AWS_KEY { String::new() } else { key.clone() })
}

/// The template's fields and the password, as JSON.
fn document(want: &Secret, password: String) -> Result<String> {
    let template = want.template.iter().map(|(key, value)| (key.clone(), Value::from(value.as_str())));
    let fields: Map<String, Value> = template.chain([(PASSWORD.to_owned(), password.into())]).collect();
    serde_json::to_string(&fields).map_err(Error::invalid)
}

/// Why a name cannot be used, and the two ways out.
fn held(id: &Id, name: &str, whose: &str) -> Error {
    let command = |verb: &str| format!("aws secretsmanager {verb} --region {} --secret-id {name}", id.place.region);
    let (delete, restore) = (command("delete-secret"), command("restore-secret"));
    let message = format!(
        "secret {name} was {whose} and is scheduled for deletion, which holds its name: delete it for good ({delete} \
         --force-delete-without-recovery), or restore it ({restore}) and have it adopted (spec.adopt)"
    );
    Error::blocked(reason::NAME_HELD, message)
}

/// The same object by name, in an earlier life.
fn is_earlier(owner: &OwnerRef, now: &OwnerRef) -> bool {
    OwnerRef { uid: now.uid.clone(), ..owner.clone() } == *now
}

fn to_sdk<'a>(tags: impl IntoIterator<Item = (&'a String, &'a String)>) -> Vec<Tag> {
    tags::write(tags, |key, value| Tag::builder().key(key).value(value).build())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, REGION};
    use aws_sdk_secretsmanager::operation::create_secret::CreateSecretError;
    use aws_sdk_secretsmanager::operation::delete_secret::DeleteSecretOutput;
    use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
    use aws_sdk_secretsmanager::operation::get_random_password::GetRandomPasswordOutput;
    use aws_sdk_secretsmanager::operation::restore_secret::RestoreSecretOutput;
    use aws_sdk_secretsmanager::types::error::InvalidRequestException;
    use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
    use aws_smithy_types::DateTime;
    use aws_smithy_types::error::ErrorMetadata;

    const ARN: &str = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:terrace/db-AbCdEf";

    fn wish() -> Secret {
        Secret {
            description: "Master user of orders".into(),
            template: [("username".into(), "orders".into())].into(),
            password_length: 32,
            exclude_characters: "/@\" ".into(),
            kms_key_id: Secret::AWS_KEY.into(),
            tags: Tags::new(),
        }
    }

    fn id() -> Id {
        testing::id::<Secret>("master")
    }

    /// A create that AWS refuses, and what it says of the secret that bears the name; counts restoring and purging.
    async fn refused(code: &'static str, tags: Tags, deleted: bool) -> (Result<Handle>, [usize; 2]) {
        let password = mock!(Client::get_random_password)
            .match_requests(|request| {
                request.password_length() == Some(32) && request.exclude_characters() == Some("/@\" ")
            })
            .then_output(|| GetRandomPasswordOutput::builder().random_password("p").build());
        let create = mock!(Client::create_secret).then_error(move || {
            let meta = ErrorMetadata::builder().code(code).message("scheduled for deletion").build();
            CreateSecretError::InvalidRequestException(InvalidRequestException::builder().meta(meta).build())
        });
        let describe = mock!(Client::describe_secret).then_output(move || {
            let date = deleted.then(|| DateTime::from_secs(0));
            let secret = DescribeSecretOutput::builder().arn(ARN).set_tags(Some(to_sdk(&tags)));
            secret.set_deleted_date(date).build()
        });
        let restore = mock!(Client::restore_secret).then_output(|| RestoreSecretOutput::builder().build());
        let purge = mock!(Client::delete_secret)
            .match_requests(|request| request.force_delete_without_recovery() == Some(true))
            .then_output(|| DeleteSecretOutput::builder().build());
        let rules: [&Rule; 5] = [&password, &create, &describe, &restore, &purge];
        let client = mock_client!(aws_sdk_secretsmanager, RuleMode::MatchAny, rules);
        let secrets = Secrets::new(&Shelf::new(&testing::clients().with_client(REGION, client)));
        let made = secrets.create(&id(), &wish()).await;
        (made, [restore.num_calls(), purge.num_calls()])
    }

    #[tokio::test]
    async fn a_secret_scheduled_for_deletion_is_restored_for_the_object_that_made_it() {
        for code in REFUSED {
            let (made, calls) = refused(code, id().owner_tags(), true).await;
            assert_eq!((made, calls), (Ok(Handle(ARN.into())), [1, 0]));
        }
    }

    #[tokio::test]
    async fn one_of_anybody_else_is_left_alone_and_reported_with_the_ways_out() {
        let (mut earlier, mut other) = (id(), id());
        earlier.owner.uid = "uid-0".into();
        other.owner.name = "billing".into();
        for (tags, whose) in [
            (Tags::new(), "not made by Terrace"),
            (earlier.owner_tags(), "made by an earlier DataTier shop/orders"),
            (other.owner_tags(), "made by DataTier shop/billing"),
        ] {
            let (made, calls) = refused(REFUSED[0], tags, true).await;
            let error = made.expect_err("the name is held");
            assert_eq!((error.reason(), error.is_stalled(), calls), (reason::NAME_HELD, true, [0, 0]));
            let text = error.to_string();
            let delete = format!(
                "aws secretsmanager delete-secret --region {REGION} --secret-id {} --force-delete-without-recovery",
                name(&id())
            );
            assert!(text.contains(whose) && text.contains(&delete) && text.contains("restore-secret"), "{text}");
        }
    }

    #[tokio::test]
    async fn another_refusal_is_passed_on_and_nothing_is_restored() {
        for (code, expected) in REFUSED.iter().zip([reason::INVALID, reason::ALREADY_EXISTS]) {
            let (made, calls) = refused(code, id().owner_tags(), false).await;
            assert_eq!((made.expect_err("it was refused").reason(), calls), (expected, [0, 0]));
        }
    }

    #[test]
    fn the_document_holds_the_template_and_the_password() {
        let document: Value = serde_json::from_str(&document(&wish(), "p\"".into()).expect("it is JSON")).expect("too");
        assert_eq!(document, serde_json::json!({"username": "orders", "password": "p\""}));
    }

    #[test]
    fn a_name_is_one_that_secrets_manager_takes() {
        let name = name(&Id { node: "n".repeat(300), ..id() });
        assert!(name.starts_with("terrace/shop-orders-") && name.len() <= 512);
        // A hyphen and six characters at the end are taken for the suffix of an ARN (user guide, "What's in a secret").
        let end = name.rsplit('-').next().expect("there is a last part");
        assert_ne!(end.len(), 6);
    }
}
