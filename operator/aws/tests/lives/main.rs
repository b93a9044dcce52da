//! The lives of resources against an emulator: `TERRACE_WIRE_ENDPOINT=http://127.0.0.1:4566`.

mod autoscaling;
mod bed;
mod eks;
mod iam;
mod kms;
mod life;
mod secretsmanager;
