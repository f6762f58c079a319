use super::openai::ServerError;
use crate::error::Kind;

/// Why a language model gave no reply.
#[derive(Debug, thiserror::Error)]
pub enum ChatError {
    /// Its server.
    #[error(transparent)]
    Server(#[from] Box<ServerError>),
    /// Its file.
    #[error(transparent)]
    Local(#[from] Box<qiao_model::GeneratorError>),
    /// A test's double.
    #[cfg(test)]
    #[error("{0}")]
    Scripted(&'static str),
}

impl ChatError {
    /// What kind of failure it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Server(e) => match **e {
                ServerError::Settings(_) | ServerError::Key(_) | ServerError::TooLong { .. } => Kind::Usage,
                _ => Kind::Model,
            },
            Self::Local(_) => Kind::Model,
            #[cfg(test)]
            Self::Scripted(_) => Kind::Model,
        }
    }
}

impl From<ServerError> for ChatError {
    fn from(e: ServerError) -> Self {
        Self::Server(Box::new(e))
    }
}
