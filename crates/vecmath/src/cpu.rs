use std::sync::OnceLock;

/// The instruction set chosen for this process. A value other than [`Simd::portable`] exists only after the CPU proved to
/// have it, which is what makes the fast paths safe to call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Simd(Kind);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2Fma,
}

impl Simd {
    /// The best of what this CPU has; asked once a process.
    pub fn detect() -> Self {
        static CHOSEN: OnceLock<Simd> = OnceLock::new();
        *CHOSEN.get_or_init(|| {
            #[cfg(target_arch = "x86_64")]
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                return Self(Kind::Avx2Fma);
            }
            Self::portable()
        })
    }

    /// No vector instructions beyond the target's baseline.
    pub fn portable() -> Self {
        Self(Kind::Portable)
    }

    pub(crate) fn kind(self) -> Kind {
        self.0
    }
}

/// Compiles one body twice, for the baseline and for AVX2 with FMA, and runs the one that `simd` proves to exist.
///
/// The body holds no fused operation of its own, so both give the same bits.
macro_rules! dispatch {
    ($(#[$doc:meta])* pub fn $name:ident($simd:ident, $($arg:ident: $ty:ty),* $(,)?) = $body:path) => {
        $(#[$doc])*
        pub fn $name($simd: $crate::Simd, $($arg: $ty),*) {
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            fn wide($($arg: $ty),*) {
                $body($($arg),*)
            }
            match $simd.kind() {
                $crate::cpu::Kind::Portable => $body($($arg),*),
                #[cfg(target_arch = "x86_64")]
                // SAFETY: a `Simd` of this kind is made only after the CPU was found to have AVX2 and FMA.
                $crate::cpu::Kind::Avx2Fma => unsafe { wide($($arg),*) },
            }
        }
    };
}
pub(crate) use dispatch;
