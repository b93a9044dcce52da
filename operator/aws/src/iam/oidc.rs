//! OIDC providers: issuers whose tokens roles may trust.
//!
//! From the IAM API reference: there is one a URL in an account; its ARN ends with the URL, less `https://`; IAM fetches
//! the thumbprints of an issuer's certificates by itself where none are given. There are few, so each is read by itself,
//! for a resync about once an hour.

use aws_sdk_iam::Client;
use aws_sdk_iam::operation::get_open_id_connect_provider::GetOpenIdConnectProviderOutput;
use terrace_engine::{Disposal, Error, Provider, Result, Seen, State};
use terrace_model::aws::Tags;
use terrace_model::aws::iam::{OidcProvider, OidcProviderOutputs};
use terrace_model::{Diff, Handle, Id, Owner};

use super::{GONE, to_sdk};
use crate::errors::{absent, classify};
use crate::hourly::Hourly;
use crate::shared::known;
use crate::{Clients, tags};

const SCHEME: &str = "https://";

/// The ARN of the OIDC provider of an issuer, which is a URL with or without `https://`; `None` where the account has
/// none.
///
/// # Errors
/// As classified.
pub async fn provider_of(clients: &Clients, issuer: &str) -> Result<Option<String>> {
    let answer = clients.iam().list_open_id_connect_providers().send().await.map_err(classify)?;
    let end =
        format!(":oidc-provider/{}", issuer.split_once("://").map_or(issuer, |(_, rest)| rest).trim_end_matches('/'));
    let arns = answer.open_id_connect_provider_list.unwrap_or_default().into_iter().filter_map(|entry| entry.arn);
    Ok(arns.into_iter().find(|arn| arn.ends_with(&end)))
}

/// OIDC providers.
pub struct OidcProviders {
    clients: Clients,
    seen: Hourly<Option<Found>>,
}

/// A provider as it was read.
#[derive(Clone)]
struct Found {
    arn: String,
    url: String,
    client_ids: Vec<String>,
    tags: Tags,
}

impl OidcProviders {
    /// The OIDC providers of an account.
    pub fn new(clients: &Clients) -> Self {
        OidcProviders { clients: clients.clone(), seen: Hourly::default() }
    }

    /// For changing something on behalf of the owner's namespace.
    fn writer(&self, id: &Id) -> Client {
        self.clients.for_namespace(&id.owner.namespace).iam()
    }

    /// By its handle, or by its URL among all there are.
    async fn arn(&self, id: &Id) -> Result<Option<String>> {
        match (&id.handle, id.address("url")) {
            (Some(Handle(arn)), _) => Ok(Some(arn.clone())),
            (None, Some(url)) => provider_of(&self.clients, url).await,
            (None, None) => Ok(None),
        }
    }

    async fn read(&self, id: &Id) -> Result<Option<Found>> {
        let Some(arn) = self.arn(id).await? else { return Ok(None) };
        let request = self.clients.iam().get_open_id_connect_provider().open_id_connect_provider_arn(&arn);
        let found = absent(request.send().await, GONE)?;
        Ok(found.map(|GetOpenIdConnectProviderOutput { url, client_id_list, tags, .. }| Found {
            arn,
            url: format!("{SCHEME}{}", url.unwrap_or_default().trim_start_matches(SCHEME)),
            client_ids: client_id_list.unwrap_or_default(),
            tags: tags::read(tags.iter().flatten().map(|tag| (Some(tag.key()), Some(tag.value())))),
        }))
    }
}

/// What it is remembered by.
fn key(id: &Id) -> String {
    id.handle.as_ref().map(|handle| handle.0.as_str()).or(id.address("url")).unwrap_or_default().to_owned()
}

