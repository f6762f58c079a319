//! `qiao ask --chat`: answers that a language model writes, behind a server and out of a file.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::bridges::{EN, bridges};
use crate::desk::{Desk, finish, repository, run};

/// A chat server with one reply to everything; what it is asked comes out of the channel, with the head of the request.
struct Server {
    url: String,
    asked: Receiver<(String, Value)>,
}

fn server(status: &'static str, body: String) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let (sender, asked) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let request = read(&mut stream);
            let length = body.len();
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
            );
            // whoever hangs up early is no matter here
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
            let _ = sender.send(request);
        }
    });
    Server { url, asked }
}

fn read(stream: &mut TcpStream) -> (String, Value) {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(reader.read_line(&mut head).unwrap() > 0, "{head}");
    }
    let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ").map(str::to_owned));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    reader.read_exact(&mut body).unwrap();
    (head, serde_json::from_slice(&body).unwrap_or_default())
}

fn saying(text: &str) -> Server {
    let message = json!({"role": "assistant", "content": text});
    let choice = json!({"index": 0, "message": message, "finish_reason": "stop"});
    server("200 OK", json!({"choices": [choice], "usage": {"prompt_tokens": 900, "completion_tokens": 30}}).to_string())
}

const QUESTION: &str = "Why do one-hot codes not scale?";

fn ask(desk: &Desk, server: &Server, more: &[&str]) -> crate::desk::Ran {
    let chat = ["ask", QUESTION, "--chat", "openai", "--base-url", &server.url, "--chat-model", "test"];
    run(desk.command(chat.iter().chain(more)).env("OPENAI_API_KEY", "sk-very-secret").current_dir(repository()))
}

#[test]
fn a_server_writes_and_every_sentence_is_checked() {
    let desk = Desk::with(&bridges().kb);
    let server = saying(
        "One-hot codes do not scale because every new word lengthens every vector [1]. They were invented by Napoleon in 1805 [1]. \
         ![](https://evil.example/x)",
    );
    let ran = ask(&desk, &server, &["--json", "--show-prompt"]).ok();
    let answer = ran.json();
    let sentences = answer["sentences"].as_array().unwrap();
    assert_eq!(sentences[1]["supported"], false, "{answer}");
    let kinds: Vec<&Value> = sentences[1]["faults"].as_array().unwrap().iter().map(|fault| &fault["kind"]).collect();
    assert!(kinds.contains(&&json!("name")) && kinds.contains(&&json!("date")), "{kinds:?}");
    assert!(answer["answer"].as_str().unwrap().contains("[unsupported]"));
    assert!(!answer["answer"].as_str().unwrap().contains("evil"));
    assert_eq!(answer["usage"]["links_removed"], 1);
    assert_eq!(answer["usage"]["prompt_tokens"], 900);
    let shown = desk.qiao(["show", "bridge-en.pdf", "--json"]).ok().json();
    for citation in answer["citations"].as_array().unwrap() {
        let [start, end] = [0, 1].map(|i| citation["span"][i].as_u64().unwrap() as usize);
        if citation["document"] == "bridge-en.pdf" {
            assert_eq!(citation["quote"], &shown["text"].as_str().unwrap()[start..end]);
        }
    }
    let (head, body) = server.asked.recv().unwrap();
    assert!(
        head.contains("POST /v1/chat/completions") && head.to_lowercase().contains("bearer sk-very-secret"),
        "{head}"
    );
    assert_eq!(body["model"], "test");
    let sent: Vec<&Value> = body["messages"].as_array().unwrap().iter().map(|message| &message["content"]).collect();
    let said: Vec<&Value> = answer["prompt"].as_array().unwrap().iter().map(|message| &message["content"]).collect();
    assert_eq!(sent, said);
    assert!(sent[1].as_str().unwrap().contains(QUESTION) && sent[1].as_str().unwrap().contains("[1] bridge-"));
}

#[test]
fn the_answer_for_a_reader_says_what_is_not_borne_out_and_why() {
    let desk = Desk::with(&bridges().kb);
    let server = saying("They were invented by Napoleon in 1805 [1].");
    let text = ask(&desk, &server, &[]).ok().text().to_owned();
    assert!(text.starts_with("They were invented by Napoleon in 1805. [unsupported]\n"), "{text}");
    assert!(text.contains("has the name Napoleon"), "{text}");
    let refused = ask(&desk, &server, &["--strict"]).exits(1);
    assert!(refused.text().contains("No passage bears out"), "{}", refused.text());
}

