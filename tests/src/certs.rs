//! The certificates of a control plane: its authority, what it serves with, and the administrator's.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, ExtendedKeyUsagePurpose as Usage, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

/// Names that the API server is called by, from outside and by pods.
const NAMES: [&str; 6] =
    ["127.0.0.1", "localhost", "10.96.0.1", "kubernetes", "kubernetes.default", "kubernetes.default.svc"];

/// The files, in PEM.
#[derive(Debug, Clone)]
pub struct Certs {
    /// The authority's certificate, for clients and servers.
    pub ca: PathBuf,
    /// Its key, with which the controller manager signs.
    pub ca_key: PathBuf,
    /// What the API server serves with.
    pub serving: PathBuf,
    /// Its key.
    pub serving_key: PathBuf,
    /// A client certificate in `system:masters`.
    pub admin: PathBuf,
    /// Its key.
    pub admin_key: PathBuf,
    /// The key that signs ServiceAccount tokens.
    pub service_account_key: PathBuf,
    /// Its public half, which verifies them.
    pub service_account_public: PathBuf,
}

impl Certs {
    /// Makes them all in `folder`.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn make(folder: &Path) -> Result<Certs> {
        fs::create_dir_all(folder)?;
        let file = |name: &str| folder.join(name);
        let certs = Certs {
            ca: file("ca.crt"),
            ca_key: file("ca.key"),
            serving: file("serving.crt"),
            serving_key: file("serving.key"),
            admin: file("admin.crt"),
            admin_key: file("admin.key"),
            service_account_key: file("service-account.key"),
            service_account_public: file("service-account.pub"),
        };
        let ca = authority(&certs)?;
        let mut serving = CertificateParams::new(NAMES.map(String::from))?;
        serving.extended_key_usages = vec![Usage::ServerAuth];
        sign(serving, &ca, &certs.serving, &certs.serving_key)?;

        let mut admin = CertificateParams::default();
        admin.distinguished_name.push(DnType::CommonName, "administrator");
        admin.distinguished_name.push(DnType::OrganizationName, "system:masters");
        admin.extended_key_usages = vec![Usage::ClientAuth];
        sign(admin, &ca, &certs.admin, &certs.admin_key)?;

        let tokens = KeyPair::generate()?;
        fs::write(&certs.service_account_key, tokens.serialize_pem())?;
        fs::write(&certs.service_account_public, tokens.public_key_pem())?;
        Ok(certs)
    }
}

fn authority(certs: &Certs) -> Result<Issuer<'static, KeyPair>> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "terrace test bed");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate()?;
    write(&params.self_signed(&key)?, &key, &certs.ca, &certs.ca_key)?;
    Ok(Issuer::new(params, key))
}

fn sign(mut params: CertificateParams, ca: &Issuer<'static, KeyPair>, to: &Path, key_to: &Path) -> Result<()> {
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    let key = KeyPair::generate()?;
    write(&params.signed_by(&key, ca)?, &key, to, key_to)
}

fn write(certificate: &Certificate, key: &KeyPair, to: &Path, key_to: &Path) -> Result<()> {
    fs::write(to, certificate.pem())?;
    Ok(fs::write(key_to, key.serialize_pem())?)
}
