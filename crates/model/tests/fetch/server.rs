//! An HTTP server on this machine: one request a connection, answered by a function of the test.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::world::sha256;

/// A server; it listens until the test's process ends.
pub(crate) struct Server {
    pub(crate) endpoint: String,
    seen: Arc<Mutex<Vec<Request>>>,
}

/// A request without its body.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) path: String,
    headers: BTreeMap<String, String>,
    /// How many requests for this path came before this one.
    pub(crate) earlier: usize,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The first byte that is asked for.
    pub(crate) fn from(&self) -> Option<usize> {
        self.header("range")?.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()
    }
}

impl Server {
    pub(crate) fn start(answer: impl Fn(&Request, &mut TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (answer, log) = (Arc::new(answer), Arc::clone(&seen));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (answer, log) = (Arc::clone(&answer), Arc::clone(&log));
                thread::spawn(move || serve(stream.unwrap(), &*answer, &log));
            }
        });
        Self { endpoint, seen }
    }

    /// Serves `files` as a repository's, each with its SHA-256 as entity tag and with ranges.
    pub(crate) fn of_files(files: &[(&str, &[u8])]) -> Self {
        let files: BTreeMap<String, Vec<u8>> = owned(files);
        Self::start(move |request, stream| match find(&files, &request.path) {
            Some(body) => send_file(request, stream, body),
            None => send(stream, 404, &[], b"not found"),
        })
    }

    pub(crate) fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }
}

pub(crate) fn owned(files: &[(&str, &[u8])]) -> BTreeMap<String, Vec<u8>> {
    files.iter().map(|(path, body)| ((*path).to_owned(), body.to_vec())).collect()
}

/// The file that an address ends in.
pub(crate) fn find<'a>(files: &'a BTreeMap<String, Vec<u8>>, path: &str) -> Option<&'a Vec<u8>> {
    files.iter().find(|(name, _)| path.ends_with(&format!("/{name}"))).map(|(_, body)| body)
}

fn serve(mut stream: TcpStream, answer: &dyn Fn(&Request, &mut TcpStream), log: &Mutex<Vec<Request>>) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
    let Some(path) = lines.next().and_then(|line| line.split(' ').nth(1).map(str::to_owned)) else { return };
    let headers = lines
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned())))
        .collect();
    let request = {
        let mut log = log.lock().unwrap();
        let earlier = log.iter().filter(|request| request.path == path).count();
        let request = Request { path, headers, earlier };
        log.push(request.clone());
        request
    };
    answer(&request, &mut stream);
}

/// A whole answer.
pub(crate) fn send(stream: &mut TcpStream, status: u16, headers: &[(&str, &str)], body: &[u8]) {
    send_head(stream, status, headers, body.len());
    let _ = stream.write_all(body);
}

/// The head of an answer that announces `length` bytes.
pub(crate) fn send_head(stream: &mut TcpStream, status: u16, headers: &[(&str, &str)], length: usize) {
    let mut head = format!("HTTP/1.1 {status} status\r\nconnection: close\r\ncontent-length: {length}\r\n");
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    let _ = stream.write_all(format!("{head}\r\n").as_bytes());
}

/// A file as the Hub sends it.
pub(crate) fn send_file(request: &Request, stream: &mut TcpStream, body: &[u8]) {
    let tag = format!("\"{}\"", sha256(body));
    match request.from().filter(|_| request.header("if-range").is_none_or(|wanted| wanted == tag)) {
        Some(from) if from < body.len() => {
            let range = format!("bytes {from}-{}/{}", body.len() - 1, body.len());
            send(stream, 206, &[("etag", &tag), ("content-range", &range)], &body[from..]);
        }
        Some(_) => send(stream, 416, &[("etag", &tag), ("content-range", &format!("bytes */{}", body.len()))], b""),
        None => send(stream, 200, &[("etag", &tag)], body),
    }
}

/// Announces all of `body` and ends after `count` bytes of it.
pub(crate) fn send_cut(stream: &mut TcpStream, body: &[u8], count: usize) {
    send_head(stream, 200, &[("etag", &format!("\"{}\"", sha256(body)))], body.len());
    let _ = stream.write_all(&body[..count]);
}

/// Says nothing more until the other side hangs up.
pub(crate) fn wait_for_hang_up(stream: &mut TcpStream) {
    let _ = stream.read(&mut [0]);
}
