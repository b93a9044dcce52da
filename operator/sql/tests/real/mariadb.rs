//! Users of a real MariaDB server.

use std::sync::Arc;
use std::time::Duration;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, OptsBuilder};
use serde_json::json;
use terrace_engine::{Error, reason};
use terrace_model::Owner;
use terrace_model::aws::sql::Access::{ReadOnly, ReadWrite};
use terrace_tests::until;
use terrace_tests::wait::ensure;

use crate::case::{Case, unique};
use crate::servers::{self, ADMINISTRATOR, PASSWORD, SUPER, Server};

const SOON: Duration = Duration::from_secs(20);

async fn connect(server: &Server, user: &str, password: &str, database: &str) -> Result<Conn, mysql_async::Error> {
    let options = OptsBuilder::default()
        .ip_or_hostname("localhost")
        .tcp_port(server.port)
        .user(Some(user))
        .pass(Some(password))
        .db_name(Some(database).filter(|name| !name.is_empty()))
        .prefer_socket(false)
        .ssl_opts(server.ssl_opts());
    Conn::new(options).await
}

/// Does something as the administrator.
pub async fn administrate(server: &Server, statement: &str) {
    let mut connection = connect(server, ADMINISTRATOR, PASSWORD, "").await.expect("the administrator");
    can(&mut connection, statement).await;
}

/// Logs in, and writes something.
pub async fn work(server: &Server, user: &str, password: &str, database: &str) -> Result<(), String> {
    let words = |error: mysql_async::Error| format!("{error:?}");
    let mut connection = connect(server, user, password, database).await.map_err(words)?;
    connection.query_drop("CREATE TABLE IF NOT EXISTS work (id int)").await.map_err(words)?;
    connection.query_drop("INSERT INTO work VALUES (1)").await.map_err(words)
}

/// A database of a test's own.
struct Bench {
    server: Arc<Server>,
    database: String,
}

impl Bench {
    async fn new(stem: &str) -> Option<Bench> {
        let bench = Bench { server: servers::mariadb().await?, database: unique(stem) };
        administrate(&bench.server, &format!("CREATE DATABASE {}", bench.database)).await;
        Some(bench)
    }

    fn user(&self, stem: &str, access: terrace_model::aws::sql::Access) -> Case {
        Case::new(&self.server, "mariadb", &self.database, &format!("{}_{stem}", self.database), access)
    }

    async fn by(&self, user: &Case) -> Conn {
        self.login(user).await.unwrap_or_else(|error| panic!("{} logs in: {error:?}", user.name()))
    }

    async fn login(&self, user: &Case) -> Result<Conn, mysql_async::Error> {
        connect(&self.server, user.name(), &user.password(), &self.database).await
    }

    /// Does something as somebody who may do anything.
    async fn behind(&self, statement: &str) {
        let mut connection = connect(&self.server, SUPER, SUPER, &self.database).await.expect("the super user");
        can(&mut connection, statement).await;
    }

    async fn count(&self, query: &str) -> usize {
        let mut connection = connect(&self.server, SUPER, SUPER, &self.database).await.expect("the super user");
        connection.query::<mysql_async::Row, _>(query).await.expect(query).len()
    }
}

async fn can(connection: &mut Conn, statement: &str) {
    connection.query_drop(statement).await.unwrap_or_else(|error| panic!("{statement}: {error:?}"));
}

async fn cannot(connection: &mut Conn, statement: &str) {
    let refused = connection.query_drop(statement).await.expect_err(statement);
    let mysql_async::Error::Server(said) = &refused else { panic!("{statement}: {refused:?}") };
    assert!([1044, 1142, 1227, 1370].contains(&said.code), "{statement}: {refused:?}");
}

