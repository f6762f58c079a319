//! The client against a server on this machine.

use std::net::TcpListener;
use std::sync::{Arc, Mutex, mpsc};

use serde_json::json;

use super::*;
use qiao_model::{Finish, Message, Speaker};

mod server;

use server::{
    DONE, PATIENT, Script, Server, answer, begin_events, byte_chunks, chunk, chunks, delta, event, finish, hold, raw,
};

const SECRET: &str = "sk-Secret/0123";

/// 1994-11-06 08:49:37 UTC.
const NOW: u64 = 784_111_777;

/// Notes the waits, and passes them at once.
#[derive(Clone, Default)]
struct Waits(Arc<Mutex<Vec<f32>>>);

impl Clock for Waits {
    fn now(&self) -> u64 {
        NOW
    }

    fn wait(&self, time: Duration) {
        self.0.lock().unwrap().push(time.as_secs_f32());
    }
}

struct Run {
    result: Result<Reply, ServerError>,
    pieces: Vec<String>,
    waits: Vec<f32>,
}

fn settings(base_url: &str) -> OpenAiSettings {
    OpenAiSettings {
        key: Some(Key::new(SECRET).unwrap()),
        first_token_within: PATIENT,
        stall: PATIENT,
        ..OpenAiSettings::new(base_url, "qwen")
    }
}

fn request() -> ChatRequest {
    let messages = vec![Message { speaker: Speaker::User, text: "What is a bridge?".to_owned() }];
    ChatRequest { messages, max_tokens: 50, temperature: 0.0, seed: Some(1), stop: Vec::new() }
}

fn run(settings: OpenAiSettings, request: &ChatRequest) -> Run {
    let waits = Waits::default();
    let client = OpenAi::with_clock(settings, Box::new(waits.clone())).unwrap();
    let mut pieces = Vec::new();
    let result = client.complete(request, &mut |piece| {
        pieces.push(piece.to_owned());
        ControlFlow::Continue(())
    });
    let waits = waits.0.lock().unwrap().clone();
    Run { result, pieces, waits }
}

fn play(scripts: Vec<Script>) -> (Run, Server) {
    let server = Server::play(scripts);
    (run(settings(&server.base_url), &request()), server)
}

fn reply(script: Script) -> Reply {
    play(vec![script]).0.result.unwrap()
}

fn error(scripts: Vec<Script>) -> ServerError {
    let error = play(scripts).0.result.unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("Secret") && !shown.contains("0123"), "{shown}");
    error
}

fn hurried(script: Script) -> ServerError {
    let server = Server::play(vec![script]);
    let time = Duration::from_millis(300);
    let settings = OpenAiSettings { first_token_within: time, stall: time, ..settings(&server.base_url) };
    run(settings, &request()).result.unwrap_err()
}

fn good() -> Script {
    chunks(&[&delta("good"), &finish("stop"), DONE])
}

fn complaint(message: &str, code: &str, param: Option<&str>) -> String {
    json!({"error": {"message": message, "code": code, "param": param, "type": "invalid_request_error"}}).to_string()
}

#[test]
fn a_stream_becomes_a_reply() {
    let role = event(&json!({"choices": [{"delta": {"role": "assistant", "content": null}}], "usage": null}));
    let thought = event(&json!({"choices": [{"delta": {"content": null, "reasoning_content": "Hm."}}]}));
    let usage = event(&json!({"choices": [], "usage": {"prompt_tokens": 12, "completion_tokens": 3}}));
    let pieces = [": keep-alive\r\n\r\n", &role, &thought, &delta("A "), &delta("桥"), &finish("stop"), &usage, DONE];
    let (run, server) = play(vec![chunks(&pieces)]);
    let expected =
        Reply { text: "A 桥".to_owned(), finish: Finish::Stop, prompt_tokens: Some(12), reply_tokens: Some(3) };
    assert_eq!(run.result.unwrap(), expected);
    assert_eq!(run.pieces, ["A ", "桥"]);
    let asked = &server.asked()[0];
    assert!(asked.head.starts_with("post /v1/chat/completions http/1.1"), "{}", asked.head);
    assert!(asked.head.contains("authorization: bearer sk-secret/0123"), "{}", asked.head);
    assert!(asked.head.contains("accept-encoding: identity"), "{}", asked.head);
    assert_eq!(asked.body["stream"], true);
    assert_eq!(asked.body["stream_options"]["include_usage"], true);
    assert_eq!((&asked.body["model"], &asked.body["max_tokens"]), (&json!("qwen"), &json!(50)));
}

