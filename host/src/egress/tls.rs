//! Step 7, TLS: whom to trust, and sessions that no two tenants share.

use std::sync::Arc;

use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// Sessions that one tenant's client remembers; a tenant has few destinations.
const SESSIONS: usize = 32;

/// Why no TLS can be spoken.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A root certificate that was handed in cannot be read.
    #[error("a root certificate cannot be read: {0}")]
    Root(#[source] rustls::Error),
    /// There is no verifier or protocol version.
    #[error("TLS cannot be set up: {0}")]
    Setup(String),
}

/// A certificate of an authority.
pub type Root = CertificateDer<'static>;

/// Reads certificates of further authorities from PEM; each is one that can be trusted.
///
/// # Errors
///
/// In words: there is none, or which one cannot be read.
pub fn roots(pem: &[u8]) -> Result<Vec<Root>, String> {
    let mut roots = Vec::new();
    for (at, found) in (1..).zip(CertificateDer::pem_slice_iter(pem)) {
        let root = found.map_err(|error| format!("its certificate {at} is no PEM: {error}"))?;
        RootCertStore::empty()
            .add(root.clone())
            .map_err(|error| format!("its certificate {at} cannot be trusted: {error}"))?;
        roots.push(root);
    }
    if roots.is_empty() {
        return Err("it has no certificate in PEM (-----BEGIN CERTIFICATE-----)".to_owned());
    }
    Ok(roots)
}

/// What all tenants share: the roots, parsed once.
pub(super) struct Trust {
    provider: Arc<CryptoProvider>,
    verifier: Arc<WebPkiServerVerifier>,
}

impl Trust {
    /// The system's roots, or Mozilla's where it has none, and those handed in.
    pub(super) fn new(extra: Vec<CertificateDer<'static>>) -> Result<Self, TlsError> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        for root in extra {
            roots.add(root).map_err(TlsError::Root)?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
                .build()
                .map_err(|error| TlsError::Setup(error.to_string()))?;
        Ok(Self { provider, verifier })
    }

    /// A configuration for HTTP, with a session store of its own.
    pub(super) fn config(&self) -> Result<Arc<ClientConfig>, TlsError> {
        self.speaking(vec![b"http/1.1".to_vec()])
    }

    /// One for mail and syslog: there is no other protocol to agree on, so none is named.
    pub(super) fn config_without_alpn(&self) -> Result<Arc<ClientConfig>, TlsError> {
        self.speaking(Vec::new())
    }

    fn speaking(&self, protocols: Vec<Vec<u8>>) -> Result<Arc<ClientConfig>, TlsError> {
        let mut config = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| TlsError::Setup(error.to_string()))?
            .with_webpki_verifier(Arc::clone(&self.verifier))
            .with_no_client_auth();
        config.alpn_protocols = protocols;
        config.resumption = Resumption::in_memory_sessions(SESSIONS);
        Ok(Arc::new(config))
    }
}

#[cfg(test)]
mod tests {
    use super::roots;

    #[test]
    fn certificates_are_read_from_pem_and_the_one_that_cannot_be_is_named() {
        let pem = |name: &str| {
            let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
            made.cert.pem()
        };
        let (one, two) = (pem("one.example"), pem("two.example"));
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for (text, expected) in [
            (one.clone(), Ok(1)),
            (format!("# ours\n{one}\n{two}"), Ok(2)),
            (String::new(), Err("it has no certificate in PEM")),
            (
                one.replace("CERTIFICATE", "PRIVATE KEY"),
                Err("it has no certificate in PEM"),
            ),
            (one[..one.len() / 2].to_owned(), Err("")),
            (
                format!("{one}{broken}"),
                Err("its certificate 2 cannot be trusted"),
            ),
        ] {
            match (roots(text.as_bytes()), expected) {
                (Ok(found), Ok(count)) => assert_eq!(found.len(), count, "{text}"),
                (Err(told), Err(what)) => assert!(told.starts_with(what), "{text}: {told}"),
                (other, _) => panic!("{text}: {other:?}"),
            }
        }
    }
}
