//! The command line.

use std::net::SocketAddr;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::telemetry::logs::LogFormat;
use crate::{commands, policy, reach};

/// How long an object that stands still is left alone, unless a flag says otherwise.
pub const DEFAULT_RESYNC: Duration = Duration::from_secs(600);

/// Gives teams AWS from Kubernetes.
#[derive(Debug, Parser)]
#[command(name = "terrace", version)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Watches the cluster and brings AWS to what it asks for. Of a flag that is given twice, the last one holds.
    #[command(args_override_self = true)]
    Controller(Box<Flags>),
    /// Shows what would happen to AWS if these manifests were applied, and changes nothing.
    Plan(Box<commands::plan::Flags>),
    /// Shows what exists: objects, their resources in AWS, and what holds things up.
    Tree(Box<commands::look::Tree>),
    /// Says why an object is as it is: the root cause, the way from it to the object, and what to do.
    Why(Box<commands::look::Why>),
    /// Draws the architecture.
    Graph(Box<commands::look::Graph>),
    /// Serves a page to look at: the architecture live, and of each object its state, cause, plan, events and cost.
    Ui(Box<commands::ui::Flags>),
    /// Shows what somebody changed outside Terrace, by a fresh look at AWS; ends with 2 where there is anything.
    Drift(Box<commands::drift::Flags>),
    /// Says what is not in order with the installation: the cluster, the controller, identity, permissions, network, quotas;
    /// and what mends it. Ends with 2 where something must be mended.
    Doctor(Box<commands::doctor::Flags>),
    /// Says what a kind or a field is for, what it may be, and gives an example.
    Explain(commands::write::Explain),
    /// Writes a commented manifest to start from.
    New(commands::write::New),
    /// Writes what Terraform takes over all resources by.
    Export(Box<commands::write::Export>),
    /// Writes the manifests that take over what exists, found by ARN, by tag, by ACK's objects or in a state of Terraform's,
    /// and change nothing.
    Adopt(Box<commands::adopt::Flags>),
    /// Writes a table of prices for --prices, from files of AWS's own price list.
    Prices(commands::offers::Flags),
    /// Waits until an object is Ready, or gone.
    Wait(Box<commands::wait::Flags>),
    /// Lets a change through that waits for consent.
    Approve(Box<commands::act::Approve>),
    /// Holds every change of an object; its status stays fresh.
    Pause(Box<commands::act::Target>),
    /// Ends a pause.
    Resume(Box<commands::act::Target>),
    /// Has everything of an object read afresh from AWS now.
    Reconcile(Box<commands::act::Target>),
    /// Changes nothing of an object any more: spec.management becomes Observe.
    Observe(Box<commands::act::Target>),
    /// Ends that: spec.management becomes Manage.
    Manage(Box<commands::act::Target>),
    /// Prints what the operator may do: the role that it needs in AWS, or its rules in the cluster.
    Policy(Box<policy::Flags>),
    /// Prints what feeds a queue by which drift is heard of as it happens (docs/drift.md): EventBridge's rules, with the
    /// queue itself where the form can make it.
    DriftRule(crate::drift::rule::Flags),
    /// Prints what completes the command line in a shell, to be sourced.
    Completions(commands::shell::Completions),
    /// Writes the manual, a page a command.
    Man(commands::shell::Manual),
}

/// Flags of `terrace controller`.
#[derive(Clone, Debug, Args)]
pub struct Flags {
    /// Address for /healthz, /readyz and /metrics.
    #[arg(long, default_value = "0.0.0.0:8080")]
    pub health_addr: SocketAddr,
    /// How logs are written.
    #[arg(long, value_enum, default_value_t = LogFormat::Json)]
    pub log_format: LogFormat,
    /// A collector that takes traces as OTLP by HTTP, as http://collector:4318. Without it there are none.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT")]
    pub otlp_endpoint: Option<String>,
    #[command(flatten)]
    pub reach: reach::Flags,
    /// Seconds after which an object that stands still is compared with AWS again.
    #[arg(long, default_value_t = DEFAULT_RESYNC.as_secs(), value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub resync_seconds: u64,
    /// Objects of one kind that are worked on at once.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub concurrency: u16,
    /// Takes part in no election: for a single process outside a cluster.
    #[arg(long)]
    pub no_leader_election: bool,
    /// Namespace of the Lease by which one of several replicas leads, and by which the installation is known.
    #[arg(long, env = "POD_NAMESPACE", default_value = "default")]
    pub lease_namespace: String,
    /// Name of that Lease: one that no other installation in the namespace has.
    #[arg(long, default_value = "terrace")]
    pub lease_name: String,
    /// Namespaces whose objects are served, separated by commas; all of them unless given.
    #[arg(long, value_delimiter = ',')]
    pub namespaces: Vec<String>,
    /// Environments that are served, with the objects in them, separated by commas; all of them unless given.
    #[arg(long, value_delimiter = ',')]
    pub environments: Vec<String>,
}

impl Flags {
    /// Which of several processes this is: in a pod, the pod's name.
    pub fn instance(&self) -> String {
        std::env::var("HOSTNAME").unwrap_or_else(|_| format!("terrace-{}", std::process::id()))
    }

    /// The period of the resync.
    pub fn resync(&self) -> Duration {
        Duration::from_secs(self.resync_seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound_and_refuses_what_makes_no_sense() {
        Cli::command().debug_assert();
        let parse = |flag: &str| Cli::try_parse_from(["terrace", "controller", flag]);
        assert!(parse("--resync-seconds=0").is_err());
        assert!(parse("--concurrency=0").is_err());
        let Ok(Cli { command: Command::Controller(flags) }) = parse("--resync-seconds=60") else { panic!("a period") };
        assert_eq!(flags.resync(), Duration::from_secs(60));
    }
}
