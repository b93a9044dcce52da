//! Policies that AWS manages, by id: the same in every account.
//!
//! Developer guide, "Use managed cache policies", "Use managed origin request policies", "Use managed response headers
//! policies".

/// Nothing is cached.
pub const CACHING_DISABLED: &str = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad";
/// The key is the path; a day unless the origin says otherwise; compressed by gzip and Brotli.
pub const CACHING_OPTIMIZED: &str = "658327ea-f89d-4fab-a63d-7e88639e58f6";
/// As [`CACHING_OPTIMIZED`], without compression.
pub const CACHING_OPTIMIZED_FOR_UNCOMPRESSED_OBJECTS: &str = "b2884449-e4de-46a7-ac36-70bc7f1ddd6d";
/// What the origin says by `Cache-Control`; cookies and the host are part of the key, query strings are not.
pub const USE_ORIGIN_CACHE_CONTROL_HEADERS: &str = "83da9c7e-98b4-4e11-a168-04f0df8e2c65";
/// As [`USE_ORIGIN_CACHE_CONTROL_HEADERS`], with query strings.
pub const USE_ORIGIN_CACHE_CONTROL_HEADERS_QUERY_STRINGS: &str = "4cc15a8a-d715-48a4-82b8-cc0b614638fe";

/// The origin sees all that the viewer sent.
pub const ALL_VIEWER: &str = "216adef6-5c7f-47e4-b989-5492eafa07d3";
/// The same but the `Host`: for origins that know themselves by their own name only.
pub const ALL_VIEWER_EXCEPT_HOST_HEADER: &str = "b689b0a8-53d0-40ab-baf2-68738e2966ac";
/// All that the viewer sent, and what CloudFront knows of the viewer (`AllViewerAndCloudFrontHeaders-2022-06`).
pub const ALL_VIEWER_AND_CLOUDFRONT_HEADERS: &str = "33f36d7e-f396-46d9-90e0-52428a34d9dc";
/// What a bucket needs to answer by CORS (`CORS-S3Origin`).
pub const CORS_S3_ORIGIN: &str = "88a5eaf4-2fd4-4709-b370-b4c650ea3fcf";
/// What a server needs to answer by CORS (`CORS-CustomOrigin`).
pub const CORS_CUSTOM_ORIGIN: &str = "59781a5b-3903-41f3-afcb-af62929ccde1";
/// `User-Agent` and `Referer`.
pub const USER_AGENT_REFERER_HEADERS: &str = "acba4595-bd28-49b8-b9fe-13317c0390fa";

/// Strict-Transport-Security and its like.
pub const SECURITY_HEADERS: &str = "67f7725c-6f97-4210-82d7-5512b31e9d03";
/// Every origin may read (`SimpleCORS`).
pub const SIMPLE_CORS: &str = "60669652-455b-4ae9-85a4-c4c02393f86c";
/// Every origin may do all (`CORS-With-Preflight`).
pub const CORS_WITH_PREFLIGHT: &str = "5cc3b908-e619-4b99-88e5-2cf7f45965bd";
/// [`SIMPLE_CORS`] and [`SECURITY_HEADERS`].
pub const CORS_AND_SECURITY_HEADERS: &str = "e61eb60c-9c35-4d20-a928-2b84e02af89c";
/// [`CORS_WITH_PREFLIGHT`] and [`SECURITY_HEADERS`].
pub const CORS_WITH_PREFLIGHT_AND_SECURITY_HEADERS: &str = "eaab4381-ed33-4a86-88ca-d9558dc6cd63";
