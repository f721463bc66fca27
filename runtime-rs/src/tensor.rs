//! Owned arrays with a shape of any rank: elements of sequences, values of unknown rank, dynamic inputs and outputs.

/// A dense row-major array.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tensor<T> {
    /// Extents, outermost first.
    pub shape: Vec<usize>,
    /// As many elements as the product of `shape`.
    pub data: Vec<T>,
}

impl<T: Clone> Tensor<T> {
    /// A copy of `data`, which must have as many elements as `shape` says.
    pub fn from_slice(shape: &[usize], data: &[T]) -> Self {
        assert_eq!(
            shape.iter().product::<usize>(),
            data.len(),
            "shape {shape:?}"
        );
        Self {
            shape: shape.to_vec(),
            data: data.to_vec(),
        }
    }
}
