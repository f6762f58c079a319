use std::sync::OnceLock;

/// The instruction set chosen for this process. A value other than [`Simd::portable`] exists only after the CPU proved to
/// have it, which is what makes the fast paths safe to call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Simd(Kind);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Portable,
    /// AVX2 with FMA and F16C
    #[cfg(target_arch = "x86_64")]
    Avx2Fma,
    /// AVX-512 with VNNI, and all of the former
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Simd {
    /// The best of what this CPU has, but no better than QIAO_SIMD names: `portable`, `avx2` or `avx512`. Any other word is
    /// taken for `portable`. Asked once a process.
    pub fn detect() -> Self {
        static CHOSEN: OnceLock<Simd> = OnceLock::new();
        *CHOSEN.get_or_init(|| Self::best(Self::all(), std::env::var("QIAO_SIMD").ok().as_deref()))
    }

    fn best(all: Vec<Self>, most: Option<&str>) -> Self {
        let rank = |name: &str| Self::NAMES.iter().position(|own| *own == name).unwrap_or(0);
        let most = most.map_or(Self::NAMES.len(), rank);
        all.into_iter().rfind(|one| rank(one.name()) <= most).unwrap_or(Self::portable())
    }

    /// All that this CPU has, the best last.
    pub fn all() -> Vec<Self> {
        let mut all = Self::of_x86();
        all.insert(0, Self::portable());
        all
    }

    #[cfg(target_arch = "x86_64")]
    fn of_x86() -> Vec<Self> {
        // each CPU with AVX2 and FMA has F16C
        let avx2 =
            is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") && is_x86_feature_detected!("f16c");
        let vnni = is_x86_feature_detected!("avx512bw") && is_x86_feature_detected!("avx512vnni");
        let avx512 = avx2 && is_x86_feature_detected!("avx512f") && vnni;
        [(avx2, Kind::Avx2Fma), (avx512, Kind::Avx512)]
            .into_iter()
            .filter(|(has, _)| *has)
            .map(|(_, kind)| Self(kind))
            .collect()
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn of_x86() -> Vec<Self> {
        Vec::new()
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

    /// No vector instructions beyond the target's baseline.
    pub fn portable() -> Self {
        Self(Kind::Portable)
    }

    pub(crate) fn kind(self) -> Kind {
        self.0
    }
}

/// Defines a function that runs, of three expressions, the one for the instruction set that `simd` proves to exist, compiled
/// for it: the first for the baseline, the second for AVX2 with FMA and F16C, the third for AVX-512, too.
macro_rules! on_each_set {
    (
        $(#[$doc:meta])* $seen:vis fn $name:ident($simd:ident, $($arg:ident: $ty:ty),*)
            = $portable:expr, $wide:expr, $widest:expr
    ) => {
        $(#[$doc])*
        $seen fn $name($simd: $crate::Simd, $($arg: $ty),*) {
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma,f16c")]
            fn wide($($arg: $ty),*) {
                $wide
            }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma,f16c,avx512f")]
            fn widest($($arg: $ty),*) {
                $widest
            }
            match $simd.kind() {
                $crate::cpu::Kind::Portable => $portable,
                #[cfg(target_arch = "x86_64")]
                // SAFETY: a `Simd` of this kind is made only after the CPU was found to have AVX2, FMA and F16C.
                $crate::cpu::Kind::Avx2Fma => unsafe { wide($($arg),*) },
                #[cfg(target_arch = "x86_64")]
                // SAFETY: and with AVX-512F.
                $crate::cpu::Kind::Avx512 => unsafe { widest($($arg),*) },
            }
        }
    };
}
pub(crate) use on_each_set;

/// Compiles one body for every instruction set, and runs the one that `simd` proves to exist.
///
/// The body holds no fused operation of its own, so all give the same bits.
macro_rules! dispatch {
    ($(#[$doc:meta])* $seen:vis fn $name:ident($simd:ident, $($arg:ident: $ty:ty),* $(,)?) = $body:path) => {
        $crate::cpu::on_each_set! {
            $(#[$doc])* $seen fn $name($simd, $($arg: $ty),*) = $body($($arg),*), $body($($arg),*), $body($($arg),*)
        }
    };
}
pub(crate) use dispatch;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named_bounds_what_is_chosen() {
        let best = |most| Simd::best(Simd::all(), most);
        assert_eq!(Some(&best(None)), Simd::all().last());
        assert_eq!(best(Some("avx512")), best(None));
        assert_eq!(
            (best(Some("portable")), best(Some("AVX2")), best(Some(""))),
            (Simd::portable(), Simd::portable(), Simd::portable())
        );
        assert!(["portable", "avx2"].contains(&best(Some("avx2")).name()));
    }
}
