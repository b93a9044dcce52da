//! End-to-end tests: a real control plane, an AWS emulator, and what a user does. They share one bed.

mod alerts;
mod argocd;
mod bad_input;
mod bad_input_edge;
mod bad_input_web;
mod bed;
mod binding;
mod cache;
mod chart;
mod checker;
mod crash;
mod docs;
mod drift;
mod fargate;
mod iam;
mod life;
mod logins;
mod objects;
mod objects_tier;
mod recovery;
mod references;
mod rollouts;
mod rules;
mod scene;
mod still;
mod web;
