"""The model panel: real and realistic ONNX models with inputs, expected outputs and results that a person can judge."""
