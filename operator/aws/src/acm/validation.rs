//! Whether a certificate is issued, and if not, what ACM misses.

use terrace_engine::provider::Pace;
use terrace_engine::{Disposal, Error, Provider, Result, Seen, State};
use terrace_model::aws::acm::{Validation, ValidationOutputs};
use terrace_model::aws::route53::plain;
use terrace_model::identity::Freshness;
use terrace_model::{Diff, Handle, Id, Owner};

use super::Acm;
use super::read::{Domain, Found};
use super::words::{self, Standing};

/// Looks at certificates, those of others as well.
pub struct Validations(pub Acm);

impl Validations {
    /// What keeps a certificate from being issued.
    async fn waits(&self, found: &Found, zone: &str) -> Result<String> {
        let route53 = &self.0.0.route53;
        let about = if zone.is_empty() { None } else { route53.about(zone).await? };
        let about = about.as_ref().map(|about| (about.name.as_str(), zone, about.name_servers.as_str()));
        let mut said = Vec::new();
        for domain in found.domains.iter().flatten().filter(|domain| words::is_open(domain)) {
            let standing = if about.is_some() { self.standing(domain, zone).await? } else { Standing::Elsewhere };
            said.push(words::waits(domain, about, &standing));
        }
        Ok(if said.is_empty() { "ACM is about to issue the certificate".to_owned() } else { said.join("; ") })
    }

    async fn standing(&self, domain: &Domain, zone: &str) -> Result<Standing> {
        let Some((name, value)) = &domain.record else { return Ok(Standing::Missing) };
        Ok(match self.0.0.route53.cname(zone, name).await?.map(|there| plain(&there)) {
            None => Standing::Missing,
            Some(there) if there == *value => Standing::There,
            Some(there) => Standing::Other(there),
        })
    }
}

impl Provider<Validation> for Validations {
    const ACTIONS: &'static [&'static str] = &[
        "acm:DescribeCertificate",
        "acm:ListCertificates",
        "route53:GetHostedZone",
        "route53:ListHostedZones",
        "route53:ListResourceRecordSets",
    ];
    /// ACM user guide, "DNS validation": within 30 minutes; mostly after few.
    const PACE: Pace = Pace { usual: std::time::Duration::from_secs(180) };

    async fn observe(&self, id: &Id) -> Result<Seen<Validation>> {
        let arn = id.address("certificateArn").unwrap_or_default();
        let zone = id.address("zoneId").unwrap_or_default();
        let Some(mut found) = self.0.certificate(arn, id.freshness).await? else { return Ok(Seen::Absent) };
        // Which domains it failed for, only a description says.
        if found.domains.is_none() && words::state(&found) != Some(State::Ready) {
            let Some(described) = self.0.certificate(arn, Freshness::Now).await? else { return Ok(Seen::Absent) };
            found = described;
        }
        let state = match words::state(&found) {
            Some(state) => state,
            None => State::Settling(format!("{}: {}", found.status, self.waits(&found, zone).await?)),
        };
        let issued = state == State::Ready;
        Ok(Seen::Present {
            have: Validation { certificate_arn: arn.into(), zone_id: zone.into() },
            out: ValidationOutputs { certificate_arn: issued.then(|| found.arn.clone()) },
            handle: Handle(found.arn),
            owner: Owner::Inherent,
            state,
        })
    }

    async fn create(&self, _id: &Id, _want: &Validation) -> Result<Handle> {
        Err(read_only())
    }

    async fn update(&self, _id: &Id, _have: &Validation, _want: &Validation, _diff: &Diff) -> Result<()> {
        Err(read_only())
    }

    async fn delete(&self, _id: &Id, _have: &Validation, _disposal: Disposal) -> Result<()> {
        Err(read_only())
    }
}

fn read_only() -> Error {
    Error::invalid("whether a certificate is issued is ACM's to say")
}
