//! Cache behaviours, as AWS has them and as we do. AWS has two types of the same members.

use std::collections::BTreeMap;

use aws_sdk_cloudfront::types as sdk;
use terrace_engine::Result;
use terrace_model::Val;
use terrace_model::aws::cloudfront::{CacheBehavior, PathBehavior};

use super::{filled, quantity, whole};
use crate::shared::known;

macro_rules! behaviours {
    ($($kind:ident: $read:ident, $write:ident;)*) => {
        $(
            /// What it does.
            fn $read(seen: &sdk::$kind) -> CacheBehavior {
                let id = |text: &Option<String>| Val::from(text.as_deref().unwrap_or_default());
                let allowed = seen.allowed_methods();
                CacheBehavior {
                    target_origin_id: seen.target_origin_id().to_owned(),
                    viewer_protocol_policy: seen.viewer_protocol_policy().as_str().to_owned(),
                    allowed_methods: allowed.map_or_else(reads, |allowed| words(allowed.items())),
                    cached_methods: allowed
                        .and_then(|allowed| allowed.cached_methods())
                        .map_or_else(reads, |cached| words(cached.items())),
                    cache_policy_id: id(&seen.cache_policy_id),
                    origin_request_policy_id: id(&seen.origin_request_policy_id),
                    response_headers_policy_id: id(&seen.response_headers_policy_id),
                    compress: seen.compress().unwrap_or_default(),
                    function_associations: read_functions(seen.function_associations()),
                }
            }

            /// Puts what is wished over what there is. A cache policy takes the place of the settings that came before
            /// policies (API reference, CacheBehavior, `ForwardedValues`).
            #[expect(deprecated, reason = "what came before policies must go where a policy comes")]
            fn $write(seen: &mut sdk::$kind, want: &CacheBehavior) -> Result<()> {
                seen.target_origin_id = want.target_origin_id.clone();
                seen.viewer_protocol_policy = want.viewer_protocol_policy.as_str().into();
                seen.allowed_methods = Some(methods(want)?);
                seen.cache_policy_id = filled(&known(&want.cache_policy_id)?);
                seen.origin_request_policy_id = filled(&known(&want.origin_request_policy_id)?);
                seen.response_headers_policy_id = filled(&known(&want.response_headers_policy_id)?);
                seen.compress = Some(want.compress);
                seen.function_associations = Some(write_functions(want)?);
                seen.forwarded_values = None;
                (seen.min_ttl, seen.default_ttl, seen.max_ttl) = (None, None, None);
                Ok(())
            }
        )*
    };
}

behaviours! {
    DefaultCacheBehavior: read, put;
    CacheBehavior: read_of_path, put_of_path;
}

/// AWS allows and caches these where nothing else is said.
fn reads() -> std::collections::BTreeSet<String> {
    ["GET", "HEAD"].map(str::to_owned).into()
}

fn words(methods: &[sdk::Method]) -> std::collections::BTreeSet<String> {
    methods.iter().map(|method| method.as_str().to_owned()).collect()
}

fn methods(want: &CacheBehavior) -> Result<sdk::AllowedMethods> {
    let list = |words: &std::collections::BTreeSet<String>| -> Vec<sdk::Method> {
        words.iter().map(|word| word.as_str().into()).collect()
    };
    let (allowed, cached) = (list(&want.allowed_methods), list(&want.cached_methods));
    let cached = sdk::CachedMethods::builder().quantity(quantity(&cached)).set_items(Some(cached)).build();
    let allowed = sdk::AllowedMethods::builder().quantity(quantity(&allowed)).set_items(Some(allowed));
    allowed.cached_methods(cached.map_err(whole)?).build().map_err(whole)
}

fn read_functions(seen: Option<&sdk::FunctionAssociations>) -> BTreeMap<String, Val<String>> {
    let one = |found: &sdk::FunctionAssociation| (found.event_type().as_str().to_owned(), found.function_arn().into());
    seen.map(|seen| seen.items().iter().map(one).collect()).unwrap_or_default()
}

