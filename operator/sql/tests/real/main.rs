//! The provider against real servers, which it starts itself: PostgreSQL and MariaDB, as far as they are installed. What is
//! not is said, and counted as skipped. tests/README.md names the packages.

mod case;
mod mariadb;
mod postgres;
mod rotation;
mod servers;
