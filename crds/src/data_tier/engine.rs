//! The database engines of a DataTier, in AWS's words, and what follows from the choice.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A database engine (`CreateDBInstance`, `CreateDBCluster`, Engine).
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum Engine {
    /// PostgreSQL on RDS.
    Postgres,
    /// MySQL on RDS.
    Mysql,
    /// MariaDB on RDS.
    Mariadb,
    /// Aurora, compatible with PostgreSQL.
    AuroraPostgresql,
    /// Aurora, compatible with MySQL.
    AuroraMysql,
}

impl Engine {
    /// All engines.
    pub const ALL: [Engine; 5] =
        [Self::Postgres, Self::Mysql, Self::Mariadb, Self::AuroraPostgresql, Self::AuroraMysql];

    /// As the RDS API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Mysql => "mysql",
            Self::Mariadb => "mariadb",
            Self::AuroraPostgresql => "aurora-postgresql",
            Self::AuroraMysql => "aurora-mysql",
        }
    }

    /// Whether it is Aurora: a cluster over shared storage that nobody sizes.
    pub fn is_aurora(self) -> bool {
        matches!(self, Self::AuroraPostgresql | Self::AuroraMysql)
    }

    /// Whether clients speak PostgreSQL to it; the others speak MySQL.
    pub fn is_postgres(self) -> bool {
        matches!(self, Self::Postgres | Self::AuroraPostgresql)
    }

    /// The port that RDS gives it (`CreateDBInstance`, Port).
    pub fn default_port(self) -> u16 {
        if self.is_postgres() { 5432 } else { 3306 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_is_named_as_rds_names_it() {
        for engine in Engine::ALL {
            assert_eq!(serde_json::to_value(engine).unwrap(), engine.as_str());
        }
    }

    #[test]
    fn aurora_and_postgres_are_told_apart() {
        let aurora: Vec<_> = Engine::ALL.iter().filter(|engine| engine.is_aurora()).collect();
        assert_eq!(aurora, [&Engine::AuroraPostgresql, &Engine::AuroraMysql]);
        let ports = Engine::ALL.map(Engine::default_port);
        assert_eq!(ports, [5432, 3306, 3306, 5432, 3306]);
    }
}
