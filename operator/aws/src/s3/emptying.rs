//! Deletes what is in a bucket: every version and every delete marker, a page of 1,000 at a time.
//!
//! From the S3 API reference: ListObjectVersions and DeleteObjects take 1,000 at once, and DeleteObjects answers 200 whatever
//! became of each; S3 is strongly consistent, so that the first page is always what is left.

use aws_sdk_s3::types::{Delete, EncodingType, Error as Refusal, ObjectIdentifier};
use percent_encoding::percent_decode_str;
use terrace_engine::{Error, Result, reason};

use super::{Asked, GONE, call};
use crate::errors::{absent, by_code, classify};

/// The most of one page.
const PAGE: i32 = 1000;
/// Pages of one try: some seconds' worth, after which everybody else has a turn.
const PAGES: usize = 5;

impl Asked {
    /// Deletes some pages. True where nothing is left.
    ///
    /// # Errors
    /// Why S3 does not delete an object, as one that is locked.
    pub async fn empty(&self) -> Result<bool> {
        for _ in 0..PAGES {
            let page = self.page().await?;
            if page.is_empty() {
                return Ok(true);
            }
            // A document cannot hold them, a URL can.
            let (unwritable, plain): (Vec<_>, Vec<_>) =
                page.into_iter().partition(|object| object.key.chars().any(char::is_control));
            self.delete_all(plain).await?;
            for object in unwritable {
                let request = call!(self, delete_object).key(object.key).set_version_id(object.version_id);
                request.send().await.map_err(classify)?;
            }
        }
        Ok(false)
    }

    /// Up to a thousand versions and delete markers.
    async fn page(&self) -> Result<Vec<ObjectIdentifier>> {
        let request = call!(self, list_object_versions).max_keys(PAGE).encoding_type(EncodingType::Url);
        // One that is gone holds nothing.
        let Some(page) = absent(request.send().await, GONE)? else { return Ok(Vec::new()) };
        let encoded = page.encoding_type == Some(EncodingType::Url);
        let versions = page.versions.unwrap_or_default().into_iter().map(|each| (each.key, each.version_id));
        let markers = page.delete_markers.unwrap_or_default().into_iter().map(|each| (each.key, each.version_id));
        let identify = |(key, version): (Option<String>, Option<String>)| {
            let key = key.unwrap_or_default();
            let key = if encoded { decoded(&key)? } else { key };
            ObjectIdentifier::builder().key(key).set_version_id(version).build().map_err(Error::invalid)
        };
        versions.chain(markers).map(identify).collect()
    }

    async fn delete_all(&self, objects: Vec<ObjectIdentifier>) -> Result<()> {
        if objects.is_empty() {
            return Ok(());
        }
        let all = Delete::builder().set_objects(Some(objects)).quiet(true).build().map_err(Error::invalid)?;
        let answer = call!(self, delete_objects).delete(all).send().await.map_err(classify)?;
        match answer.errors.unwrap_or_default().iter().map(|refusal| self.refused(refusal)).min_by_key(rank) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// Which objects they are changes from try to try, and is not told.
    fn refused(&self, refusal: &Refusal) -> Error {
        let (code, message) = (refusal.code().unwrap_or_default(), refusal.message().unwrap_or_default());
        match by_code(code, message, 200) {
            Error::Blocked { message, .. } => Error::blocked(
                reason::NOT_EMPTY,
                format!("bucket {} cannot be emptied, S3 does not delete some of its objects: {message}", self.bucket),
            ),
            error => error,
        }
    }
}

/// What a person must mend is told before what passes; of several, always the same.
fn rank(error: &Error) -> (bool, String) {
    (!error.is_stalled(), error.to_string())
}

/// A name as S3 encodes it for a URL, in which a plus stands for a space.
fn decoded(key: &str) -> Result<String> {
    let key = key.replace('+', " ");
    percent_decode_str(&key).decode_utf8().map(Into::into).map_err(Error::retry)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::s3::testing::{asked, refusal};
    use aws_sdk_s3::Client;
    use aws_sdk_s3::operation::delete_object::DeleteObjectOutput;
    use aws_sdk_s3::operation::delete_objects::DeleteObjectsOutput;
    use aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput;
    use aws_sdk_s3::types::{DeleteMarkerEntry, ObjectVersion};
    use aws_smithy_mocks::{Rule, mock};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// So many pages, each with a version and a delete marker.
    fn pages(count: usize, key: &'static str) -> Rule {
        let left = Arc::new(AtomicUsize::new(count));
        mock!(Client::list_object_versions).then_output(move || {
            let output = ListObjectVersionsOutput::builder().encoding_type(EncodingType::Url);
            if left.load(Ordering::Relaxed) == 0 {
                return output.build();
            }
            left.fetch_sub(1, Ordering::Relaxed);
            output
                .versions(ObjectVersion::builder().key(key).version_id("v1").build())
                .delete_markers(DeleteMarkerEntry::builder().key(key).version_id("v2").build())
                .build()
        })
    }

    fn deleted() -> Rule {
        mock!(Client::delete_objects)
            .match_requests(|request| {
                let all = request.delete().expect("there are some").objects();
                let versions: Vec<_> = all.iter().filter_map(|one| one.version_id()).collect();
                versions == ["v1", "v2"] && all.iter().all(|one| one.key() == "a b+c/ä")
            })
            .then_output(|| DeleteObjectsOutput::builder().build())
    }

    #[tokio::test]
    async fn every_version_and_marker_goes_some_pages_at_a_time() {
        for (count, done, calls) in [(0, true, 0), (PAGES - 1, true, PAGES - 1), (PAGES + 3, false, PAGES)] {
            let (list, delete) = (pages(count, "a+b%2Bc/%C3%A4"), deleted());
            assert_eq!(asked(&[&list, &delete]).empty().await, Ok(done), "{count}");
            assert_eq!(delete.num_calls(), calls);
        }
    }

    #[tokio::test]
    async fn a_bucket_that_is_gone_holds_nothing() {
        let gone = mock!(Client::list_object_versions).then_http_response(|| refusal(404, "NoSuchBucket"));
        assert_eq!(asked(&[&gone]).empty().await, Ok(true));
    }

    #[tokio::test]
    async fn a_name_that_no_document_can_hold_is_deleted_by_itself() {
        let one = mock!(Client::delete_object)
            .match_requests(|request| request.key() == Some("bell\u{7}"))
            .then_output(|| DeleteObjectOutput::builder().build());
        assert_eq!(asked(&[&pages(1, "bell%07"), &one]).empty().await, Ok(true));
        assert_eq!(one.num_calls(), 2);
    }

    #[tokio::test]
    async fn what_is_locked_is_told_in_a_sentence_that_stays_the_same() {
        let refusal = |code: &str, message: &str, key: &str| {
            Refusal::builder().code(code).message(message).key(key).version_id(key).build()
        };
        let refused = mock!(Client::delete_objects).then_output(move || {
            DeleteObjectsOutput::builder()
                .errors(refusal("InternalError", "again", "a"))
                .errors(refusal("AccessDenied", "Access Denied because object protected by object lock.", "b"))
                .build()
        });
        let error = asked(&[&pages(1, "a"), &refused]).empty().await.expect_err("it is locked");
        assert_eq!(
            error.to_string(),
            "bucket assets cannot be emptied, S3 does not delete some of its objects: Access Denied because object protected by object lock. (AccessDenied)"
        );
        assert_eq!((error.reason(), error.is_stalled()), (reason::NOT_EMPTY, true));
    }
}