#[test]
fn without_a_key_none_is_sent() {
    let server = Server::play(vec![good()]);
    assert!(run(OpenAiSettings { key: None, ..settings(&server.base_url) }, &request()).result.is_ok());
    assert!(!server.asked()[0].head.contains("authorization"));
}

#[test]
fn text_is_handed_on_before_the_next_comes() {
    let (heard, hears) = mpsc::channel::<String>();
    let script: Script = Box::new(move |stream| {
        begin_events(stream);
        for text in ["one", "two", "three"] {
            chunk(stream, delta(text).as_bytes());
            // the next piece is not written before this one was heard
            assert_eq!(hears.recv_timeout(PATIENT).unwrap(), text);
        }
        chunk(stream, format!("{}{DONE}", finish("length")).as_bytes());
    });
    let server = Server::play(vec![script]);
    let client = OpenAi::new(settings(&server.base_url)).unwrap();
    let reply = client.complete(&request(), &mut |piece| {
        heard.send(piece.to_owned()).unwrap();
        ControlFlow::Continue(())
    });
    let reply = reply.unwrap();
    assert_eq!((reply.text.as_str(), reply.finish), ("onetwothree", Finish::Length));
}

#[test]
fn letters_divided_between_chunks_are_put_together() {
    let stream = format!("{}{}{DONE}", delta("答案🙂"), finish("stop"));
    let pieces = stream.into_bytes().chunks(1).map(<[u8]>::to_vec).collect();
    assert_eq!(reply(byte_chunks(pieces)).text, "答案🙂");
}

#[test]
fn a_stream_may_come_unchunked_and_end_with_the_connection() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
    assert_eq!(reply(raw(&format!("{head}{}{}{DONE}", delta("a"), finish("stop")))).text, "a");
    // neither `[DONE]` nor the last line's end
    let ended = format!("{head}{}{}", delta("a"), finish("stop").trim_end());
    assert_eq!(reply(raw(&ended)).text, "a");
    let done = format!("{head}{}data: [DONE]", delta("a"));
    assert_eq!(reply(raw(&done)).finish, Finish::Stop);
}

#[test]
fn a_server_may_ignore_streaming() {
    let body = json!({
        "object": "chat.completion",
        "choices": [{"message": {"role": "assistant", "content": "whole", "reasoning_content": "Hm."}, "finish_reason": "length"}],
        "usage": {"prompt_tokens": 4, "completion_tokens": 2},
    });
    let body = format!("\n\n {body}");
    for headers in ["content-type: application/json\r\n", "content-type: text/event-stream\r\n"] {
        let (run, _server) = play(vec![answer(200, headers, &body)]);
        let expected =
            Reply { text: "whole".to_owned(), finish: Finish::Length, prompt_tokens: Some(4), reply_tokens: Some(2) };
        assert_eq!(run.result.unwrap(), expected);
        assert_eq!(run.pieces, ["whole"]);
    }
}

