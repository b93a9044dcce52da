//! Users of a real PostgreSQL server.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use terrace_engine::{Error, reason};
use terrace_model::Owner;
use terrace_model::aws::sql::Access::{ReadOnly, ReadWrite};
use terrace_tests::until;
use terrace_tests::wait::ensure;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Config};

use crate::case::{Case, unique};
use crate::servers::{self, ADMINISTRATOR, PASSWORD, SUPER, Server};

const SOON: Duration = Duration::from_secs(20);

/// Logs in.
pub async fn connect(
    server: &Server,
    user: &str,
    password: &str,
    database: &str,
) -> Result<Client, tokio_postgres::Error> {
    let mut config = Config::new();
    config.host("localhost").port(server.port).user(user).password(password).dbname(database);
    let tls = tokio_postgres_rustls::MakeRustlsConnect::new(server.client_config());
    let (client, connection) = config.ssl_mode(SslMode::Require).connect(tls).await?;
    tokio::spawn(async move { drop(connection.await) });
    Ok(client)
}

/// A database of a test's own, which its administrator owns as on RDS.
struct Bench {
    server: Arc<Server>,
    database: String,
}

impl Bench {
    async fn new(stem: &str) -> Option<Bench> {
        let bench = Bench { server: servers::postgres().await?, database: unique(stem) };
        let database = format!("CREATE DATABASE {} OWNER {ADMINISTRATOR}", bench.database);
        let client = connect(&bench.server, SUPER, SUPER, "postgres").await.expect("the super user");
        client.batch_execute(&database).await.expect("a database");
        Some(bench)
    }

    fn user(&self, stem: &str, access: terrace_model::aws::sql::Access) -> Case {
        Case::new(&self.server, "postgres", &self.database, &format!("{}_{stem}", self.database), access)
    }

    async fn by(&self, user: &Case) -> Client {
        self.login(user).await.unwrap_or_else(|error| panic!("{} logs in: {error:?}", user.name()))
    }

    async fn login(&self, user: &Case) -> Result<Client, tokio_postgres::Error> {
        connect(&self.server, user.name(), &user.password(), &self.database).await
    }

    async fn administrator(&self) -> Client {
        connect(&self.server, ADMINISTRATOR, PASSWORD, &self.database).await.expect("the administrator")
    }

    /// Does something as somebody who may do anything.
    async fn behind(&self, statements: &str) {
        let client = connect(&self.server, SUPER, SUPER, &self.database).await.expect("the super user");
        client.batch_execute(statements).await.expect(statements);
    }
}

async fn can(client: &Client, statements: &str) {
    client.batch_execute(statements).await.unwrap_or_else(|error| panic!("{statements}: {error:?}"));
}

async fn cannot(client: &Client, statements: &str) {
    let refused = client.batch_execute(statements).await.expect_err(statements);
    assert_eq!(refused.code().map(|code| code.code()), Some("42501"), "{statements}: {refused:?}");
}

async fn count(client: &Client, table: &str) -> i64 {
    client.query_one(&format!("SELECT count(*) FROM {table}"), &[]).await.expect(table).get(0)
}

#[tokio::test]
async fn a_user_is_made_as_wished_and_whatever_changes_behind_its_back_is_found_and_mended() {
    let Some(bench) = Bench::new("drift").await else { return };
    let (writer, reader) = (bench.user("a", ReadWrite).made().await, bench.user("r", ReadOnly).made().await);
    let (a, r, db) = (writer.name(), reader.name(), &bench.database);
    let (rw, ro) = (format!("terrace_rw_{db}"), format!("terrace_ro_{db}"));
    for (who, statement, fields) in [
        (&writer, format!("REVOKE {rw} FROM {a}"), &["access"][..]),
        (&writer, format!("GRANT {ro} TO {a}"), &["access"]),
        (&writer, format!("ALTER ROLE {a} RESET role"), &["access"]),
        (&writer, format!("ALTER ROLE {a} NOLOGIN"), &["authentication"]),
        (&writer, format!("ALTER ROLE {a} VALID UNTIL '2020-01-01'"), &["authentication"]),
        (&writer, format!("GRANT rds_iam TO {a}"), &["authentication"]),
        (&reader, format!("GRANT {rw} TO {r}"), &["access"]),
        (&reader, format!("REVOKE USAGE ON SCHEMA public FROM {ro}, PUBLIC"), &["access"]),
        (&writer, format!("REVOKE CREATE ON SCHEMA public FROM {rw}"), &["access"]),
        (&reader, format!("CREATE TABLE mine (id int); ALTER TABLE mine OWNER TO {ADMINISTRATOR}"), &["access"]),
        (&reader, format!("ALTER DEFAULT PRIVILEGES FOR ROLE {rw} REVOKE SELECT ON TABLES FROM {ro}"), &["access"]),
        (&reader, format!("DROP OWNED BY {ro}; DROP ROLE {ro}"), &["access"]),
    ] {
        bench.behind(&statement).await;
        who.mends(fields).await;
        bench.by(who).await;
    }
    let tags = writer.want["tags"].as_object().map_or(0, serde_json::Map::len);
    bench.behind(&format!("COMMENT ON ROLE {a} IS 'mine'")).await;
    // Without its tags it is nobody's: the engine does not touch it.
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
    }
    user.made().await;
}