impl Provider<OidcProvider> for OidcProviders {
    const ACTIONS: &'static [&'static str] = &[
        "iam:AddClientIDToOpenIDConnectProvider",
        "iam:CreateOpenIDConnectProvider",
        "iam:DeleteOpenIDConnectProvider",
        "iam:GetOpenIDConnectProvider",
        "iam:ListOpenIDConnectProviders",
        "iam:RemoveClientIDFromOpenIDConnectProvider",
        "iam:TagOpenIDConnectProvider",
        "iam:UntagOpenIDConnectProvider",
    ];

    async fn observe(&self, id: &Id) -> Result<Seen<OidcProvider>> {
        let found = self.seen.get(&key(id), id.freshness, || self.read(id)).await?;
        let Some(Found { arn, url, client_ids, tags }) = found else { return Ok(Seen::Absent) };
        Ok(Seen::Present {
            owner: Owner::from_tags(&tags),
            have: OidcProvider { url: url.into(), client_ids: client_ids.into_iter().collect(), tags },
            out: OidcProviderOutputs { arn: Some(arn.clone()) },
            handle: Handle(arn),
            state: State::Ready,
        })
    }

    async fn create(&self, id: &Id, want: &OidcProvider) -> Result<Handle> {
        self.seen.forget(&key(id));
        let request = self.writer(id).create_open_id_connect_provider().url(known(&want.url)?);
        let request = request
            .set_client_id_list(Some(want.client_ids.iter().cloned().collect()))
            .set_tags(Some(to_sdk(&want.tags)?));
        let arn = request.send().await.map_err(classify)?.open_id_connect_provider_arn;
        arn.map(Handle).ok_or_else(|| Error::retry("IAM did not say what it made"))
    }

    fn made(&self, _id: &Id, handle: &Handle) -> Option<OidcProviderOutputs> {
        Some(OidcProviderOutputs { arn: Some(handle.0.clone()) })
    }

    async fn update(&self, id: &Id, have: &OidcProvider, want: &OidcProvider, diff: &Diff) -> Result<()> {
        let Some(arn) = self.arn(id).await? else { return Ok(()) };
        self.seen.forget(&key(id));
        let client = self.writer(id);
        for audience in want.client_ids.difference(&have.client_ids).filter(|_| diff.touches("clientIds")) {
            let request = client.add_client_id_to_open_id_connect_provider().open_id_connect_provider_arn(&arn);
            request.client_id(audience).send().await.map_err(classify)?;
        }
        for audience in have.client_ids.difference(&want.client_ids).filter(|_| diff.touches("clientIds")) {
            let request = client.remove_client_id_from_open_id_connect_provider().open_id_connect_provider_arn(&arn);
            request.client_id(audience).send().await.map_err(classify)?;
        }
        let (client, arn) = (&client, &arn);
        let set = |tags: Tags| async move {
            let request = client.tag_open_id_connect_provider().open_id_connect_provider_arn(arn);
            request.set_tags(Some(to_sdk(&tags)?)).send().await.map(drop).map_err(classify)
        };
        let remove = |keys| async move {
            let request = client.untag_open_id_connect_provider().open_id_connect_provider_arn(arn);
            request.set_tag_keys(Some(keys)).send().await.map(drop).map_err(classify)
        };
        tags::retag(&want.tags, diff, set, remove).await
    }

    async fn delete(&self, id: &Id, _have: &OidcProvider, _disposal: Disposal) -> Result<()> {
        let Some(arn) = self.arn(id).await? else { return Ok(()) };
        self.seen.forget(&key(id));
        let request = self.writer(id).delete_open_id_connect_provider().open_id_connect_provider_arn(arn);
        absent(request.send().await, GONE).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{at, between, clients, id, meta};
    use aws_sdk_iam::operation::add_client_id_to_open_id_connect_provider::AddClientIdToOpenIdConnectProviderOutput;
    use aws_sdk_iam::operation::create_open_id_connect_provider::{
        CreateOpenIDConnectProviderError, CreateOpenIdConnectProviderOutput,
    };
    use aws_sdk_iam::operation::delete_open_id_connect_provider::DeleteOpenIDConnectProviderError;
    use aws_sdk_iam::operation::list_open_id_connect_providers::ListOpenIdConnectProvidersOutput;
    use aws_sdk_iam::operation::remove_client_id_from_open_id_connect_provider::RemoveClientIdFromOpenIdConnectProviderOutput;
    use aws_sdk_iam::types::{OpenIdConnectProviderListEntry, Tag};
    use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
    use serde_json::json;
    use terrace_engine::reason;
    use terrace_model::identity::Freshness;

    const ISSUER: &str = "https://oidc.eks.eu-west-1.amazonaws.com/id/1";
    const ARN: &str = "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/1";

    fn over(rules: &[&Rule]) -> Clients {
        clients().with_client("us-east-1", mock_client!(aws_sdk_iam, RuleMode::MatchAny, rules))
    }

    fn listed() -> Rule {
        mock!(Client::list_open_id_connect_providers).then_output(|| {
            let entry = |arn: &str| OpenIdConnectProviderListEntry::builder().arn(arn).build();
            let other = entry("arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/11");
            let list = ListOpenIdConnectProvidersOutput::builder().open_id_connect_provider_list(other);
            list.open_id_connect_provider_list(entry(ARN)).build()
        })
    }

    fn shown() -> Rule {
        mock!(Client::get_open_id_connect_provider)
            .match_requests(|request| request.open_id_connect_provider_arn() == Some(ARN))
            .then_output(|| {
                let tag = Tag::builder().key("team").value("shop").build().expect("it is whole");
                GetOpenIdConnectProviderOutput::builder()
                    .url("oidc.eks.eu-west-1.amazonaws.com/id/1")
                    .client_id_list("sts.amazonaws.com")
                    .tags(tag)
                    .build()
            })
    }

    fn placed() -> Id {
        at(id::<OidcProvider>("issuer"), &json!({"url": ISSUER}))
    }

    fn wish(audiences: &[&str]) -> OidcProvider {
        OidcProvider {
            url: ISSUER.into(),
            client_ids: audiences.iter().map(|audience| (*audience).to_owned()).collect(),
            tags: [("team".to_owned(), "shop".to_owned())].into(),
        }
    }

    fn json(provider: &OidcProvider) -> serde_json::Value {
        serde_json::to_value(provider).expect("it is JSON")
    }

    #[tokio::test]
    async fn the_provider_of_an_issuer_is_found_with_or_without_its_scheme_and_no_other_is() {
        let clients = over(&[&listed()]);
        for issuer in [ISSUER, "oidc.eks.eu-west-1.amazonaws.com/id/1"] {
            assert_eq!(provider_of(&clients, issuer).await, Ok(Some(ARN.to_owned())));
        }
        assert_eq!(provider_of(&clients, "https://oidc.eks.eu-west-1.amazonaws.com/id/2").await, Ok(None));
    }

    #[tokio::test]
    async fn it_is_seen_as_wished_and_read_once_an_hour() {
        let (listed, shown) = (listed(), shown());
        let providers = OidcProviders::new(&over(&[&listed, &shown]));
        for freshness in [Freshness::Now, Freshness::Recent, Freshness::Recent] {
            let seen = providers.observe(&Id { freshness, ..placed() }).await;
            let Ok(Seen::Present { have, handle, .. }) = seen else { panic!("it is there") };
            assert_eq!((json(&have), handle.0.as_str()), (json(&wish(&["sts.amazonaws.com"])), ARN));
        }
        assert_eq!((listed.num_calls(), shown.num_calls()), (1, 1));
    }

    #[tokio::test]
    async fn it_is_made_with_its_tags_and_one_that_is_there_is_looked_at_again() {
        let made = mock!(Client::create_open_id_connect_provider)
            .match_requests(|request| request.url() == Some(ISSUER) && request.tags().len() == 1)
            .then_output(|| CreateOpenIdConnectProviderOutput::builder().open_id_connect_provider_arn(ARN).build());
        let handle = OidcProviders::new(&over(&[&made])).create(&placed(), &wish(&["sts.amazonaws.com"])).await;
        assert_eq!(handle, Ok(ARN.into()));
        let taken = mock!(Client::create_open_id_connect_provider)
            .then_error(|| CreateOpenIDConnectProviderError::generic(meta("EntityAlreadyExists")));
        let error = OidcProviders::new(&over(&[&taken])).create(&placed(), &wish(&[])).await.expect_err("it is there");
        assert_eq!(error.reason(), reason::ALREADY_EXISTS);
    }

    #[tokio::test]
    async fn audiences_are_added_and_removed_one_by_one() {
        let add = mock!(Client::add_client_id_to_open_id_connect_provider)
            .match_requests(|request| request.client_id() == Some("new"))
            .then_output(|| AddClientIdToOpenIdConnectProviderOutput::builder().build());
        let remove = mock!(Client::remove_client_id_from_open_id_connect_provider)
            .match_requests(|request| request.client_id() == Some("old"))
            .then_output(|| RemoveClientIdFromOpenIdConnectProviderOutput::builder().build());
        let (have, want) = (wish(&["old", "kept"]), wish(&["new", "kept"]));
        let id = Id { handle: Some(ARN.into()), ..placed() };
        let done = OidcProviders::new(&over(&[&add, &remove])).update(&id, &have, &want, &between(&have, &want)).await;
        assert_eq!((done, add.num_calls(), remove.num_calls()), (Ok(()), 1, 1));
    }

    #[tokio::test]
    async fn one_that_is_gone_is_deleted() {
        let gone = mock!(Client::delete_open_id_connect_provider)
            .then_error(|| DeleteOpenIDConnectProviderError::generic(meta("NoSuchEntity")));
        let id = Id { handle: Some(ARN.into()), ..placed() };
        assert_eq!(OidcProviders::new(&over(&[&gone])).delete(&id, &wish(&[]), Disposal::Delete).await, Ok(()));
    }
}
