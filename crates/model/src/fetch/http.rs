//! Asking a server for a file: redirects followed by hand, the access token kept at home, an answer within a set time.
//!
//! Redirects are followed here because the Hub says what a large file hashes to in the answer that redirects, not in the
//! one that carries it.

use std::fs;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use ureq::http::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONTENT_LENGTH, CONTENT_RANGE, ETAG, IF_RANGE, LOCATION, RANGE,
};
use ureq::http::{HeaderMap, HeaderName, Response};
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body, Error};

use super::FetchConfig;
use super::config::Token;
use super::digest::Expected;
use super::error::{FileError, SourceError};

const MAX_REDIRECTS: usize = 10;
const LINKED_ETAG: HeaderName = HeaderName::from_static("x-linked-etag");
const USER_AGENT: &str = concat!("qiao/", env!("CARGO_PKG_VERSION"));

/// Asks one Hub for files.
#[derive(Clone)]
pub(super) struct Client {
    agent: Agent,
    endpoint: String,
    token: Option<Token>,
    answer_within: Duration,
    pub(super) stall: Duration,
}

/// Where an unfinished file goes on.
#[derive(Debug, Clone)]
pub(super) struct Resume {
    /// Bytes that are here.
    pub(super) from: u64,
    /// The strong entity tag of the file that they are from.
    pub(super) validator: Option<String>,
}

/// A server's last answer, with its body unread.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) url: String,
    pub(super) body: Body,
    /// Bytes of the body.
    pub(super) length: Option<u64>,
    /// First byte and whole size, of a `Content-Range`.
    pub(super) range: Option<ContentRange>,
    /// The entity tag, where it is a strong one.
    pub(super) validator: Option<String>,
    /// The hash that the Hub gives for the whole file.
    pub(super) expected: Option<Expected>,
}

/// `bytes START-END/TOTAL`, or `bytes */TOTAL`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ContentRange {
    pub(super) start: Option<u64>,
    pub(super) total: Option<u64>,
}

impl Client {
    pub(super) fn new(config: &FetchConfig) -> Result<Self, SourceError> {
        let mut builder = Agent::config_builder()
            .max_redirects(0)
            .http_status_as_error(false)
            .user_agent(USER_AGENT)
            .timeout_resolve(Some(config.answer_within))
            .timeout_connect(Some(config.answer_within))
            .timeout_recv_response(Some(config.answer_within))
            .timeout_per_read(Some(config.stall));
        if is_loopback(&config.hub_endpoint) {
            builder = builder.proxy(None);
        }
        if let Some(tls) = trusted(config)? {
            builder = builder.tls_config(tls);
        }
        Ok(Self {
            agent: builder.build().new_agent(),
            endpoint: config.hub_endpoint.clone(),
            token: config.hub_token.clone(),
            answer_within: config.answer_within,
            stall: config.stall,
        })
    }

    /// Asks for `url`, from the first missing byte on where `resume` says so. The time to answer is that of the whole
    /// conversation up to the head of the last answer, which no single timeout of the HTTP library covers: hence a thread,
    /// which the library's own timeouts end soon after it is given up.
    pub(super) fn ask(&self, url: &str, resume: Option<Resume>) -> Result<Answer, SourceError> {
        let (sender, receiver) = mpsc::channel();
        let (client, address) = (self.clone(), url.to_owned());
        thread::spawn(move || {
            // nobody listens any more where the answer came too late
            let _ = sender.send(client.follow(address, resume.as_ref()));
        });
        receiver.recv_timeout(self.answer_within).unwrap_or_else(|_| Err(self.silent(url)))
    }

    fn follow(&self, mut url: String, resume: Option<&Resume>) -> Result<Answer, SourceError> {
        let mut linked = None;
        for _ in 0..=MAX_REDIRECTS {
            let response = self.get(&url, resume)?;
            if origin(&url) == origin(&self.endpoint) {
                linked = linked.or_else(|| text(response.headers(), &LINKED_ETAG));
            }
            match redirect(&response) {
                None => return Ok(self.answer(url, response, linked)),
                Some(location) => url = join(&url, &location)?,
            }
        }
        Err(unasked(&url, Error::TooManyRedirects))
    }

    fn get(&self, url: &str, resume: Option<&Resume>) -> Result<Response<Body>, SourceError> {
        // a compressed body has neither the length nor the ranges of the file
        let mut request = self.agent.get(url).header(ACCEPT_ENCODING, "identity");
        if let Some(token) = self.token.as_ref().filter(|_| origin(url) == origin(&self.endpoint)) {
            request = request.header(AUTHORIZATION, token.bearer());
        }
        if let Some(resume) = resume {
            request = request.header(RANGE, format!("bytes={}-", resume.from));
        }
        if let Some(validator) = resume.and_then(|resume| resume.validator.as_ref()) {
            request = request.header(IF_RANGE, validator);
        }
        request.call().map_err(|error| match error {
            Error::Timeout(_) => self.silent(url),
            error => unasked(url, error),
        })
    }