#[tokio::test]
async fn a_reader_reads_what_stands_and_what_comes_and_writes_nothing() {
    let Some(bench) = Bench::new("read").await else { return };
    let administrator = bench.administrator().await;
    can(&administrator, "CREATE TABLE old (id serial); INSERT INTO old DEFAULT VALUES").await;
    // Before PostgreSQL 15 everybody may make things there.
    bench.behind("GRANT CREATE ON SCHEMA public TO PUBLIC").await;
    let (writer, reader) = (bench.user("w", ReadWrite).made().await, bench.user("r", ReadOnly).made().await);
    let (write, read) = (bench.by(&writer).await, bench.by(&reader).await);
    can(&write, "CREATE TABLE new (id serial); INSERT INTO new DEFAULT VALUES").await;
    can(&write, "CREATE SCHEMA more; CREATE TABLE more.new (id serial); INSERT INTO more.new DEFAULT VALUES").await;
    can(&administrator, "CREATE TABLE newer (id serial); INSERT INTO newer DEFAULT VALUES").await;
    for table in ["old", "new", "more.new", "newer"] {
        assert_eq!(count(&read, table).await, 1, "{table}");
        for statement in
            ["INSERT INTO {} DEFAULT VALUES", "UPDATE {} SET id = 2", "DELETE FROM {}", "TRUNCATE {}", "DROP TABLE {}"]
        {
            cannot(&read, &statement.replace("{}", table)).await;
        }
        can(&write, &format!("INSERT INTO {table} DEFAULT VALUES; UPDATE {table} SET id = 7; DELETE FROM {table}"))
            .await;
    }
    for statement in ["CREATE TABLE mine (id int)", "CREATE SCHEMA mine", "CREATE TABLE more.mine (id int)"] {
        cannot(&read, statement).await;
    }
    cannot(&read, &format!("SET ROLE terrace_rw_{}", bench.database)).await;
}

#[tokio::test]
async fn what_one_of_two_users_makes_is_the_others_to_use_and_to_change() {
    let Some(bench) = Bench::new("pair").await else { return };
    let (a, b) = (bench.user("a", ReadWrite).made().await, bench.user("b", ReadWrite).made().await);
    let (first, second) = (bench.by(&a).await, bench.by(&b).await);
    can(&first, "CREATE TABLE orders (id serial PRIMARY KEY); INSERT INTO orders DEFAULT VALUES").await;
    can(&second, "INSERT INTO orders DEFAULT VALUES; ALTER TABLE orders ADD note text; CREATE INDEX ON orders (note)")
        .await;
    can(&second, "CREATE VIEW all_orders AS SELECT * FROM orders; CREATE TYPE colour AS ENUM ('red')").await;
    can(&first, "DROP VIEW all_orders; ALTER TYPE colour ADD VALUE 'blue'; ALTER TABLE orders DROP note").await;
    // A pool that resets its sessions is in the group's role again; one that leaves it makes what is its own, which the
    // other uses all the same, and may change as soon as the operator has looked after it.
    can(&first, "DISCARD ALL").await;
    can(&first, "CREATE TABLE pooled (id serial)").await;
    can(&second, "DROP TABLE pooled").await;
    can(&first, "SET ROLE NONE; CREATE TABLE pooled (id serial)").await;
    can(&second, "INSERT INTO pooled DEFAULT VALUES; SELECT * FROM pooled").await;
    cannot(&second, "ALTER TABLE pooled ADD note text").await;
    bench.behind(&format!("ALTER ROLE {} RESET role", a.name())).await;
    a.mends(&["access"]).await;
    can(&second, "ALTER TABLE pooled ADD note text").await;
    // So does the administrator.
    can(&bench.administrator().await, "DROP TABLE pooled; INSERT INTO orders DEFAULT VALUES").await;
    assert_eq!(count(&first, "orders").await, 3);
}

