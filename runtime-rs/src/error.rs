//! Errors that depend on the data of a run. Wrong extents inside generated code are bugs and panic instead.

use core::fmt;

/// `Result` of kernels and of a model's `run`.
pub type Result<T> = core::result::Result<T, Error>;

/// What went wrong, and at which node of the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// What was expected and what was found.
    pub message: String,
    /// Name of the node in the model; empty where the error is about an input.
    pub node: &'static str,
}

impl Error {
    /// An error not yet tied to a node.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            node: "",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.node.is_empty() {
            return write!(f, "{}", self.message);
        }
        write!(f, "{}: {}", self.node, self.message)
    }
}

impl std::error::Error for Error {}

/// Names the node that an error comes from.
pub trait At<T> {
    /// The same result, its error about `node` unless it names one already.
    fn at(self, node: &'static str) -> Result<T>;
}

impl<T> At<T> for Result<T> {
    fn at(self, node: &'static str) -> Result<T> {
        self.map_err(|e| {
            if e.node.is_empty() {
                Error { node, ..e }
            } else {
                e
            }
        })
    }
}
