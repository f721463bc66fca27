/** From operations to steps: every operator's `lower` says which kernels it runs. */
import { Diagnosed, diagnostic } from "../diagnostics/report.ts";
import type { Dim } from "../ir/dim.ts";
import type { DType } from "../ir/dtype.ts";
import type { Func, Op, Program, Value } from "../ir/graph.ts";
import { named } from "../ir/op_def.ts";
import type { Arg, CallStep, Lowering, Step } from "../ir/plan.ts";
import { numbers, sizeOf } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";

/** Constants of at most this many elements are handed to `lower` as numbers. */
const maxConstant = 1 << 16;

/** The steps of the main function. Everything that has no kernel is reported at once. */
export function selectKernels(program: Program): readonly Step[] {
  const select = new Selection(program);
  const steps = select.func(program.main);
  if (select.missing.size > 0)
    throw new Diagnosed(
      ...[...select.missing.values()].map((op) =>
        diagnostic(
          "E0401",
          { op: op.def.onnx?.type ?? op.def.name, why: "with these operands" },
          op.origins.join(" + "),
          program.source,
        ),
      ),
    );
  return steps;
}

class Selection {
  readonly missing = new Map<string, Op>();
  private readonly program: Program;
  constructor(program: Program) {
    this.program = program;
  }

  private readonly views = new Map<Value, Value>();

  private rootOf(v: Value): Value {
    return this.views.get(v) ?? v;
  }

  func(f: Func): readonly Step[] {
    return f.ops.flatMap((op) => this.op(op));
  }

  private op(op: Op): readonly Step[] {
    if (!op.def.lower) {
      this.missing.set(op.def.name, op);
      return [];
    }
    const steps: Step[] = [];
    op.def.lower(named(op.def.inputs, op.inputs), op.attrs, this.lowering(op, steps));
    return steps;
  }

  private temporary(name: string, dtype: DType, shape: readonly Dim[]): Value {
    return {
      name: this.program.names.unique(name),
      type: tensorType(dtype, shape),
      contents: undefined,
      literal: undefined,
    };
  }

  private lowering(op: Op, into: Step[]): Lowering {
    let steps = into;
    const settle = (arg: Arg): Arg => this.settle(arg);
    return {
      op,
      outputs: op.outputs,
      output(i) {
        const v = op.outputs[i];
        if (!v) throw new TypeError(`output ${i} of ${op.def.name} is not wanted`);
        return v;
      },
      call(kernel, args, { fallible = false, binds = false, generics = [] } = {}) {
        const step: CallStep = {
          kind: "call",
          op,
          kernel,
          generics,
          args: args.map(settle),
          fallible,
          binds: binds ? op.fresh : [],
        };
        steps.push(step);
      },
      map: (expr, inputs, output) => steps.push({ kind: "map", op, expr, inputs, output }),
      view: (input, output) => {
        this.views.set(output, this.rootOf(input));
        steps.push({ kind: "view", op, input, output });
      },
      within(emit) {
        const outer = steps;
        const inner: Step[] = [];
        steps = inner;
        emit();
        steps = outer;
        return inner;
      },
      rootOf: (v) => this.rootOf(v),
      temporary: (dtype, shape) => this.temporary("t", dtype, shape),
      region: (f) => this.func(f),
      step: (step) => steps.push(step),
      constant(v) {
        if (!v?.literal || v.literal.dtype === "string" || sizeOf(v.literal.shape) > maxConstant) return undefined;
        return numbers(v.literal.load());
      },
    };
  }

  /** Scratch memory becomes a temporary value that one step writes. */
  private settle(arg: Arg): Arg {
    switch (arg.kind) {
      case "scratch":
        return { kind: "write", value: this.temporary("scratch", arg.dtype, [arg.length]) };
      case "some":
        return { kind: "some", arg: this.settle(arg.arg) };
      case "array":
      case "list":
        return { kind: arg.kind, items: arg.items.map((a) => this.settle(a)) };
      case "reference":
        return { ...arg, to: this.settle(arg.to) };
      case "call":
        return { ...arg, args: arg.args.map((a) => this.settle(a)) };
      case "struct":
        return { kind: "struct", name: arg.name, fields: arg.fields.map(([n, a]) => [n, this.settle(a)] as const) };
      default:
        return arg;
    }
  }
}
