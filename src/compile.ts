/** The whole compiler on a page: decoded model → IR → passes → kernel plan → Rust. Pure: reads and writes no files. */

import { emitModule, type Module } from "./codegen/emit.ts";
import type { Diagnostic } from "./diagnostics/report.ts";
import { type DimBinding, type Expose, importModel } from "./frontend/import_graph.ts";
import type { OnnxModel } from "./frontend/onnx_model.ts";
import type { Program } from "./ir/graph.ts";
import type { Plan } from "./ir/plan.ts";
import { type Budget, checkBudget } from "./passes/check_budget.ts";
import { pipeline } from "./passes/index.ts";
import { lastOf, passSteps, type Trace } from "./passes/pass.ts";
import { planMemory } from "./passes/plan_memory.ts";
import { selectKernels } from "./passes/select.ts";
import { withoutUnread } from "./passes/unread_steps.ts";

export interface CompileOptions {
  /** Name of the model file, for messages and comments. */
  readonly source: string;
  readonly version: string;
  /** Sizes given for dimensions, by the model's names. */
  readonly dims?: ReadonlyMap<string, DimBinding>;
  /** Selects intermediate values of the main graph that become outputs too, after the model's own. */
  readonly expose?: Expose | undefined;
  /** Passes switched off. */
  readonly without?: ReadonlySet<string>;
  readonly weights?: "auto" | "embed" | "file";
  /** Path of the constants as the generated module sees it. */
  readonly weightsPath?: string;
  /** Bytes that the program may need at most. */
  readonly budget?: Partial<Budget>;
  readonly trace?: Trace;
}

export interface Compiled {
  readonly program: Program;
  readonly plan: Plan;
  readonly module: Module;
  readonly warnings: readonly Diagnostic[];
}

/** Throws `Diagnosed` with everything that is wrong with the model. */
export const compileModel = (model: OnnxModel, options: CompileOptions): Compiled =>
  lastOf(compileSteps(model, options));

/** The same in steps: yields what it is about to do, so that a command line can show it and be interrupted in between. */
export function* compileSteps(model: OnnxModel, options: CompileOptions): Generator<string, Compiled> {
  yield "import";
  const { program: imported, warnings } = importModel(model, options.source, options.dims, options.expose);
  const passes = passSteps(imported, pipeline, options.without ?? new Set(), options.trace);
  let step = passes.next();
  for (; !step.done; step = passes.next()) yield step.value.name;
  const program = step.value;
  yield "plan memory";
  const plan = planProgram(program);
  yield "generate code";
  const module = emitModule(program, plan, {
    version: options.version,
    weights: options.weights ?? "auto",
    weightsPath: options.weightsPath ?? "../weights.bin",
  });
  checkBudget(program, plan, module.weightBytes, options.budget ?? {});
  return { program, plan, module, warnings };
}

export function planProgram(program: Program): Plan {
  const results = program.main.outputs;
  return planMemory(program, withoutUnread(selectKernels(program), results), results);
}
