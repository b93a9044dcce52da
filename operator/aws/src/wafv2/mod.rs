//! AWS WAF: what its providers share.
//!
//! What serves CloudFront has a scope of its own, which is asked for in us-east-1 alone (API reference, `Scope`). Every
//! change names the lock token that was read, so that nobody else's change is lost.

mod actions;
mod fields;
mod ip_sets;
mod listed;
mod logging;
mod rules;
mod statements;
#[cfg(test)]
mod testing;
mod web_acls;

use std::sync::Arc;

use aws_sdk_wafv2::Client;
use aws_sdk_wafv2::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_wafv2::types as sdk;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use terrace_engine::coalesce::{Few, Regional};
use terrace_engine::{Error, Result, reason};
use terrace_model::aws::Tags;
use terrace_model::{Diff, Id};

use crate::errors::{absent, classify, code};
use crate::finder::{ListTags, TagIndex};
use crate::hourly::Hourly;
use crate::{Clients, tags};

pub use ip_sets::IpSets;
pub use logging::LoggingConfigurations;
pub use web_acls::WebAcls;

const GONE: &[&str] = &["WAFNonexistentItemException"];
/// Types as GetResources names them: all of WAF's, since the ARNs begin with the scope.
const TAGGED: &[&str] = &["wafv2"];
/// The most that a list shows at once (API reference, ListWebACLs, `Limit`).
const PAGE: i32 = 100;

/// Clients and lists that the providers of one Environment share.
pub struct Waf {
    clients: Clients,
    /// By name, in both scopes.
    ip_sets: Regional<String, listed::Listed>,
    web_acls: Regional<String, listed::Listed>,
    /// By ARN, with the lock token of that state.
    ip_set_hourly: Hourly<(String, sdk::IpSet)>,
    web_acl_hourly: Hourly<(String, sdk::WebAcl)>,
    /// By the web ACL's ARN, a list a region and scope.
    logging: Regional<String, sdk::LoggingConfiguration>,
    tags: TagIndex<OwnTags>,
}

impl Waf {
    /// The state that all providers of WAF share.
    pub fn new(clients: Clients) -> Arc<Self> {
        let recent = clients.recent();
        Arc::new(Waf {
            ip_sets: Regional::new(recent, Few::UpTo(0)),
            web_acls: Regional::new(recent, Few::UpTo(0)),
            ip_set_hourly: Hourly::default(),
            web_acl_hourly: Hourly::default(),
            logging: Regional::new(recent, Few::Pages),
            tags: TagIndex::new(clients.clone(), TAGGED, OwnTags(clients.clone())),
            clients,
        })
    }

    /// For reading.
    fn reader(&self, id: &Id) -> Client {
        self.clients.wafv2(&id.place.region)
    }

    /// For changing something on behalf of the owner's namespace.
    fn writer(&self, id: &Id) -> Client {
        self.clients.for_namespace(&id.owner.namespace).wafv2(&id.place.region)
    }

    async fn tags_of(&self, id: &Id, arn: &str) -> Result<Tags> {
        Ok(self.tags.get(&id.place.region, arn, id.freshness).await?.unwrap_or_default())
    }

    /// Sets and removes the tags that differ.
    async fn retag(&self, id: &Id, arn: &str, want: &Tags, diff: &Diff) -> Result<()> {
        let set = |tags: Tags| async move {
            let request = self.writer(id).tag_resource().resource_arn(arn).set_tags(Some(write_tags(&tags)?));
            request.send().await.map(drop).map_err(refused)
        };
        let remove = |keys| async move {
            let request = self.writer(id).untag_resource().resource_arn(arn).set_tag_keys(Some(keys));
            request.send().await.map(drop).map_err(refused)
        };
        tags::retag(want, diff, set, remove).await
    }
}

/// The name: of what was found, the one before the id in its ARN; else the derived one.
fn name_of(id: &Id) -> String {
    let known = id.handle.as_ref().and_then(|handle| handle.0.rsplit('/').nth(1));
    known.map_or_else(|| id.default_name(), str::to_owned)
}

