//! What a person asks of the program: it reads the cluster and AWS, and prints.

mod account;
mod ack;
pub mod act;
pub mod adopt;
mod assume;
mod awaited;
mod checkup;
pub mod cluster;
mod display;
pub mod doctor;
pub mod drift;
mod eyes;
pub mod look;
mod manifests;
mod named;
pub mod offers;
pub mod plan;
mod prices;
mod schema;
pub mod shell;
mod stage;
pub mod ui;
pub mod wait;
mod world;
pub mod write;
