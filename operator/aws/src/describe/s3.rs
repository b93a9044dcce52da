//! Buckets of this account, in whatever region.

use terrace_engine::Result;

use super::Existing;
use crate::Clients;
use crate::finder::ListTags;
use crate::s3::{Asked, Head, OwnTags, arn, head, name_in};

/// A bucket by name or ARN; `None` where there is none, or it is another account's.
pub async fn bucket(clients: &Clients, region: &str, name: &str) -> Result<Option<Existing>> {
    let bucket = if name.starts_with("arn:") { name_in(name) } else { Some(name) };
    let Some(bucket) = bucket.filter(|bucket| !bucket.contains('/')) else { return Ok(None) };
    let asked = Asked { client: clients.s3(region), bucket: bucket.to_owned(), account: clients.account().to_owned() };
    let found = match head(&asked, region).await? {
        Head::Here => region.to_owned(),
        Head::Elsewhere(found) => found,
        Head::Absent | Head::Denied => return Ok(None),
    };
    let arn = arn(&found, bucket);
    // Of one that was found in another region it is not known yet whose it is.
    let tags = match OwnTags(clients.clone()).tags(&found, &arn).await {
        Err(error) if found != region && error.reason() == terrace_engine::reason::ACCESS_DENIED => return Ok(None),
        tags => tags?,
    };
    Ok(tags.map(|tags| Existing { arn, tags, region: Some(found), ..Existing::default() }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::s3::testing::{answer, client, refusal};
    use crate::testing::{REGION, clients};
    use aws_sdk_s3::Client;
    use aws_sdk_s3::operation::get_bucket_tagging::GetBucketTaggingOutput;
    use aws_sdk_s3::operation::head_bucket::HeadBucketOutput;
    use aws_sdk_s3::types::Tag;
    use aws_smithy_mocks::{Rule, mock};

    fn tagged() -> Rule {
        mock!(Client::get_bucket_tagging).then_output(|| {
            let tag = Tag::builder().key("terrace.dev/namespace").value("shop").build().expect("it is whole");
            GetBucketTaggingOutput::builder().tag_set(tag).build().expect("it is whole")
        })
    }

    fn says(status: u16, region: &'static str) -> Rule {
        mock!(Client::head_bucket).then_http_response(move || {
            let mut answer = answer(status, "");
            answer.headers_mut().insert("x-amz-bucket-region", region);
            answer
        })
    }

    #[tokio::test]
    async fn a_bucket_is_found_by_name_and_by_arn_with_its_region_and_tags() {
        for name in ["legacy-assets", "arn:aws:s3:::legacy-assets"] {
            let here = mock!(Client::head_bucket)
                .match_requests(|request| request.bucket() == Some("legacy-assets"))
                .then_output(|| HeadBucketOutput::builder().bucket_region(REGION).build());
            let clients = clients().with_client(REGION, client(&[&here, &tagged()]));
            let found = bucket(&clients, REGION, name).await.expect("it is read").expect("it is there");
            assert_eq!((found.arn.as_str(), found.region.as_deref()), ("arn:aws:s3:::legacy-assets", Some(REGION)));
            assert_eq!(found.tags["terrace.dev/namespace"], "shop");
        }
    }

    #[tokio::test]
    async fn one_in_another_region_is_found_there_and_one_of_another_account_nowhere() {
        for (tags, found) in [
            (tagged(), true),
            (mock!(Client::get_bucket_tagging).then_http_response(|| refusal(403, "AccessDenied")), false),
        ] {
            let clients = clients()
                .with_client(REGION, client(&[&says(301, "us-east-1")]))
                .with_client("us-east-1", client(&[&tags]));
            let existing = bucket(&clients, REGION, "far").await.expect("it is read");
            assert_eq!(existing.and_then(|existing| existing.region).as_deref(), found.then_some("us-east-1"));
        }
        for status in [403, 404] {
            let clients = clients().with_client(REGION, client(&[&says(status, REGION)]));
            assert_eq!(bucket(&clients, REGION, "theirs").await, Ok(None));
        }
    }

    #[tokio::test]
    async fn what_is_no_name_of_a_bucket_costs_no_call() {
        let clients = clients().with_client(REGION, client(&[]));
        for name in ["arn:aws:s3:::a/b", "arn:aws:rds:eu-west-1:1:db:a"] {
            assert_eq!(bucket(&clients, REGION, name).await, Ok(None), "{name}");
        }
    }
}