/// A server that streams `first`, and `rest` only when it is told to go on; where it is not, it hangs up.
fn in_two_parts(first: &'static str, rest: &'static str) -> (String, Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let (go_on, told) = channel();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        read(&mut stream);
        let part = |text: &str| format!("data: {}\n\n", json!({"choices": [{"index": 0, "delta": {"content": text}}]}));
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
        stream.write_all((head.to_owned() + &part(first)).as_bytes()).unwrap();
        if told.recv_timeout(Duration::from_secs(60)).is_ok() {
            let end = json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]});
            let rest = format!("{}data: {end}\n\ndata: [DONE]\n\n", part(rest));
            stream.write_all(rest.as_bytes()).unwrap();
        }
    });
    (url, go_on)
}

/// Asks such a server, and waits until `expected` was shown.
fn shown_so_far(desk: &Desk, url: &str, expected: &str) -> Child {
    let chat = ["ask", QUESTION, "--chat", "openai", "--base-url", url, "--chat-model", "test"];
    let mut command = desk.command(chat);
    let mut child = command.current_dir(repository()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut shown = vec![0; expected.len()];
    child.stdout.as_mut().unwrap().read_exact(&mut shown).unwrap();
    assert_eq!(String::from_utf8_lossy(&shown), expected);
    child
}

const FIRST: &str = "They were invented by Napoleon in 1805 [1]. One-hot codes do";

#[test]
fn sentences_are_shown_while_the_server_still_writes() {
    let desk = Desk::with(&bridges().kb);
    let (url, go_on) = in_two_parts(FIRST, " not scale [1].");
    let child = shown_so_far(&desk, &url, "They were invented by Napoleon in 1805. [unsupported]");
    go_on.send(()).unwrap();
    let rest = finish(child).ok().text();
    assert!(rest.starts_with(" One-hot codes do not scale. ["), "{rest}");
    assert_eq!(rest.matches("Napoleon in 1805").count(), 1, "{rest}");
}

#[test]
fn what_was_shown_stays_where_the_server_hangs_up() {
    let desk = Desk::with(&bridges().kb);
    let (url, go_on) = in_two_parts(FIRST, "");
    let child = shown_so_far(&desk, &url, "They were invented by Napoleon in 1805. [unsupported]");
    drop(go_on);
    assert_eq!(finish(child).exits(4).says(&["error: "]).text(), "\n");
}

#[test]
fn a_key_is_never_shown() {
    let desk = Desk::with(&bridges().kb);
    let refuses =
        server("401 Unauthorized", json!({"error": {"message": "Incorrect API key: sk-very-secret"}}).to_string());
    let ran = ask(&desk, &refuses, &[]).exits(4).says(&["refuses the key", "OPENAI_API_KEY"]);
    assert!(!ran.stderr.contains("sk-very-secret") && !ran.text().contains("sk-very-secret"), "{}", ran.stderr);
}

#[test]
fn what_is_asked_wrongly_is_told() {
    let desk = Desk::with(&bridges().kb);
    let ask = |more: &[&str]| run(desk.command(["ask", QUESTION].iter().chain(more)).current_dir(repository()));
    ask(&["--chat", "openai"]).exits(2).says(&["--chat-model"]);
    ask(&["--chat", "no-such-model"]).exits(2).says(&["no-such-model"]);
    ask(&["--show-prompt"]).exits(2).says(&["--chat"]);
    desk.write("prompt.txt", "[user]\n{{question}} {{pasages}}\n");
    let prompt = desk.path("prompt.txt");
    ask(&["--chat", "openai", "--chat-model", "x", "--prompt", &prompt.to_string_lossy()]).exits(3).says(&[
        "prompt.txt",
        "line 2",
        "{{pasages}}",
        "{{passages}}",
    ]);
    let gone = "http://127.0.0.1:9/v1";
    ask(&["--chat", "openai", "--chat-model", "x", "--base-url", gone]).exits(4).says(&["cannot reach", gone]);
}

#[test]
fn a_local_model_answers_in_this_process() {
    let desk = Desk::with(&bridges().kb);
    let chat =
        ["ask", QUESTION, EN, "--chat", "smollm2-135m-instruct", "--answer-tokens", "24", "--hits", "1", "--json"];
    let answer = run(desk.command(chat).current_dir(repository())).json();
    let usage = &answer["usage"];
    assert!(usage["prompt_tokens"].as_u64().unwrap() > 100, "{usage}");
    assert!((1..=24).contains(&usage["reply_tokens"].as_u64().unwrap()), "{usage}");
    let again = run(desk.command(chat).current_dir(repository())).json();
    assert_eq!(again["answer"], answer["answer"]);
}
