//! The lives of resources against an emulator: `TERRACE_WIRE_ENDPOINT=http://127.0.0.1:4566`, and
//! `TERRACE_WIRE_EMULATOR=moto` if it is that one.

mod autoscaling;
mod bed;
mod eks;
mod gaps;
mod iam;
mod kms;
mod life;
mod secretsmanager;
