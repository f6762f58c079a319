//! A server on this machine that plays scripted answers, one a connection.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::Value;

/// Longer than any test takes on a slow machine.
pub(super) const PATIENT: Duration = Duration::from_secs(60);

pub(super) type Script = Box<dyn FnOnce(&mut TcpStream) + Send>;

/// What was asked.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// Method, path and headers, in small letters.
    pub(super) head: String,
    /// The JSON that was posted.
    pub(super) body: Value,
}

pub(super) struct Server {
    pub(super) base_url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    /// Plays `scripts` in order, then nothing: further connections are refused.
    pub(super) fn play(scripts: Vec<Script>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&asked);
        thread::spawn(move || {
            for script in scripts {
                let Ok((mut stream, _)) = listener.accept() else { return };
                stream.set_read_timeout(Some(PATIENT)).unwrap();
                let Some(asked) = read(&mut stream) else { continue };
                heard.lock().unwrap().push(asked);
                script(&mut stream);
            }
        });
        Self { base_url, asked }
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

fn read(stream: &mut TcpStream) -> Option<Asked> {
    let (mut bytes, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_lowercase();
            let length =
                head.split("content-length: ").nth(1).map_or(0, |rest| rest.lines().next().unwrap().parse().unwrap());
            if body.len() >= length {
                return Some(Asked { head, body: serde_json::from_str(body).unwrap_or_default() });
            }
        }
        match stream.read(&mut piece) {
            Ok(read @ 1..) => bytes.extend(&piece[..read]),
            _ => return None,
        }
    }
}

/// Waits until the client is gone.
pub(super) fn hold(stream: &mut TcpStream) {
    let _ = stream.read(&mut [0; 16]);
}

/// An answer with a status, headers (each ended by a line) and a whole body.
pub(super) fn answer(status: u16, headers: &str, body: &str) -> Script {
    let length = body.len();
    raw(&format!("HTTP/1.1 {status} X\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}"))
}

/// These bytes, and the end of the connection.
pub(super) fn raw(text: &str) -> Script {
    let text = text.to_owned();
    Box::new(move |stream| drop(stream.write_all(text.as_bytes())))
}

pub(super) fn begin_events(stream: &mut TcpStream) {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
}

/// One chunk of the body; whether the client is still there.
pub(super) fn chunk(stream: &mut TcpStream, bytes: &[u8]) -> bool {
    let frame = [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat();
    stream.write_all(&frame).is_ok()
}

/// A stream of these pieces, each in a chunk of its own.
pub(super) fn chunks(pieces: &[&str]) -> Script {
    let pieces: Vec<Vec<u8>> = pieces.iter().map(|piece| piece.as_bytes().to_vec()).collect();
    byte_chunks(pieces)
}

pub(super) fn byte_chunks(pieces: Vec<Vec<u8>>) -> Script {
    Box::new(move |stream| {
        begin_events(stream);
        let there = pieces.iter().all(|piece| chunk(stream, piece));
        assert!(!there || stream.write_all(b"0\r\n\r\n").is_ok());
    })
}

/// The event that carries `text`.
pub(super) fn delta(text: &str) -> String {
    event(&serde_json::json!({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": null}]}))
}

/// The event that ends a reply.
pub(super) fn finish(reason: &str) -> String {
    event(&serde_json::json!({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}))
}

pub(super) fn event(data: &Value) -> String {
    format!("data: {data}\n\n")
}

pub(super) const DONE: &str = "data: [DONE]\n\n";
