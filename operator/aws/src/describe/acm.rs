//! Certificates by ARN, with their tags. A certificate lies in the region that its ARN names, and no other account may use it.

use terrace_engine::Result;
use terrace_model::aws::route53::plain;

use super::{Certificate, Existing};
use crate::errors::absent;
use crate::{Clients, tags};

/// A certificate of this account.
pub async fn certificate(clients: &Clients, arn: &str) -> Result<Option<Existing>> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", _, "acm", region, account, _] = parts[..] else { return Ok(None) };
    if account != clients.account() {
        return Ok(None);
    }
    let client = clients.acm(region);
    let answer = client.describe_certificate().certificate_arn(arn).send().await;
    let answer = absent(answer, &["ResourceNotFoundException", "InvalidArnException"])?;
    let Some(found) = answer.and_then(|answer| answer.certificate) else { return Ok(None) };
    let listed = client.list_tags_for_certificate().certificate_arn(arn).send().await;
    let Some(listed) = absent(listed, &["ResourceNotFoundException"])? else { return Ok(None) };
    let names = found.domain_name().into_iter().chain(found.subject_alternative_names().iter().map(String::as_str));
    Ok(Some(Existing {
        arn: arn.to_owned(),
        tags: tags::read(listed.tags().iter().map(|tag| (Some(tag.key()), tag.value()))),
        certificate: Some(Certificate {
            domains: names.map(plain).collect(),
            status: found.status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
        }),
        ..Existing::default()
    }))
}