#[test]
fn who_listens_may_interrupt_and_the_connection_is_dropped() {
    let (dropped, drops) = mpsc::channel();
    let script: Script = Box::new(move |stream| {
        begin_events(stream);
        while chunk(stream, delta("word ").as_bytes()) {}
        dropped.send(()).unwrap();
    });
    let server = Server::play(vec![script]);
    let client = OpenAi::new(settings(&server.base_url)).unwrap();
    let mut left = 3;
    let reply = client.complete(&request(), &mut |_| {
        left -= 1;
        if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let reply = reply.unwrap();
    assert_eq!((reply.text.as_str(), reply.finish), ("word word word ", Finish::Interrupted));
    drops.recv_timeout(PATIENT).unwrap();
}

#[test]
fn an_interrupted_reply_ends_with_what_was_handed_on() {
    let server = Server::play(vec![chunks(&[&delta("a#"), &delta("b"), DONE])]);
    let client = OpenAi::new(settings(&server.base_url)).unwrap();
    let request = ChatRequest { stop: vec!["##".to_owned()], ..request() };
    let reply = client.complete(&request, &mut |_| ControlFlow::Break(())).unwrap();
    assert_eq!((reply.text.as_str(), reply.finish), ("a", Finish::Interrupted));
}

#[test]
fn a_stop_ends_the_reply_where_the_server_does_not() {
    let server = Server::play(vec![chunks(&[&delta("a\n"), &delta("\nb"), &finish("stop"), DONE])]);
    let request = ChatRequest { stop: vec!["\n\n".to_owned()], ..request() };
    let run = run(settings(&server.base_url), &request);
    assert_eq!((run.result.unwrap().finish, run.pieces), (Finish::Stop, vec!["a".to_owned()]));
    assert_eq!(server.asked()[0].body["stop"], json!(["\n\n"]));
}

#[test]
fn what_is_refused_is_left_out_at_once_and_stays_out() {
    let refusals = [
        complaint("Unknown field", "x", Some("stream_options")),
        complaint("Unsupported: 'max_tokens'. Use 'max_completion_tokens' instead.", "x", Some("max_tokens")),
        complaint("Only the default (1) is supported", "unsupported_value", Some("temperature")),
        complaint("Unrecognized request argument supplied: seed", "x", None),
    ];
    let mut scripts: Vec<Script> = refusals.iter().map(|body| answer(400, "", body)).collect();
    scripts.extend([good(), good()]);
    let server = Server::play(scripts);
    let waits = Waits::default();
    let client = OpenAi::with_clock(settings(&server.base_url), Box::new(waits.clone())).unwrap();
    for _ in 0..2 {
        assert_eq!(client.complete(&request(), &mut |_| ControlFlow::Continue(())).unwrap().text, "good");
    }
    let asked = server.asked();
    assert_eq!((asked.len(), waits.0.lock().unwrap().len()), (6, 0));
    assert!(asked[1].body.get("stream_options").is_none() && asked[1].body.get("max_tokens").is_some());
    for asked in &asked[4..] {
        let body = &asked.body;
        assert_eq!((&body["max_completion_tokens"], &body["stream"]), (&json!(50), &json!(true)));
        assert!(["stream_options", "max_tokens", "temperature", "seed"].iter().all(|name| body.get(name).is_none()));
    }
}

#[test]
fn what_is_refused_twice_is_an_error() {
    let body = complaint("no temperature", "x", Some("temperature"));
    let (run, server) = play(vec![answer(400, "", &body), answer(400, "", &body)]);
    assert!(matches!(run.result, Err(ServerError::Refused { status: 400, .. })));
    assert_eq!(server.asked().len(), 2);
}

#[test]
fn only_a_refusal_of_words_is_reworded() {
    let long = "'max_tokens' or 'max_completion_tokens' is too large: 9. This model's maximum context length is 4";
    let (run, server) = play(vec![answer(400, "", &complaint(long, "400", None)), good()]);
    assert!(matches!(run.result, Err(ServerError::TooLong { .. })));
    assert_eq!(server.asked().len(), 1);
    let (run, server) = play(vec![answer(503, "", &complaint("seed", "x", Some("seed"))), good()]);
    assert_eq!((run.result.unwrap().text.as_str(), run.waits), ("good", vec![0.5]));
    assert_eq!(server.asked()[1].body["seed"], 1);
}

#[test]
fn a_busy_server_is_asked_again_after_growing_waits() {
    let busy = [429, 500, 502, 503, 504];
    let scripts: Vec<Script> = busy.iter().map(|status| answer(*status, "", "busy")).chain([good()]).collect();
    let server = Server::play(scripts);
    let run = run(OpenAiSettings { retries: 5, ..settings(&server.base_url) }, &request());
    assert_eq!(run.result.unwrap().text, "good");
    assert_eq!(run.waits, [0.5, 1.0, 2.0, 4.0, 8.0]);
}

#[test]
fn retries_have_an_end() {
    let (run, server) = play((0..5).map(|_| answer(429, "", "busy")).collect());
    let error = run.result.unwrap_err();
    assert!(matches!(&error, ServerError::TooOften { after: None, said, .. } if said.as_str() == "busy"), "{error}");
    assert_eq!((run.waits, server.asked().len()), (vec![0.5, 1.0, 2.0], 4));
}

#[test]
fn a_server_says_when_to_ask_again() {
    let dated = "retry-after: Sun, 06 Nov 1994 08:49:46 GMT\r\n";
    let (run, _server) = play(vec![answer(429, "Retry-After: 7\r\n", ""), answer(503, dated, ""), good()]);
    assert_eq!((run.result.unwrap().text.as_str(), run.waits), ("good", vec![7.0, 9.0]));
}

#[test]
fn a_long_wait_is_left_to_the_person() {
    for (status, value) in [(429, "61"), (503, "3600"), (429, "Sun, 06 Nov 1994 09:49:37 GMT")] {
        let (run, server) = play(vec![answer(status, &format!("retry-after: {value}\r\n"), ""), good()]);
        let message = run.result.unwrap_err().to_string();
        assert!(message.contains("try again in 61 s") || message.contains("try again in 3600 s"), "{message}");
        assert_eq!((run.waits.len(), server.asked().len()), (0, 1));
    }
}

#[test]
fn a_connection_that_fails_is_tried_again() {
    let (run, server) = play(vec![raw(""), good()]);
    assert_eq!((run.result.unwrap().text.as_str(), run.waits), ("good", vec![0.5]));
    assert_eq!(server.asked().len(), 2);
}

#[test]
fn a_server_that_does_not_run_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
    drop(listener);
    let run = run(settings(&base_url), &request());
    let error = run.result.unwrap_err();
    assert!(matches!(error, ServerError::Unreachable { .. }) && error.to_string().contains(&base_url), "{error}");
    assert_eq!(run.waits, [0.5, 1.0, 2.0]);
}

#[test]
fn nothing_is_asked_again_once_text_was_handed_on() {
    let busy = event(&json!({"error": {"message": "overloaded", "code": 503}}));
    let (run, server) = play(vec![chunks(&[&delta("half"), &busy]), good()]);
    assert!(matches!(run.result, Err(ServerError::Server { status: 503, .. })));
    assert_eq!((run.pieces, run.waits.len(), server.asked().len()), (vec!["half".to_owned()], 0, 1));
}

#[test]
fn an_error_in_the_stream_before_any_text_is_like_one_before_it() {
    let busy = event(&json!({"error": {"message": "overloaded", "code": 503}}));
    let (run, _server) = play(vec![chunks(&[&busy]), good()]);
    assert_eq!((run.result.unwrap().text.as_str(), run.waits), ("good", vec![0.5]));
    let long = "error: {\"code\":400,\"message\":\"the request exceeds the available context size\"}\n\n";
    assert!(matches!(error(vec![chunks(&[long])]), ServerError::TooLong { .. }));
    let plain = "event: error\ndata: it broke\n\n";
    let error = error((0..4).map(|_| chunks(&[plain])).collect());
    assert!(matches!(&error, ServerError::Server { said, .. } if said.as_str() == "it broke"), "{error}");
}

#[test]
fn an_empty_account_is_not_asked_again() {
    let body = complaint("You exceeded your current quota", "insufficient_quota", None);
    let (run, server) = play(vec![answer(429, "retry-after: 1\r\n", &body), good()]);
    assert!(matches!(run.result, Err(ServerError::Quota { .. })));
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn a_wrong_key_is_told_by_its_place_and_never_shown() {
    let echo = complaint(&format!("Incorrect API key: {SECRET}"), "invalid_api_key", None);
    for status in [401, 403] {
        let message = error(vec![answer(status, "", &echo)]).to_string();
        assert!(message.contains("see whether the settings holds") && message.contains("key: [key]"), "{message}");
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("openai.key");
    std::fs::write(&path, SECRET).unwrap();
    let server = Server::play(vec![answer(401, "", "no"), answer(401, "", "no")]);
    let filed = OpenAiSettings { key: Some(Key::from_file(&path).unwrap()), ..settings(&server.base_url) };
    assert!(run(filed, &request()).result.unwrap_err().to_string().contains(&path.display().to_string()));
    let keyless = OpenAiSettings { key: None, ..settings(&server.base_url) };
    assert!(run(keyless, &request()).result.unwrap_err().to_string().contains("none was sent"));
}

#[test]
fn the_key_is_never_shown_whatever_the_server_echoes() {
    let body = format!("{SECRET} {}", complaint(SECRET, SECRET, Some(SECRET)));
    for status in [301, 400, 401, 403, 404, 413, 429, 500, 501, 503] {
        let location = format!("location: http://127.0.0.1/{SECRET}\r\n");
        for body in [&body, &complaint(SECRET, SECRET, Some(SECRET)), &format!("<{SECRET}>")] {
            error((0..4).map(|_| answer(status, &location, body)).collect());
        }
    }
    let list = json!({"data": [{"id": SECRET}]}).to_string();
    let unknown = error(vec![answer(404, "", &complaint(SECRET, "model_not_found", None)), answer(200, "", &list)]);
    assert!(unknown.to_string().contains("it has [key]"), "{unknown}");
    error(vec![chunks(&[&format!("data: {SECRET}\n\n")])]);
    error(vec![chunks(&[&event(&json!([SECRET, 1]))])]);
    error(vec![answer(200, "", &format!("{SECRET} and nothing else"))]);
    error(vec![answer(200, "", &format!("{{{SECRET}"))]);
    let client = OpenAi::new(settings("http://127.0.0.1:1")).unwrap();
    assert!(!format!("{client:?} {:#?}", settings("http://127.0.0.1:1")).contains("Secret"));
}

#[test]
fn an_unknown_model_is_told_with_those_that_there_are() {
    let list = json!({"object": "list", "data": [{"id": "llama"}, {"id": "qwen\u{1b}3"}, {"id": 7}]}).to_string();
    let body = complaint("The model `qwen` does not exist", "model_not_found", None);
    let (run, server) = play(vec![answer(404, "", &body), answer(200, "", &list)]);
    let message = run.result.unwrap_err().to_string();
    assert!(message.contains("no model `qwen`; it has qwen 3, llama. It says: “The model `qwen`"), "{message}");
    assert!(server.asked()[1].head.starts_with("get /v1/models http"));
    let unlisted = error(vec![answer(404, "", &body), answer(500, "", "")]);
    assert!(matches!(&unlisted, ServerError::UnknownModel { known, .. } if known.names().is_empty()), "{unlisted}");
}

#[test]
fn the_models_are_listed() {
    let server = Server::play(vec![answer(200, "", r#"{"data":[{"id":"b"},{"id":"a"}]}"#), answer(401, "", "")]);
    let client = OpenAi::new(settings(&server.base_url)).unwrap();
    assert_eq!(client.models().unwrap(), ["b", "a"]);
    assert!(matches!(client.models(), Err(ServerError::KeyRefused { status: 401, .. })));
}

#[test]
fn an_address_without_a_chat_is_told() {
    let message = error(vec![answer(404, "", "404 page not found")]).to_string();
    assert!(message.contains("end in /v1"), "{message}");
}

#[test]
fn a_prompt_that_is_too_long_says_to_lower_the_budget() {
    let body =
        complaint("This model's maximum context length is 8 tokens", "context_length_exceeded", Some("messages"));
    let message = error(vec![answer(400, "", &body)]).to_string();
    assert!(message.contains("lower the budget"), "{message}");
}

#[test]
fn a_content_filter_is_told() {
    let before = answer(400, "", &complaint("no", "content_filter", Some("prompt")));
    assert!(matches!(error(vec![before]), ServerError::Filtered { received: 0, .. }));
    let within = chunks(&[&delta("half"), &finish("content_filter"), DONE]);
    assert!(matches!(error(vec![within]), ServerError::Filtered { received: 4, .. }));
}

#[test]
fn a_redirect_is_not_followed() {
    let elsewhere = Server::play(vec![good()]);
    for status in [301, 302, 307, 308] {
        let location = format!("location: {}/chat/completions\r\n", elsewhere.base_url);
        let error = error(vec![answer(status, &location, "")]);
        let to = matches!(&error, ServerError::Redirect { location, .. } if location.starts_with(&elsewhere.base_url));
        assert!(to, "{error}");
    }
    assert!(elsewhere.asked().is_empty());
}

#[test]
fn a_cut_stream_is_told_with_what_came() {
    let cut = |text: &'static str| -> Script {
        Box::new(move |stream| {
            begin_events(stream);
            chunk(stream, text.as_bytes());
        })
    };
    assert!(matches!(error(vec![cut(": wait\n\n")]), ServerError::Cut { received: 0, .. }));
    let comments = chunks(&[": wait\n\n"]);
    assert!(matches!(error(vec![comments]), ServerError::Cut { source: Cut::Closed, .. }));
    let half = "data: {\"choices\":[{\"delta\":{\"content\":\"答\"}}]}\n\ndata: {\"choi";
    assert!(matches!(error(vec![cut(half)]), ServerError::Cut { received: 3, source: Cut::Broken(_), .. }));
    let whole_body = chunks(&[&delta("abc")]);
    assert!(matches!(error(vec![whole_body]), ServerError::Cut { received: 3, source: Cut::Closed, .. }));
    let given_up = chunks(&[&delta("abc"), &finish("insufficient_system_resource"), DONE]);
    assert!(matches!(error(vec![given_up]), ServerError::Cut { source: Cut::GivenUp(_), .. }));
    let short = raw("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{\"choices\":[");
    assert!(matches!(error(vec![short]), ServerError::Cut { received: 0, .. }));
}

#[test]
fn a_stream_cut_after_its_finish_is_whole() {
    let script: Script = Box::new(|stream| {
        begin_events(stream);
        chunk(stream, format!("{}{}", delta("whole"), finish("stop")).as_bytes());
    });
    assert_eq!(reply(script).text, "whole");
}

#[test]
fn what_the_api_does_not_say_is_told() {
    let bodies = [
        "<html>Log in</html>",
        "Hello",
        "{}",
        "{\"choices\":[]}",
        "{\"choices\":",
        "data: {\"choices\":7}\n\n",
        "data: {\n\n",
        "data: 7\n\n",
    ];
    for body in bodies {
        let error = error(vec![answer(200, "", body)]);
        assert!(matches!(error, ServerError::Bad { .. }), "{body}: {error}");
    }
}

#[test]
fn nothing_without_end_is_read_to_its_end() {
    let endless = |text: String| -> Script {
        Box::new(move |stream| {
            begin_events(stream);
            while chunk(stream, text.as_bytes()) {}
        })
    };
    let kilobyte = "a".repeat(1024);
    assert!(matches!(
        error(vec![endless(kilobyte.clone())]),
        ServerError::Bad { problem: "an event in it has no end", .. }
    ));
    let comments = format!(": {}\n", kilobyte.repeat(60));
    assert!(matches!(error(vec![endless(comments)]), ServerError::Bad { problem: "it has no end", .. }));
    let json = format!("{{\"a\":\"{}\",", kilobyte.repeat(60));
    assert!(matches!(error(vec![endless(json)]), ServerError::Bad { problem: "it has no end", .. }));
    let refusal: Script = Box::new(move |stream| {
        let head = b"HTTP/1.1 400 X\r\ntransfer-encoding: chunked\r\n\r\n";
        std::io::Write::write_all(stream, head).unwrap();
        while chunk(stream, kilobyte.as_bytes()) {}
    });
    assert!(matches!(error(vec![refusal]), ServerError::Refused { status: 400, .. }));
}

#[test]
fn a_silent_server_is_given_up() {
    assert!(matches!(hurried(Box::new(hold)), ServerError::NoToken { .. }));
    let head_alone: Script = Box::new(|stream| {
        begin_events(stream);
        hold(stream);
    });
    assert!(matches!(hurried(head_alone), ServerError::NoToken { .. }));
}

#[test]
fn a_sign_of_life_is_no_token() {
    let lively: Script = Box::new(|stream| {
        begin_events(stream);
        let role = event(&json!({"choices": [{"delta": {"role": "assistant", "content": ""}}]}));
        while chunk(stream, b": keep-alive\n\n") && chunk(stream, role.as_bytes()) {
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    assert!(matches!(hurried(lively), ServerError::NoToken { .. }));
}

#[test]
fn a_reply_that_stalls_is_given_up() {
    let thought = event(&json!({"choices": [{"delta": {"reasoning": "Hm."}}]}));
    for (first, came) in [(thought, 0), (delta("half"), 4)] {
        let stalled: Script = Box::new(move |stream| {
            begin_events(stream);
            chunk(stream, first.as_bytes());
            hold(stream);
        });
        let error = hurried(stalled);
        assert!(matches!(error, ServerError::Stalled { received, .. } if received == came), "{error}");
    }
}

#[test]
fn a_finished_reply_is_whole_though_the_server_goes_silent() {
    let server = Server::play(vec![Box::new(|stream| {
        begin_events(stream);
        chunk(stream, format!("{}{}", delta("whole"), finish("stop")).as_bytes());
        hold(stream);
    })]);
    let settings = OpenAiSettings { stall: Duration::from_millis(100), ..settings(&server.base_url) };
    assert_eq!(run(settings, &request()).result.unwrap().text, "whole");
}

#[test]
fn patience_may_have_no_end() {
    let server = Server::play(vec![good()]);
    let endless = Duration::MAX;
    let settings = OpenAiSettings { first_token_within: endless, stall: endless, ..settings(&server.base_url) };
    assert_eq!(run(settings, &request()).result.unwrap().text, "good");
}

#[test]
fn this_machine_alone_is_asked_without_a_proxy() {
    let name = "this_machine_alone_is_asked_without_a_proxy";
    let (variable, proxy) = ("ALL_PROXY", "http://127.0.0.1:9");
    if std::env::var(variable).as_deref() != Ok(proxy) {
        // the environment of this process is not this test's to change
        let program = std::env::current_exe().unwrap();
        let child = std::process::Command::new(program).arg(name).env(variable, proxy).output().unwrap();
        let told = String::from_utf8_lossy(&child.stdout);
        assert!(child.status.success() && told.contains("1 passed"), "{told}");
        return;
    }
    for (base_url, proxied) in [("http://localhost/v1", false), ("https://api.example/v1", true)] {
        let client = OpenAi::new(settings(base_url)).unwrap();
        assert_eq!(client.agent.config().proxy().is_some(), proxied, "{base_url}");
    }
}

#[test]
fn settings_are_checked_before_anything_is_asked() {
    let bad = OpenAi::new(OpenAiSettings::new("localhost:11434", "m")).unwrap_err();
    assert!(matches!(bad, ServerError::Settings(SettingsError::BaseUrl { .. })), "{bad}");
    let plain = OpenAi::new(settings("http://api.example/v1")).unwrap_err();
    assert!(!format!("{plain}{plain:?}").contains("Secret"));
    let client = OpenAi::new(OpenAiSettings { window: Some(8192), ..settings("http://10.0.0.1:8000/v1/") }).unwrap();
    let facts = (client.model(), client.address(), client.window());
    assert_eq!(facts, ("qwen", "http://10.0.0.1:8000/v1", Some(8192)));
}
