/** Runs a case by the interpreter, before and after the simplifying passes: a quick check of front end, types and semantics. */
import { importModel } from "../../src/frontend/import_graph.ts";
import { loadModel } from "../../src/frontend/load_model.ts";
import { interpret } from "../../src/ir/interpret.ts";
import { simplify } from "../../src/passes/index.ts";
import { runPasses } from "../../src/passes/pass.ts";
import type { SuiteCase } from "../data/onnx_suite.ts";
import { readCaseData } from "./case_data.ts";
import { judge } from "./judge.ts";
import { inMode, type Mode } from "./modes.ts";

/** Undefined if the case passes, else the reason. */
export function interpretCase(c: SuiteCase, mode: Mode): string | undefined {
  const loaded = loadModel(c.modelPath);
  for (const set of c.dataSets) {
    const data = readCaseData(loaded, set);
    const { model, args } = inMode(loaded, mode, data.inputs);
    const { program } = importModel(model, c.name);
    const simplified = runPasses(program, simplify, new Set());
    for (const [stage, p] of [
      ["imported", program],
      ["simplified", simplified],
    ] as const) {
      const problem = judge(loaded, interpret(p.main, args), data.outputs, c);
      if (problem) return `${stage}: ${problem}`;
    }
  }
  return undefined;
}