#[tokio::test]
async fn a_user_is_made_as_wished_and_whatever_changes_behind_its_back_is_found_and_mended() {
    let Some(bench) = Bench::new("drift").await else { return };
    let (writer, reader) = (bench.user("a", ReadWrite).made().await, bench.user("r", ReadOnly).made().await);
    let (a, r, db) = (writer.name(), reader.name(), bench.database.replace('_', "\\_"));
    for (who, statement, fields) in [
        (&writer, format!("REVOKE INSERT ON `{db}`.* FROM '{a}'"), &["access"][..]),
        (&writer, format!("REVOKE ALL PRIVILEGES ON `{db}`.* FROM '{a}'"), &["access"]),
        (&writer, format!("ALTER USER '{a}' ACCOUNT LOCK"), &["authentication"]),
        (&reader, format!("GRANT DELETE ON `{db}`.* TO '{r}'"), &["access"]),
        (&reader, format!("REVOKE SELECT ON `{db}`.* FROM '{r}'"), &["access"]),
    ] {
        bench.behind(&statement).await;
        who.mends(fields).await;
        bench.by(who).await;
    }
    let tags = writer.want["tags"].as_object().map_or(0, serde_json::Map::len);
    bench.behind(&format!("DELETE FROM `terrace-operator`.users WHERE name = '{a}'")).await;
    assert_eq!(writer.sight().await.owner, Owner::Untagged);
    assert_eq!(writer.differs().await.len(), tags + 1, "every tag, and the secret");
}

#[tokio::test]
async fn a_user_that_is_deleted_is_gone_and_may_be_deleted_again() {
    let Some(bench) = Bench::new("gone").await else { return };
    let user = bench.user("a", ReadWrite).made().await;
    for _ in 0..2 {
        user.delete().await.expect("it is deleted");
        assert!(user.look().await.expect("it is looked at").is_none());
        assert_eq!(
            bench.count(&format!("SELECT 1 FROM `terrace-operator`.users WHERE name = '{}'", user.name())).await,
            0
        );
    }
    user.made().await;
}

#[tokio::test]
async fn a_reader_reads_what_stands_and_what_comes_and_writes_nothing() {
    let Some(bench) = Bench::new("read").await else { return };
    let other = Bench::new("readXother").await.expect("a server");
    bench.behind("CREATE TABLE old (id int)").await;
    let (writer, reader) = (bench.user("w", ReadWrite).made().await, bench.user("r", ReadOnly).made().await);
    let (mut write, mut read) = (bench.by(&writer).await, bench.by(&reader).await);
    can(&mut write, "CREATE TABLE new (id int)").await;
    for table in ["old", "new"] {
        can(&mut read, &format!("SELECT * FROM {table}")).await;
        for statement in
            ["INSERT INTO {} VALUES (1)", "UPDATE {} SET id = 2", "DELETE FROM {}", "TRUNCATE {}", "DROP TABLE {}"]
        {
            cannot(&mut read, &statement.replace("{}", table)).await;
        }
        can(&mut write, &format!("INSERT INTO {table} VALUES (1)")).await;
    }
    cannot(&mut read, "CREATE TABLE mine (id int)").await;
    // Neither has rights on any other database, nor on the operator's own.
    for connection in [&mut read, &mut write] {
        cannot(connection, &format!("CREATE TABLE {}.mine (id int)", other.database)).await;
        cannot(connection, "SELECT * FROM `terrace-operator`.users").await;
        cannot(connection, "SELECT * FROM mysql.user").await;
    }
}

#[tokio::test]
async fn rights_on_a_database_are_none_on_one_whose_name_is_like_it() {
    let Some(bench) = Bench::new("like").await else { return };
    let like = bench.database.replace('_', "x");
    bench.behind(&format!("CREATE DATABASE {like}")).await;
    let writer = bench.user("a", ReadWrite).made().await;
    cannot(&mut bench.by(&writer).await, &format!("CREATE TABLE {like}.mine (id int)")).await;
}

