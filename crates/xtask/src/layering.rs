//! Who may import whom: crates by their manifests, stages of the engine by their paths; and where `unsafe` may stand.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

/// Our crates from the bottom up; each may use those before it, and of the engine's own the app sees the engine alone.
const CRATES: [(&str, &str, &[&str]); 4] = [
    ("vecmath", "qiao-vecmath", &[]),
    ("model", "qiao-model", &["qiao-vecmath"]),
    ("engine", "qiao", &["qiao-model"]),
    ("app", "qiao-app", &["qiao"]),
];

/// The stages of the engine.
const STAGES: [&str; 7] = ["source", "parse", "chunk", "embed", "store", "retrieve", "answer"];
/// What a stage may import beside itself.
const COMMON: [&str; 4] = ["types", "seams", "error", "language"];
/// Lines of a file at most, its tests not counted.
const LONGEST: usize = 600;

/// Fails with every arrow that points the wrong way.
pub(crate) fn check(root: &Path) -> Result<()> {
    let mut wrong = Vec::new();
    for (folder, _, allowed) in CRATES {
        let manifest = fs::read_to_string(root.join("crates").join(folder).join("Cargo.toml"))?;
        for (_, name, _) in CRATES {
            let uses = manifest.lines().any(|line| line.split(['.', ' ', '=']).next() == Some(name));
            if uses && !allowed.contains(&name) {
                wrong.push(format!("crates/{folder} must not depend on {name}"));
            }
        }
    }
    let mut files = Vec::new();
    rust_files(&root.join("crates"), &mut files)?;
    for file in &files {
        let text = fs::read_to_string(file)?;
        let shown = file.strip_prefix(root).unwrap_or(file).display().to_string();
        wrong.extend(faults(&shown, &text));
    }
    if !wrong.is_empty() {
        bail!("layering:\n  {}", wrong.join("\n  "));
    }
    Ok(())
}

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            rust_files(&path, files)?;
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

/// What is wrong with one file, named with `/` between its folders.
fn faults(file: &str, text: &str) -> Vec<String> {
    if file.ends_with("/tests.rs") {
        return Vec::new();
    }
    let body = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let mut wrong = Vec::new();
    let lines = body.lines().count();
    if lines > LONGEST && !file.contains("/tests/") {
        wrong.push(format!("{file}: {lines} lines before its tests, {LONGEST} at most"));
    }
    let marks = |line: &str| line.trim_start().starts_with("//");
    if !file.starts_with("crates/vecmath/") && !file.starts_with("crates/xtask/") {
        let block = |line: &&str| !marks(line) && (line.contains("unsafe {") || line.contains("unsafe fn"));
        wrong.extend(body.lines().filter(block).map(|line| format!("{file}: unsafe outside vecmath: {}", line.trim())));
    }
    if let Some(stage) = STAGES.into_iter().find(|stage| file.starts_with(&format!("crates/engine/src/{stage}/"))) {
        let other = |module: &&str| *module != stage && !COMMON.contains(module);
        wrong.extend(imports(body).into_iter().filter(other).map(|m| format!("{file}: the stage {stage} imports {m}")));
    }
    if let Some(base) = COMMON.into_iter().find(|base| file.starts_with(&format!("crates/engine/src/{base}"))) {
        let stage = |module: &&str| STAGES.contains(module);
        wrong.extend(imports(body).into_iter().filter(stage).map(|m| format!("{file}: {base} imports the stage {m}")));
    }
    wrong
}

/// The top modules that a file names as `crate::…`.
fn imports(text: &str) -> Vec<&str> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let names = code.flat_map(|line| line.split("crate::").skip(1));
    names
        .filter_map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next())
        .filter(|n| !n.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_that_reaches_sideways_is_named() {
        let found = faults("crates/engine/src/answer/x.rs", "use crate::types::A;\nlet b = crate::store::B;\n");
        assert_eq!(found, ["crates/engine/src/answer/x.rs: the stage answer imports store"]);
    }

    #[test]
    fn unsafe_and_long_files_are_named() {
        let text = format!("unsafe {{ }}\n{}", "x\n".repeat(LONGEST));
        assert_eq!(faults("crates/model/src/x.rs", &text).len(), 2);
        assert!(faults("crates/vecmath/src/x.rs", "unsafe { }\n").is_empty());
    }
}