#[tokio::test]
async fn a_new_password_of_one_leaves_the_other_and_open_sessions_alone() {
    let Some(bench) = Bench::new("turn").await else { return };
    let (a, b) = (bench.user("a", ReadWrite).made().await, bench.user("b", ReadWrite).made().await);
    let open = bench.by(&a).await;
    let newer = a.version("v2");
    assert_eq!(newer.differs().await, ["authentication"]);
    newer.update().await.expect("it is changed");
    assert_eq!(newer.differs().await, Vec::<String>::new());
    let out = newer.sight().await.out;
    assert_eq!((out["secretVersion"].as_str(), out["username"].as_str()), (Some("v2"), Some(a.name())));
    bench.by(&newer).await;
    bench.by(&b).await;
    can(&open, "SELECT 1").await;
    let refused = bench.login(&a).await.expect_err("the former password");
    assert_eq!(refused.code().map(|code| code.code()), Some("28P01"));
}

#[tokio::test]
async fn less_access_ends_the_sessions_that_had_more() {
    let Some(bench) = Bench::new("less").await else { return };
    let user = bench.user("a", ReadWrite).made().await;
    let open = bench.by(&user).await;
    can(&open, "CREATE TABLE orders (id int)").await;
    let less = user.with("access", "ReadOnly");
    less.mends(&["access"]).await;
    until("the session ends", SOON, async || {
        ensure(open.is_closed() || open.batch_execute("SELECT 1").await.is_err(), "open")
    })
    .await
    .unwrap();
    let read = bench.by(&less).await;
    assert_eq!(count(&read, "orders").await, 0);
    cannot(&read, "INSERT INTO orders VALUES (1)").await;
    user.mends(&["access"]).await;
    can(&bench.by(&user).await, "INSERT INTO orders VALUES (1)").await;
}

#[tokio::test]
async fn a_user_goes_and_all_that_it_made_stays() {
    let Some(bench) = Bench::new("stay").await else { return };
    let (a, b) = (bench.user("a", ReadWrite).made().await, bench.user("b", ReadWrite).made().await);
    let open = bench.by(&a).await;
    can(&open, "CREATE TABLE orders (id int); INSERT INTO orders VALUES (1)").await;
    can(&open, "SET ROLE NONE; CREATE TABLE own (id int); INSERT INTO own VALUES (1)").await;
    // In another database of the server as well.
    let elsewhere = Bench::new("stay").await.expect("a server");
    let name = a.name();
    elsewhere.behind(&format!("CREATE TABLE theirs (id int); ALTER TABLE theirs OWNER TO {name}")).await;
    can(&elsewhere.administrator().await, &format!("GRANT CREATE ON SCHEMA public TO {name}")).await;
    a.delete().await.expect("it is deleted");
    assert!(a.look().await.expect("it is looked at").is_none());
    until("the session ends", SOON, async || {
        ensure(open.is_closed() || open.batch_execute("SELECT 1").await.is_err(), "open")
    })
    .await
    .unwrap();
    let left = bench.by(&b).await;
    for table in ["orders", "own"] {
        can(&left, &format!("INSERT INTO {table} VALUES (2); ALTER TABLE {table} ADD note text")).await;
        assert_eq!(count(&left, table).await, 2, "{table}");
    }
    can(&elsewhere.administrator().await, "INSERT INTO theirs VALUES (1)").await;
}

