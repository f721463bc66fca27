"""Lays out the panel, and judges outputs.

    python -m panel list
    python -m panel lay-out ROOT PACKAGES.json NAME...
    python -m panel judge ROOT PACKAGES.json NAME CASE OUTPUTS.npz

PACKAGES.json maps the short names of packages to the paths of their archives. A model becomes ROOT/NAME/ with
model.onnx, inputs.npz and expected.npz (and inputs_CASE.npz, expected_CASE.npz of further cases), judge.json (what ONNX
Runtime's outputs say) and about.json. Results go to stdout as JSON, one document a line; progress to stderr.
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
import shutil
import sys
import time
import traceback
from dataclasses import asdict
from pathlib import Path

import numpy as np

from . import arrays_file
from .families import MODELS, module_of
from .model import Arrays, Model, Workshop, run_reference, session

HERE = Path(__file__).parent


def recipe_hash(model: Model) -> str:
    """Changes when code that the recipe uses changes, in any file; not with comments, docstrings or layout."""
    todo, seen = [module_of(model)], set()
    while todo:
        path = todo.pop()
        if path in seen:
            continue
        seen.add(path)
        for dots, name in re.findall(r"^from (\.+)([a-z0-9_]+) import", path.read_text(), re.MULTILINE):
            todo.append((path.parent if dots == "." else path.parent.parent) / f"{name}.py")
    digest = hashlib.sha256((HERE / "requirements.txt").read_bytes())
    for path in sorted(seen):
        digest.update(code_of(path).encode())
    return digest.hexdigest()[:16]


def code_of(path: Path) -> str:
    """The syntax tree of a file without docstrings."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [s for s in body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))]
    return ast.dump(tree)


def describe(model: Model) -> dict[str, object]:
    return {
        "name": model.name,
        "family": model.family,
        "weights": model.weights,
        "packages": list(model.packages),
        "after": list(model.after),
        "cases": [c.name for c in model.cases],
        "judged": [c.name for c in model.cases if c.judge],
        "rtol": model.rtol,
        "atol": model.atol,
        "recipe": recipe_hash(model),
    }


def suffix(model: Model, case: str) -> str:
    return "" if case == model.cases[0].name else f"_{case}"


def lay_out(shop: Workshop, root: Path, model: Model) -> dict[str, object]:
    """Makes ROOT/NAME, which appears when it is complete."""
    started = time.monotonic()
    folder, part = root / model.name, root / f".{model.name}.part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    (part / "model.onnx").write_bytes(model.make(shop))
    s = session(str(part / "model.onnx"))
    names = [o.name for o in s.get_outputs()]
    verdicts, dims = {}, {}
    for case in model.cases:
        inputs = case.inputs(shop)
        order = [i.name for i in s.get_inputs() if i.name in inputs]
        if set(order) != set(inputs):
            raise ValueError(f"{model.name} has no input {set(inputs) - set(order)}")
        outputs = dict(zip(names, s.run(None, dict(inputs)), strict=True))
        arrays_file.save(part / f"inputs{suffix(model, case.name)}.npz", order, inputs)
        arrays_file.save(part / f"expected{suffix(model, case.name)}.npz", names, outputs)
        dims[case.name] = bindings(s, inputs)
        if case.judge:
            verdicts[case.name] = asdict(case.judge(shop, inputs, outputs))
        if case is model.cases[0]:
            noise = difference(outputs, run_reference(str(part / "model.onnx"), inputs, optimize=True))
    made = {"dims": dims, "outputs": names, "noise": noise, "seconds": round(time.monotonic() - started, 2)}
    about = describe(model) | made
    (part / "judge.json").write_text(json.dumps(verdicts, indent=2) + "\n")
    (part / "about.json").write_text(json.dumps(about, indent=2) + "\n")
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)
    return {"name": model.name, "ok": True, "seconds": about["seconds"], "judge": verdicts}


def difference(expected: Arrays, found: Arrays) -> float:
    """The largest |found - expected| of all outputs, each relative to its largest |expected|."""
    scales = {n: max(float(np.abs(a).max(initial=0)), 1e-30) for n, a in expected.items()}
    return max(float(np.abs(found[n] - a).max(initial=0)) / scales[n] for n, a in expected.items())


def bindings(s, inputs) -> dict[str, int]:  # noqa: ANN001
    """The values of the inputs' named extents in this case."""
    found: dict[str, int] = {}
    for info in s.get_inputs():
        if info.name in inputs:
            for extent, size in zip(info.shape, inputs[info.name].shape, strict=True):
                if isinstance(extent, str):
                    found[extent] = size
    return found


def judge(shop: Workshop, root: Path, model: Model, case_name: str, outputs: Path) -> dict[str, object]:
    case = next(c for c in model.cases if c.name == case_name)
    if case.judge is None:
        raise ValueError(f"{model.name}: nothing is judged in {case_name}")
    about = json.loads((root / model.name / "about.json").read_text())
    names = [i.name for i in session(str(root / model.name / "model.onnx")).get_inputs()]
    inputs_path = root / model.name / f"inputs{suffix(model, case_name)}.npz"
    inputs = arrays_file.load(inputs_path, names)
    return asdict(case.judge(shop, inputs, arrays_file.load(outputs, about["outputs"])))


def main(arguments: list[str]) -> int:
    command, *rest = arguments or ["help"]
    if command == "list":
        print(json.dumps([describe(m) for m in MODELS.values()]))
        return 0
    if command not in ("lay-out", "judge") or len(rest) < 3:
        print(__doc__, file=sys.stderr)
        return 2
    root, packages, *names = rest
    shop = Workshop(json.loads(Path(packages).read_text()), lambda name: str(Path(root, name, "model.onnx")))
    if command == "judge":
        name, case, outputs = names
        print(json.dumps(judge(shop, Path(root), MODELS[name], case, Path(outputs))))
        return 0
    failures = 0
    for name in names:
        print(f"making {name}", file=sys.stderr)
        try:
            result = lay_out(shop, Path(root), MODELS[name])
        except Exception as e:  # noqa: BLE001 - one model's failure must not keep the others from being made
            traceback.print_exc()
            failures += 1
            result = {"name": name, "ok": False, "reason": f"{type(e).__name__}: {e}"}
        print(json.dumps(result), flush=True)
    return 1 if failures else 0


sys.exit(main(sys.argv[1:]))
