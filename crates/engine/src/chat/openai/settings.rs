//! Which server is asked for which model, and how patiently.

use std::fs;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ureq::http::Uri;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

use super::key::{Key, KeyPlace};

/// Settings of one model behind one server.
#[derive(Debug, Clone)]
pub struct OpenAiSettings {
    /// The address that `/chat/completions` follows, such as `http://localhost:11434/v1`.
    pub base_url: String,
    /// The model's name, as the server calls it.
    pub model: String,
    /// The key, where the server wants one. Over plain `http` it is sent to this machine and to addresses of private
    /// networks alone; a name other than `localhost` may lead anywhere, and needs `https`.
    pub key: Option<Key>,
    /// The first token of an answer (a thought counts) comes within this time from asking, a day at most. An answer that
    /// is not streamed begins within it.
    pub first_token_within: Duration,
    /// After the first token, no longer than this passes without another.
    pub stall: Duration,
    /// How often a question is asked again when the server is unreachable, overloaded or asked too often.
    pub retries: u32,
    /// Tokens that prompt and reply may have together, where it is known. The API does not tell, so budgets need it.
    pub window: Option<usize>,
    /// PEM certificates to trust in place of the built-in ones.
    pub certificates: Option<PathBuf>,
}

/// Settings that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A base URL that is none.
    #[error("the base URL `{url}` of the chat server {problem}; it should look like http://localhost:11434/v1")]
    BaseUrl {
        /// What was given, shortened, without what may be a password.
        url: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// No model.
    #[error("no model is named for the chat server at {address}; name one that it has")]
    NoModel {
        /// The server.
        address: String,
    },
    /// A key would go over the open network in the clear.
    #[error(
        "the API key in {place} is not sent to {host} over plain http, where others could read it; use https, or the IP address of a machine in a private network"
    )]
    PlainKey {
        /// Who would get it.
        host: String,
        /// Where the key came from.
        place: KeyPlace,
    },
    /// A time of zero.
    #[error("{name} is 0 s, in which no server answers; set it to a few seconds at least")]
    NoTime {
        /// The setting.
        name: &'static str,
    },
    /// Certificates that cannot be read.
    #[error("cannot read the certificates in {}: {source}; give a PEM file", path.display())]
    CertificatesFile {
        /// Their file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Certificates that cannot be used.
    #[error("the certificates in {} cannot be used: {source}; give a PEM file", path.display())]
    Certificates {
        /// Their file.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<ureq::Error>,
    },
}

/// A base URL that was checked.
#[derive(Debug, Clone)]
pub(super) struct Address {
    /// Without a slash at its end.
    pub(super) base: String,
    pub(super) loopback: bool,
}

impl OpenAiSettings {
    /// Settings without a key: the first token within 120 s, then 60 s without another at most, three retries.
    #[must_use]
    pub fn new(base_url: impl Into<String>, model: impl Into<String>) -> Self {
        Self {
            base_url: base_url.into(),
            model: model.into(),
            key: None,
            first_token_within: Duration::from_secs(120),
            stall: Duration::from_secs(60),
            retries: 3,
            window: None,
            certificates: None,
        }
    }

    /// The base URL, once all settings are found to be usable.
    pub(super) fn check(&self) -> Result<Address, SettingsError> {
        let (address, host) = parse(&self.base_url).map_err(|problem| self.bad_url(problem))?;
        if self.model.trim().is_empty() {
            return Err(SettingsError::NoModel { address: address.base });
        }
        for (name, time) in [("first_token_within", self.first_token_within), ("stall", self.stall)] {
            if time.is_zero() {
                return Err(SettingsError::NoTime { name });
            }
        }
        let plain = address.base.starts_with("http://") && !address.loopback && !is_private(&host);
        match &self.key {
            Some(key) if plain => Err(SettingsError::PlainKey { host, place: key.place().clone() }),
            _ => Ok(address),
        }
    }

    fn bad_url(&self, problem: &'static str) -> SettingsError {
        // a name and a password stand before an `@`, and whoever confuses the fields gives the key here
        let shown = if self.base_url.contains("://") { &self.base_url } else { "…" };
        let shown = shown.rsplit('@').next().unwrap_or_default();
        let shown = self.key.as_ref().map_or_else(|| shown.to_owned(), |key| key.redact(shown));
        let url = shown.chars().filter(|letter| !letter.is_control()).take(100).collect();
        SettingsError::BaseUrl { url, problem }
    }

    pub(super) fn trusted(&self) -> Result<Option<TlsConfig>, SettingsError> {
        self.certificates.as_deref().map(trust).transpose()
    }
}

fn trust(path: &Path) -> Result<TlsConfig, SettingsError> {
    let unread = |source| SettingsError::CertificatesFile { path: path.to_owned(), source };
    let unused = |source| SettingsError::Certificates { path: path.to_owned(), source: Box::new(source) };
    let mut certificates = Vec::new();
    for item in parse_pem(&fs::read(path).map_err(unread)?) {
        if let PemItem::Certificate(certificate) = item.map_err(unused)? {
            certificates.push(certificate);
        }
    }
    let roots = RootCerts::Specific(Arc::new(certificates));
    Ok(TlsConfig::builder().root_certs(roots).build())
}

