//! What a resource tells of itself once it exists: made up from each output's name, the same at every look.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::behaviour::Naming;
use super::live::Live;

/// The account that everything is in.
pub const ACCOUNT: &str = "000000000000";

/// An ARN that is never used twice.
pub fn arn(kind: &str, region: &str, name: &str, serial: u64) -> String {
    let (service, kind) = kind.split_once('/').unwrap_or(("sim", kind));
    format!("arn:aws:{service}:{region}:{ACCOUNT}:{}:{name}:{serial:04}", kind.to_lowercase())
}

impl Live {
    /// The outputs as they are known now.
    pub fn outputs(&self, now: Timestamp) -> Value {
        let up = self.has_come_up(now);
        let known = |name: &str| up || !self.behaviour.late.contains(&name);
        self.each_output(|name| if known(name) { self.output(name) } else { Value::Null })
    }

    /// Notes by which texts something else can refer to it, after it was made or changed.
    pub fn learn(&mut self) {
        self.identities = self.named();
    }

    fn named(&self) -> BTreeSet<String> {
        // A name that the wish gives, as that of a zone or a record, is a text that others have too, unless it is by that
        // name alone that the kind is found, as a bucket.
        let unique = self.spec.address == ["name"];
        let given = |name: &str| name == "name" && self.have.get(name).is_some() && !unique;
        let outputs = self.each_output(|name| {
            let identity = matches!(name, "arn" | "id" | "name" | "identifier") || name.ends_with("Id");
            if identity && !given(name) { self.output(name) } else { Value::Null }
        });
        let texts = outputs.as_object().into_iter().flat_map(Map::values).filter_map(Value::as_str).map(str::to_owned);
        let named = (self.behaviour.naming == Naming::Name).then(|| self.key.name.clone());
        texts.chain(named).chain([self.handle.0.clone(), self.arn.clone()]).collect()
    }

    /// The version of the secret that it is or has.
    pub fn secret_version(&self) -> String {
        format!("{:08x}-{:04}", self.serial, self.rotations)
    }

    fn each_output(&self, value: impl Fn(&str) -> Value) -> Value {
        let names = (self.spec.outputs)();
        let names = names.as_object().into_iter().flat_map(Map::keys);
        names.map(|name| (name.clone(), value(name))).collect::<Map<_, _>>().into()
    }

    fn output(&self, name: &str) -> Value {
        let echo = self.have.get(name).filter(|value| value.is_string() || value.is_number());
        match (name, echo) {
            // A wish may have an ARN too, of what it is for.
            ("arn", _) => self.arn.clone().into(),
            (_, Some(value)) => value.clone(),
            ("name" | "identifier", None) => self.key.name.clone().into(),
            ("version", None) => self.secret_version().into(),
            ("masterSecretArn", None) => self.master_secret(),
            ("validationRecords", None) => self.validation_records(),
            ("zone", None) => self.have.get("zoneId").cloned().unwrap_or_default(),
            ("endpoint" | "readerEndpoint" | "configurationEndpoint", None) => {
                format!("{}.{}.{}.sim", self.key.name, name.to_lowercase(), self.key.region).into()
            }
            _ if name.to_lowercase().ends_with("port") => self.usual_port().into(),
            _ if name.ends_with("Id") && self.behaviour.prefix.is_some() => self.handle.0.clone().into(),
            _ => format!("{}-{name}-{:04}", self.key.kind.replace('/', "-").to_lowercase(), self.serial).into(),
        }
    }

    fn master_secret(&self) -> Value {
        let managed = self.have.get("manageMasterUserPassword") == Some(&Value::Bool(true));
        let secret = || arn("secretsmanager/Secret", &self.key.region, "managed", self.serial);
        if managed { secret().into() } else { Value::Null }
    }

    /// The records by which ACM validates a certificate, one of each domain.
    fn validation_records(&self) -> Value {
        let others = self.have.get("subjectAlternativeNames").and_then(Value::as_array);
        let domains = self.have.get("domainName").into_iter().chain(others.into_iter().flatten());
        let domains = domains.filter_map(Value::as_str).map(|domain| domain.trim_start_matches("*."));
        domains
            .map(|domain| (format!("_sim.{domain}"), "_sim.acm-validations.aws".into()))
            .collect::<Map<_, _>>()
            .into()
    }

    /// RDS user guide, "Settings for DB instances"; ElastiCache user guide, "Create a serverless cache".
    fn usual_port(&self) -> u16 {
        match self.have.get("engine").and_then(Value::as_str).unwrap_or_default() {
            engine if engine.contains("mysql") || engine.contains("maria") => 3306,
            "valkey" | "redis" => 6379,
            "memcached" => 11211,
            _ => 5432,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::sim::testkit::{Bench, database, id};
    use serde_json::json;
    use std::time::Duration;
    use terrace_model::KindSpec;
    use terrace_model::aws::rds::{DbClusterOutputs, DbInstance, DbInstanceOutputs};

    #[test]
    fn an_endpoint_is_known_when_the_database_is_up_and_stays_known_while_it_is_changed() {
        let bench = Bench::default();
        let db = id("rds/DbInstance", "db");
        bench.create(&db, &database()).unwrap();
        let young = bench.sight(&db);
        assert_eq!(young.out["endpoint"], json!(null));
        assert_eq!(young.out["identifier"], json!(db.default_name()));
        bench.sim.clock().advance(Duration::from_secs(300));
        let outputs: DbInstanceOutputs = serde_json::from_value(bench.sight(&db).out).unwrap();
        assert_eq!((outputs.port, outputs.master_username.as_deref()), (Some(5432), Some("app")));
        let endpoint = outputs.endpoint.unwrap();
        bench.change(&db, "multiAz", json!(true)).unwrap();
        assert_eq!(bench.sight(&db).out["endpoint"], json!(endpoint));
    }

    #[test]
    fn outputs_have_the_types_that_references_to_them_need() {
        let bench = Bench::default();
        let db = id("rds/DbInstance", "db");
        bench.create(&db, &database()).unwrap();
        bench.sim.clock().advance(Duration::from_secs(300));
        let mut out = bench.sight(&db).out;
        out["readerEndpoint"] = out["endpoint"].clone();
        serde_json::from_value::<DbClusterOutputs>(out).unwrap();
    }

    #[test]
    fn a_second_creation_under_one_name_is_told_from_the_first_by_handle_and_arn() {
        let bench = Bench::default();
        let thing = id("test/Thing", "a");
        let first = bench.settle(&thing, json!({}));
        bench.delete(&thing).unwrap();
        bench.sim.clock().advance(Duration::from_secs(60));
        assert_ne!(bench.settle(&thing, json!({})), first);
    }

    #[test]
    fn the_master_secret_is_there_only_where_rds_manages_it() {
        let bench = Bench::default();
        let mut want = database();
        want["manageMasterUserPassword"] = json!(false);
        let db = id(KindSpec::of::<DbInstance>().kind, "db");
        bench.create(&db, &want).unwrap();
        bench.sim.clock().advance(Duration::from_secs(300));
        assert_eq!(bench.sight(&db).out["masterSecretArn"], json!(null));
    }
}
