//! `qiao embed` beyond one vector a line: fewer numbers, smaller numbers, other files, token vectors.

use serde_json::Value;

use crate::desk::{Desk, Ran};

/// A safetensors file: its header, and its data.
struct Tensors {
    header: Value,
    data: Vec<u8>,
}

impl Tensors {
    #[track_caller]
    fn of(bytes: &[u8]) -> Self {
        let length = u64::from_le_bytes(*bytes.first_chunk().unwrap()) as usize;
        assert_eq!(length % 8, 0, "the data lies aligned");
        let header: Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
        Self { header, data: bytes[8 + length..].to_vec() }
    }

    /// Shape and bytes of a tensor.
    #[track_caller]
    fn get(&self, name: &str, dtype: &str) -> (Vec<u64>, &[u8]) {
        let entry = &self.header[name];
        assert_eq!(entry["dtype"], dtype, "{name}: {}", self.header);
        let offset = |i: usize| entry["data_offsets"][i].as_u64().unwrap() as usize;
        let shape = entry["shape"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).collect();
        (shape, &self.data[offset(0)..offset(1)])
    }

    #[track_caller]
    fn whole(&self, name: &str) -> Vec<i64> {
        self.get(name, "I64").1.chunks_exact(8).map(|b| i64::from_le_bytes(*b.first_chunk().unwrap())).collect()
    }

    #[track_caller]
    fn floats(&self, name: &str) -> Vec<f32> {
        floats(self.get(name, "F32").1)
    }
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|b| f32::from_le_bytes(*b.first_chunk().unwrap())).collect()
}

#[track_caller]
fn numbers(ran: &Ran) -> Vec<Vec<f32>> {
    let numbers =
        |line: &Value| line["embedding"].as_array().unwrap().iter().map(|n| n.as_f64().unwrap() as f32).collect();
    ran.json_lines().iter().map(numbers).collect()
}

const TEXTS: [&str; 3] = ["a happy person", "", "桥 and rivers"];

fn embed(desk: &Desk, more: &[&str]) -> Ran {
    desk.qiao(["embed"].iter().chain(&TEXTS).chain(more)).ok()
}

#[test]
fn fewer_numbers_are_the_first_at_unit_length() {
    let desk = Desk::new();
    let (whole, short) = (numbers(&embed(&desk, &[])), numbers(&embed(&desk, &["--dim", "64"])));
    for (whole, short) in whole.iter().zip(&short) {
        let length = whole[..64].iter().map(|v| v * v).sum::<f32>().sqrt();
        assert_eq!(short.len(), 64);
        assert!(short.iter().zip(whole).all(|(s, w)| (s - w / length).abs() < 1e-6));
    }
    desk.qiao(["embed", "x", "--dim", "0"]).exits(2).says(&["1 to 384"]);
    desk.qiao(["embed", "x", "--dim", "385"]).exits(2).says(&["385", "384"]);
}

#[test]
fn bytes_and_bits_stand_for_the_same_vectors() {
    let desk = Desk::new();
    let whole = numbers(&embed(&desk, &[]));
    let bytes = embed(&desk, &["--precision", "int8"]).json_lines();
    for (whole, line) in whole.iter().zip(&bytes) {
        let scale = line["scale"].as_f64().unwrap() as f32;
        let rounded: Vec<i64> = line["embedding"].as_array().unwrap().iter().map(|n| n.as_i64().unwrap()).collect();
        assert!(rounded.iter().any(|n| n.abs() == 127));
        assert!(whole.iter().zip(&rounded).all(|(w, r)| (w - *r as f32 * scale).abs() <= scale * 0.501));
    }
    let bits = numbers(&embed(&desk, &["--precision", "ubinary"]));
    for (whole, bits) in whole.iter().zip(&bits) {
        assert_eq!(bits.len(), 48);
        let bit = |i: usize| (bits[i / 8] as u8 >> (7 - i % 8)) & 1 == 1;
        assert!(whole.iter().enumerate().all(|(i, w)| bit(i) == (*w > 0.0)));
    }
}

