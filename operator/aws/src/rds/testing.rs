//! Fixtures for the tests of RDS.
