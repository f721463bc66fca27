//! Planned memory: one aligned buffer that the steps of a model carve their operands from, checked for overlap.

use core::cell::{Cell, UnsafeCell};
use core::marker::PhantomData;

use crate::element::Pod;

/// 64 bytes, so that every planned offset is aligned for any element and for a cache line.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u8; 64]);

/// A value's place in an arena or in the weights: a range of elements.
#[derive(Debug)]
pub struct Slot<T> {
    offset: usize,
    len: usize,
    element: PhantomData<fn() -> T>,
}

impl<T> Clone for Slot<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Slot<T> {}

impl<T> Slot<T> {
    /// `len` elements from byte `offset`, a multiple of 64.
    pub const fn new(offset: usize, len: usize) -> Self {
        assert!(offset.is_multiple_of(64));
        Self {
            offset,
            len,
            element: PhantomData,
        }
    }
    /// The first `len` elements: sizes that vary from run to run stay below the planned ones.
    pub fn first(self, len: usize) -> Self {
        assert!(
            len <= self.len,
            "{len} elements where {} were planned",
            self.len
        );
        Self { len, ..self }
    }
}

/// Memory for the intermediate values of one run.
pub struct Arena {
    lines: Vec<Line>,
}

impl Arena {
    /// Room for `bytes`, zeroed.
    pub fn new(bytes: usize) -> Self {
        Self {
            lines: vec![Line([0; 64]); bytes.div_ceil(64)],
        }
    }
    /// Operands of one step. The borrow ends with the step, so that the next one may use the same memory.
    pub fn parts(&mut self) -> Parts<'_> {
        let bytes = self.lines.len() * 64;
        Parts {
            base: self.lines.as_mut_ptr().cast(),
            bytes,
            claims: UnsafeCell::new([(0, 0, false); FEW_CLAIMS]),
            count: Cell::new(0),
            more: UnsafeCell::new(Vec::new()),
            arena: PhantomData,
        }
    }
}

/// Steps of so many operands need no memory for the check.
const FEW_CLAIMS: usize = 32;

/// First byte, end, and whether a range was handed out for writing.
type Claim = (usize, usize, bool);

/// Hands out ranges of an arena: any number of shared ones, and exclusive ones that overlap nothing else.
pub struct Parts<'a> {
    base: *mut u8,
    bytes: usize,
    /// What was handed out.
    claims: UnsafeCell<[Claim; FEW_CLAIMS]>,
    count: Cell<usize>,
    /// The same for operands beyond `FEW_CLAIMS`.
    more: UnsafeCell<Vec<Claim>>,
    arena: PhantomData<&'a mut [Line]>,
}

impl<'a> Parts<'a> {
    /// The elements of `slot`, to read. Panics if they were handed out for writing, or lie outside of the arena.
    #[inline]
    pub fn get<T: Pod>(&self, slot: Slot<T>) -> &'a [T] {
        let start = self.claim::<T>(slot, false);
        // SAFETY: `claim` has checked that the range lies inside the arena, is aligned (offset 64·n in a buffer aligned to
        // 64) and overlaps no exclusive range; T is `Pod`, so any bytes are valid; 'a keeps the arena borrowed.
        unsafe { core::slice::from_raw_parts(self.base.add(start).cast(), slot.len) }
    }
    /// The elements of `slot`, to write; their contents are what an earlier step left. Panics if any were handed out.
    #[inline]
    #[allow(clippy::mut_from_ref)]
    pub fn get_mut<T: Pod>(&self, slot: Slot<T>) -> &'a mut [T] {
        let start = self.claim::<T>(slot, true);
        // SAFETY: as in `get`, and the range overlaps no other range handed out, so the reference is exclusive.
        unsafe { core::slice::from_raw_parts_mut(self.base.add(start).cast(), slot.len) }
    }

    #[inline]
    fn claim<T: Pod>(&self, slot: Slot<T>, exclusive: bool) -> usize {
        let (start, end) = (slot.offset, slot.offset + slot.len * size_of::<T>());
        assert!(
            end <= self.bytes,
            "planned range {start}..{end} outside of the arena of {} bytes",
            self.bytes
        );
        let count = self.count.get();
        // SAFETY: `Parts` is not Sync and no reference into `claims` or `more` outlives this function.
        let (claims, more) = unsafe { (&mut *self.claims.get(), &mut *self.more.get()) };
        for &(s, e, x) in claims[..count].iter().chain(more.iter()) {
            assert!(
                !((exclusive || x) && start < e && s < end),
                "operands overlap: {start}..{end} and {s}..{e}"
            );
        }
        if count < FEW_CLAIMS {
            claims[count] = (start, end, exclusive);
            self.count.set(count + 1);
        } else {
            more.push((start, end, exclusive));
        }
        start
    }
}