#[test]
fn safetensors_hold_vectors_receipts_and_the_encoders_identity() {
    let desk = Desk::new();
    let whole = numbers(&embed(&desk, &[])).concat();
    let tensors = Tensors::of(&embed(&desk, &["--format", "safetensors"]).stdout);
    assert_eq!((tensors.get("embeddings", "F32").0, tensors.floats("embeddings")), (vec![3, 384], whole.clone()));
    assert_eq!(tensors.whole("tokens"), [3, 0, 3]);
    assert_eq!((tensors.whole("dropped"), tensors.whole("unknown")), (vec![0; 3], vec![0, 0, 1]));
    let encoder: Value = serde_json::from_str(tensors.header["__metadata__"]["encoder"].as_str().unwrap()).unwrap();
    assert_eq!((encoder["model"].as_str(), encoder["dimension"].as_u64()), (Some(crate::desk::MINILM), Some(384)));
    desk.qiao(["embed", TEXTS[0], TEXTS[1], TEXTS[2], "--format", "safetensors", "--precision", "int8", "-o", "v.st"])
        .ok();
    let bytes = Tensors::of(&std::fs::read(desk.path("v.st")).unwrap());
    let (scales, (shape, rows)) = (bytes.floats("scales"), bytes.get("embeddings", "I8"));
    assert_eq!((shape, scales.len()), (vec![3, 384], 3));
    for (i, (w, r)) in whole.iter().zip(rows).enumerate() {
        assert!((w - f32::from(r.cast_signed()) * scales[i / 384]).abs() <= scales[i / 384] * 0.501);
    }
}

#[test]
fn arrays_of_bytes_and_bits_are_what_numpy_reads() {
    let desk = Desk::new();
    for (precision, fields, size) in [("int8", "'|i1'", 384), ("ubinary", "'|u1'", 48)] {
        let bytes = embed(&desk, &["--format", "npy", "--precision", precision]).stdout;
        let header = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
        let text = String::from_utf8_lossy(&bytes[10..header]);
        assert!(text.contains(fields) && text.contains(&format!("(3, {size})")), "{text}");
        assert_eq!(bytes.len() - header, 3 * size);
    }
}

#[test]
fn token_vectors_pool_to_the_texts_vector() {
    let desk = Desk::new();
    let whole = numbers(&embed(&desk, &[]));
    let tensors = Tensors::of(&embed(&desk, &["--tokens", "--format", "safetensors"]).stdout);
    let (offsets, rows) = (tensors.whole("offsets"), tensors.floats("embeddings"));
    assert_eq!(tensors.whole("ids")[..5], [101, 1037, 3407, 2711, 102]);
    assert_eq!(
        (&tensors.whole("starts")[..5], &tensors.whole("ends")[..5]),
        (&[-1, 0, 2, 8, -1][..], &[-1, 1, 7, 14, -1][..])
    );
    for (i, whole) in whole.iter().enumerate() {
        let rows = rows[offsets[i] as usize * 384..offsets[i + 1] as usize * 384].chunks_exact(384);
        let sum = rows.fold(vec![0.0f32; 384], |sum, row| sum.iter().zip(row).map(|(s, v)| s + v).collect());
        let length = sum.iter().map(|v| v * v).sum::<f32>().sqrt();
        assert!(sum.iter().zip(whole).all(|(s, w)| (s / length - w).abs() < 1e-5), "text {i}");
    }
    let lines = embed(&desk, &["--tokens"]).json_lines();
    let window = &lines[0]["windows"][0];
    assert_eq!(window["pieces"], serde_json::json!(["[CLS]", "a", "happy", "person", "[SEP]"]));
    assert_eq!(window["spans"], serde_json::json!([null, [0, 1], [2, 7], [8, 14], null]));
    let first: Vec<f32> =
        window["embeddings"][0].as_array().unwrap().iter().map(|n| n.as_f64().unwrap() as f32).collect();
    assert_eq!(first, rows[..384]);
    let unit = embed(&desk, &["--tokens", "--normalize"]).json_lines();
    let vector = unit[2]["windows"][0]["embeddings"][1].as_array().unwrap();
    let length = vector.iter().map(|n| n.as_f64().unwrap().powi(2)).sum::<f64>().sqrt();
    assert!((length - 1.0).abs() < 1e-5);
}

#[test]
fn what_no_reader_could_make_sense_of_is_used_wrongly() {
    let desk = Desk::new();
    desk.qiao(["embed", "x", "--tokens", "--format", "npy"]).exits(2).says(&["jsonl or safetensors"]);
    desk.qiao(["embed", "x", "--tokens", "--precision", "int8"]).exits(2).says(&["--precision"]);
    desk.qiao(["embed", "x", "--tokens", "--dim", "8"]).exits(2);
}

#[test]
fn a_prompt_given_is_what_the_role_would_have_put_there() {
    let desk = Desk::without_model();
    let e5 = |more: &[&str]| {
        numbers(&desk.qiao(["--model", crate::desk::E5, "embed", "桥是什么？"].iter().chain(more)).ok())
    };
    assert_eq!(e5(&["--prompt", "query: "]), e5(&["--role", "query"]));
    assert_ne!(e5(&["--prompt", ""]), e5(&["--role", "query"]));
}