#[tokio::test]
async fn what_one_of_two_users_makes_is_the_others_to_use_and_to_change() {
    let Some(bench) = Bench::new("pair").await else { return };
    let (a, b) = (bench.user("a", ReadWrite).made().await, bench.user("b", ReadWrite).made().await);
    let (mut first, mut second) = (bench.by(&a).await, bench.by(&b).await);
    can(&mut first, "CREATE TABLE orders (id int)").await;
    can(&mut second, "ALTER TABLE orders ADD note text").await;
    can(&mut second, "CREATE VIEW all_orders AS SELECT * FROM orders").await;
    can(&mut first, "SELECT * FROM all_orders").await;
    can(&mut first, "DROP VIEW all_orders").await;
    can(&mut second, "DROP TABLE orders").await;
}

#[tokio::test]
async fn a_new_password_of_one_leaves_the_other_and_open_sessions_alone() {
    let Some(bench) = Bench::new("turn").await else { return };
    let (a, b) = (bench.user("a", ReadWrite).made().await, bench.user("b", ReadWrite).made().await);
    let mut open = bench.by(&a).await;
    let newer = a.version("v2");
    assert_eq!(newer.differs().await, ["authentication"]);
    newer.update().await.expect("it is changed");
    assert_eq!(newer.differs().await, Vec::<String>::new());
    assert_eq!(newer.sight().await.out["secretVersion"].as_str(), Some("v2"));
    bench.by(&newer).await;
    bench.by(&b).await;
    can(&mut open, "SELECT 1").await;
    assert!(bench.login(&a).await.is_err(), "the former password");
}

#[tokio::test]
async fn less_access_ends_the_sessions_that_had_more() {
    let Some(bench) = Bench::new("less").await else { return };
    let user = bench.user("a", ReadWrite).made().await;
    let mut open = bench.by(&user).await;
    let less = user.with("access", "ReadOnly");
    less.mends(&["access"]).await;
    until("the session ends", SOON, async || ensure(open.query_drop("SELECT 1").await.is_err(), "open")).await.unwrap();
    cannot(&mut bench.by(&less).await, "CREATE TABLE mine (id int)").await;
    user.mends(&["access"]).await;
    can(&mut bench.by(&user).await, "CREATE TABLE mine (id int)").await;
}

#[tokio::test]
async fn a_user_goes_and_all_that_it_made_stays() {
    let Some(bench) = Bench::new("stay").await else { return };
    let (a, b) = (bench.user("a", ReadWrite).made().await, bench.user("b", ReadWrite).made().await);
    let mut open = bench.by(&a).await;
    can(&mut open, "CREATE TABLE orders (id int)").await;
    can(&mut open, "INSERT INTO orders VALUES (1)").await;
    a.delete().await.expect("it is deleted");
    assert!(a.look().await.expect("it is looked at").is_none());
    until("the session ends", SOON, async || ensure(open.query_drop("SELECT 1").await.is_err(), "open")).await.unwrap();
    assert!(bench.login(&a).await.is_err());
    let rows: Vec<i32> = bench.by(&b).await.query("SELECT id FROM orders").await.expect("the table");
    assert_eq!(rows, [1]);
}

#[tokio::test]
async fn one_in_whose_name_a_view_runs_is_locked_and_gone_to_everybody_else_and_comes_back() {
    let Some(bench) = Bench::new("view").await else { return };
    let (a, b) = (bench.user("a", ReadWrite).made().await, bench.user("b", ReadOnly).made().await);
    let mut first = bench.by(&a).await;
    can(&mut first, "CREATE TABLE orders (id int)").await;
    can(&mut first, "CREATE VIEW all_orders AS SELECT * FROM orders").await;
    for _ in 0..2 {
        a.delete().await.expect("it is deleted");
        assert!(a.look().await.expect("it is looked at").is_none());
        assert!(bench.login(&a).await.is_err(), "it is locked");
        can(&mut bench.by(&b).await, "SELECT * FROM all_orders").await;
    }
    let again = a.version("v2").made().await;
    bench.by(&again).await;
    bench.behind("DROP VIEW all_orders").await;
    again.delete().await.expect("it is deleted");
    assert_eq!(bench.count(&format!("SELECT 1 FROM mysql.user WHERE User = '{}'", a.name())).await, 0);
}