/// ListTagsForResource, which shows 100 at once: twice what a resource may bear.
struct OwnTags(Clients);

impl ListTags for OwnTags {
    async fn tags(&self, region: &str, arn: &str) -> Result<Option<Tags>> {
        let request = self.0.wafv2(region).list_tags_for_resource().resource_arn(arn).limit(PAGE);
        let found = absent(request.send().await, GONE)?.and_then(|answer| answer.tag_info_for_resource);
        Ok(found.map(|found| tags::read(found.tag_list().iter().map(|tag| (Some(tag.key()), Some(tag.value()))))))
    }
}

fn write_tags(set: &Tags) -> Result<Vec<sdk::Tag>> {
    let tags = tags::write(set, |key, value| sdk::Tag::builder().key(key).value(value).build());
    tags.into_iter().map(|tag| tag.map_err(whole)).collect()
}

/// What was made of a wish is not whole: the wish is none.
fn whole(error: BuildError) -> Error {
    Error::invalid(error)
}

/// AWS takes no empty description.
fn description(want: &str) -> Option<String> {
    (!want.is_empty()).then(|| want.to_owned())
}

fn unsaid() -> Error {
    Error::retry("AWS did not say what there is")
}

/// Codes that WAF alone has (API reference, the errors of each action), by what is to be done about them.
fn refused<E>(error: SdkError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let said = code(&error).unwrap_or_default().to_owned();
    let other = classify(error);
    let text = other.to_string();
    match said.as_str() {
        // Somebody else changed it between our look and our change; or "retry your request", as the reference has it.
        "WAFOptimisticLockException"
        | "WAFInternalErrorException"
        | "WAFTagOperationException"
        | "WAFTagOperationInternalErrorException"
        | "WAFServiceLinkedRoleErrorException" => Error::retry(text),
        "WAFAssociatedItemException" => Error::wait(reason::IN_USE, text),
        "WAFDuplicateItemException" => Error::wait(reason::ALREADY_EXISTS, text),
        // What was made a moment ago is not known everywhere yet.
        "WAFUnavailableEntityException" => Error::wait(reason::NOT_READY, text),
        "WAFLimitsExceededException" => Error::blocked(reason::QUOTA, text),
        "WAFInvalidParameterException"
        | "WAFInvalidOperationException"
        | "WAFInvalidResourceException"
        | "WAFExpiredManagedRuleGroupVersionException" => Error::invalid(text),
        _ => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_wafv2::operation::update_web_acl::UpdateWebACLError;
    use testing::meta;

    #[test]
    fn codes_of_waf_alone_have_their_categories() {
        for (code, expected) in [
            ("WAFOptimisticLockException", reason::RETRYING),
            ("WAFTagOperationException", reason::RETRYING),
            ("WAFAssociatedItemException", reason::IN_USE),
            ("WAFDuplicateItemException", reason::ALREADY_EXISTS),
            ("WAFUnavailableEntityException", reason::NOT_READY),
            ("WAFLimitsExceededException", reason::QUOTA),
            ("WAFInvalidParameterException", reason::INVALID),
            ("WAFLogDestinationPermissionIssueException", reason::FAILED),
            ("AccessDeniedException", reason::ACCESS_DENIED),
        ] {
            let status = aws_smithy_runtime_api::http::StatusCode::try_from(400).expect("a status");
            let response = HttpResponse::new(status, aws_smithy_types::body::SdkBody::empty());
            let error = SdkError::service_error(UpdateWebACLError::generic(meta(code)), response);
            assert_eq!(refused(error).reason(), expected, "{code}");
        }
    }

    #[test]
    fn a_name_is_derived_until_a_handle_says_otherwise() {
        let id = crate::testing::id::<terrace_model::aws::wafv2::WebAcl>("firewall");
        assert_eq!(name_of(&id), id.default_name());
        let handle = Some("arn:aws:wafv2:us-east-1:123456789012:global/webacl/theirs/1-2".into());
        assert_eq!(name_of(&Id { handle, ..id }), "theirs");
    }
}
