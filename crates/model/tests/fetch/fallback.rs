//! One model in place of another: when, and never unsaid.

use qiao_model::fetch::{self, Fallback, FetchError, Progress};
use qiao_model::registry::{ModelRow, Source};

use crate::server::{Server, find, owned, send, send_file};
use crate::world::{CONFIG, FILES, HUB, World, assert_holds, model};

const LESSER_FILES: &[(&str, &[u8])] = &[CONFIG];

/// A server that has the lesser model; the better one only where `both`.
fn server(both: bool) -> Server {
    let files = owned(FILES);
    Server::start(move |request, stream| match find(&files, &request.path) {
        Some(body) if both || request.path.starts_with("/org/lesser/") => send_file(request, stream, body),
        _ => send(stream, 503, &[], b""),
    })
}

fn world(server: &Server) -> World {
    let lesser = model("lesser", LESSER_FILES, &[Source::Hub { repo: "org/lesser" }]);
    let small = ModelRow { fallback: Some("lesser"), ..model("small", FILES, &[HUB]) };
    World::new(&server.endpoint, vec![small, lesser])
}

fn says(events: &[Progress]) -> bool {
    events.contains(&Progress::FellBack { from: "small".to_owned(), to: "lesser".to_owned() })
}

#[test]
fn the_fallback_serves_after_the_sources_have_failed_and_is_said() {
    let world = world(&server(false));
    let (found, events) = world.resolve("small", Fallback::AfterSources);
    let found = found.unwrap();
    assert_eq!((found.name.as_str(), found.fell_back_from.as_deref()), ("lesser", Some("small")));
    assert_holds(&found.path, LESSER_FILES);
    assert!(says(&events));
}

#[test]
fn what_must_be_itself_does_not_fall_back() {
    let server = server(false);
    let world = world(&server);
    world.resolve("lesser", Fallback::Never).0.unwrap();
    let before = server.seen().len();
    assert!(
        matches!(world.resolve("small", Fallback::Never).0, Err(FetchError::Exhausted { attempts, .. }) if attempts.len() == 1)
    );
    assert_eq!(server.seen().len(), before + 1);
    let here = fetch::resolve_cached("small", Fallback::Never, &world.config);
    assert!(matches!(here, Err(FetchError::NotHere { name }) if name == "small"));
}

#[test]
fn a_fallback_that_is_here_serves_before_any_network() {
    let server = server(true);
    let world = world(&server);
    world.resolve("lesser", Fallback::Never).0.unwrap();
    let before = server.seen().len();
    let (found, events) = world.resolve("small", Fallback::Allowed);
    assert_eq!(found.unwrap().fell_back_from.as_deref(), Some("small"));
    assert!(says(&events));
    let cached = fetch::resolve_cached("small", Fallback::Allowed, &world.config).unwrap();
    assert_eq!(cached.fell_back_from.as_deref(), Some("small"));
    assert_eq!(server.seen().len(), before);

    // asking for it by `pull` fetches it all the same, and from then on it serves
    assert_eq!(world.pull().unwrap().name, "small");
    assert_eq!(world.resolve("small", Fallback::Allowed).0.unwrap().fell_back_from, None);
}

#[test]
fn when_nothing_answers_every_source_is_named() {
    let server = Server::start(|_, stream| send(stream, 503, &[], b""));
    let message = world(&server).pull().unwrap_err().to_string();
    assert!(
        message.contains("org/small at") && message.contains("org/lesser at") && message.contains("503"),
        "{message}"
    );
}
