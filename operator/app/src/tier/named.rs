//! What a spec names without owning it, read for the tier's facts (client).
//!
//! An object that stands still must cost no call. So what a restore begins with is not looked at once there is a
//! database, and what was admitted before is remembered (`terrace_aws::describe`: keys for an hour, snapshots and
//! databases for minutes, parameters for an hour). What was refused or not found is read at every try: those are few,
//! since such an object is stalled, and its owner should not wait when the tag or the snapshot is there at last.
//!
//! Whether an object may name something is for the tier to say; here it only decides what need not be read.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::try_join_all;
use terrace_aws::describe::{Describe, Existing, Kind};
use terrace_model::identity::tag;
use terrace_tiers::facts::{Alarm, Certificate, Environment, Named, Parameter, Zone};
use terrace_tiers::{Reference, ReferenceKind};

use crate::problem::Problem;

/// Who asks, and by which way.
pub struct Asking<'a> {
    pub environment: &'a Environment,
    pub namespace: &'a str,
    /// The logical ids of the nodes that exist already.
    pub made: &'a BTreeSet<String>,
    pub describe: &'a Describe,
}

/// What the references lead to, by the text that names it, all read at once. What is absent was not found, is not needed
/// any more, or lies in an account of which nothing may be named.
///
/// # Errors
/// AWS's own, with the field in front.
pub async fn find(references: Vec<Reference>, asking: &Asking<'_>) -> Result<BTreeMap<String, Named>, Problem> {
    let needed = references.into_iter().filter(|reference| asking.needs(reference));
    let found = try_join_all(needed.map(|reference| one(reference, asking))).await?;
    Ok(found.into_iter().flatten().collect())
}

/// The same where AWS is not asked: everything is taken to be there, and to be the namespace's own.
pub fn taken_for_granted(references: Vec<Reference>, asking: &Asking<'_>) -> BTreeMap<String, Named> {
    let named = |reference: Reference| {
        let zone = |id: &str, name: &str| Zone { id: id.into(), name: name.into(), name_servers: String::new() };
        let named = Named {
            arn: reference.arn(asking.environment),
            namespace: Some(asking.namespace.to_owned()),
            region: Some(asking.environment.region.clone()),
            zone: (reference.kind == ReferenceKind::HostedZone).then(|| zone(&reference.text, &reference.text)),
            ..Named::default()
        };
        (reference.text, named)
    };
    references.into_iter().map(named).collect()
}

/// The alarms among the references, of those that were found. An alarm is admitted by its name alone, and read with its
/// state ([`terrace_tiers::Tier::alarms`]).
pub fn alarms(
    references: &[Reference],
    found: &BTreeMap<String, Alarm>,
    environment: &Environment,
) -> BTreeMap<String, Named> {
    let there = |reference: &&Reference| reference.kind == ReferenceKind::Alarm && found.contains_key(&reference.text);
    let named = |reference: &Reference| Named { arn: reference.arn(environment), ..Named::default() };
    references.iter().filter(there).map(|reference| (reference.text.clone(), named(reference))).collect()
}

/// The parameters of a family in the Environment's region; `None` where there is no family, or nobody knows.
///
/// # Errors
/// AWS's own.
pub async fn parameters(
    family: Option<String>,
    asking: &Asking<'_>,
) -> Result<Option<BTreeMap<String, Parameter>>, Problem> {
    let Some(family) = family else { return Ok(None) };
    let known = asking.describe.engine_parameters(&asking.environment.region, &family).await?;
    let fact = |parameter: &terrace_aws::describe::Parameter| Parameter {
        modifiable: parameter.modifiable,
        allowed_values: parameter.allowed_values.clone(),
        data_type: parameter.data_type.clone(),
    };
    Ok(known.map(|known| known.iter().map(|(name, parameter)| (name.clone(), fact(parameter))).collect()))
}

