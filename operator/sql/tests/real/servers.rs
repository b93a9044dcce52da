//! Servers of these tests' own, on loopback, gone when the program ends. Each has an administrator with the rights that RDS
//! gives to one, and no more.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use terrace_sql::Tls;
use terrace_tests::certs::Certs;
use terrace_tests::ports::Port;
use terrace_tests::process::{Process, command, until_up};
use terrace_tests::scratch::Scratch;
use terrace_tests::skip::skip;
use terrace_tests::until;
use tokio::net::TcpStream;
use tokio::sync::OnceCell;

/// The administrator's name and password, on either server.
pub const ADMINISTRATOR: &str = "terrace";
pub const PASSWORD: &str = "administrator's";
/// Somebody who may do everything, as nobody on RDS may.
pub const SUPER: &str = "super";

const SOON: Duration = Duration::from_secs(60);

/// A server that runs.
pub struct Server {
    pub port: u16,
    /// Trusts the authority of its certificate.
    pub tls: Tls,
    authority: Vec<u8>,
    _process: Process,
    _port: Port,
    _folder: Scratch,
}

/// The PostgreSQL server of this program; `None`, with the reason said, where none is installed.
pub async fn postgres() -> Option<Arc<Server>> {
    static SERVER: OnceCell<Arc<Server>> = OnceCell::const_new();
    let Some(programs) = newest_postgres() else {
        skip("no PostgreSQL server is installed (postgresql)");
        return None;
    };
    let start = async || Ok(Arc::new(start_postgres(&programs).await?));
    let server: Result<&Arc<Server>> = SERVER.get_or_try_init(start).await;
    Some(server.expect("PostgreSQL starts").clone())
}

/// The MariaDB server of this program; `None`, with the reason said, where none is installed.
pub async fn mariadb() -> Option<Arc<Server>> {
    static SERVER: OnceCell<Arc<Server>> = OnceCell::const_new();
    let (Some(install), Some(daemon)) = (program("mariadb-install-db"), program("mariadbd")) else {
        skip("no MariaDB server is installed (mariadb-server)");
        return None;
    };
    let start = async || Ok(Arc::new(start_mariadb(&install, &daemon).await?));
    let server: Result<&Arc<Server>> = SERVER.get_or_try_init(start).await;
    Some(server.expect("MariaDB starts").clone())
}

/// A TLS setting that trusts somebody else.
pub fn other_authority() -> Tls {
    let folder = Scratch::new().expect("a folder");
    let certs = Certs::make(folder.path()).expect("certificates");
    Tls::trusting(&fs::read(certs.ca).expect("a certificate")).expect("an authority")
}

/// What RDS's administrators may do ("Master user account privileges"), and a role as which IAM users log in. Whoever is a
/// member of that is let in by a token only: here, where nobody has one, not at all.
const POSTGRES: &str =
    "CREATE ROLE terrace LOGIN CREATEROLE CREATEDB PASSWORD 'administrator''s'; CREATE ROLE rds_iam;";

async fn start_postgres(programs: &Path) -> Result<Server> {
    let (folder, port) = (Scratch::new()?, Port::take()?);
    let (data, certs) = (folder.path().join("data"), Certs::make(&folder.path().join("certs"))?);
    let secret = folder.path().join("secret");
    fs::write(&secret, SUPER)?;
    give_away(folder.path(), &certs)?;
    let mut init = ours(&programs.join("initdb"));
    init.arg("-D").arg(&data).args(["-U", SUPER, "--auth=scram-sha-256", "--no-sync", "--encoding=UTF8", "--locale=C"]);
    run(init.arg("--pwfile").arg(&secret))?;
    let access = "hostssl all +rds_iam all reject\nhostssl all all all scram-sha-256\n";
    fs::write(data.join("pg_hba.conf"), access)?;
    let mut server = ours(&programs.join("postgres"));
    server.arg("-D").arg(&data).arg("-k").arg(folder.path()).args(["-p", &port.number().to_string()]);
    for setting in ["listen_addresses=127.0.0.1,127.0.0.2", "ssl=on", "fsync=off", "max_connections=60"] {
        server.args(["-c", setting]);
    }
    server.args(["-c", &format!("ssl_cert_file={}", certs.serving.display())]);
    server.args(["-c", &format!("ssl_key_file={}", certs.serving_key.display())]);
    let server = up("postgres", &server, folder, port, &certs).await?;
    // It listens before it is up.
    let enter = async || Ok(crate::postgres::connect(&server, SUPER, SUPER, "postgres").await?);
    let client = until("PostgreSQL lets somebody in", SOON, enter).await?;
    client.batch_execute(POSTGRES).await?;
    Ok(server)
}

