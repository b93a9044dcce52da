//! Amazon CloudFront: what its providers share.
//!
//! CloudFront is one for all regions.

mod behaviour;
mod claims;
mod config;
mod distribution;
mod distributions;
mod functions;
mod origin;
mod origin_access;
mod parts;
mod policies;
mod request_policies;
mod response_headers;
mod security_headers;
#[cfg(test)]
mod testing;
mod untagged;
mod vpc_origins;

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_cloudfront::Client;
use aws_sdk_cloudfront::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_cloudfront::types as sdk;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use terrace_engine::coalesce::{Few, Regional};
use terrace_engine::{Error, Result, reason};
use terrace_model::aws::Tags;
use terrace_model::{Diff, Handle, Id};

use crate::errors::{absent, classify, code};
use crate::finder::{ListTags, TagIndex};
use crate::hourly::Hourly;
use crate::{Clients, tags};

pub use distribution::Distributions;
pub use functions::Functions;
pub use origin_access::OriginAccessControls;
pub use policies::CachePolicies;
pub use request_policies::OriginRequestPolicies;
pub use response_headers::ResponseHeadersPolicies;
pub use vpc_origins::VpcOrigins;

/// The one list of all regions.
const GLOBAL: &str = "global";
/// Types as GetResources names them.
const TAGGED: &[&str] = &["cloudfront:distribution", "cloudfront:function", "cloudfront:vpcorigin"];

/// Clients and lists that the providers of one Environment share.
pub struct CloudFront {
    clients: Clients,
    distributions: Regional<String, Arc<distributions::Found>>,
    /// What no list shows of a distribution, by id.
    unlisted: Hourly<distributions::Unlisted>,
    /// By id.
    vpc_origins: Regional<String, sdk::VpcOriginSummary>,
    vpc_origin_configs: Hourly<sdk::VpcOriginEndpointConfig>,
    /// By name, as it is tried out and as it is live.
    functions: Regional<String, functions::Found>,
    /// By name, the code that is live.
    code: Hourly<String>,
    tags: TagIndex<OwnTags>,
}

impl CloudFront {
    /// The state that all providers of CloudFront share.
    pub fn new(clients: Clients) -> Arc<Self> {
        let recent = clients.recent();
        Arc::new(CloudFront {
            // One is read whole by a call of its own before it is changed, however many others are.
            distributions: Regional::new(recent, Few::UpTo(usize::MAX)),
            unlisted: Hourly::default(),
            vpc_origins: Regional::new(recent, Few::UpTo(0)),
            vpc_origin_configs: Hourly::default(),
            functions: Regional::new(recent, Few::Pages),
            code: Hourly::default(),
            tags: TagIndex::new(clients.clone(), TAGGED, OwnTags(clients.clone())),
            clients,
        })
    }

    /// For reading.
    fn reader(&self) -> Client {
        self.clients.cloudfront()
    }

    /// For changing something on behalf of the owner's namespace.
    fn writer(&self, id: &Id) -> Client {
        self.clients.for_namespace(&id.owner.namespace).cloudfront()
    }

    async fn tags_of(&self, id: &Id, arn: &str) -> Result<Tags> {
        Ok(self.tags.get(self.clients.worldwide(), arn, id.freshness).await?.unwrap_or_default())
    }

    /// Sets and removes the tags that differ.
    async fn retag(&self, id: &Id, arn: &str, want: &Tags, diff: &Diff) -> Result<()> {
        let set = |tags: Tags| async move {
            let request = self.writer(id).tag_resource().resource(arn).tags(write_tags(&tags)?);
            request.send().await.map(drop).map_err(refused)
        };
        let remove = |keys| async move {
            let keys = sdk::TagKeys::builder().set_items(Some(keys)).build();
            self.writer(id).untag_resource().resource(arn).tag_keys(keys).send().await.map(drop).map_err(refused)
        };
        tags::retag(want, diff, set, remove).await
    }

    /// The handle of what CloudFront calls by an id; `kind` is the ARN's own word, as `cache-policy`.
    fn handle(&self, kind: &str, id: &str) -> Handle {
        Handle(self.clients.arn("cloudfront", "", &format!("{kind}/{id}")))
    }
}

/// ListTagsForResource.
struct OwnTags(Clients);

impl ListTags for OwnTags {
    async fn tags(&self, _region: &str, arn: &str) -> Result<Option<Tags>> {
        let answer = self.0.cloudfront().list_tags_for_resource().resource(arn).send().await;
        let found = absent(answer, &["NoSuchResource"])?.and_then(|answer| answer.tags);
        Ok(found.map(|found| tags::read(found.items().iter().map(|tag| (Some(tag.key()), tag.value())))))
    }
}

