//! SIMD: an algorithm is written once, over [`Vector`], and compiled for every instruction set.
//!
//! ```
//! use onnxidize_runtime::simd::{dispatch, Kernel, Vector};
//!
//! /// `y = max(x, 0)`, elementwise.
//! struct Relu<'a>(&'a mut [f32]);
//!
//! impl Kernel for Relu<'_> {
//!     type Out = ();
//!     #[inline(always)]
//!     fn run<V: Vector>(self) {
//!         for chunk in self.0.chunks_mut(V::LANES) {
//!             V::load_partial(chunk).max(V::zero()).store_partial(chunk);
//!         }
//!     }
//! }
//!
//! let mut x = [-1.0, 2.0, -3.0];
//! dispatch(Relu(&mut x));
//! assert_eq!(x, [0.0, 2.0, 0.0]);
//! ```
//!
//! On x86-64 the instruction set is found once, when first needed; `ONNXIDIZE_ISA=avx2` or `scalar` in the environment
//! lowers it. Elsewhere the target decides: NEON on aarch64, SIMD128 where WebAssembly is built with it, else scalar.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
pub mod math;
#[cfg(target_arch = "aarch64")]
mod neon;
mod scalar;
mod vector;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wasm;

#[cfg(test)]
mod tests;

/// The vector types, for tables of functions that are compiled for one of them each.
pub(crate) mod vectors {
    #[cfg(target_arch = "aarch64")]
    pub use super::neon::Neon;
    pub use super::scalar::Scalar;
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    pub use super::wasm::Wasm;
    #[cfg(target_arch = "x86_64")]
    pub use super::{avx2::Avx2, avx512::Avx512};
}

pub use vector::{IntVector, Kernel, Mask, Vector};

/// An instruction set. Names of other targets exist everywhere, so that tables can list them all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Isa {
    /// One lane.
    Scalar = 1,
    /// x86-64-v3: 8 lanes.
    Avx2 = 2,
    /// x86-64-v4: 16 lanes.
    Avx512 = 3,
    /// 64-bit ARM: 4 lanes.
    Neon = 4,
    /// WebAssembly SIMD128, relaxed or not: 4 lanes.
    Wasm = 5,
}

impl Isa {
    /// The name in reports: `scalar`, `avx2`, `avx512`, `neon`, `wasm-simd128` or `wasm-relaxed-simd`.
    pub const fn name(self) -> &'static str {
        match self {
            Isa::Scalar => "scalar",
            Isa::Avx2 => "avx2",
            Isa::Avx512 => "avx512",
            Isa::Neon => "neon",
            Isa::Wasm if cfg!(target_feature = "relaxed-simd") => "wasm-relaxed-simd",
            Isa::Wasm => "wasm-simd128",
        }
    }
}

/// Name of the instruction set that kernels run on.
pub fn isa() -> &'static str {
    current().name()
}

/// The instruction sets of this processor that this program can use, the best first.
pub fn available() -> impl Iterator<Item = Isa> {
    let best = best();
    [Isa::Avx512, Isa::Avx2, Isa::Neon, Isa::Wasm, Isa::Scalar]
        .into_iter()
        .filter(move |&isa| match isa {
            // LLVM vectorises scalar minima with relaxed instructions, which may lose a NaN.
            Isa::Scalar => !cfg!(target_feature = "relaxed-simd"),
            Isa::Avx2 => matches!(best, Isa::Avx2 | Isa::Avx512),
            other => other == best,
        })
}

/// The instruction set that [`dispatch`] uses now, on this thread.
#[inline]
pub fn current() -> Isa {
    #[cfg(feature = "std")]
    if let Some(isa) = forced::get() {
        return isa;
    }
    selected()
}

/// Runs `kernel` with the best instruction set.
#[inline]
pub fn dispatch<K: Kernel>(kernel: K) -> K::Out {
    dispatch_on(current(), kernel)
}

/// Runs `kernel` with `isa`, as given by [`current`] or [`available`]; with one that is not available, runs scalar code.
#[inline]
pub(crate) fn dispatch_on<K: Kernel>(isa: Isa, kernel: K) -> K::Out {
    match isa {
        // SAFETY: `usable` has found that the processor has the instructions.
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 if usable(isa) => unsafe { avx512::enter(kernel) },
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 if usable(isa) => unsafe { avx2::enter(kernel) },
        #[cfg(target_arch = "aarch64")]
        Isa::Neon => neon::enter(kernel),
        #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
        Isa::Wasm => wasm::enter(kernel),
        _ => scalar::enter(kernel),
    }
}

