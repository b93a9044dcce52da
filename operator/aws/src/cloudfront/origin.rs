//! Origins and origin groups, as AWS has them and as we do.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudfront::types as sdk;
use terrace_engine::{Error, Result};
use terrace_model::Val;
use terrace_model::aws::cloudfront::{CustomOrigin, Origin, OriginGroup, OriginType, Port, ProtocolPolicy};

use super::{by, quantity, whole};
use crate::shared::{known, some};

/// Seconds and tries that AWS takes where nothing is said (API reference, Origin, CustomOriginConfig).
const ATTEMPTS: i32 = 3;
const CONNECT: i32 = 10;
pub(super) const READ: i32 = 30;
pub(super) const KEEPALIVE: i32 = 5;

fn text(seen: Option<&str>) -> Val<String> {
    seen.unwrap_or_default().into()
}

/// All origins, by id.
pub(super) fn read_all(seen: Option<&sdk::Origins>) -> BTreeMap<String, Origin> {
    let all = seen.map(sdk::Origins::items).unwrap_or_default();
    all.iter().map(|origin| (origin.id().to_owned(), read(origin))).collect()
}

fn read(seen: &sdk::Origin) -> Origin {
    let headers = seen.custom_headers().map(sdk::CustomHeaders::items).unwrap_or_default();
    let shield = seen.origin_shield().filter(|shield| shield.enabled());
    Origin {
        domain_name: seen.domain_name().into(),
        origin_path: seen.origin_path().unwrap_or_default().to_owned(),
        custom_headers: headers.iter().map(|h| (h.header_name().to_owned(), h.header_value().into())).collect(),
        connection_attempts: seen.connection_attempts().unwrap_or(ATTEMPTS),
        connection_timeout: seen.connection_timeout().unwrap_or(CONNECT),
        origin_shield_region: shield.and_then(|shield| shield.origin_shield_region()).unwrap_or_default().to_owned(),
        origin: read_type(seen),
    }
}

fn read_type(seen: &sdk::Origin) -> OriginType {
    if let Some(vpc) = seen.vpc_origin_config() {
        return OriginType::Vpc {
            vpc_origin_id: vpc.vpc_origin_id().into(),
            origin_read_timeout: vpc.origin_read_timeout().unwrap_or(READ),
            origin_keepalive_timeout: vpc.origin_keepalive_timeout().unwrap_or(KEEPALIVE),
        };
    }
    match seen.custom_origin_config() {
        Some(custom) => OriginType::Custom(CustomOrigin {
            http_port: Port(custom.http_port()).into(),
            https_port: Port(custom.https_port()).into(),
            origin_protocol_policy: policy(custom.origin_protocol_policy()).into(),
            origin_ssl_protocols: protocols(custom.origin_ssl_protocols()),
            origin_read_timeout: custom.origin_read_timeout().unwrap_or(READ),
            origin_keepalive_timeout: custom.origin_keepalive_timeout().unwrap_or(KEEPALIVE),
        }),
        None => OriginType::S3 { origin_access_control_id: text(seen.origin_access_control_id()) },
    }
}

/// AWS's word, as ours.
pub(super) fn policy(seen: &sdk::OriginProtocolPolicy) -> ProtocolPolicy {
    match seen {
        sdk::OriginProtocolPolicy::HttpOnly => ProtocolPolicy::HttpOnly,
        sdk::OriginProtocolPolicy::HttpsOnly => ProtocolPolicy::HttpsOnly,
        _ => ProtocolPolicy::MatchViewer,
    }
}

/// The TLS versions that an origin is spoken to by.
pub(super) fn protocols(seen: Option<&sdk::OriginSslProtocols>) -> BTreeSet<String> {
    let all = seen.map(sdk::OriginSslProtocols::items).unwrap_or_default();
    all.iter().map(|protocol| protocol.as_str().to_owned()).collect()
}

/// The same, as AWS takes them; none where there are none.
pub(super) fn write_protocols(want: &BTreeSet<String>) -> Result<Option<sdk::OriginSslProtocols>> {
    let items: Vec<sdk::SslProtocol> = want.iter().map(|protocol| protocol.as_str().into()).collect();
    let build = |items: Vec<sdk::SslProtocol>| {
        let built = sdk::OriginSslProtocols::builder().quantity(quantity(&items)).set_items(Some(items));
        built.build().map_err(whole)
    };
    some(items).map(build).transpose()
}

/// A port or a policy that is known by now.
pub(super) fn given<T: Copy>(value: &Val<T>) -> Result<T> {
    value.get().copied().map_err(Error::invalid)
}

