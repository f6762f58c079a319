//! Numbers and mapped bytes: the one crate of qiao that may use `unsafe`, behind safe functions.
//!
//! Every fast path has a portable twin, and each output is summed in one fixed order whatever the number of rows, so that
//! on one machine a text's vector has the same bits alone or in any batch.

mod activation;
mod attend;
mod blocks;
mod cpu;
mod distance;
mod exp;
mod gelu;
mod gemm;
mod gemm_int8;
pub mod ivf;
mod lanes;
mod mapped;
mod norm;
mod quant;
#[cfg(test)]
mod reference;
mod softmax;
mod topk;

pub use activation::{gelu_tanh, relu, silu, tanh};
pub use attend::{Past, attend};
pub use blocks::{BlockKind, Blocks, MappedBlocks};
pub use cpu::Simd;
pub use distance::dot;
pub use gelu::{erf, gelu};
pub use gemm::{Factor, Finish, Packed, Rows, RowsMut, multiply};
pub use gemm_int8::{FactorInt8, Levels, PackedInt8, multiply_int8};
pub use mapped::{MappedFile, floats};
pub use norm::{add_layer_norm, l2_normalize, layer_norm, rms_norm};
pub use quant::{Int8, int8, ubinary};
pub use softmax::softmax_rows;
pub use topk::{Scored, TopK};
