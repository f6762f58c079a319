//! The Hub: redirects, resumption, verification, silence.

use std::fs;
use std::io::Write as _;
use std::time::Duration;

use qiao_model::fetch::{self, Fallback, Progress, SourceError, Token};

use crate::server::{Server, find, owned, send, send_cut, send_file, send_head, wait_for_hang_up};
use crate::world::{CONFIG, FILES, HUB, REPO, WEIGHTS, World, assert_holds, model, put, sha256, unchecked_model};

const PART: &str = "partial/small/hub-parts/sub/model.safetensors.part";

#[test]
fn a_model_is_fetched_once_and_then_taken_from_the_cache() {
    let server = Server::of_files(FILES);
    let mut world = World::new(&server.endpoint, vec![model("small", FILES, &[HUB])]);
    world.config.hub_token = Some(Token::new("secret"));
    let found = world.pull().unwrap();
    assert_holds(&found.path, FILES);
    assert_eq!(found.source, format!("Hugging Face Hub, {REPO} at 0123456789abcdef0123456789abcdef01234567"));
    assert_eq!(found.path, world.cache("models/small"));
    assert!(!world.cache("partial/small").exists());

    let requests = server.seen();
    let paths: Vec<&str> = requests.iter().map(|request| request.path.as_str()).collect();
    let address = |file| format!("/{REPO}/resolve/0123456789abcdef0123456789abcdef01234567/{file}");
    assert_eq!(paths, [address(CONFIG.0), address(WEIGHTS.0)]);
    assert_eq!(requests[0].header("authorization"), Some("Bearer secret"));

    let (again, events) = world.resolve("small", Fallback::Allowed);
    assert_eq!((again.unwrap(), events), (found.clone(), Vec::new()));
    assert_eq!(fetch::resolve_cached("small", Fallback::Never, &world.config).unwrap(), found);
    assert_eq!(server.seen().len(), 2);
    let installed = fetch::installed(&world.config.models[0], &world.config).unwrap();
    assert_eq!(installed.bytes as usize, CONFIG.1.len() + WEIGHTS.1.len());
}

#[test]
fn progress_counts_up_to_the_size() {
    let server = Server::of_files(FILES);
    let world = World::new(&server.endpoint, vec![model("small", FILES, &[HUB])]);
    let (_, events) = world.resolve("small", Fallback::Never);
    assert!(matches!(&events[0], Progress::Trying { source } if source.contains(REPO)));
    let of_weights = |event: &Progress| match event {
        Progress::Downloading { file, done, total } if file == WEIGHTS.0 => Some((*done, *total)),
        _ => None,
    };
    let sizes: Vec<_> = events.iter().filter_map(of_weights).collect();
    assert_eq!(sizes.first(), Some(&(0, Some(300_000))));
    assert_eq!(sizes.last(), Some(&(300_000, Some(300_000))));
    assert!(matches!(events.last(), Some(Progress::Ready { name, .. }) if name == "small"));
}

/// A host that sends what the Hub redirects to, and whose tags look like hashes of files and are not.
fn store(files: &[(&str, &[u8])]) -> Server {
    let files = owned(files);
    let tag = format!("\"{}\"", "0".repeat(64));
    Server::start(move |request, stream| {
        send(stream, 200, &[("etag", &tag)], find(&files, &request.path).unwrap());
    })
}

/// A Hub that redirects to `store`; it says what the files of [`FILES`] hash to where it is `telling`.
fn redirecting(store: &Server, telling: bool) -> Server {
    let target = store.endpoint.clone();
    Server::start(move |request, stream| {
        let linked = format!("\"{}\"", sha256(if request.path.ends_with(CONFIG.0) { CONFIG.1 } else { WEIGHTS.1 }));
        let location = format!("{target}/stored{}", request.path);
        let headers = [("location", location.as_str()), ("x-linked-etag", &linked)];
        send(stream, 302, &headers[..1 + usize::from(telling)], b"");
    })
}

#[test]
fn a_redirect_to_another_host_is_followed_without_the_token() {
    let store = store(FILES);
    for telling in [true, false] {
        let hub = redirecting(&store, telling);
        let mut world = World::new(&hub.endpoint, vec![unchecked_model("small", FILES, &[HUB])]);
        world.config.hub_token = Some(Token::new("secret"));
        assert_holds(&world.pull().unwrap().path, FILES);
        assert!(hub.seen().iter().all(|request| request.header("authorization").is_some()));
    }
    assert!(store.seen().iter().all(|request| request.header("authorization").is_none()));
}

#[test]
fn what_another_host_sends_is_held_against_the_hash_that_the_hub_gave() {
    let hub = redirecting(&store(&[CONFIG, (WEIGHTS.0, b"other")]), true);
    let world = World::new(&hub.endpoint, vec![unchecked_model("small", FILES, &[HUB])]);
    assert!(matches!(&world.pull_fails()[..], [SourceError::Mismatch { file, .. }] if file == WEIGHTS.0));
}