/// All origins as wished, each over what there is of its id.
pub(super) fn write_all(seen: Option<sdk::Origins>, want: &BTreeMap<String, Origin>) -> Result<sdk::Origins> {
    let mut former = by(seen.map(|seen| seen.items).unwrap_or_default(), |origin| origin.id.clone());
    let one = |(id, want): (&String, &Origin)| {
        let new = || sdk::Origin::builder().id(id).domain_name("").build().map_err(whole);
        let mut written = former.remove(id).map_or_else(new, Ok)?;
        put(&mut written, want)?;
        Ok(written)
    };
    let items = want.iter().map(one).collect::<Result<Vec<_>>>()?;
    sdk::Origins::builder().quantity(quantity(&items)).set_items(Some(items)).build().map_err(whole)
}

fn put(seen: &mut sdk::Origin, want: &Origin) -> Result<()> {
    seen.domain_name = known(&want.domain_name)?;
    seen.origin_path = Some(want.origin_path.clone());
    seen.custom_headers = Some(headers(&want.custom_headers)?);
    seen.connection_attempts = Some(want.connection_attempts);
    seen.connection_timeout = Some(want.connection_timeout);
    if let Some(region) = super::filled(&want.origin_shield_region) {
        let shield = sdk::OriginShield::builder().enabled(true).origin_shield_region(region).build();
        seen.origin_shield = Some(shield.map_err(whole)?);
    } else if seen.origin_shield.is_some() {
        seen.origin_shield = Some(sdk::OriginShield::builder().enabled(false).build().map_err(whole)?);
    }
    match &want.origin {
        OriginType::Custom(custom) => put_custom(seen, custom),
        OriginType::S3 { origin_access_control_id } => put_s3(seen, known(origin_access_control_id)?),
        OriginType::Vpc { vpc_origin_id, origin_read_timeout, origin_keepalive_timeout } => {
            let id = known(vpc_origin_id)?;
            put_vpc(seen, id, *origin_read_timeout, *origin_keepalive_timeout)
        }
    }
}

fn put_custom(seen: &mut sdk::Origin, want: &CustomOrigin) -> Result<()> {
    leave_s3(seen);
    seen.vpc_origin_config = None;
    let (http, https) = (given(&want.http_port)?.0, given(&want.https_port)?.0);
    let policy: sdk::OriginProtocolPolicy = given(&want.origin_protocol_policy)?.as_str().into();
    let new = || {
        let built = sdk::CustomOriginConfig::builder().http_port(http).https_port(https);
        built.origin_protocol_policy(policy.clone()).build().map_err(whole)
    };
    let mut custom = seen.custom_origin_config.take().map_or_else(new, Ok)?;
    (custom.http_port, custom.https_port, custom.origin_protocol_policy) = (http, https, policy.clone());
    custom.origin_ssl_protocols = write_protocols(&want.origin_ssl_protocols)?;
    custom.origin_read_timeout = Some(want.origin_read_timeout);
    custom.origin_keepalive_timeout = Some(want.origin_keepalive_timeout);
    seen.custom_origin_config = Some(custom);
    Ok(())
}

/// An origin access control takes the place of an origin access identity, which AWS keeps for the past.
fn put_s3(seen: &mut sdk::Origin, control: String) -> Result<()> {
    (seen.custom_origin_config, seen.vpc_origin_config) = (None, None);
    let new = || sdk::S3OriginConfig::builder().origin_access_identity("").build();
    let mut s3 = seen.s3_origin_config.take().unwrap_or_else(new);
    if !control.is_empty() {
        s3.origin_access_identity = String::new();
    }
    seen.s3_origin_config = Some(s3);
    seen.origin_access_control_id = Some(control);
    Ok(())
}

fn put_vpc(seen: &mut sdk::Origin, id: String, read: i32, keepalive: i32) -> Result<()> {
    leave_s3(seen);
    seen.custom_origin_config = None;
    let new = || sdk::VpcOriginConfig::builder().vpc_origin_id(&id).build().map_err(whole);
    let mut vpc = seen.vpc_origin_config.take().map_or_else(new, Ok)?;
    vpc.vpc_origin_id.clone_from(&id);
    (vpc.origin_read_timeout, vpc.origin_keepalive_timeout) = (Some(read), Some(keepalive));
    seen.vpc_origin_config = Some(vpc);
    Ok(())
}

/// What was a bucket signs no longer as one.
fn leave_s3(seen: &mut sdk::Origin) {
    if seen.s3_origin_config.take().is_some() {
        seen.origin_access_control_id = Some(String::new());
    }
}

