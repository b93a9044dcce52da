//! Encrypted connections to servers that prove who they are. There are no others.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// The authorities that servers are verified by: chain and host name.
#[derive(Clone)]
pub struct Tls {
    config: Arc<ClientConfig>,
    authorities: Arc<[CertificateDer<'static>]>,
}

/// What was given as authorities holds none.
#[derive(Debug, thiserror::Error)]
#[error("no certificate of an authority was found: give the file global-bundle.pem of RDS's, in PEM")]
pub struct NoAuthority;

impl Tls {
    /// Trusts the authorities in `pem` and nobody else. RDS signs with authorities of its own, which are in no system's
    /// store: they are at https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem (RDS User Guide, "Using
    /// SSL/TLS to encrypt a connection").
    ///
    /// # Errors
    /// Where there is no certificate in it.
    pub fn trusting(pem: &[u8]) -> Result<Tls, NoAuthority> {
        // What has a provider already, as the operator's process has, keeps it.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let mut roots = RootCertStore::empty();
        let found = CertificateDer::pem_slice_iter(pem).filter_map(Result::ok);
        let authorities: Vec<_> = found.filter(|authority| roots.add(authority.clone()).is_ok()).collect();
        if authorities.is_empty() {
            return Err(NoAuthority);
        }
        let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        Ok(Tls { config: config.into(), authorities: authorities.into() })
    }

    /// For PostgreSQL.
    pub(crate) fn postgres(&self) -> tokio_postgres_rustls::MakeRustlsConnect {
        tokio_postgres_rustls::MakeRustlsConnect::new(ClientConfig::clone(&self.config))
    }

    /// For MySQL, whose driver makes a configuration of its own.
    pub(crate) fn mysql(&self) -> mysql_async::SslOpts {
        let authorities = self.authorities.iter().map(|authority| authority.to_vec().into()).collect();
        mysql_async::SslOpts::default().with_root_certs(authorities).with_disable_built_in_roots(true)
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").field("authorities", &self.authorities.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_is_no_authority() {
        for pem in ["", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            assert!(Tls::trusting(pem.as_bytes()).is_err(), "{pem}");
        }
    }
}