#[tokio::test]
async fn somebody_elses_user_of_that_name_is_seen_as_nobodys_and_not_made_again() {
    let Some(bench) = Bench::new("alien").await else { return };
    let user = bench.user("a", ReadWrite);
    bench.behind(&format!("CREATE USER '{}' IDENTIFIED BY 'theirs'", user.name())).await;
    assert_eq!(user.sight().await.owner, Owner::Untagged);
    assert_eq!(user.create().await.expect_err("there is one").reason(), reason::ALREADY_EXISTS);
    assert_eq!(user.sight().await.owner, Owner::Untagged, "nobody claims it");
    connect(&bench.server, user.name(), "theirs", "").await.expect("it is as it was");
}

#[tokio::test]
async fn a_user_that_is_released_stays_and_is_nobodys() {
    let Some(bench) = Bench::new("keep").await else { return };
    let user = bench.user("a", ReadWrite).made().await;
    user.release().await.expect("it is released");
    let sight = user.sight().await;
    assert_eq!((sight.owner, &sight.have["tags"]), (Owner::Untagged, &json!({})));
    bench.by(&user).await;
}

#[tokio::test]
async fn what_a_broken_connection_left_is_known_for_ours_and_made_whole() {
    let Some(bench) = Bench::new("broken").await else { return };
    let user = bench.user("a", ReadWrite).made().await;
    // Rights come last.
    bench
        .behind(&format!("REVOKE ALL PRIVILEGES ON `{}`.* FROM '{}'", bench.database.replace('_', "\\_"), user.name()))
        .await;
    assert!(matches!(user.sight().await.owner, Owner::Tagged { .. }));
    user.mends(&["access"]).await;
    // A row without its user is none.
    bench.behind(&format!("DROP USER '{}'", user.name())).await;
    user.made().await;
}

#[tokio::test]
async fn many_users_of_a_database_are_made_and_looked_at_at_once() {
    let Some(bench) = Bench::new("many").await else { return };
    let users: Vec<Case> =
        (0..12).map(|n| bench.user(&n.to_string(), if n % 2 == 0 { ReadWrite } else { ReadOnly })).collect();
    let made = futures::future::join_all(users.iter().map(Case::create)).await;
    assert!(made.iter().all(Result::is_ok), "{made:?}");
    for different in futures::future::join_all(users.iter().map(Case::differs)).await {
        assert_eq!(different, Vec::<String>::new());
    }
    let deleted = futures::future::join_all(users.iter().map(Case::delete)).await;
    assert!(deleted.iter().all(Result::is_ok), "{deleted:?}");
}

#[tokio::test]
async fn names_are_nothing_but_names() {
    let Some(bench) = Bench::new("quote").await else { return };
    let user = bench.user("a`'\"\\; --", ReadWrite).made().await;
    bench.by(&user).await;
    user.delete().await.expect("it is deleted");
    assert!(user.look().await.expect("it is looked at").is_none());
}

#[tokio::test]
async fn what_stands_in_the_way_is_said_and_sorted() {
    let Some(bench) = Bench::new("ways").await else { return };
    let user = bench.user("a", ReadOnly);
    let error = user.with("port", 1).look().await.expect_err("nobody listens there");
    assert!(matches!(&error, Error::Retry { message } if message.contains("security group")), "{error}");
    let error = user.with("administratorSecretArn", "arn:other").look().await.expect_err("another password");
    assert!(matches!(&error, Error::Retry { message } if message.contains("arn:other")), "{error}");
    let error = user.trusting(servers::other_authority()).look().await.expect_err("another authority");
    assert_eq!((error.reason(), error.is_stalled()), ("CertificateNotTrusted", true), "{error}");
    // Here is no plugin of RDS's.
    let error = user.with("authentication", "iam").create().await.expect_err("no IAM authentication");
    assert!(error.is_stalled() && error.to_string().contains("IAM authentication is off"), "{error}");
    bench.user("b", ReadOnly).made().await;
}
