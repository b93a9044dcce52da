//! Engine versions: the family of parameter groups that follows from one, and what it can do.
//!
//! Families are those of `DescribeDBEngineVersions`, DBParameterGroupFamily; a version that is on offer nowhere is absent.

use terrace_crds::DataTierSpec;
use terrace_crds::data_tier::{Engine, IamAuthentication};

use super::super::design::Shape;
use crate::Invalid;

/// The major versions of an engine, oldest first.
fn majors(engine: Engine) -> &'static [&'static str] {
    match engine {
        Engine::Postgres | Engine::AuroraPostgresql => &["11", "12", "13", "14", "15", "16", "17", "18"],
        Engine::Mysql => &["8.0", "8.4"],
        Engine::Mariadb => &["10.5", "10.6", "10.11", "11.4", "11.8"],
        Engine::AuroraMysql => &["8.0"],
    }
}

/// The major version that a version belongs to: its first number, and on MySQL and MariaDB its second too.
fn major(engine: Engine, version: &str) -> String {
    let numbers = if engine.is_postgres() { 1 } else { 2 };
    version.split('.').take(numbers).collect::<Vec<_>>().join(".")
}

/// The parameter group family of a version, as `postgres17`.
///
/// # Errors
/// Says which versions there are.
pub fn family(engine: Engine, version: &str) -> Result<String, String> {
    let major = major(engine, version);
    if majors(engine).contains(&major.as_str()) {
        return Ok(format!("{}{major}", engine.as_str()));
    }
    let known = majors(engine).join(", ");
    Err(format!("{} has no version {version}: use {known}, or a minor version of one of them", engine.as_str()))
}

/// The family; empty where the version is refused.
pub(super) fn check(spec: &DataTierSpec, shape: Shape, invalid: &mut Invalid) -> String {
    let family = family(spec.engine, &spec.engine_version).unwrap_or_else(|message| {
        invalid.add("spec.engineVersion", message);
        String::new()
    });
    let old_postgres = ["postgres11", "postgres12", "aurora-postgresql11", "aurora-postgresql12"].contains(&&*family);
    if shape == Shape::MultiAzCluster && old_postgres {
        invalid.add(
            "spec.engineVersion",
            "availability Cluster needs PostgreSQL 13 or newer: take a newer engineVersion, or availability MultiAZ",
        );
    }
    if spec.serverless.is_some() && old_postgres {
        invalid.add(
            "spec.engineVersion",
            "Aurora Serverless v2 needs PostgreSQL 13 or newer: take a newer engineVersion, or set instanceClass",
        );
    }
    if family == "mariadb10.5" && spec.credentials.iam_authentication == IamAuthentication::Allowed {
        invalid.add(
            "spec.credentials.iamAuthentication",
            "MariaDB 10.5 knows no IAM authentication: set it to None, or take engineVersion 10.6 or newer",
        );
    }
    family
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_follows_from_engine_and_version() {
        for (engine, version, expected) in [
            (Engine::Postgres, "17", "postgres17"),
            (Engine::Postgres, "17.5", "postgres17"),
            (Engine::Mysql, "8.4", "mysql8.4"),
            (Engine::Mysql, "8.0.42", "mysql8.0"),
            (Engine::Mariadb, "11.4.5", "mariadb11.4"),
            (Engine::AuroraPostgresql, "16.8", "aurora-postgresql16"),
            (Engine::AuroraMysql, "8.0.mysql_aurora.3.08.0", "aurora-mysql8.0"),
        ] {
            assert_eq!(family(engine, version).as_deref(), Ok(expected));
        }
    }
}
