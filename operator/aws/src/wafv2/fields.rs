//! The part of a request that a statement looks at, as AWS has it and as we do.

use aws_sdk_wafv2::types as sdk;
use terrace_engine::{Error, Result};
use terrace_model::aws::wafv2::FieldToMatch;

use super::whole;

/// What is looked at; of what Terrace does not make, the SDK's own words.
pub(super) fn read(seen: &sdk::FieldToMatch) -> FieldToMatch {
    if let Some(header) = seen.single_header() {
        return FieldToMatch::SingleHeader(header.name().to_lowercase());
    }
    if let Some(argument) = seen.single_query_argument() {
        return FieldToMatch::SingleQueryArgument(argument.name().to_lowercase());
    }
    let plain = [
        (seen.uri_path().is_some(), FieldToMatch::UriPath),
        (seen.query_string().is_some(), FieldToMatch::QueryString),
        (seen.method().is_some(), FieldToMatch::Method),
        (seen.all_query_arguments().is_some(), FieldToMatch::AllQueryArguments),
    ];
    let found = plain.into_iter().find(|(there, _)| *there).map(|(_, field)| field);
    found.unwrap_or_else(|| FieldToMatch::Other(format!("{seen:?}")))
}

/// The same, as AWS takes it.
pub(super) fn write(want: &FieldToMatch) -> Result<sdk::FieldToMatch> {
    let built = sdk::FieldToMatch::builder();
    Ok(match want {
        FieldToMatch::UriPath => built.uri_path(sdk::UriPath::builder().build()),
        FieldToMatch::QueryString => built.query_string(sdk::QueryString::builder().build()),
        FieldToMatch::Method => built.method(sdk::Method::builder().build()),
        FieldToMatch::AllQueryArguments => built.all_query_arguments(sdk::AllQueryArguments::builder().build()),
        FieldToMatch::SingleHeader(name) => {
            built.single_header(sdk::SingleHeader::builder().name(name).build().map_err(whole)?)
        }
        FieldToMatch::SingleQueryArgument(name) => {
            built.single_query_argument(sdk::SingleQueryArgument::builder().name(name).build().map_err(whole)?)
        }
        FieldToMatch::Other(other) => return Err(Error::invalid(format!("{other} cannot be wished"))),
    }
    .build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_reads_back_and_a_strange_one_is_seen_but_never_made() {
        for field in [
            FieldToMatch::UriPath,
            FieldToMatch::QueryString,
            FieldToMatch::Method,
            FieldToMatch::AllQueryArguments,
            FieldToMatch::SingleHeader("x-bot".into()),
            FieldToMatch::SingleQueryArgument("debug".into()),
        ] {
            assert_eq!(read(&write(&field).expect("it is written")), field);
        }
        let strange = sdk::FieldToMatch::builder().body(sdk::Body::builder().build()).build();
        let seen = read(&strange);
        assert!(matches!(seen, FieldToMatch::Other(_)));
        assert!(write(&seen).is_err());
    }
}
