//! Security groups, their rules and the network, against an emulator. `bed emulator` (tests/README.md) starts one and
//! names it by `TERRACE_WIRE_ENDPOINT` and `TERRACE_WIRE_EMULATOR`.

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