    fn answer(&self, url: String, response: Response<Body>, linked: Option<String>) -> Answer {
        let headers = response.headers();
        let etag = text(headers, &ETAG);
        // a content network's own tag may look like a hash and be another one
        let own = etag.clone().filter(|_| origin(&url) == origin(&self.endpoint));
        Answer {
            status: response.status().as_u16(),
            length: text(headers, &CONTENT_LENGTH).and_then(|length| length.parse().ok()),
            range: text(headers, &CONTENT_RANGE).and_then(|range| ContentRange::parse(&range)),
            validator: etag.filter(|tag| tag.starts_with('"')),
            expected: linked.or(own).and_then(|tag| Expected::parse(&tag)),
            body: response.into_body(),
            url,
        }
    }

    fn silent(&self, url: &str) -> SourceError {
        SourceError::Silent { address: origin(url).to_owned(), within: self.answer_within }
    }
}

impl ContentRange {
    fn parse(value: &str) -> Option<Self> {
        let (range, total) = value.trim().strip_prefix("bytes ")?.split_once('/')?;
        let start = range.split_once('-').and_then(|(start, _)| start.trim().parse().ok());
        Some(Self { start, total: total.trim().parse().ok() })
    }
}

fn trusted(config: &FetchConfig) -> Result<Option<TlsConfig>, SourceError> {
    let Some(path) = &config.certificates else { return Ok(None) };
    let pem = fs::read(path).map_err(FileError::at("read the certificates in", path))?;
    let mut certificates = Vec::new();
    for item in parse_pem(&pem) {
        match item {
            Ok(PemItem::Certificate(certificate)) => certificates.push(certificate),
            Ok(_) => {}
            Err(error) => return Err(SourceError::Certificates { path: path.clone(), source: Box::new(error) }),
        }
    }
    let roots = RootCerts::Specific(Arc::new(certificates));
    Ok(Some(TlsConfig::builder().root_certs(roots).build()))
}

fn unasked(url: &str, error: Error) -> SourceError {
    SourceError::Http { address: origin(url).to_owned(), source: Box::new(error) }
}

fn redirect(response: &Response<Body>) -> Option<String> {
    match response.status().as_u16() {
        301 | 302 | 303 | 307 | 308 => text(response.headers(), &LOCATION),
        _ => None,
    }
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// Scheme, host and port of an address: what stands before the path.
fn origin(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at + 3);
    let end = url[host..].find(['/', '?', '#']).map_or(url.len(), |at| host + at);
    &url[..end]
}

fn is_loopback(url: &str) -> bool {
    let host = origin(url).split_once("://").map_or("", |(_, host)| host);
    ["127.0.0.1", "localhost", "[::1]"].iter().any(|name| host.strip_prefix(name).is_some_and(is_port))
}

/// Whether an address begins with a scheme; a query may hold another address.
fn has_scheme(location: &str) -> bool {
    location.split_once("://").is_some_and(|(scheme, _)| scheme.chars().all(|c| c.is_ascii_alphanumeric()))
}

fn is_port(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with(':')
}

/// The address that `location` means on the page `url`. A way from https to http is refused.
fn join(url: &str, location: &str) -> Result<String, SourceError> {
    let scheme = &url[..url.find("://").unwrap_or(0)];
    let next = if has_scheme(location) {
        location.to_owned()
    } else if location.starts_with("//") {
        format!("{scheme}:{location}")
    } else if location.starts_with('/') {
        format!("{}{location}", origin(url))
    } else {
        let page = url.split(['?', '#']).next().unwrap_or(url);
        let folder = page.rfind('/').filter(|at| *at >= origin(url).len());
        format!("{}/{location}", folder.map_or(page, |at| &page[..at]))
    };
    if next.starts_with("https://") || (next.starts_with("http://") && scheme != "https") {
        return Ok(next);
    }
    Err(SourceError::Redirect { url: url.to_owned(), location: location.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_are_read_relative_to_the_page() {
        let page = "https://hub.example/a/b?c=d/e";
        let joined = |location| join(page, location).unwrap();
        assert_eq!(joined("/x"), "https://hub.example/x");
        assert_eq!(joined("x"), "https://hub.example/a/x");
        assert_eq!(joined("//cdn.example/x?u=/y"), "https://cdn.example/x?u=/y");
        assert_eq!(joined("https://cdn.example/x"), "https://cdn.example/x");
        assert_eq!(joined("/go?to=http://x"), "https://hub.example/go?to=http://x");
    }

    #[test]
    fn a_redirect_out_of_encryption_or_http_is_refused() {
        assert!(join("https://hub.example/a", "http://hub.example/a").is_err());
        assert!(join("http://hub.example/a", "file:///etc/passwd").is_err());
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        assert_eq!(origin("http://127.0.0.1:80/a/b"), "http://127.0.0.1:80");
        assert_ne!(origin("https://hub.example.evil/x"), origin("https://hub.example"));
        assert!(is_loopback("http://localhost:8080") && is_loopback("http://127.0.0.1/a"));
        assert!(!is_loopback("http://localhost.example"));
    }

    #[test]
    fn content_ranges() {
        let parse = ContentRange::parse;
        assert_eq!(parse("bytes 5-9/10"), Some(ContentRange { start: Some(5), total: Some(10) }));
        assert_eq!(parse("bytes */10"), Some(ContentRange { start: None, total: Some(10) }));
        assert_eq!(parse("bytes 5-9/*"), Some(ContentRange { start: Some(5), total: None }));
        assert_eq!(parse("lines 1-2/3"), None);
    }
}
