//! What is on the machine already: the Hugging Face cache, damaged copies, two pulls at once, paths.

use std::fs;
use std::thread;

use qiao_model::fetch::{self, Fallback, Fault, FetchError, Progress};

use crate::server::Server;
use crate::world::{FILES, HUB, WEIGHTS, World, assert_holds, model, put};

const SNAPSHOT: &str = "hf/models--org--small/snapshots/0123456789abcdef0123456789abcdef01234567";

fn with_hub_cache(files: &[(&str, &[u8])]) -> (Server, World) {
    let server = Server::of_files(FILES);
    let mut world = World::new(&server.endpoint, vec![model("small", FILES, &[HUB])]);
    world.config.hub_cache = Some(world.path().join("hf"));
    for (path, body) in files {
        put(&world.path().join(SNAPSHOT).join(path), body);
    }
    (server, world)
}

#[test]
fn the_hugging_face_cache_serves_without_network() {
    let (server, mut world) = with_hub_cache(FILES);
    world.config.offline = true;
    assert_holds(&world.pull().unwrap().path, FILES);
    assert_eq!(server.seen().len(), 0);
    assert!(world.path().join(SNAPSHOT).join(WEIGHTS.0).exists());
}

#[test]
fn resolving_without_network_uses_the_hugging_face_cache_too() {
    let (server, world) = with_hub_cache(FILES);
    assert_holds(&fetch::resolve_cached("small", Fallback::Never, &world.config).unwrap().path, FILES);
    assert_eq!(server.seen().len(), 0);
}

#[test]
fn a_hugging_face_cache_with_other_bytes_is_passed_over() {
    let (server, world) = with_hub_cache(&[FILES[0], (WEIGHTS.0, b"other")]);
    let (found, events) = world.resolve("small", Fallback::Never);
    assert_holds(&found.unwrap().path, FILES);
    assert!(
        events.iter().any(|event| matches!(event, Progress::PassedOver { source, .. } if source.contains("cache")))
    );
    assert_eq!(server.seen().len(), 2);
    assert_eq!(fs::read(world.path().join(SNAPSHOT).join(WEIGHTS.0)).unwrap(), b"other");
}

#[test]
fn half_a_hugging_face_cache_is_not_used() {
    let (server, world) = with_hub_cache(&FILES[..1]);
    assert_holds(&world.pull().unwrap().path, FILES);
    assert_eq!(server.seen().len(), 2);
}

/// What the Hub's own tools keep: a link to a file that is named by its hash.
#[cfg(unix)]
#[test]
fn a_blob_of_the_hugging_face_cache_is_held_against_its_name() {
    let files: &[(&str, &[u8])] = &[("vocab.txt", b"hello\n")];
    for (body, serves) in [(b"hello\n", true), (b"hallo\n", false)] {
        let mut world = World::new("http://127.0.0.1:1", vec![crate::world::unchecked_model("small", files, &[HUB])]);
        world.config.hub_cache = Some(world.path().join("hf"));
        let blob = world.path().join("hf/models--org--small/blobs/ce013625030ba8dba906f756967f9e9ca394464a");
        put(&blob, body);
        let link = world.path().join(SNAPSHOT).join("vocab.txt");
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(&blob, &link).unwrap();
        assert_eq!(world.pull().is_ok(), serves);
    }
}

#[test]
fn a_damaged_copy_is_named_moved_aside_and_fetched_again() {
    let server = Server::of_files(FILES);
    let world = World::new(&server.endpoint, vec![model("small", FILES, &[HUB])]);
    let weights = world.pull().unwrap().path.join(WEIGHTS.0);
    fs::write(&weights, b"short").unwrap();

    let refused = fetch::resolve_cached("small", Fallback::Allowed, &world.config).unwrap_err();
    assert!(matches!(&refused, FetchError::Damaged { fault: Fault::Size { got: 5, .. }, .. }), "{refused}");
    assert!(refused.to_string().contains("qiao model pull small"), "{refused}");
    assert_eq!(fetch::installed(&world.config.models[0], &world.config), None);

    let (found, events) = world.resolve("small", Fallback::Never);
    assert_holds(&found.unwrap().path, FILES);
    let aside = world.cache("damaged/small");
    assert!(matches!(&events[0], Progress::SetAside { path, fault: Fault::Size { .. }, .. } if *path == aside));
    assert_eq!(fs::read(aside.join(WEIGHTS.0)).unwrap(), b"short");
}

