//! The Hugging Face Hub, or a mirror of it: `GET ENDPOINT/REPO/resolve/REVISION/PATH`.

use std::path::PathBuf;

use super::cache::{self, FileRecord};
use super::config::variables;
use super::download::Download;
use super::error::SourceError;
use super::http::Client;
use super::{FetchConfig, Report};
use crate::registry::ModelRow;

/// Fetches every file of `row` from `repo`; returns the folder they are in and what they hash to.
pub(super) fn fetch(
    row: &ModelRow,
    repo: &str,
    config: &FetchConfig,
    progress: Report<'_>,
) -> Result<(PathBuf, Vec<FileRecord>), SourceError> {
    forbid_offline(config)?;
    let client = Client::new(config)?;
    let staging = cache::staging(row, "hub", config);
    let parts = cache::staging(row, "hub-parts", config);
    let mut records = Vec::with_capacity(row.files.len());
    for file in row.files {
        let url = format!("{}/{repo}/resolve/{}/{}", config.hub_endpoint, row.revision, file.path);
        let download = Download::new(&client, url, file, &parts, staging.join(file.path));
        records.push(download.run(progress)?);
    }
    Ok((staging, records))
}

fn forbid_offline(config: &FetchConfig) -> Result<(), SourceError> {
    let variable = match (config.offline, config.hub_offline) {
        (true, _) => variables::QIAO_OFFLINE,
        (false, true) => variables::HF_HUB_OFFLINE,
        (false, false) => return Ok(()),
    };
    Err(SourceError::Offline { variable })
}