async fn one(reference: Reference, asking: &Asking<'_>) -> Result<Option<(String, Named)>, Problem> {
    let Environment { region, cluster, .. } = asking.environment;
    let admits = |existing: &Existing| {
        reference.is_admitted(asking.environment, asking.namespace, Some(&named(existing.clone(), cluster)))
    };
    // Alarms are read elsewhere ([`alarms`]).
    let Some(kind) = kind(reference.kind) else { return Ok(None) };
    let found = asking.describe.find(kind, region, &reference.text, admits).await;
    let found = found.map_err(|error| {
        let problem = Problem::from(error);
        Problem { message: format!("{}: {}", reference.field, problem.message), ..problem }
    })?;
    Ok(found.map(|existing| (reference.text, named(existing, cluster))))
}

impl Asking<'_> {
    /// An ARN of another account is looked at only where the administrator allows it: neither the answer nor AWS's
    /// refusal should tell a team what others have.
    fn needs(&self, reference: &Reference) -> bool {
        let text = &reference.text;
        let account = text.strip_prefix("arn:").and_then(|arn| arn.split(':').nth(3));
        // What is found worldwide, as a bucket or a hosted zone, has none in its ARN: only this account's is ever found.
        let within = account.is_none_or(|account| account.is_empty() || account == self.environment.account);
        !reference.is_over(self.made) && (within || self.environment.limits.allows(text))
    }
}

fn kind(kind: ReferenceKind) -> Option<Kind> {
    Some(match kind {
        ReferenceKind::KmsKey => Kind::KmsKey,
        ReferenceKind::DbSnapshot => Kind::DbSnapshot,
        ReferenceKind::DbClusterSnapshot => Kind::DbClusterSnapshot,
        ReferenceKind::DbInstance => Kind::DbInstance,
        ReferenceKind::DbCluster => Kind::DbCluster,
        ReferenceKind::CacheSnapshot => Kind::CacheSnapshot,
        ReferenceKind::ServerlessCacheSnapshot => Kind::ServerlessCacheSnapshot,
        ReferenceKind::Bucket => Kind::Bucket,
        ReferenceKind::HostedZone => Kind::HostedZone,
        ReferenceKind::Certificate => Kind::Certificate,
        ReferenceKind::Alarm => return None,
    })
}

/// The namespace in the owner tags, if they are of this cluster: another's namespaces are none of ours.
fn namespace<'e>(existing: &'e Existing, cluster: &str) -> Option<&'e String> {
    existing.tags.get(tag::NAMESPACE).filter(|_| existing.tags.get(tag::CLUSTER).is_some_and(|owner| owner == cluster))
}

