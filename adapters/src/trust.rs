//! Whom the program believes when it calls somebody over TLS: the machine's own list of authorities, and those that the
//! operator adds, because the city's network reads such calls and signs them anew, or a platform of its own has an
//! authority of its own. One place for all: the HTTP client, clients that platforms' libraries bring, and sockets.

use std::error::Error;
use std::io;
use std::sync::{Arc, OnceLock};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// The authorities that the operator adds cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// There is none in the file.
    #[error(
        "there is no certificate in it; PEM files have blocks that begin with -----BEGIN CERTIFICATE-----"
    )]
    Empty,
    /// One of them cannot be read.
    #[error("certificate {number} in it cannot be read")]
    Broken {
        /// Which, from 1.
        number: usize,
    },
}

/// Authorities besides the machine's own.
#[derive(Clone, Default)]
pub struct Trust {
    added: Arc<[CertificateDer<'static>]>,
    /// Made once, because reading the machine's list takes a while.
    tls: Arc<OnceLock<Arc<rustls::ClientConfig>>>,
}

impl Trust {
    /// Reads the authorities of a PEM file.
    ///
    /// # Errors
    /// When there is none, or one that is no certificate.
    pub fn read(pem: &[u8]) -> Result<Self, TrustError> {
        let mut added = Vec::new();
        for (place, found) in CertificateDer::pem_slice_iter(pem).enumerate() {
            let broken = TrustError::Broken { number: place + 1 };
            let certificate = found.map_err(|_| broken.clone())?;
            rustls::RootCertStore::empty().add(certificate.clone()).map_err(|_| broken)?;
            added.push(certificate);
        }
        if added.is_empty() {
            return Err(TrustError::Empty);
        }
        Ok(Self { added: added.into(), tls: Arc::default() })
    }

    /// Whether the operator has added any.
    pub fn is_extended(&self) -> bool {
        !self.added.is_empty()
    }

    /// Lets an HTTP client believe them, too.
    pub fn extend(&self, builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
        // They were read before, so none of them fails here.
        let added = self.added.iter().filter_map(|added| reqwest::Certificate::from_der(added).ok());
        builder.tls_certs_merge(added)
    }

    /// For sockets, and for clients that take nothing else. The cipher library is named, because the program links two and
    /// none of them is the default.
    ///
    /// # Errors
    /// When the library cannot be set up.
    pub fn tls(&self) -> Result<Arc<rustls::ClientConfig>, rustls::Error> {
        if let Some(made) = self.tls.get() {
            return Ok(Arc::clone(made));
        }
        let mut roots = rustls::RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        roots.add_parsable_certificates(self.added.iter().cloned());
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let made = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Arc::clone(self.tls.get_or_init(|| Arc::new(made))))
    }
}

/// Whether an error says, somewhere in its causes, that the other side's certificate is not believed.
pub fn is_distrust(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(rustls::Error::InvalidCertificate(_)) = error.downcast_ref() {
            return true;
        }
        // What such an error wraps is no source of it, only what that one wraps is.
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = wrapped.map(|wrapped| wrapped as &(dyn Error + 'static)).or_else(|| error.source());
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_is_named_by_its_place() {
        assert_eq!(Trust::read(b"").err(), Some(TrustError::Empty));
        assert_eq!(
            Trust::read(b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n").err(),
            Some(TrustError::Empty)
        );
        let broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert_eq!(Trust::read(broken).err(), Some(TrustError::Broken { number: 1 }));
    }

    #[test]
    fn distrust_is_found_however_it_is_wrapped() {
        let distrust = || rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        assert!(is_distrust(&distrust()));
        assert!(is_distrust(&io::Error::other(io::Error::new(io::ErrorKind::InvalidData, distrust()))));
        assert!(!is_distrust(&io::Error::from(io::ErrorKind::ConnectionRefused)));
        assert!(!is_distrust(&io::Error::other(rustls::Error::HandshakeNotComplete)));
    }
}
