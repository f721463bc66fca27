//! The untyped door to a model: values behind one type, for command lines and test programs that learn types as they run.

use std::any::Any as StdAny;

use crate::element::*;
use crate::error::{Error, Result};
use crate::interface::View;
use crate::tensor::Tensor;

/// A value of any type that a model takes or gives: `Tensor<T>`, `Vec<Tensor<T>>`, `Option<…>`.
pub struct Any(Box<dyn StdAny + Send>);

impl Any {
    /// Wraps a value.
    pub fn new<X: StdAny + Send>(value: X) -> Self {
        Self(Box::new(value))
    }
    /// The value, if it is an `X`.
    pub fn get<X: StdAny>(&self) -> Option<&X> {
        self.0.downcast_ref()
    }
}

/// Name and type of an input or output, as the model has them: `f32[N, 3]`, `seq(i64[*])`.
#[derive(Clone, Copy, Debug)]
pub struct Port {
    /// The model's name.
    pub name: &'static str,
    /// The type in the compiler's text form.
    pub kind: &'static str,
}

/// Memory that a model needs, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// Planned intermediate values.
    pub arena: usize,
    /// Constants.
    pub weights: usize,
}

/// What every generated model can do without its types.
pub trait AnyModel: Sized {
    /// Memory for one run at a time.
    type Workspace;
    /// Whether the constants are part of the program.
    const EMBEDDED: bool;
    /// The model, with constants from a file where they are not part of the program.
    fn load(weights: Option<&[u8]>) -> Result<Self>;
    /// Memory and threads.
    fn workspace(threads: usize) -> Self::Workspace;
    /// Memory needs.
    fn sizes() -> Sizes;
    /// Inputs by position.
    fn inputs() -> &'static [Port];
    /// Outputs by position.
    fn outputs() -> &'static [Port];
    /// Runs the model. Results are copied out only if `keep`.
    fn run_any(
        &self,
        workspace: &mut Self::Workspace,
        values: &[Any],
        keep: bool,
    ) -> Result<Vec<Any>>;
}

/// Input `index`, which must be an `X`.
pub fn any_owned<'a, X: StdAny>(values: &'a [Any], index: usize, name: &str) -> Result<&'a X> {
    let value = values
        .get(index)
        .ok_or_else(|| Error::new(format!("input {name} is missing")))?;
    value
        .get::<X>()
        .ok_or_else(|| Error::new(format!("input {name} has another element type")))
}

/// Input `index` as elements with `RANK` extents.
pub fn any_view<'a, T: Clone + Send + 'static, const RANK: usize>(
    values: &'a [Any],
    index: usize,
    name: &str,
) -> Result<View<'a, T, RANK>> {
    let tensor = any_owned::<Tensor<T>>(values, index, name)?;
    let shape = tensor.shape[..].try_into().map_err(|_| {
        Error::new(format!(
            "input {name}: expected rank {RANK}, found shape {:?}",
            tensor.shape
        ))
    })?;
    Ok(View {
        data: &tensor.data,
        shape,
    })
}

/// Input `index` as an array of exactly `shape`.
pub fn any_array<'a, T: Clone + Send + 'static, const N: usize>(
    values: &'a [Any],
    index: usize,
    name: &str,
    shape: &[usize],
) -> Result<&'a [T; N]> {
    let tensor = any_owned::<Tensor<T>>(values, index, name)?;
    if tensor.shape != shape {
        return Err(Error::new(format!(
            "input {name}: expected shape {shape:?}, found {:?}",
            tensor.shape
        )));
    }
    tensor.data[..]
        .try_into()
        .map_err(|_| Error::new(format!("input {name}: {} elements", tensor.data.len())))
}

/// A copy of an output.
pub fn to_any<T: Clone + Send + 'static>(shape: &[usize], data: &[T]) -> Any {
    Any::new(Tensor::from_slice(shape, data))
}

/// A dictionary: keys and values by position.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Map<K, V> {
    /// The keys, in ascending order.
    pub keys: Vec<K>,
    /// As many values.
    pub values: Vec<V>,
}

/// An element that a `.npy` file can hold.
pub trait NpyElement: Clone + Default + Send + 'static {
    /// numpy's name without byte order: `f4`, `u1`; narrow types are kept as their bits.
    const NPY: &'static str;
    /// Elements out of little-endian bytes.
    fn read(bytes: &[u8]) -> Vec<Self>;
    /// Elements as little-endian bytes.
    fn write(data: &[Self]) -> Vec<u8>;
}

macro_rules! npy_native {
    ($($t:ty = $name:literal),*) => {$(impl NpyElement for $t {
        const NPY: &'static str = $name;
        fn read(bytes: &[u8]) -> Vec<Self> {
            bytes.chunks_exact(size_of::<$t>()).map(|b| <$t>::from_le_bytes(b.try_into().expect("whole elements"))).collect()
        }
        fn write(data: &[Self]) -> Vec<u8> {
            data.iter().flat_map(|x| x.to_le_bytes()).collect()
        }
    })*};
}
npy_native!(
    f32 = "f4",
    f64 = "f8",
    i8 = "i1",
    i16 = "i2",
    i32 = "i4",
    i64 = "i8",
    u8 = "u1",
    u16 = "u2",
    u32 = "u4",
    u64 = "u8"
);

macro_rules! npy_bits {
    ($($t:ident($repr:ty) = $name:literal),*) => {$(impl NpyElement for $t {
        const NPY: &'static str = $name;
        fn read(bytes: &[u8]) -> Vec<Self> {
            <$repr>::read(bytes).into_iter().map($t).collect()
        }
        fn write(data: &[Self]) -> Vec<u8> {
            data.iter().flat_map(|x| x.0.to_le_bytes()).collect()
        }
    })*};
}
npy_bits!(
    F16(u16) = "f2",
    Bf16(u16) = "u2",
    F8E4M3Fn(u8) = "u1",
    F8E4M3Fnuz(u8) = "u1",
    F8E5M2(u8) = "u1",
    F8E5M2Fnuz(u8) = "u1",
    F8E8M0(u8) = "u1",
    F4E2M1(u8) = "u1",
    U4(u8) = "u1",
    U2(u8) = "u1",
    I4(i8) = "i1",
    I2(i8) = "i1",
    Bool(u8) = "b1"
);