/// The address in `url`, and its host.
fn parse(url: &str) -> Result<(Address, String), &'static str> {
    let url = url.trim();
    let uri: Uri = url.parse().map_err(|_| "is not an address")?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return Err("begins with neither http:// nor https://");
    }
    if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return Err("holds a name or a password, which belongs into the key");
    }
    if url.contains(['?', '#']) {
        return Err("holds a query or a fragment, which the API has not");
    }
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_ascii_lowercase();
    if host.is_empty() {
        return Err("names no host");
    }
    let base = url.trim_end_matches('/').trim_end_matches("/chat/completions").trim_end_matches('/');
    let scheme = uri.scheme_str().unwrap_or_default();
    let base = format!("{scheme}{}", &base[scheme.len()..]);
    Ok((Address { base, loopback: is_loopback(&host) }, host))
}

fn is_loopback(host: &str) -> bool {
    let named = host == "localhost" || host.ends_with(".localhost");
    named || host.parse().is_ok_and(|ip: IpAddr| ip.to_canonical().is_loopback())
}

/// Whether `host` is an address that no router of the open network passes on (RFC 1918, RFC 3927, RFC 4193, RFC 4291).
fn is_private(host: &str) -> bool {
    match host.parse::<IpAddr>().map(|ip| ip.to_canonical()) {
        Ok(IpAddr::V4(ip)) => ip.is_private() || ip.is_link_local(),
        Ok(IpAddr::V6(ip)) => ip.is_unique_local() || ip.is_unicast_link_local(),
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(url: &str) -> Result<Address, SettingsError> {
        OpenAiSettings::new(url, "m").check()
    }

    fn with_key(url: &str) -> Result<Address, SettingsError> {
        OpenAiSettings { key: Key::new("sk-Secret").ok(), ..OpenAiSettings::new(url, "m") }.check()
    }

    #[test]
    fn a_base_url_may_end_in_slashes_or_be_the_whole_endpoint() {
        for url in ["http://localhost:1/v1", " http://localhost:1/v1// ", "HTTP://localhost:1/v1/chat/completions/"] {
            assert_eq!(checked(url).unwrap().base, "http://localhost:1/v1", "{url}");
        }
        assert_eq!(checked("http://[::1]:80").unwrap().base, "http://[::1]:80");
    }

    #[test]
    fn loopback_is_known_by_name_and_number() {
        for url in ["http://localhost", "http://a.localhost:1", "http://127.8.0.1/v1", "http://[::1]:8/v1"] {
            assert!(checked(url).unwrap().loopback, "{url}");
        }
        for url in ["http://localhost.example", "http://127.0.0.1.example", "http://10.0.0.1", "http://[::2]"] {
            assert!(!checked(url).unwrap().loopback, "{url}");
        }
    }

    #[test]
    fn a_key_goes_in_the_clear_to_near_machines_alone() {
        for near in ["http://localhost", "http://192.168.1.9:8000/v1", "http://10.1.1.1", "http://172.31.0.1"] {
            assert!(with_key(near).is_ok(), "{near}");
        }
        for near in [
            "http://[fd00::1]/v1",
            "http://[fe80::1]",
            "http://169.254.1.1",
            "http://[::ffff:10.0.0.1]",
            "https://api.example/v1",
        ] {
            assert!(with_key(near).is_ok(), "{near}");
        }
        for far in ["http://api.example/v1", "http://172.32.0.1", "http://8.8.8.8", "http://10.0.0.1.example"] {
            let error = with_key(far).unwrap_err();
            assert!(matches!(error, SettingsError::PlainKey { .. }), "{far}: {error}");
            assert!(checked(far).is_ok(), "{far}");
        }
    }

    #[test]
    fn what_is_no_base_url_is_refused() {
        for url in ["", "localhost:11434/v1", "ftp://host/v1", "http://", "http://a b/", "file:///etc/passwd", "/v1"] {
            assert!(matches!(checked(url), Err(SettingsError::BaseUrl { .. })), "{url}");
        }
        for url in ["http://host/v1?key=1", "https://host/#x", "http://me:hidden@host/v1"] {
            let error = checked(url).unwrap_err().to_string();
            assert!(!error.contains("hidden"), "{error}");
        }
        let error = with_key("sk-Secret").unwrap_err();
        assert!(!format!("{error}{error:?}").contains("Secret"));
    }

    #[test]
    fn a_model_and_times_are_needed() {
        let good = OpenAiSettings::new("http://localhost", "m");
        assert!(matches!(
            OpenAiSettings { model: " ".to_owned(), ..good.clone() }.check(),
            Err(SettingsError::NoModel { .. })
        ));
        let hurried = OpenAiSettings { stall: Duration::ZERO, ..good };
        assert!(hurried.check().unwrap_err().to_string().contains("stall"));
    }

    #[test]
    fn certificates_that_are_none_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("roots.pem");
        let settings = OpenAiSettings { certificates: Some(path.clone()), ..OpenAiSettings::new("http://a", "m") };
        assert!(matches!(settings.trusted(), Err(SettingsError::CertificatesFile { .. })));
        fs::write(&path, "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n").unwrap();
        assert!(matches!(settings.trusted(), Err(SettingsError::Certificates { .. })));
    }
}
