"""Magika 1.0 (file types from 2 kB of bytes): integer input, embedding by comparison, one convolution, tanh GELU."""

from __future__ import annotations

import json

import numpy as np

from ..archive import member
from ..model import Arrays, Case, Model, Verdict, Workshop

PYTHON = b'''#!/usr/bin/env python3
import sys, json

def main(argv):
    """Count words."""
    counts = {}
    for line in open(argv[1]):
        for w in line.split():
            counts[w] = counts.get(w, 0) + 1
    print(json.dumps(counts, indent=2))

if __name__ == "__main__":
    main(sys.argv)
'''
RUST = b"""use std::collections::HashMap;

/// Counts words.
pub fn count(text: &str) -> HashMap<String, usize> {
    let mut m = HashMap::new();
    for w in text.split_whitespace() {
        *m.entry(w.to_string()).or_insert(0) += 1;
    }
    m
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn it_works() { assert_eq!(count("a b a")["a"], 2); }
}
"""
PADDING = 256
BLOCK, KEPT = 4096, 1024


def features(content: bytes) -> list[int]:
    """The first and the last bytes without white space at the file's ends, padded in the middle."""
    head, tail = content[:BLOCK].lstrip()[:KEPT], content[-BLOCK:].rstrip()[-KEPT:]
    return list(head) + [PADDING] * (KEPT - len(head)) + [PADDING] * (KEPT - len(tail)) + list(tail)


def judge(*wanted: str):
    def read(shop: Workshop, _: Arrays, outputs: Arrays) -> Verdict:
        labels = json.loads(member(shop, "magika", "standard_v3_3/config.min.json"))["target_labels_space"]
        found = [labels[i] for i in outputs["target_label"].argmax(1)]
        return Verdict(says=", ".join(found), wanted=", ".join(wanted), right=found == list(wanted))

    return read


def three_files(shop: Workshop) -> Arrays:
    picture = member(shop, "pictures", "skimage/data/chelsea.png")
    return {"bytes": np.array([features(f) for f in (PYTHON, RUST, picture)], np.int32)}


MODELS = (
    Model(
        name="magika",
        family="text",
        make=lambda shop: member(shop, "magika", "standard_v3_3/model.onnx"),
        cases=(
            Case("python", lambda _: {"bytes": np.array([features(PYTHON)], np.int32)}, judge("python")),
            Case("three_files", three_files, judge("python", "rust", "png")),
        ),
        packages=("magika", "pictures"),
    ),
)