/// A model's constants: bytes aligned to 64, in the program's image or in memory.
pub struct Weights {
    bytes: Bytes,
}

enum Bytes {
    Static(&'static [u8]),
    Owned(Vec<Line>, usize),
}

/// Wraps `include_bytes!` so that the constants are aligned: `static W: Aligned<[u8; N]> = Aligned(*include_bytes!(…))`.
#[repr(C, align(64))]
pub struct Aligned<T: ?Sized>(pub T);

impl Weights {
    /// Constants in the program's image.
    pub fn embedded<const N: usize>(bytes: &'static Aligned<[u8; N]>) -> Self {
        Self {
            bytes: Bytes::Static(&bytes.0),
        }
    }
    /// A copy of constants that were read from somewhere.
    pub fn copied(bytes: &[u8]) -> Self {
        let mut lines = vec![Line([0; 64]); bytes.len().div_ceil(64)];
        for (line, chunk) in lines.iter_mut().zip(bytes.chunks(64)) {
            line.0[..chunk.len()].copy_from_slice(chunk);
        }
        Self {
            bytes: Bytes::Owned(lines, bytes.len()),
        }
    }
    /// All bytes.
    pub fn bytes(&self) -> &[u8] {
        match &self.bytes {
            Bytes::Static(b) => b,
            // SAFETY: `Line` is 64 plain bytes without padding, and `len` is at most 64 · lines.
            Bytes::Owned(lines, len) => unsafe {
                core::slice::from_raw_parts(lines.as_ptr().cast(), *len)
            },
        }
    }
    /// The elements of `slot`. Panics if they lie outside.
    #[inline]
    pub fn get<T: Pod>(&self, slot: Slot<T>) -> &[T] {
        let bytes = &self.bytes()[slot.offset..slot.offset + slot.len * size_of::<T>()];
        assert_eq!(bytes.as_ptr().align_offset(align_of::<T>()), 0);
        // SAFETY: in bounds by the slice above, aligned by the assertion, any bytes are valid for a `Pod`. Little-endian
        // like every target that Rust's tier 1 and 2 lists and we compile for.
        unsafe { core::slice::from_raw_parts(bytes.as_ptr().cast(), slot.len) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_may_have_any_number_of_operands() {
        let mut arena = Arena::new(64 * 100);
        let a = arena.parts();
        let slot = |i: usize| Slot::<f32>::new(64 * i, 16);
        for i in 0..50 {
            a.get_mut(slot(i)).fill(i as f32);
        }
        assert!((50..100).all(|i| a.get(slot(i)) == a.get(slot(i))));
    }

    #[test]
    fn overlapping_operands_panic_however_many_there_are() {
        for before in [0, 31, 32, 60] {
            let overlap = std::panic::catch_unwind(|| {
                let mut arena = Arena::new(64 * 100);
                let a = arena.parts();
                for i in 0..before {
                    a.get(Slot::<f32>::new(64 * i, 16));
                }
                a.get_mut(Slot::<f32>::new(64 * 98, 16));
                a.get(Slot::<f32>::new(64 * 97, 17));
            });
            assert!(overlap.is_err(), "{before} operands before");
        }
    }
}
