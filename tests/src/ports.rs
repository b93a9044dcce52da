//! Free ports on loopback, held against other beds.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Context, Result, bail};

use crate::cache;

/// Below what Linux hands out to outgoing connections (from 32768 on), so that none of those takes a port between its
/// choice and its use.
const RANGE: std::ops::Range<u16> = 20_000..32_000;

/// A port that is nobody else's for as long as this lives: a locked file keeps other beds off it.
#[derive(Debug)]
pub struct Port {
    number: u16,
    _lock: File,
}

impl Port {
    /// Takes a free port.
    ///
    /// # Errors
    /// When the whole range is taken, or the cache folder cannot be written.
    pub fn take() -> Result<Port> {
        let folder = cache::root()?.join("ports");
        fs::create_dir_all(&folder).with_context(|| format!("create {}", folder.display()))?;
        let size = RANGE.end - RANGE.start;
        let first = seed() % size;
        for step in 0..size {
            let number = RANGE.start + (first + step) % size;
            let lock = File::options().create(true).append(true).open(folder.join(number.to_string()))?;
            if lock.try_lock().is_ok() && TcpListener::bind((Ipv4Addr::LOCALHOST, number)).is_ok() {
                return Ok(Port { number, _lock: lock });
            }
        }
        bail!("no free port between {} and {}", RANGE.start, RANGE.end)
    }

    /// Its number.
    pub fn number(&self) -> u16 {
        self.number
    }

    /// `http://127.0.0.1:PORT`
    pub fn http(&self) -> String {
        format!("http://127.0.0.1:{}", self.number)
    }
}

/// Somewhere to begin looking, different in every process and at every call.
fn seed() -> u16 {
    use std::hash::{BuildHasher, RandomState};
    (RandomState::new().hash_one(std::process::id()) % u64::from(u16::MAX)) as u16
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_port_is_given_out_twice_while_it_is_held() {
        let held: Vec<Port> = (0..50).map(|_| Port::take().unwrap()).collect();
        let numbers: BTreeSet<u16> = held.iter().map(Port::number).collect();
        assert_eq!(numbers.len(), 50);
    }

    #[test]
    fn a_port_in_use_is_passed_over() {
        let port = Port::take().unwrap();
        let _listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port.number())).unwrap();
        let number = port.number();
        drop(port);
        let others: Vec<Port> = (0..50).map(|_| Port::take().unwrap()).collect();
        assert!(others.iter().all(|other| other.number() != number));
    }
}
