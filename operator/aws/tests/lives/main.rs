//! The lives of resources against an emulator. `bed emulator` (tests/README.md) starts one and names it by
//! `TERRACE_WIRE_ENDPOINT` and `TERRACE_WIRE_EMULATOR`.

mod acm;
mod autoscaling;
mod bed;
mod cloudfront;
mod cloudwatch;
mod eks;
mod elasticache;
mod gaps;
mod iam;
mod kms;
mod life;
mod route53;
mod s3;
mod secretsmanager;
