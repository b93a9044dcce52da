//! The test bed: a real Kubernetes control plane, an AWS emulator behind a checker of requests, and the operator's
//! process, all on loopback and all gone with the process that started them.
//!
//! A test starts with [`Bed::shared`] (one bed for a whole test program) or [`Bed::start`] (one of its own), takes a
//! [`Tenant`] from it (an AWS account, a namespace and an Environment that no other test has), and from there on speaks
//! through [`Kubectl`], [`Aws`] and [`Checker`].

pub mod account;
pub mod alone;
pub mod argocd;
pub mod aws;
pub mod bed;
pub mod cache;
pub mod certs;
pub mod checker;
pub mod cli;
pub mod container;
pub mod demo;
pub mod docs;
pub mod emulator;
pub mod golang;
pub mod helm;
pub mod http;
pub mod inventory;
pub mod kubectl;
pub mod kubelet;
pub mod kubernetes;
pub mod leaders;
pub mod lists;
pub mod operator;
pub mod pod;
pub mod ports;
pub mod process;
pub mod progress;
pub mod python;
pub mod registrar;
pub mod scratch;
pub mod skip;
pub mod tenant;
pub mod tools;
pub mod wait;
pub mod watch;

pub use account::Account;
pub use aws::Aws;
pub use bed::{Bed, Options};
pub use checker::{Checker, Rule};
pub use emulator::Emulator;
pub use inventory::Inventory;
pub use kubectl::Kubectl;
pub use operator::Operator;
pub use tenant::Tenant;
pub use wait::until;