fn headers(want: &BTreeMap<String, Val<String>>) -> Result<sdk::CustomHeaders> {
    let one = |(name, value): (&String, &Val<String>)| {
        sdk::OriginCustomHeader::builder().header_name(name).header_value(known(value)?).build().map_err(whole)
    };
    let items = want.iter().map(one).collect::<Result<Vec<_>>>()?;
    sdk::CustomHeaders::builder().quantity(quantity(&items)).set_items(some(items)).build().map_err(whole)
}

/// All origin groups, by id.
pub(super) fn read_groups(seen: Option<&sdk::OriginGroups>) -> BTreeMap<String, OriginGroup> {
    let all = seen.map(sdk::OriginGroups::items).unwrap_or_default();
    let one = |group: &sdk::OriginGroup| {
        let codes = group.failover_criteria().and_then(|criteria| criteria.status_codes());
        let mut members = group.members().map(|members| members.items()).unwrap_or_default().iter();
        let mut member = || members.next().map(|member| member.origin_id().to_owned()).unwrap_or_default();
        OriginGroup {
            status_codes: codes.map(|codes| codes.items().iter().copied().collect()).unwrap_or_default(),
            members: [member(), member()],
        }
    };
    all.iter().map(|group| (group.id().to_owned(), one(group))).collect()
}

/// All origin groups as wished, each over what there is of its id.
pub(super) fn write_groups(
    seen: Option<sdk::OriginGroups>,
    want: &BTreeMap<String, OriginGroup>,
) -> Result<sdk::OriginGroups> {
    let mut former = by(seen.and_then(|seen| seen.items).unwrap_or_default(), |group| group.id.clone());
    let one = |(id, want): (&String, &OriginGroup)| {
        let new = || sdk::OriginGroup::builder().id(id).build().map_err(whole);
        let mut written = former.remove(id).map_or_else(new, Ok)?;
        let codes: Vec<i32> = want.status_codes.iter().copied().collect();
        let codes = sdk::StatusCodes::builder().quantity(quantity(&codes)).set_items(Some(codes)).build();
        let criteria = sdk::OriginGroupFailoverCriteria::builder().status_codes(codes.map_err(whole)?);
        let member = |id: &String| sdk::OriginGroupMember::builder().origin_id(id).build().map_err(whole);
        let members = want.members.iter().map(member).collect::<Result<Vec<_>>>()?;
        let members = sdk::OriginGroupMembers::builder().quantity(quantity(&members)).set_items(Some(members)).build();
        written.failover_criteria = Some(criteria.build());
        written.members = Some(members.map_err(whole)?);
        Ok(written)
    };
    let items = want.iter().map(one).collect::<Result<Vec<_>>>()?;
    sdk::OriginGroups::builder().quantity(quantity(&items)).set_items(some(items)).build().map_err(whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloudfront::testing::{custom, origin};

    fn one(kind: OriginType) -> BTreeMap<String, Origin> {
        [("web".to_owned(), origin(kind))].into()
    }

    #[test]
    fn an_origin_of_each_type_reads_back_whatever_it_was_before() {
        let s3 = OriginType::S3 { origin_access_control_id: "E1".into() };
        let vpc =
            OriginType::Vpc { vpc_origin_id: "vo_1".into(), origin_read_timeout: 60, origin_keepalive_timeout: 20 };
        for before in [custom(), s3.clone(), vpc.clone()] {
            let before = write_all(None, &one(before)).expect("it is written");
            for after in [custom(), s3.clone(), vpc.clone()] {
                let written = write_all(Some(before.clone()), &one(after.clone())).expect("it is written");
                assert_eq!(read_all(Some(&written)), one(after.clone()));
                let signs = written.items()[0].origin_access_control_id().is_some_and(|id| !id.is_empty());
                assert_eq!(signs, after == s3);
            }
        }
    }

    #[test]
    fn what_terrace_does_not_know_of_an_origin_stays() {
        let mut seen = write_all(None, &one(custom())).expect("it is written");
        seen.items[0].response_completion_timeout = Some(45);
        let config = seen.items[0].custom_origin_config.as_mut().expect("it is custom");
        config.ip_address_type = Some(sdk::IpAddressType::DualStack);
        let written = write_all(Some(seen.clone()), &one(custom())).expect("it is written");
        assert_eq!(written, seen);
    }

    #[test]
    fn a_group_keeps_the_order_of_its_members() {
        let group = OriginGroup { status_codes: [503, 500].into(), members: ["web".into(), "assets".into()] };
        let want: BTreeMap<_, _> = [("both".to_owned(), group)].into();
        let written = write_groups(None, &want).expect("it is written");
        assert_eq!(read_groups(Some(&written)), want);
        assert_eq!(write_groups(Some(written), &BTreeMap::new()).expect("it is written").quantity(), 0);
    }
}