#[test]
fn a_relative_redirect_is_followed() {
    let files = owned(FILES);
    let server = Server::start(move |request, stream| match request.path.strip_prefix("/stored") {
        Some(path) => send_file(request, stream, find(&files, path).unwrap()),
        None => send(stream, 307, &[("location", &format!("/stored{}", request.path))], b""),
    });
    let world = World::new(&server.endpoint, vec![model("small", FILES, &[HUB])]);
    assert_holds(&world.pull().unwrap().path, FILES);
}

#[test]
fn endless_redirects_end() {
    let server = Server::start(|_, stream| send(stream, 302, &[("location", "/again")], b""));
    let world = World::new(&server.endpoint, vec![model("small", FILES, &[HUB])]);
    assert!(matches!(world.pull_fails()[..], [SourceError::Http { .. }]));
}

#[test]
fn a_cut_connection_goes_on_where_it_was_cut() {
    let files = owned(FILES);
    let server = Server::start(move |request, stream| match find(&files, &request.path).unwrap() {
        body if request.earlier == 0 && body.len() > 100 => send_cut(stream, body, 100_000),
        body => send_file(request, stream, body),
    });
    let world = World::new(&server.endpoint, vec![model("small", FILES, &[HUB])]);
    assert_holds(&world.pull().unwrap().path, FILES);
    let second = &server.seen()[2];
    assert_eq!(second.from(), Some(100_000));
    assert_eq!(second.header("if-range"), Some(format!("\"{}\"", sha256(WEIGHTS.1)).as_str()));
}

#[test]
fn a_server_that_knows_no_ranges_sends_the_file_afresh() {
    let files = owned(FILES);
    let server = Server::start(move |request, stream| match find(&files, &request.path).unwrap() {
        body if request.earlier == 0 && body.len() > 100 => send_cut(stream, body, 100_000),
        body => send(stream, 200, &[], body),
    });
    let world = World::new(&server.endpoint, vec![model("small", FILES, &[HUB])]);
    assert_holds(&world.pull().unwrap().path, FILES);
    assert_eq!(server.seen()[2].from(), Some(100_000));
}

#[test]
fn a_part_of_a_file_that_has_changed_is_not_continued() {
    let old: &[u8] = &[1; 300_000];
    let files = owned(FILES);
    let server = Server::start(move |request, stream| match find(&files, &request.path).unwrap() {
        body if body.len() > 100 && request.earlier == 0 => send_cut(stream, old, 100_000),
        // a server that heeds Range and not If-Range
        body if request.from().is_some() => {
            let headers = [("content-range", "bytes 100000-299999/300000"), ("etag", "\"new\"")];
            send(stream, 206, &headers, &body[100_000..]);
        }
        body => send(stream, 200, &[("etag", "\"new\"")], body),
    });
    let world = World::new(&server.endpoint, vec![unchecked_model("small", FILES, &[HUB])]);
    assert_holds(&world.pull().unwrap().path, FILES);
}

#[test]
fn a_part_that_is_whole_is_not_fetched_again() {
    let server = Server::of_files(FILES);
    let world = World::new(&server.endpoint, vec![model("small", FILES, &[HUB])]);
    put(&world.cache(PART), WEIGHTS.1);
    assert_holds(&world.pull().unwrap().path, FILES);
    assert_eq!(server.seen().len(), 2);
    assert_eq!(server.seen()[1].from(), Some(300_000));
}

#[test]
fn a_part_longer_than_the_file_is_fetched_afresh() {
    let server = Server::of_files(FILES);
    let world = World::new(&server.endpoint, vec![model("small", FILES, &[HUB])]);
    put(&world.cache(PART), &[7; 300_001]);
    assert_holds(&world.pull().unwrap().path, FILES);
}

#[test]
fn bytes_with_another_hash_than_the_table_says_are_never_used() {
    let server = Server::of_files(&[CONFIG, (WEIGHTS.0, &[8; 300_000])]);
    let world = World::new(&server.endpoint, vec![model("small", FILES, &[HUB])]);
    match &world.pull_fails()[..] {
        [SourceError::Mismatch { file, expected, got }] => {
            assert_eq!(file, WEIGHTS.0);
            assert_eq!((expected, got), (&sha256(WEIGHTS.1), &sha256(&[8; 300_000])));
        }
        other => panic!("{other:?}"),
    }
    assert!(!world.cache(PART).exists());
    assert!(!world.cache("models/small").exists());
}

#[test]
fn bytes_with_another_hash_than_the_server_says_are_never_used() {
    let blob_of_hello = "\"ce013625030ba8dba906f756967f9e9ca394464a\"";
    let answer =
        |body: &'static [u8]| Server::start(move |_, stream| send(stream, 200, &[("etag", blob_of_hello)], body));
    let files: &[(&str, &[u8])] = &[("vocab.txt", b"hello\n")];
    let row = || vec![unchecked_model("small", files, &[HUB])];
    assert_holds(&World::new(&answer(b"hello\n").endpoint, row()).pull().unwrap().path, files);
    let errors = World::new(&answer(b"hallo\n").endpoint, row()).pull_fails();
    assert!(matches!(errors[..], [SourceError::Mismatch { .. }]));
}