/// Does the processor have `isa`?
#[cfg(target_arch = "x86_64")]
#[inline]
pub(crate) fn usable(isa: Isa) -> bool {
    matches!(
        (isa, best()),
        (Isa::Avx2, Isa::Avx2) | (Isa::Avx2 | Isa::Avx512, Isa::Avx512)
    )
}

/// What the processor has, found once.
#[cfg(all(target_arch = "x86_64", feature = "std"))]
fn best() -> Isa {
    use core::sync::atomic::{AtomicU8, Ordering::Relaxed};
    static BEST: AtomicU8 = AtomicU8::new(0);
    match BEST.load(Relaxed) {
        1 => Isa::Scalar,
        2 => Isa::Avx2,
        3 => Isa::Avx512,
        _ => {
            let isa = detect();
            BEST.store(isa as u8, Relaxed);
            isa
        }
    }
}

#[cfg(all(target_arch = "x86_64", feature = "std"))]
#[cold]
fn detect() -> Isa {
    if !(is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")) {
        return Isa::Scalar;
    }
    let v4 = is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl");
    if v4 {
        Isa::Avx512
    } else {
        Isa::Avx2
    }
}

/// What the target has: without an operating system nobody can be asked.
#[cfg(not(all(target_arch = "x86_64", feature = "std")))]
const fn best() -> Isa {
    if cfg!(target_arch = "aarch64") {
        return Isa::Neon;
    }
    if cfg!(all(target_arch = "wasm32", target_feature = "simd128")) {
        return Isa::Wasm;
    }
    let v4 = cfg!(all(
        target_feature = "avx512f",
        target_feature = "avx512bw",
        target_feature = "avx512dq",
        target_feature = "avx512vl"
    ));
    if cfg!(target_arch = "x86_64") && v4 {
        return Isa::Avx512;
    }
    if cfg!(all(
        target_arch = "x86_64",
        target_feature = "avx2",
        target_feature = "fma"
    )) {
        return Isa::Avx2;
    }
    Isa::Scalar
}

/// The best instruction set, or the lower one that the environment asks for.
#[cfg(all(target_arch = "x86_64", feature = "std"))]
#[inline]
fn selected() -> Isa {
    use core::sync::atomic::{AtomicU8, Ordering::Relaxed};
    static SELECTED: AtomicU8 = AtomicU8::new(0);
    match SELECTED.load(Relaxed) {
        1 => Isa::Scalar,
        2 => Isa::Avx2,
        3 => Isa::Avx512,
        _ => {
            let isa = match std::env::var("ONNXIDIZE_ISA").as_deref() {
                Ok("scalar") => Isa::Scalar,
                Ok("avx2") if usable(Isa::Avx2) => Isa::Avx2,
                _ => best(),
            };
            SELECTED.store(isa as u8, Relaxed);
            isa
        }
    }
}

#[cfg(not(all(target_arch = "x86_64", feature = "std")))]
const fn selected() -> Isa {
    best()
}

/// Runs `f` with kernels that are started on this thread held to `isa`: for tests and measurements.
///
/// # Panics
/// Panics if `isa` is not in [`available`].
#[cfg(feature = "std")]
pub fn with_isa<R>(isa: Isa, f: impl FnOnce() -> R) -> R {
    assert!(
        available().any(|a| a == isa),
        "this processor has no {}",
        isa.name()
    );
    let _restore = forced::Restore(forced::set(Some(isa)));
    f()
}

#[cfg(feature = "std")]
mod forced {
    use std::cell::Cell;

    use super::Isa;

    thread_local! {
        static FORCED: Cell<Option<Isa>> = const { Cell::new(None) };
    }

    #[inline]
    pub fn get() -> Option<Isa> {
        FORCED.get()
    }

    pub fn set(isa: Option<Isa>) -> Option<Isa> {
        FORCED.replace(isa)
    }

    /// Puts the earlier choice back, on a panic too.
    pub struct Restore(pub Option<Isa>);

    impl Drop for Restore {
        fn drop(&mut self) {
            set(self.0);
        }
    }
}