fn named(existing: Existing, cluster: &str) -> Named {
    Named {
        namespace: namespace(&existing, cluster).cloned(),
        arn: existing.arn,
        engine: existing.engine,
        master_username: existing.master_username,
        encrypted: existing.encrypted,
        allocated_storage: existing.allocated_storage,
        region: existing.region,
        zone: existing.zone.map(|zone| Zone { id: zone.id, name: zone.name, name_servers: zone.name_servers }),
        certificate: existing.certificate.map(|found| Certificate { domains: found.domains, status: found.status }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use terrace_aws::calls::Unobserved;
    use terrace_aws::limits::Limits;
    use terrace_aws::{Clients, Settings};
    use terrace_tiers::samples;

    /// Of an account that cannot be reached: whatever is read fails.
    fn describe() -> Describe {
        let settings = Settings {
            account: "123456789012".into(),
            endpoint_url: None,
            assume_role: None,
            limits: Limits::lifted(),
            observer: Arc::new(Unobserved),
            recent: std::time::Duration::ZERO,
        };
        Describe::new(Clients::new(&aws_config::SdkConfig::builder().build(), settings))
    }

    fn environment(allow: &[&str]) -> Environment {
        let mut environment = samples::environment();
        environment.limits.allow = allow.iter().map(|pattern| (*pattern).to_owned()).collect();
        environment
    }

    fn reference(field: &'static str, text: &str, kind: ReferenceKind) -> Reference {
        let until = field.starts_with("spec.restoreFrom.").then_some("db");
        Reference { field, text: text.into(), kind, of: None, until }
    }

    fn snapshot(text: &str) -> Reference {
        reference("spec.restoreFrom.snapshot", text, ReferenceKind::DbSnapshot)
    }

    fn key(text: &str) -> Reference {
        reference("spec.encryption.kmsKeyId", text, ReferenceKind::KmsKey)
    }

    #[tokio::test]
    async fn a_restore_that_is_over_and_a_strange_account_cost_no_call() {
        let (describe, environment) = (describe(), environment(&[]));
        let made = ["db".to_owned()].into();
        let asking = Asking { environment: &environment, namespace: "shop", made: &made, describe: &describe };
        let source = reference("spec.restoreFrom.pointInTime.source", "orders", ReferenceKind::DbInstance);
        let strange = key("arn:aws:kms:eu-west-1:999999999999:key/1");
        let found = find(vec![snapshot("before-sale"), source, strange], &asking).await;
        assert!(found.is_ok_and(|found| found.is_empty()));
        assert!(parameters(None, &asking).await.is_ok_and(|known| known.is_none()));
    }

    #[tokio::test]
    async fn what_cannot_be_read_is_told_with_its_field() {
        let (describe, environment, made) = (describe(), environment(&[]), BTreeSet::new());
        let asking = Asking { environment: &environment, namespace: "shop", made: &made, describe: &describe };
        let problem = find(vec![snapshot("before-sale")], &asking).await.expect_err("there are no credentials");
        assert!(problem.message.starts_with("spec.restoreFrom.snapshot: "), "{problem}");
    }

    #[test]
    fn keys_are_looked_at_for_ever_and_what_the_administrator_allows_wherever_it_is() {
        let describe = describe();
        let environment = environment(&["arn:aws:rds:*:999999999999:snapshot:shared-*"]);
        let made = ["db".to_owned()].into();
        let none = BTreeSet::new();
        let needs = |made, reference: &Reference| {
            Asking { environment: &environment, namespace: "shop", made, describe: &describe }.needs(reference)
        };
        assert!(needs(&made, &key("alias/orders")));
        assert!(needs(&none, &snapshot("before-sale")) && !needs(&made, &snapshot("before-sale")));
        assert!(needs(&none, &snapshot("arn:aws:rds:eu-west-1:999999999999:snapshot:shared-1")));
        assert!(!needs(&none, &snapshot("arn:aws:rds:eu-west-1:999999999999:snapshot:other")));
        let zone = reference("spec.zone.id", "arn:aws:route53:::hostedzone/Z1", ReferenceKind::HostedZone);
        assert!(needs(&none, &zone));
    }

    #[test]
    fn an_alarm_that_was_found_is_named_by_its_arn_and_one_that_was_not_is_absent() {
        let references =
            ["errors", "gone"].map(|name| reference("spec.rollout.alarm.name", name, ReferenceKind::Alarm));
        let found = [("errors".to_owned(), Alarm::Ok), ("other".to_owned(), Alarm::Ok)].into();
        let named = alarms(&references, &found, &environment(&[]));
        let arns: Vec<_> = named.iter().map(|(text, named)| (text.as_str(), named.arn.as_str())).collect();
        assert_eq!(arns, [("errors", "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:errors")]);
    }

    fn tagged(cluster: &str, namespace: &str) -> Existing {
        let tags = [(tag::CLUSTER, cluster), (tag::NAMESPACE, namespace)];
        let tags = tags.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        Existing { arn: "arn:a".into(), tags, ..Existing::default() }
    }

    #[test]
    fn a_namespace_counts_where_the_tags_name_this_cluster() {
        assert_eq!(named(tagged("prod", "shop"), "prod").namespace.as_deref(), Some("shop"));
        assert_eq!(named(tagged("test", "shop"), "prod").namespace, None);
        assert_eq!(named(Existing::default(), "prod").namespace, None);
    }
}
