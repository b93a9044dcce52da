//! One AWS service a file: each implements the engine's provider contract.
//!
//! *Architecture Invariant:* only this crate and `aws-ec2` name an AWS SDK. Every call passes one limiter and one
//! observer, and is never repeated by the SDK: whether and when to try again is the engine's to say.

pub mod acm;
pub mod actions;
pub mod autoscaling;
pub mod calls;
pub mod clients;
pub mod cloudfront;
pub mod cloudtrail;
pub mod describe;
pub mod eks;
pub mod elasticache;
pub mod elbv2;
pub mod errors;
pub mod finder;
pub mod hourly;
pub mod iam;
pub mod kms;
pub mod limits;
mod mark;
pub mod quotas;
pub mod rds;
pub mod refusals;
pub mod registry;
pub mod route53;
pub mod s3;
pub mod secretsmanager;
mod shared;
pub mod shield;
pub mod sqs;
pub mod sts;
pub mod tags;
#[cfg(test)]
mod testing;
pub mod wafv2;

pub use clients::{AssumeRole, Clients, Settings};