#[test]
fn a_page_in_place_of_json_is_not_taken() {
    let server = Server::start(|_, stream| send(stream, 200, &[], b"<html>please log in</html>"));
    let world = World::new(&server.endpoint, vec![unchecked_model("small", &[CONFIG], &[HUB])]);
    assert!(matches!(world.pull_fails()[..], [SourceError::NotJson { .. }]));
}

#[test]
fn a_body_that_always_ends_early_is_an_error_and_what_came_is_kept() {
    let server = Server::start(|request, stream| match request.path.ends_with(CONFIG.0) {
        true => send(stream, 200, &[], CONFIG.1),
        false => send_cut(stream, WEIGHTS.1, 100_000),
    });
    let mut world = World::new(&server.endpoint, vec![model("small", FILES, &[HUB])]);
    match world.pull_fails()[..] {
        [SourceError::Truncated { got, expected, .. }] => assert_eq!((got, expected), (100_000, 300_000)),
        ref other => panic!("{other:?}"),
    }
    let better = Server::of_files(FILES);
    world.config.hub_endpoint = better.endpoint.clone();
    assert_holds(&world.pull().unwrap().path, FILES);
    // the verified config.json is not asked for again, and the weights go on
    assert_eq!(better.seen().len(), 1);
    assert_eq!(better.seen()[0].from(), Some(100_000));
}

#[test]
fn after_a_404_the_next_source_is_asked() {
    let files = owned(FILES);
    let server = Server::start(move |request, stream| match request.path.starts_with("/gone/") {
        true => send(stream, 404, &[], b""),
        false => send_file(request, stream, find(&files, &request.path).unwrap()),
    });
    let gone = qiao_model::registry::Source::Hub { repo: "gone/small" };
    let world = World::new(&server.endpoint, vec![model("small", FILES, &[gone, HUB])]);
    let (found, events) = world.resolve("small", Fallback::Never);
    assert!(found.unwrap().source.contains(REPO));
    let passed_over = |event: &Progress| match event {
        Progress::PassedOver { source, why } => Some((source.clone(), why.clone())),
        _ => None,
    };
    let (source, why) = events.iter().find_map(passed_over).unwrap();
    assert!(source.contains("gone/small") && why.contains("404"), "{source}: {why}");
}

#[test]
fn a_server_that_wants_a_token_is_told_apart() {
    let server = Server::start(|_, stream| send(stream, 401, &[], b""));
    let world = World::new(&server.endpoint, vec![model("small", FILES, &[HUB])]);
    assert!(world.pull_fails()[0].to_string().contains("HF_TOKEN"));
}

#[test]
fn a_silent_server_is_passed_over() {
    let server = Server::start(|_, stream| wait_for_hang_up(stream));
    let mut world = World::new(&server.endpoint, vec![model("small", FILES, &[HUB])]);
    world.config.answer_within = Duration::from_millis(200);
    assert!(matches!(world.pull_fails()[..], [SourceError::Silent { .. }]));
}

#[test]
fn a_body_that_stops_growing_is_given_up_and_kept() {
    let server = Server::start(|_, stream| {
        send_head(stream, 200, &[("etag", "\"tag\"")], 300_000);
        stream.write_all(&WEIGHTS.1[..1000]).unwrap();
        wait_for_hang_up(stream);
    });
    let mut world = World::new(&server.endpoint, vec![model("small", &[WEIGHTS], &[HUB])]);
    world.config.stall = Duration::from_millis(200);
    assert!(matches!(world.pull_fails()[..], [SourceError::Stalled { got: 1000, .. }]));
    assert_eq!(fs::metadata(world.cache(PART)).unwrap().len(), 1000);
}

#[test]
fn a_server_that_is_not_there_is_passed_over_and_the_message_says_what_to_do() {
    let world = World::new("http://127.0.0.1:1", vec![model("small", FILES, &[HUB])]);
    let message = world.pull().unwrap_err().to_string();
    for part in ["small", REPO, "127.0.0.1:1", "--model DIR", "HF_ENDPOINT", WEIGHTS.0] {
        assert!(message.contains(part), "{part} is not in: {message}");
    }
}

#[test]
fn offline_nothing_is_asked() {
    let server = Server::of_files(FILES);
    let mut world = World::new(&server.endpoint, vec![model("small", FILES, &[HUB])]);
    world.config.hub_offline = true;
    assert!(matches!(world.pull_fails()[..], [SourceError::Offline { variable: "HF_HUB_OFFLINE" }]));
    world.config.offline = true;
    assert!(matches!(world.pull_fails()[..], [SourceError::Offline { variable: "QIAO_OFFLINE" }]));
    assert_eq!(server.seen().len(), 0);
}
