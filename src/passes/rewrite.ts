/**
 * The rewrite engine: walks a program's operations in order, hands each to a rule with its inputs already rewritten, and
 * rebuilds what depends on what was replaced. Provenance is kept: whatever a rule emits comes from the operation at hand,
 * and from those that the rule names.
 */
import { Builder, rebuilt } from "../ir/builder.ts";
import type { Func, Op, Program, Value } from "../ir/graph.ts";
import { countUses, withoutDead } from "./dead_ops.ts";

export interface Site {
  readonly op: Op;
  /** Inside of a region. */
  readonly nested: boolean;
  /** Emits replacements; `origins` are those of `op`. */
  readonly builder: Builder;
  /** The operation that makes `v`, if one does (arguments and constants have none). */
  producer(v: Value | undefined): Op | undefined;
  /** Number of uses of `v` in the program before this pass, results of functions included. */
  uses(v: Value): number;
  /** Adds to the origins of what is emitted next: the operations that a pattern swallowed. */
  absorb(...ops: readonly Op[]): void;
}

/** Values for the outputs of `site.op`, or undefined to keep it. */
export type Rule = (site: Site) => readonly (Value | undefined)[] | undefined;

/** One walk over the program with a rule; what it leaves unused is gone. Returns the same program if nothing was replaced. */
export function rewriteOps(program: Program, rule: Rule): Program {
  const walk = new Walk(program, rule);
  const main = walk.func(program.main);
  return walk.changed ? withoutDead({ ...program, main }) : program;
}

/** Walks until nothing changes; a rule set that does not converge is a bug and stops after `limit` walks. */
export function rewriteToFixpoint(program: Program, rule: Rule, limit = 100): Program {
  let current = program;
  for (let i = 0; i < limit; i++) {
    const next = rewriteOps(current, rule);
    if (next === current) return current;
    current = next;
  }
  throw new Error(`rewriting did not end after ${limit} walks`);
}

class Walk {
  changed = false;
  private readonly replaced = new Map<Value, Value>();
  private readonly producers = new Map<Value, Op>();
  private readonly useCounts: Map<Value, number>;
  private readonly program: Program;
  private readonly rule: Rule;

  constructor(program: Program, rule: Rule) {
    this.program = program;
    this.rule = rule;
    this.useCounts = countUses(program.main);
  }

  private depth = -1;

  func(f: Func): Func {
    this.depth++;
    const result = this.walkFunc(f);
    this.depth--;
    return result;
  }

  private walkFunc(f: Func): Func {
    const builder = new Builder(this.program.names);
    let same = true;
    for (const op of f.ops) same = this.op(op, builder) && same;
    const outputs = f.outputs.map((v) => this.current(v));
    same = same && outputs.every((v, i) => v === f.outputs[i]);
    if (same) return f;
    this.changed = true;
    return { ...f, ops: builder.ops, outputs };
  }

  private current(v: Value): Value {
    return this.replaced.get(v) ?? v;
  }

  /** True if the operation stays as it was. */
  private op(old: Op, builder: Builder): boolean {
    const inputs = old.inputs.map((v) => (v ? this.current(v) : undefined));
    const regions = old.regions.map((r) => this.func(r));
    const same = inputs.every((v, i) => v === old.inputs[i]) && regions.every((r, i) => r === old.regions[i]);
    const op = same ? old : rebuilt(old, inputs, regions);
    const before = builder.ops.length;
    builder.origins = op.origins;
    const results = this.rule(this.site(op, builder));
    for (const made of builder.ops.slice(before)) this.define(made);
    if (results) {
      this.replace(old, results);
      return false;
    }
    builder.ops.length = before; // whatever a rule that gave up has tried
    builder.ops.push(op);
    this.define(op);
    this.replace(old, op.outputs);
    return same;
  }

  private define(op: Op): void {
    for (const v of op.outputs) if (v) this.producers.set(v, op);
  }

  private replace(old: Op, by: readonly (Value | undefined)[]): void {
    old.outputs.forEach((v, i) => {
      const next = by[i];
      if (!v || next === v) return;
      if (!next) throw new TypeError(`nothing replaces %${v.name}`);
      this.replaced.set(v, next);
      this.useCounts.set(next, (this.useCounts.get(next) ?? 0) + (this.useCounts.get(v) ?? 0));
    });
  }

  private site(op: Op, builder: Builder): Site {
    return {
      op,
      nested: this.depth > 0,
      builder,
      producer: (v) => (v ? this.producers.get(v) : undefined),
      uses: (v) => this.useCounts.get(v) ?? 0,
      absorb: (...ops) => {
        builder.origins = [...new Set([...ops.flatMap((o) => o.origins), ...builder.origins])];
      },
    };
  }
}