#[tokio::test]
async fn somebody_elses_user_of_that_name_is_seen_as_nobodys_and_not_made_again() {
    let Some(bench) = Bench::new("alien").await else { return };
    let user = bench.user("a", ReadWrite);
    bench.behind(&format!("CREATE ROLE {} LOGIN PASSWORD 'theirs'", user.name())).await;
    assert_eq!(user.sight().await.owner, Owner::Untagged);
    let error = user.create().await.expect_err("there is one");
    assert_eq!(error.reason(), reason::ALREADY_EXISTS);
    connect(&bench.server, user.name(), "theirs", &bench.database).await.expect("it is as it was");
    // So is somebody else's group.
    let other = Bench::new("alien").await.expect("a server");
    other.behind(&format!("CREATE ROLE terrace_ro_{}", other.database)).await;
    let error = other.user("a", ReadOnly).create().await.expect_err("the group is taken");
    assert_eq!((error.reason(), error.is_stalled()), (reason::NOT_OWNED, true));
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
async fn a_user_of_iam_logs_in_by_token_alone_and_the_administrator_goes_on_by_password() {
    let Some(bench) = Bench::new("iam").await else { return };
    let user = bench.user("a", ReadWrite).with("authentication", "iam").made().await;
    let by_password = bench.user("a", ReadWrite);
    assert!(bench.login(&by_password).await.is_err(), "RDS lets it in by a token, and this server not at all");
    bench.administrator().await;
    for change in ["access", "authentication", "authentication"] {
        match change {
            "access" => bench.behind(&format!("ALTER ROLE {} RESET role", user.name())).await,
            _ if user.differs().await.is_empty() => {
                by_password.mends(&["authentication"]).await;
                bench.by(&by_password).await;
            }
            _ => {}
        }
        user.mends(&[change]).await;
        bench.administrator().await;
    }
    user.delete().await.expect("it is deleted");
    bench.administrator().await;
    assert!(user.look().await.expect("it is looked at").is_none());
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
async fn names_and_passwords_are_nothing_but_names_and_passwords() {
    let Some(bench) = Bench::new("quote").await else { return };
    let user = bench.user("a\"; DROP TABLE x; --'\\", ReadWrite).made().await;
    can(&bench.by(&user).await, "CREATE TABLE \"a\"\"b'\\\" (id int)").await;
    let reader = bench.user("R", ReadOnly).made().await;
    assert_eq!(count(&bench.by(&reader).await, "\"a\"\"b'\\\"").await, 0);
    user.delete().await.expect("it is deleted");
}

#[tokio::test]
async fn what_stands_in_the_way_is_said_and_sorted() {
    let Some(bench) = Bench::new("ways").await else { return };
    let user = bench.user("a", ReadOnly);
    let error = user.with("port", 1).look().await.expect_err("nobody listens there");
    assert!(matches!(&error, Error::Retry { message } if message.contains("security group")), "{error}");
    let error = user.with("administratorSecretArn", "arn:other").look().await.expect_err("another password");
    assert!(matches!(&error, Error::Retry { message } if message.contains("arn:other")), "{error}");
    let error = user.with("database", "nowhere").look().await.expect_err("no such database");
    assert_eq!((error.reason(), error.is_stalled()), ("DatabaseNotFound", true));
    let error = user.trusting(servers::other_authority()).look().await.expect_err("another authority");
    assert_eq!((error.reason(), error.is_stalled()), ("CertificateNotTrusted", true), "{error}");
    // The certificate is for localhost and 127.0.0.1, and this is the same server.
    assert!(user.with("host", "127.0.0.1").look().await.expect("it is looked at").is_none());
    let error = user.with("host", "127.0.0.2").look().await.expect_err("another host");
    assert_eq!((error.reason(), error.is_stalled()), ("CertificateNotTrusted", true), "{error}");
    bench.behind(&format!("ALTER DATABASE {} OWNER TO {SUPER}", bench.database)).await;
    let error = user.create().await.expect_err("it is not the administrator's to give");
    assert_eq!((error.reason(), error.is_stalled()), (reason::ACCESS_DENIED, true), "{error}");
    assert!(user.look().await.expect("it is looked at").is_none(), "all of it, or nothing");
}

#[tokio::test]
async fn a_connection_that_breaks_half_way_leaves_nothing_and_is_tried_again() {
    let Some(bench) = Bench::new("broken").await else { return };
    let user = bench.user("a", ReadWrite);
    let mut holder = bench.administrator().await;
    let held = holder.transaction().await.expect("a transaction");
    held.batch_execute("SELECT pg_advisory_xact_lock(hashtext('terrace.dev/users'))").await.expect("the lock");
    let create = tokio::spawn({
        let user = user.clone();
        async move { user.create().await }
    });
    let watcher = connect(&bench.server, SUPER, SUPER, &bench.database).await.expect("the super user");
    let query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = 'terrace' AND wait_event = 'advisory' AND datname = current_database()";
    until("it waits, and its session is ended", SOON, async || {
        let ended = watcher.query(query, &[]).await?;
        ensure(!ended.is_empty(), "nobody waits")
    })
    .await
    .unwrap();
    let error = create.await.expect("the task").expect_err("the connection broke");
    assert!(matches!(error, Error::Retry { .. }), "{error:?}");
    drop(held);
    user.made().await;
}

#[tokio::test]
async fn where_databases_are_not_reached_nothing_is_seen_and_nothing_made() {
    let Some(bench) = Bench::new("none").await else { return };
    let user = bench.user("a", ReadOnly).made().await;
    let none = user.out_of_reach();
    assert!(none.look().await.expect("nothing is seen").is_none());
    none.delete().await.expect("it is left");
    assert_eq!(none.create().await.expect_err("nothing is made").reason(), reason::ACCESS_DENIED);
    bench.by(&user).await;
}
