//! Security groups, their rules and the network, against an emulator:
//! `TERRACE_WIRE_ENDPOINT=http://127.0.0.1:4566`, and `TERRACE_WIRE_EMULATOR=moto` if it is that one.

#[path = "../../../aws/tests/lives/bed.rs"]
mod bed;
#[path = "../../../aws/tests/lives/gaps.rs"]
mod gaps;
mod groups;
#[path = "../../../aws/tests/lives/life.rs"]
mod life;
mod network;
mod prepare;
mod rules;
