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
    /// AVX-512 with VNNI, and AVX2 with FMA
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Simd {
    /// The best of what this CPU has, but no better than QIAO_SIMD names (`portable`, `avx2`, `avx512`); asked once a process.
    pub fn detect() -> Self {
        static CHOSEN: OnceLock<Simd> = OnceLock::new();
        let allowed = |one: &Self, most: &str| {
            !Self::NAMES.iter().skip_while(|name| **name != most).skip(1).any(|name| *name == one.name())
        };
        *CHOSEN.get_or_init(|| {
            let most = std::env::var("QIAO_SIMD").unwrap_or_default();
            Self::all().into_iter().rfind(|one| allowed(one, &most)).unwrap_or(Self::portable())
        })
    }

    /// From the plainest to the best.
    const NAMES: [&str; 3] = ["portable", "avx2", "avx512"];

    /// As QIAO_SIMD names it.
    pub fn name(self) -> &'static str {
        match self.0 {
            Kind::Portable => Self::NAMES[0],
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2Fma => Self::NAMES[1],
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => Self::NAMES[2],
        }
    }

    /// All that this CPU has, the best last.
    pub fn all() -> Vec<Self> {
        let mut all = vec![Self::portable()];
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            all.push(Self(Kind::Avx2Fma));
            if is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512vnni")
            {
                all.push(Self(Kind::Avx512));
            }
        }
        all
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
    ($(#[$doc:meta])* $seen:vis fn $name:ident($simd:ident, $($arg:ident: $ty:ty),* $(,)?) = $body:path) => {
        $(#[$doc])*
        $seen fn $name($simd: $crate::Simd, $($arg: $ty),*) {
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            fn wide($($arg: $ty),*) {
                $body($($arg),*)
            }
            match $simd.kind() {
                $crate::cpu::Kind::Portable => $body($($arg),*),
                #[cfg(target_arch = "x86_64")]
                // SAFETY: a `Simd` of these kinds is made only after the CPU was found to have AVX2 and FMA.
                $crate::cpu::Kind::Avx2Fma | $crate::cpu::Kind::Avx512 => unsafe { wide($($arg),*) },
            }
        }
    };
}
pub(crate) use dispatch;
