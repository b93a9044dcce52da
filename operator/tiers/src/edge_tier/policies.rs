//! Cache policies and origin request policies: AWS's own where they say what is wished, else one of the object's.
//!
//! An account has room for 20 of each (CloudFront Developer Guide, "Quotas on policies"): routes that wish the same share
//! one. What is in a policy is its logical id. So an edit makes another one, to which the distribution moves in a single
//! update, and a route that shared the old one is not changed with it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use terrace_crds::EdgeTierSpec;
use terrace_crds::edge_tier::{
    AllOrNone, CachePolicy, CacheWord, Compression, Names, OriginRequest, OriginRequestWord, Route,
};
use terrace_crds::word_or::WordOr;
use terrace_model::aws::Tags;
use terrace_model::aws::cloudfront::{self, Selection, managed};
use terrace_model::identity::{canonical, short_hash};
use terrace_model::{Resource, Val};

use super::design::{Manner, manner};
use crate::draft::Draft;

/// What a year has.
const LONGEST_TTL: u32 = 31_536_000;
const DAY: u32 = 86_400;

/// The policies of one object, each made once.
#[derive(Default)]
pub(super) struct Policies {
    ids: BTreeMap<String, Val<String>>,
}

impl Policies {
    /// The id of a policy, which is added if it is not there yet.
    pub fn id<R: Resource>(
        &mut self,
        draft: &mut Draft,
        prefix: &str,
        want: R,
        out: terrace_model::Out<R, String>,
    ) -> Val<String> {
        let id = format!("{prefix}-{}", short_hash(&[&canonical(&json!(want))]));
        if let Some(known) = self.ids.get(&id) {
            return known.clone();
        }
        let known = draft.add(&id, want).out(out);
        self.ids.insert(id, known.clone());
        known
    }
}

/// How a route caches: as it says, or as its origin is best served.
pub(super) fn caching(spec: &EdgeTierSpec, route: &Route) -> WordOr<CacheWord, CachePolicy> {
    let usual = match manner(spec, &route.origin) {
        Manner::Bucket => CacheWord::Optimized,
        Manner::App | Manner::Host => CacheWord::Disabled,
    };
    route.cache.clone().unwrap_or(WordOr::Word(usual))
}

/// The id of the cache policy of a route.
pub(super) fn cache(draft: &mut Draft, policies: &mut Policies, spec: &EdgeTierSpec, route: &Route) -> Val<String> {
    let compressed = route.compression == Compression::Automatic;
    match caching(spec, route) {
        WordOr::Word(CacheWord::Disabled) => managed::CACHING_DISABLED.into(),
        WordOr::Word(CacheWord::Optimized) if compressed => managed::CACHING_OPTIMIZED.into(),
        WordOr::Word(CacheWord::Optimized) => managed::CACHING_OPTIMIZED_FOR_UNCOMPRESSED_OBJECTS.into(),
        WordOr::Word(CacheWord::OriginControlled) => managed::USE_ORIGIN_CACHE_CONTROL_HEADERS_QUERY_STRINGS.into(),
        WordOr::More(policy) => {
            let want = cache_policy(&policy, compressed);
            policies.id(draft, "cache", want, cloudfront::CachePolicy::ID)
        }
    }
}

/// Least, usual and longest time to live.
pub(super) fn ttl(policy: &CachePolicy) -> (u32, u32, u32) {
    let least = policy.min_ttl_seconds.unwrap_or(0);
    let longest = policy.max_ttl_seconds.unwrap_or(LONGEST_TTL);
    (least, policy.default_ttl_seconds.unwrap_or(DAY.min(longest).max(least)), longest)
}

/// Where nothing may be kept, the key is empty, and nothing is compressed (API reference, CachePolicyConfig).
fn cache_policy(policy: &CachePolicy, compressed: bool) -> cloudfront::CachePolicy {
    let keys = policy.keys.clone().unwrap_or_default();
    let (least, usual, longest) = ttl(policy);
    cloudfront::CachePolicy {
        min_ttl: least.into(),
        default_ttl: usual.into(),
        max_ttl: longest.into(),
        enable_accept_encoding_gzip: compressed && longest > 0,
        enable_accept_encoding_brotli: compressed && longest > 0,
        headers: Selection::only(keys.headers.map(lower).unwrap_or_default()),
        cookies: selection(keys.cookies),
        query_strings: selection(keys.query_strings),
        tags: Tags::new(),
    }
}

fn lower(names: Names) -> BTreeSet<String> {
    names.0.iter().map(|name| name.to_lowercase()).collect()
}

fn selection(said: Option<WordOr<AllOrNone, Names>>) -> Selection {
    match said {
        Some(WordOr::Word(AllOrNone::All)) => Selection::all(),
        Some(WordOr::More(names)) => Selection::only(names.0),
        Some(WordOr::Word(AllOrNone::None)) | None => Selection::none(),
    }
}

/// The id of the origin request policy of a route; empty for none.
pub(super) fn origin_request(
    draft: &mut Draft,
    policies: &mut Policies,
    spec: &EdgeTierSpec,
    route: &Route,
) -> Val<String> {
    match passed_on(spec, route) {
        WordOr::Word(OriginRequestWord::All) => managed::ALL_VIEWER.into(),
        WordOr::Word(OriginRequestWord::AllExceptHost) => managed::ALL_VIEWER_EXCEPT_HOST_HEADER.into(),
        WordOr::Word(OriginRequestWord::None) => "".into(),
        WordOr::More(request) if request == OriginRequest::default() => "".into(),
        WordOr::More(request) => {
            let want = cloudfront::OriginRequestPolicy {
                headers: match request.headers {
                    Some(WordOr::Word(AllOrNone::All)) => Selection::of("allViewer"),
                    Some(WordOr::More(names)) => Selection::only(lower(names)),
                    Some(WordOr::Word(AllOrNone::None)) | None => Selection::none(),
                },
                cookies: selection(request.cookies),
                query_strings: selection(request.query_strings),
                tags: Tags::new(),
            };
            policies.id(draft, "origin-request", want, cloudfront::OriginRequestPolicy::ID)
        }
    }
}

/// What the origin sees: as the route says; else all that it can use where nothing is cached, and nothing that is not in
/// the key where something is, since one viewer's answer must not become another's.
fn passed_on(spec: &EdgeTierSpec, route: &Route) -> WordOr<OriginRequestWord, OriginRequest> {
    let uncached = caching(spec, route) == WordOr::Word(CacheWord::Disabled);
    let usual = match manner(spec, &route.origin) {
        Manner::App if uncached => OriginRequestWord::All,
        Manner::Host if uncached => OriginRequestWord::AllExceptHost,
        Manner::App | Manner::Host | Manner::Bucket => OriginRequestWord::None,
    };
    route.origin_request.clone().unwrap_or(WordOr::Word(usual))
}
