//! End-to-end tests: a real control plane, an AWS emulator, and what a user does. They share one bed.

mod bed;
mod checker;
