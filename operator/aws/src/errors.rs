//! AWS's errors, by what is to be done about them: one table of codes for all services.
//!
//! The texts are AWS's own, without request ids and whatever else changes from try to try: they stand in conditions.

use std::error::Error as StdError;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::{DispatchFailure, SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use terrace_engine::{Error, Result, reason};

/// Codes that say "slower" (`aws_runtime::retries::classifiers::THROTTLING_ERRORS`, without those that are a quota in
/// some services: see [`is_throttle`]).
const THROTTLES: &[&str] = &[
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottledException",
    "RequestThrottled",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "BandwidthLimitExceeded",
    "SlowDown",
    "EC2ThrottledException",
    "APICallRateForCustomerExceeded",
];

/// Codes that say "try again", whatever their HTTP status.
const PASSING: &[&str] = &[
    "RequestTimeout",
    "RequestTimeoutException",
    "InternalFailure",
    "InternalError",
    "InternalServiceError",
    "InternalServiceFault",
    "ServiceUnavailable",
    "Unavailable",
    "ConcurrentModification",
    "OperationAborted",
    "ConcurrentModificationException",
    "ConcurrentUpdateException",
    "InsufficientDBInstanceCapacity",
    "InsufficientStorageClusterCapacity",
    "InsufficientDBClusterCapacityFault",
];

const DENIED: &[&str] = &[
    "AccessDenied",
    "AccessDeniedException",
    "UnauthorizedOperation",
    "AuthFailure",
    "AuthorizationError",
    "NotAuthorized",
    "ExpiredToken",
    "ExpiredTokenException",
    "RequestExpired",
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "SignatureDoesNotMatch",
    "InvalidSignatureException",
    "IncompleteSignature",
    "MissingAuthenticationToken",
    "OptInRequired",
    "KMSKeyNotAccessibleFault",
];

/// Account quotas that are not called `…QuotaExceeded`. IAM, KMS, Secrets Manager and Application Auto Scaling mean a
/// quota by `LimitExceeded`; API Gateway means a rate, and says so by HTTP status 429.
const QUOTAS: &[&str] = &[
    "LimitExceeded",
    "LimitExceededException",
    "ResourceLimitExceededException",
    "ResourceLimitExceeded",
    "TooManyBuckets",
    "SecurityGroupLimitExceeded",
    "RulesPerSecurityGroupLimitExceeded",
    "SecurityGroupsPerInterfaceLimitExceeded",
    "TooManyHealthChecks",
    "TooManyHostedZones",
];

/// AWS is still at work on an earlier request, and takes no other until it is done.
const UNFINISHED: &[&str] = &["PriorRequestNotComplete", "RequestInProgressException"];

const IN_USE: &[&str] = &["DependencyViolation", "DeleteConflict", "ResourceInUse", "ResourceInUseException"];

/// Codes with "Invalid" and "State" in them that do not pass by themselves.
const NO_PASSING_STATE: &[&str] = &["InvalidVPCNetworkStateFault", "KMSInvalidStateException", "InvalidBucketState"];

/// What is not there yet, or not any more: it was there when somebody looked.
const NOT_THERE: &[&str] = &["NoSuchBucket"];

const INVALID: &[&str] = &[
    "InvalidArgsException",
    "InvalidArnException",
    "InvalidChangeBatch",
    "InvalidDomainName",
    "InvalidDomainValidationOptionsException",
    "InvalidTagException",
    "TooManyTagsException",
    "ValidationError",
    "ValidationException",
    "InvalidInput",
    "InvalidRequestException",
    "MalformedPolicyDocument",
    "MalformedPolicyDocumentException",
    "MalformedPolicy",
    "MalformedXML",
    "InvalidArgument",
    "InvalidBucketName",
    "InvalidRequest",
    "InvalidTag",
    "InvalidTargetBucketForLogging",
    "IllegalLocationConstraintException",
    "MissingParameter",
    "StorageTypeNotSupported",
    "StorageTypeNotAvailableFault",
    "ProvisionedIopsNotAvailableInAZFault",
    "DBSubnetGroupDoesNotCoverEnoughAZs",
    "NetworkTypeNotSupported",
    "CertificateNotFound",
    "UnsupportedDBEngineVersion",
];

/// True for an answer that says "slower".
pub fn is_throttle(code: &str, status: u16) -> bool {
    status == 429 || THROTTLES.contains(&code)
}

/// AWS's error code, where the service answered.
pub fn code<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Option<&str> {
    error.as_service_error().and_then(ProvideErrorMetadata::code)
}

/// What is to be done about an error of the SDK.
pub fn classify<E>(error: SdkError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
{
    match &error {
        SdkError::ServiceError(answer) => {
            let status = answer.raw().status().as_u16();
            let (code, message) = (answer.err().code().unwrap_or_default(), answer.err().message());
            if code.is_empty() && status < 300 {
                return unreadable(status);
            }
            by_code(code, message.unwrap_or_default(), status)
        }
        SdkError::ConstructionFailure(_) => Error::invalid(root(&error)),
        SdkError::TimeoutError(_) => Error::retry("AWS did not answer in time"),
        SdkError::DispatchFailure(failure) => credentials(&error).unwrap_or_else(|| unreachable_aws(failure)),
        SdkError::ResponseError(answer) => unreadable(answer.raw().status().as_u16()),
        _ => Error::retry("the call to AWS failed"),
    }
}

/// What was asked may have been done, and what was answered is not what the SDK knows.
fn unreadable(status: u16) -> Error {
    Error::retry(format!("AWS's answer could not be read (HTTP {status})"))
}

fn unreachable_aws(failure: &DispatchFailure) -> Error {
    Error::retry(if failure.is_timeout() { "AWS did not answer in time" } else { "AWS cannot be reached" })
}

/// What is to be done about an answer of AWS.
pub fn by_code(code: &str, message: &str, status: u16) -> Error {
    let text = text(code, message);
    let says = |words: &str| code.contains(words);
    let has = |codes: &[&str]| codes.contains(&code);
    if is_throttle(code, status) || has(PASSING) || status >= 500 {
        return Error::retry(text);
    }
    if has(DENIED) {
        return Error::blocked(reason::ACCESS_DENIED, text);
    }
    if has(QUOTAS) || says("QuotaExceeded") {
        return Error::blocked(reason::QUOTA, text);
    }
    if has(UNFINISHED) {
        return Error::wait(reason::NOT_READY, text);
    }
    if has(IN_USE) || says("InUse") {
        return Error::wait(reason::IN_USE, text);
    }
    if has(NOT_THERE) {
        return Error::wait(reason::NOT_READY, text);
    }
    if says("AlreadyExists") || says("ResourceExists") || code.ends_with(".Duplicate") {
        return Error::wait(reason::ALREADY_EXISTS, text);
    }
    if says("Invalid") && says("State") && !has(NO_PASSING_STATE) {
        let in_use = message.contains("in use") || message.contains("being used");
        return Error::wait(if in_use { reason::IN_USE } else { reason::NOT_READY }, text);
    }
    if has(INVALID) || code.starts_with("InvalidParameter") {
        return Error::invalid(text);
    }
    Error::blocked(reason::FAILED, text)
}

/// AWS's words. What EC2 appends to a refusal is encoded anew for each call.
fn text(code: &str, message: &str) -> String {
    let message = message.split("Encoded authorization failure message").next().unwrap_or_default().trim();
    match (code, message) {
        ("", "") => "AWS gave no reason".to_owned(),
        (code, "") => code.to_owned(),
        ("", message) => message.to_owned(),
        (code, message) => format!("{message} ({code})"),
    }
}

fn chain<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}

/// The innermost of an error's causes, which is the one that says what happened.
fn root(error: &(dyn StdError + 'static)) -> String {
    chain(error).last().map(ToString::to_string).unwrap_or_default()
}

/// The call was never sent, since there are no credentials to sign it with.
fn credentials(error: &(dyn StdError + 'static)) -> Option<Error> {
    let failed = chain(error).find_map(|cause| cause.downcast_ref::<CredentialsError>())?;
    if let Some(refused) = chain(failed).find_map(|cause| cause.downcast_ref::<AssumeRoleError>()) {
        let said = text(refused.code().unwrap_or_default(), refused.message().unwrap_or_default());
        return Some(match by_code(refused.code().unwrap_or_default(), &said, 400) {
            Error::Retry { .. } => Error::retry(format!("the role cannot be assumed: {said}")),
            _ => Error::blocked(reason::ACCESS_DENIED, format!("the role cannot be assumed: {said}")),
        });
    }
    Some(match failed {
        CredentialsError::CredentialsNotLoaded(_) | CredentialsError::InvalidConfiguration(_) => {
            Error::blocked(reason::ACCESS_DENIED, "no AWS credentials were found for the operator")
        }
        _ => Error::retry("the AWS credentials could not be fetched"),
    })
}

/// `None` where AWS says by one of these codes that it is not there.
///
/// # Errors
/// All other errors, classified.
pub fn absent<T, E>(result: std::result::Result<T, SdkError<E, HttpResponse>>, codes: &[&str]) -> Result<Option<T>>
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
{
    match result {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if code(&error).is_some_and(|code| codes.contains(&code)) => Ok(None),
        Err(error) => Err(classify(error)),
    }
}

/// Fine where AWS says by one of these codes that it is so already.
///
/// # Errors
/// All other errors, classified.
pub fn already<T, E>(result: std::result::Result<T, SdkError<E, HttpResponse>>, codes: &[&str]) -> Result<()>
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
{
    absent(result, codes).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_smithy_runtime_api::client::result::ConnectorError;

    #[test]
    fn each_code_has_its_category() {
        for (code, message, status, expected) in [
            ("Throttling", "Rate exceeded", 400, reason::RETRYING),
            ("LimitExceededException", "Rate", 429, reason::RETRYING),
            ("InternalFailure", "", 500, reason::RETRYING),
            ("NoSuchThing", "", 503, reason::RETRYING),
            ("AccessDenied", "no", 403, reason::ACCESS_DENIED),
            ("UnauthorizedOperation", "no", 403, reason::ACCESS_DENIED),
            ("LimitExceeded", "Cannot exceed quota for RolesPerAccount: 1000", 409, reason::QUOTA),
            ("InstanceQuotaExceeded", "", 400, reason::QUOTA),
            ("DBClusterQuotaExceededFault", "", 403, reason::QUOTA),
            ("TooManyHostedZones", "", 400, reason::QUOTA),
            ("PriorRequestNotComplete", "", 400, reason::NOT_READY),
            ("InvalidChangeBatch", "", 400, reason::INVALID),
            ("ResourceInUseException", "", 400, reason::IN_USE),
            ("DependencyViolation", "", 400, reason::IN_USE),
            ("InvalidDBParameterGroupState", "One or more database instances are still in use", 400, reason::IN_USE),
            ("InvalidDBInstanceState", "Database instance is not in available state.", 400, reason::NOT_READY),
            ("InvalidVPCNetworkStateFault", "", 400, reason::FAILED),
            ("InvalidBucketState", "", 409, reason::FAILED),
            ("OperationAborted", "", 409, reason::RETRYING),
            ("NoSuchBucket", "", 404, reason::NOT_READY),
            ("MalformedXML", "", 400, reason::INVALID),
            ("DBInstanceAlreadyExists", "", 400, reason::ALREADY_EXISTS),
            ("HostedZoneAlreadyExists", "", 409, reason::ALREADY_EXISTS),
            ("HealthCheckAlreadyExists", "", 409, reason::ALREADY_EXISTS),
            ("InvalidPermission.Duplicate", "", 400, reason::ALREADY_EXISTS),
            ("InvalidParameterCombination", "", 400, reason::INVALID),
            ("SomethingNew", "", 400, reason::FAILED),
        ] {
            assert_eq!(by_code(code, message, status).reason(), expected, "{code} {status}");
        }
    }

    #[test]
    fn texts_are_those_of_aws_and_the_same_at_every_try() {
        let message = "You are not authorized to perform this operation. Encoded authorization failure message: 4Jx";
        let error = by_code("UnauthorizedOperation", message, 403);
        assert_eq!(error.to_string(), "You are not authorized to perform this operation. (UnauthorizedOperation)");
        assert_eq!(by_code("X", "", 400).to_string(), "X");
    }

    #[test]
    fn without_credentials_or_connection_nothing_was_sent() {
        let failure = |source: CredentialsError| {
            let failure = ConnectorError::other(source.into(), None);
            classify(SdkError::<AssumeRoleError, HttpResponse>::dispatch_failure(failure))
        };
        assert_eq!(failure(CredentialsError::not_loaded_no_source()).reason(), reason::ACCESS_DENIED);
        assert_eq!(failure(CredentialsError::unhandled("imds")).reason(), reason::RETRYING);
        let refused = AssumeRoleError::generic(
            aws_smithy_types::error::ErrorMetadata::builder().code("AccessDenied").message("not you").build(),
        );
        let error = failure(CredentialsError::provider_error(refused));
        assert_eq!(error.to_string(), "the role cannot be assumed: not you (AccessDenied)");
        assert!(error.is_stalled());
        let reset = SdkError::<AssumeRoleError, HttpResponse>::dispatch_failure(ConnectorError::io("reset".into()));
        assert_eq!(classify(reset).to_string(), "AWS cannot be reached");
    }
}