fn write_functions(want: &CacheBehavior) -> Result<sdk::FunctionAssociations> {
    let one = |(event, arn): (&String, &Val<String>)| {
        let built = sdk::FunctionAssociation::builder().event_type(event.as_str().into()).function_arn(known(arn)?);
        built.build().map_err(whole)
    };
    let items = want.function_associations.iter().map(one).collect::<Result<Vec<_>>>()?;
    let built = sdk::FunctionAssociations::builder().quantity(quantity(&items));
    built.set_items(crate::shared::some(items)).build().map_err(whole)
}

/// What becomes of all that matches no path.
pub(super) fn read_default(seen: Option<&sdk::DefaultCacheBehavior>) -> CacheBehavior {
    seen.map_or_else(|| read(&blank()), read)
}

/// The same as wished, over what there is.
pub(super) fn write_default(
    seen: Option<sdk::DefaultCacheBehavior>,
    want: &CacheBehavior,
) -> Result<sdk::DefaultCacheBehavior> {
    let mut written = seen.unwrap_or_else(blank);
    put(&mut written, want)?;
    Ok(written)
}

fn blank() -> sdk::DefaultCacheBehavior {
    let built = sdk::DefaultCacheBehavior::builder().target_origin_id("");
    built.viewer_protocol_policy("allow-all".into()).build().expect("it has what it must have")
}

/// What becomes of what matches each path, in order.
pub(super) fn read_paths(seen: Option<&sdk::CacheBehaviors>) -> Vec<PathBehavior> {
    let one = |found: &sdk::CacheBehavior| PathBehavior {
        path_pattern: found.path_pattern().to_owned(),
        behavior: read_of_path(found),
    };
    seen.map(|seen| seen.items().iter().map(one).collect()).unwrap_or_default()
}

/// The same as wished, each over what there is for its path.
pub(super) fn write_paths(seen: Option<sdk::CacheBehaviors>, want: &[PathBehavior]) -> Result<sdk::CacheBehaviors> {
    let former = seen.and_then(|seen| seen.items).unwrap_or_default();
    let mut former = super::by(former, |found| found.path_pattern.clone());
    let one = |PathBehavior { path_pattern, behavior }: &PathBehavior| {
        let new = || {
            let built = sdk::CacheBehavior::builder().path_pattern(path_pattern).target_origin_id("");
            built.viewer_protocol_policy("allow-all".into()).build().map_err(whole)
        };
        let mut written = former.remove(path_pattern).map_or_else(new, Ok)?;
        put_of_path(&mut written, behavior)?;
        Ok(written)
    };
    let items = want.iter().map(one).collect::<Result<Vec<_>>>()?;
    let built = sdk::CacheBehaviors::builder().quantity(quantity(&items));
    built.set_items(crate::shared::some(items)).build().map_err(whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloudfront::testing::behaviour;

    #[test]
    fn a_path_keeps_what_terrace_does_not_know_wherever_it_goes_in_the_order() {
        let lambda = sdk::LambdaFunctionAssociations::builder().quantity(1).build().expect("it is whole");
        let other = |path: &str| PathBehavior { path_pattern: path.into(), behavior: behaviour("web") };
        let mut seen = write_paths(None, &[other("/a/*"), other("/b/*")]).expect("it is written");
        let items = seen.items.as_mut().expect("there are two");
        items[1].lambda_function_associations = Some(lambda.clone());
        let wish = [other("/b/*"), other("/new/*")];
        let written = write_paths(Some(seen), &wish).expect("it is written");
        assert_eq!(read_paths(Some(&written)), wish);
        assert_eq!(written.items()[0].lambda_function_associations, Some(lambda));
        assert_eq!((written.quantity(), written.items()[1].lambda_function_associations()), (2, None));
    }

    #[test]
    #[expect(deprecated, reason = "what came before policies is put there to see it go")]
    fn settings_from_before_policies_give_way_to_the_policy() {
        let mut legacy = blank();
        legacy.min_ttl = Some(5);
        legacy.forwarded_values = sdk::ForwardedValues::builder().query_string(true).build().ok();
        assert_eq!(read(&legacy).cache_policy_id, "".into());
        let written = write_default(Some(legacy), &behaviour("web")).expect("it is written");
        assert_eq!((written.min_ttl(), written.forwarded_values()), (None, None));
        assert_eq!(read(&written), behaviour("web"));
    }
}
