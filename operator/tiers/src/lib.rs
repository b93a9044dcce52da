//! Custom resource and facts to graph: one tier a file, pure.