#[test]
fn a_copy_without_manifest_or_with_other_hashes_than_the_table_is_damaged() {
    let server = Server::of_files(FILES);
    let mut world = World::new(&server.endpoint, vec![model("small", FILES, &[HUB])]);
    let manifest = world.pull().unwrap().path.join(fetch::MANIFEST);
    fs::remove_file(&manifest).unwrap();
    let fault = |world: &World| match fetch::resolve_cached("small", Fallback::Never, &world.config) {
        Err(FetchError::Damaged { fault, .. }) => fault,
        other => panic!("{other:?}"),
    };
    assert_eq!(fault(&world), Fault::Manifest);
    world.pull().unwrap();
    world.config.models = vec![model("small", &[FILES[0], (WEIGHTS.0, b"newer")], &[HUB])].leak();
    assert!(matches!(fault(&world), Fault::Hash { .. }));
}

#[test]
fn hashing_again_finds_a_changed_byte() {
    let server = Server::of_files(FILES);
    let world = World::new(&server.endpoint, vec![model("small", FILES, &[HUB])]);
    let dir = world.pull().unwrap().path;
    let mut weights = WEIGHTS.1.to_vec();
    weights[123] ^= 1;
    fs::write(dir.join(WEIGHTS.0), weights).unwrap();
    assert!(matches!(&fetch::check_files(&dir).unwrap()[..], [Fault::Hash { file, .. }] if file == WEIGHTS.0));
    fs::remove_file(dir.join(WEIGHTS.0)).unwrap();
    assert!(matches!(&fetch::check_files(&dir).unwrap()[..], [Fault::Missing { .. }]));
    assert!(matches!(fetch::check_files(world.path()), Err(FetchError::NoManifest { .. })));
}

#[test]
fn two_pulls_at_once_fetch_once() {
    let server = Server::of_files(FILES);
    let world = World::new(&server.endpoint, vec![model("small", FILES, &[HUB])]);
    thread::scope(|scope| {
        let pulls = [(); 4].map(|()| scope.spawn(|| world.pull().unwrap()));
        for pull in pulls {
            assert_holds(&pull.join().unwrap().path, FILES);
        }
    });
    assert_eq!(server.seen().len(), 2);
}

#[test]
fn a_directory_works_in_place_of_a_name() {
    let world = World::new("http://127.0.0.1:1", vec![model("small", FILES, &[HUB])]);
    let own = world.path().join("mine");
    fs::create_dir(&own).unwrap();
    let found = world.resolve(own.to_str().unwrap(), Fallback::Never).0.unwrap();
    assert_eq!((found.name.as_str(), &found.path, found.row), ("mine", &own, None));

    let nowhere = world.path().join("nowhere");
    let missing = world.resolve(nowhere.to_str().unwrap(), Fallback::Never).0;
    assert!(matches!(missing, Err(FetchError::NoDirectory { path }) if path == nowhere));
    let unknown = world.resolve("smal", Fallback::Never).0.unwrap_err().to_string();
    assert!(unknown.contains("`smal`") && unknown.contains("known models: small"), "{unknown}");
}

#[test]
fn what_a_knowledge_base_recorded_is_not_a_folder_that_happens_to_be_at_hand() {
    let server = Server::of_files(FILES);
    // tests run in the crate's folder, which has a folder `src`
    let world = World::new(&server.endpoint, vec![model("src", FILES, &[HUB])]);
    assert!(world.resolve("src", Fallback::Allowed).0.unwrap().row.is_none());
    assert!(world.resolve("src", Fallback::Never).0.unwrap().row.is_some());
}