/// What RDS's administrators may do, and its procedure to end sessions.
const MARIADB: &str = "\
CREATE USER 'super'@'%' IDENTIFIED BY 'super';
GRANT ALL PRIVILEGES ON *.* TO 'super'@'%' WITH GRANT OPTION;
CREATE USER 'terrace'@'%' IDENTIFIED BY 'administrator''s';
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, PROCESS, REFERENCES, INDEX, ALTER, SHOW DATABASES, \
CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, REPLICATION CLIENT, CREATE VIEW, SHOW VIEW, CREATE ROUTINE, ALTER ROUTINE, \
CREATE USER, EVENT, TRIGGER ON *.* TO 'terrace'@'%' WITH GRANT OPTION;
CREATE DEFINER = 'super'@'%' PROCEDURE mysql.rds_kill(IN thread BIGINT) KILL thread;
";

async fn start_mariadb(install: &Path, daemon: &Path) -> Result<Server> {
    let (folder, port) = (Scratch::new()?, Port::take()?);
    let (data, certs) = (folder.path().join("data"), Certs::make(&folder.path().join("certs"))?);
    let first = folder.path().join("first.sql");
    fs::write(&first, MARIADB)?;
    give_away(folder.path(), &certs)?;
    let option = |name: &str, path: &Path| format!("--{name}={}", path.display());
    let mut init = ours(install);
    init.args(["--no-defaults", "--skip-test-db", "--auth-root-authentication-method=normal"]);
    run(init.arg(option("datadir", &data)).arg(option("tmpdir", folder.path())))?;
    let mut server = ours(daemon);
    server.args(["--no-defaults", "--bind-address=127.0.0.1", &format!("--port={}", port.number())]);
    server.arg(option("datadir", &data)).arg(option("socket", &folder.path().join("socket")));
    server.arg(option("pid-file", &folder.path().join("pid"))).arg(option("init-file", &first));
    server.arg(option("ssl-ca", &certs.ca)).arg(option("ssl-cert", &certs.serving));
    server
        .arg(option("ssl-key", &certs.serving_key))
        .args(["--innodb-flush-log-at-trx-commit=0", "--skip-name-resolve"]);
    up("mariadb", &server, folder, port, &certs).await
}

/// Starts it, and waits until it answers.
async fn up(name: &str, server: &Command, folder: Scratch, port: Port, certs: &Certs) -> Result<Server> {
    let process = Process::start(name, server, folder.path())?;
    let mut processes = [process];
    let address = format!("127.0.0.1:{}", port.number());
    until_up(&mut processes, name, SOON, async || {
        let stream = TcpStream::connect(&address).await?;
        // MariaDB greets whoever comes in; PostgreSQL waits for them.
        if name == "mariadb" {
            stream.readable().await?;
        }
        Ok(())
    })
    .await?;
    let [process] = processes;
    let authority = fs::read(&certs.ca)?;
    let tls = Tls::trusting(&authority)?;
    Ok(Server { port: port.number(), tls, authority, _process: process, _port: port, _folder: folder })
}

impl Server {
    /// For whoever logs in beside the operator.
    pub fn client_config(&self) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(CertificateDer::pem_slice_iter(&self.authority).filter_map(Result::ok));
        ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()
    }

    /// The same for MariaDB's driver.
    pub fn ssl_opts(&self) -> mysql_async::SslOpts {
        let authority = self.authority.clone().into();
        mysql_async::SslOpts::default().with_root_certs(vec![authority]).with_disable_built_in_roots(true)
    }
}

/// Neither server runs as root: where these tests do, it is nobody who runs it.
fn ours(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    command("setpriv", ["--reuid=nobody", "--regid=nogroup", "--clear-groups", &program.display().to_string()])
}

/// The folder is whose server it is, and the key nobody else's to read.
fn give_away(folder: &Path, certs: &Certs) -> Result<()> {
    fs::set_permissions(&certs.serving_key, fs::Permissions::from_mode(0o600))?;
    if is_root() { run(Command::new("chown").args(["-R", "nobody:nogroup"]).arg(folder)) } else { Ok(()) }
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output();
    output.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.current_dir("/").output().with_context(|| format!("run {command:?}"))?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// Debian keeps the programs of each version in a folder of its own, and none of them on the path.
fn newest_postgres() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let number = |path: &PathBuf| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
    let newest =
        versions.map(|entry| entry.path()).filter(|path| path.join("bin/postgres").exists()).max_by_key(number);
    newest.map(|path| path.join("bin")).or_else(|| program("postgres")?.parent().map(Path::to_owned))
}

fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into()]);
    folders.map(|folder| folder.join(name)).find(|path| path.is_file())
}