#[test]
fn files_are_read_one_after_another_and_the_order_stays() {
    let desk = Desk::new();
    // far more texts than are encoded at once, long ones among short ones
    let lines: Vec<String> = (0..600).map(|i| format!("text {i} {}", "river ".repeat(i * 7 % 31))).collect();
    desk.write("a.txt", lines[..300].join("\n"));
    desk.write("b.txt", lines[300..].join("\r\n"));
    let ran = desk.qiao(["embed", "--file", "a.txt", "--file", "b.txt", "--dim", "8"]).ok();
    let all = numbers(&ran);
    assert_eq!(all.len(), 600);
    for i in [0, 17, 299, 300, 599] {
        assert_eq!(all[i], numbers(&desk.qiao(["embed", &lines[i], "--dim", "8"]).ok())[0], "text {i}");
    }
    let piped = std::fs::File::open(desk.path("a.txt")).unwrap();
    let ran = crate::desk::run(desk.command(["embed", "--file", "-", "--dim", "8"]).stdin(piped)).ok();
    assert_eq!(numbers(&ran), all[..300]);
}

#[test]
fn a_text_that_fails_is_named_by_its_line() {
    let desk = Desk::new();
    desk.write("texts.txt", format!("short\n{}\nshort\n", "word ".repeat(600)));
    desk.qiao(["embed", "--file", "texts.txt", "--long", "error"])
        .exits(3)
        .says(&["line 2 of texts.txt", "600 tokens"]);
    desk.qiao(["embed", "short", &"word ".repeat(600), "--long", "error"]).exits(3).says(&["text 2", "600 tokens"]);
    desk.write("long.jsonl", format!("{{\"text\": \"{}\"}}\n", "x".repeat(5 << 20)));
    desk.qiao(["embed", "--file", "long.jsonl"]).exits(3).says(&["line 1 of long.jsonl", "qiao add"]);
    desk.write("endless.txt", "x".repeat(5 << 20));
    desk.qiao(["embed", "--file", "endless.txt", "-o", "out.jsonl"])
        .exits(3)
        .says(&["line 1 of endless.txt", "qiao add"]);
    desk.write("binary.txt", b"good\n\xff\xfe\n");
    desk.qiao(["embed", "--file", "binary.txt", "-o", "out.jsonl"]).exits(3).says(&["binary.txt", "line 2"]);
    let left: Vec<_> = std::fs::read_dir(desk.root()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), 4, "nothing half-written is left: {left:?}");
}

#[test]
#[cfg(target_os = "linux")]
fn memory_does_not_grow_with_the_number_of_texts() {
    use std::io::{BufRead, BufReader, Write};
    use std::process::Stdio;

    let desk = Desk::new();
    let mut command = desk.command(["embed", "--file", "-"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut texts, mut vectors) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()).lines());
    // whole batches of 256, so that every vector comes out while the process still waits for more
    let mut peak_after = |batches: usize| {
        for _ in 0..batches {
            texts.write_all("a river\n".repeat(256).as_bytes()).unwrap();
            assert_eq!(vectors.by_ref().take(256).filter(|line| line.as_ref().unwrap().len() > 384).count(), 256);
        }
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        peak.split_whitespace().next().unwrap().parse::<u64>().unwrap()
    };
    let (few, many) = (peak_after(4), peak_after(40));
    // ten thousand vectors more would take 15 MiB
    assert!(many < few + 8 * 1024, "{few} KiB, then {many} KiB");
    drop(texts);
    assert!(child.wait().unwrap().success());
}

#[test]
fn what_lies_beside_the_output_is_left_alone() {
    let desk = Desk::new();
    desk.write("out.jsonl.partial", "mine");
    desk.qiao(["embed", "a", "-o", "out.jsonl"]).ok();
    assert_eq!(std::fs::read(desk.path("out.jsonl.partial")).unwrap(), b"mine");
    assert_eq!(std::fs::read_dir(desk.root()).unwrap().count(), 2);
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::fs::{FileTypeExt, PermissionsExt};
        desk.qiao(["embed", "a", "-o", "/dev/null"]).ok();
        assert!(std::fs::metadata("/dev/null").unwrap().file_type().is_char_device());
        let mode = |name: &str| std::fs::metadata(desk.path(name)).unwrap().permissions().mode();
        assert_eq!(mode("out.jsonl"), mode("out.jsonl.partial"), "the rights of any other file");
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let ran = desk.command(["embed", "a"]).stdout(full).output().unwrap();
        assert_eq!(ran.status.code(), Some(3));
        assert!(String::from_utf8_lossy(&ran.stderr).contains("standard output"), "{ran:?}");
    }
}
