use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::qiao;

const CLI: &str = "docs/cli.md";

fn generated() -> Result<Vec<u8>> {
    let output = qiao()?.arg("docs").output().context("cannot run qiao")?;
    if !output.status.success() {
        bail!("`qiao docs` failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(output.stdout)
}

/// Writes the generated docs.
pub(crate) fn write(root: &Path) -> Result<()> {
    Ok(fs::write(root.join(CLI), generated()?)?)
}

/// Fails where the generated docs are not what the program would write now.
pub(crate) fn check_generated(root: &Path) -> Result<()> {
    let stored = fs::read(root.join(CLI)).unwrap_or_default();
    if stored != generated()? {
        bail!("{CLI} is out of date; run `cargo xtask gen-docs`");
    }
    Ok(())
}

/// Fails where a Markdown page of ours links to a file that is not there.
pub(crate) fn check_links(root: &Path) -> Result<()> {
    let dead: Vec<String> = pages(root)?.iter().flat_map(|page| dead_links(root, page)).collect();
    if !dead.is_empty() {
        bail!("dead links:\n  {}", dead.join("\n  "));
    }
    Ok(())
}

fn pages(root: &Path) -> Result<Vec<PathBuf>> {
    let mut pages = Vec::new();
    for folder in ["", "docs", "bench", "examples"] {
        for entry in fs::read_dir(root.join(folder))? {
            let path = entry?.path();
            if path.extension().is_some_and(|e| e == "md") {
                pages.push(path);
            }
        }
    }
    Ok(pages)
}

fn dead_links(root: &Path, page: &Path) -> Vec<String> {
    let text = fs::read_to_string(page).unwrap_or_default();
    let folder = page.parent().unwrap_or(root);
    let target =
        |rest: &str| rest.split(')').next().unwrap_or_default().split('#').next().unwrap_or_default().to_owned();
    let targets = text.split("](").skip(1).map(target);
    let local = targets.filter(|t| !t.is_empty() && !t.contains("://") && !t.starts_with("mailto:"));
    local.filter(|t| !folder.join(t).exists()).map(|t| format!("{}: {t}", page.display())).collect()
}
