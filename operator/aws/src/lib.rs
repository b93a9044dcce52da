//! One AWS service a file: each implements the engine's provider contract.
