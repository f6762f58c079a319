//! Architectures: one file each, made of the layers they share.

mod bert;

pub(crate) use bert::Bert;
