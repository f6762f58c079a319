use qiao_vecmath::{Simd, gelu, gelu_tanh, relu, silu, tanh};

/// What bends a layer's numbers, under the names of transformers and of torch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Activation {
    Identity,
    Gelu,
    GeluTanh,
    Relu,
    Silu,
    Tanh,
    Sigmoid,
}

impl Activation {
    /// The activation that transformers calls `name`.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "gelu" | "gelu_python" => Some(Self::Gelu),
            "gelu_new" | "gelu_pytorch_tanh" | "gelu_fast" => Some(Self::GeluTanh),
            "relu" => Some(Self::Relu),
            "silu" | "swish" => Some(Self::Silu),
            "tanh" => Some(Self::Tanh),
            "linear" => Some(Self::Identity),
            _ => None,
        }
    }

    /// The activation of the torch module `path`, such as `torch.nn.modules.activation.Tanh`.
    pub(crate) fn of_torch(path: &str) -> Option<Self> {
        match path.rsplit('.').next()? {
            "Identity" => Some(Self::Identity),
            "GELU" => Some(Self::Gelu),
            "ReLU" => Some(Self::Relu),
            "SiLU" => Some(Self::Silu),
            "Tanh" => Some(Self::Tanh),
            "Sigmoid" => Some(Self::Sigmoid),
            _ => None,
        }
    }

    /// Applies it to each of `values`.
    pub(crate) fn apply(self, simd: Simd, values: &mut [f32]) {
        match self {
            Self::Identity => {}
            Self::Gelu => gelu(simd, values),
            Self::GeluTanh => gelu_tanh(simd, values),
            Self::Relu => relu(values),
            Self::Silu => silu(simd, values),
            Self::Tanh => tanh(simd, values),
            Self::Sigmoid => values.iter_mut().for_each(|v| *v = logistic(*v)),
        }
    }
}

/// `1 / (1 + e^-x)`, rounded once, so that small values keep all their digits.
fn logistic(x: f32) -> f32 {
    (1.0 / (1.0 + (-f64::from(x)).exp())) as f32
}
