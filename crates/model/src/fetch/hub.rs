//! The Hugging Face Hub, or a mirror of it: `GET ENDPOINT/REPO/resolve/REVISION/PATH`.

use super::cache::{self, Fetched};
use super::config::variables;
use super::download::Download;
use super::error::SourceError;
use super::http::Client;
use super::{FetchConfig, Report};
use crate::registry::ModelRow;

/// Fetches every file of `row` from `repo`.
pub(super) fn fetch(
    row: &ModelRow,
    repo: &str,
    config: &FetchConfig,
    progress: Report<'_>,
) -> Result<Fetched, SourceError> {
    forbid_offline(config)?;
    let client = Client::new(config)?;
    let dir = cache::staging(row, "hub", config);
    let parts = cache::staging(row, "hub-parts", config);
    let mut files = Vec::with_capacity(row.files.len());
    for file in row.files {
        let url = format!("{}/{repo}/resolve/{}/{}", config.hub_endpoint, row.revision, file.path);
        let download = Download::new(&client, url, file, &parts, dir.join(file.path));
        files.push(download.run(progress)?);
    }
    Ok(Fetched { dir, files })
}

fn forbid_offline(config: &FetchConfig) -> Result<(), SourceError> {
    let variable = match (config.offline, config.hub_offline) {
        (true, _) => variables::QIAO_OFFLINE,
        (false, true) => variables::HF_HUB_OFFLINE,
        (false, false) => return Ok(()),
    };
    Err(SourceError::Offline { variable })
}