fn write_tags(set: &Tags) -> Result<sdk::Tags> {
    let tags = tags::write(set, |key, value| sdk::Tag::builder().key(key).value(value).build());
    let tags = tags.into_iter().collect::<std::result::Result<Vec<_>, _>>().map_err(whole)?;
    Ok(sdk::Tags::builder().set_items(Some(tags)).build())
}

/// The id, which is the last part of a handle; `None` where nothing is known yet.
fn id_of(id: &Id) -> Option<&str> {
    id.handle.as_ref().and_then(|handle| handle.0.rsplit('/').next())
}

/// What was made of a wish is not whole: the wish is none.
fn whole(error: BuildError) -> Error {
    Error::invalid(error)
}

/// What every change of a thing must name, so that nobody else's change is lost.
fn etag(seen: Option<String>) -> Result<String> {
    seen.ok_or_else(|| Error::retry("AWS did not say which version it is"))
}

/// How many there are, as CloudFront wants to be told beside each list.
fn quantity<T>(items: &[T]) -> i32 {
    i32::try_from(items.len()).unwrap_or(i32::MAX)
}

/// Texts of a list that may not be there.
fn texts<'a>(items: impl IntoIterator<Item = &'a String>) -> std::collections::BTreeSet<String> {
    items.into_iter().cloned().collect()
}

/// A text, where there is any.
fn filled(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// Things by a key of theirs.
fn by<K: Ord, V>(items: impl IntoIterator<Item = V>, key: impl Fn(&V) -> K) -> BTreeMap<K, V> {
    items.into_iter().map(|item| (key(&item), item)).collect()
}

/// Codes that CloudFront alone has (API reference, the errors of each action), by what is to be done about them.
fn refused<E>(error: SdkError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    /// What stands outside the object is wrong: a certificate that does not cover a host name, a web ACL.
    const BLOCKED: &[&str] = &["InvalidViewerCertificate", "InvalidWebACLId", "InvalidFunctionAssociation"];
    let said = code(&error).unwrap_or_default().to_owned();
    let other = classify(error);
    let text = other.to_string();
    match said.as_str() {
        // Somebody else changed it between our look and our change.
        "PreconditionFailed" | "InvalidIfMatchVersion" => Error::retry(text),
        "DistributionNotDisabled" => Error::wait(reason::NOT_READY, text),
        said if matches!(other, Error::Retry { .. }) || BLOCKED.contains(&said) => other,
        said if said.starts_with("TooMany") || said == "EntityLimitExceeded" => Error::blocked(reason::QUOTA, text),
        "FunctionSizeLimitExceeded" | "InconsistentQuantities" | "MissingBody" | "NoSuchOrigin" => Error::invalid(text),
        said if said.starts_with("Invalid") => Error::invalid(text),
        _ => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_cloudfront::operation::update_distribution::UpdateDistributionError;
    use testing::meta;

    #[test]
    fn codes_of_cloudfront_alone_have_their_categories() {
        for (code, expected) in [
            ("PreconditionFailed", reason::RETRYING),
            ("InvalidIfMatchVersion", reason::RETRYING),
            ("TooManyRequestsException", reason::RETRYING),
            ("TooManyDistributions", reason::QUOTA),
            ("EntityLimitExceeded", reason::QUOTA),
            ("InvalidTTLOrder", reason::INVALID),
            ("InvalidArgument", reason::INVALID),
            ("FunctionSizeLimitExceeded", reason::INVALID),
            ("InvalidViewerCertificate", reason::FAILED),
            ("DistributionNotDisabled", reason::NOT_READY),
            ("CachePolicyInUse", reason::IN_USE),
            ("CannotDeleteEntityWhileInUse", reason::IN_USE),
            ("CachePolicyAlreadyExists", reason::ALREADY_EXISTS),
            ("AccessDenied", reason::ACCESS_DENIED),
            ("NoSuchCachePolicy", reason::FAILED),
        ] {
            let status = aws_smithy_runtime_api::http::StatusCode::try_from(400).expect("a status");
            let response = HttpResponse::new(status, aws_smithy_types::body::SdkBody::empty());
            let error = SdkError::service_error(UpdateDistributionError::generic(meta(code)), response);
            assert_eq!(refused(error).reason(), expected, "{code}");
        }
    }
}
