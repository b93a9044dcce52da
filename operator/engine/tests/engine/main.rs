//! The engine on the in-memory AWS: every order, every crash, every policy, on the graphs of real tiers.

mod adoption;
mod approval;
mod bugs;
mod crash;
mod emptying;
mod foreseen;
mod harness;
mod life;
mod missing;
mod moved;
mod pause;
mod quota;
mod rebuilt;
mod still;
mod together;
