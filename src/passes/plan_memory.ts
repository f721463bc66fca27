/**
 * Decides where every value lives: graph inputs and constants where they are, sizes known or bounded when compiling in one
 * arena, all others in growable buffers. Values share memory when their live ranges do not meet.
 *
 * Arena: greedy by size into the smallest gap (Pisarchyk & Lee 2020, "Efficient memory management for deep neural net
 * inference", §4.3), then a bounded, seeded search over the order while the lower bound is not reached. The result is
 * checked for overlap on every compile.
 */
import { Diagnosed, diagnostic } from "../diagnostics/report.ts";
import { upperBound } from "../ir/dim.ts";
import { bytesOf } from "../ir/dtype.ts";
import type { Program, Value } from "../ir/graph.ts";
import type { HeapType, Place, Plan, Step } from "../ir/plan.ts";
import { numel, typeText } from "../ir/types.ts";
import { liveRanges, type Range } from "./live_ranges.ts";

const alignment = 64;
const aligned = (bytes: number): number => Math.ceil(bytes / alignment) * alignment;

export interface Block extends Range {
  readonly value: Value;
  readonly bytes: number;
}

export function planMemory(program: Program, steps: readonly Step[], results: readonly Value[]): Plan {
  const live = liveRanges(steps, results);
  const places = new Map<Value, Place>();
  program.main.inputs.forEach((v, index) => places.set(v, { kind: "input", index }));
  const blocks: Block[] = [];
  const heap: [Value, Range][] = [];
  for (const [value, range] of live.ranges) {
    if (places.has(value)) continue;
    if (value.literal) {
      places.set(value, { kind: "constant" });
      continue;
    }
    const bytes = boundedBytes(value, program);
    if (bytes === undefined) heap.push([value, range]);
    else blocks.push({ value, bytes: aligned(bytes), ...range });
  }
  const layout = layOut(blocks);
  for (const [block, offset] of layout.offsets) places.set(block.value, { kind: "arena", offset, bytes: block.bytes });
  refuseOverlap(layout.offsets);
  const heapSlots = shareSlots(heap, places);
  for (const [view, root] of live.roots) places.set(view, { kind: "view", of: root });
  return { steps, places, arenaBytes: layout.bytes, lowerBoundBytes: maxLive(blocks), heapSlots };
}

/** Largest size of a value in bytes, if it is a tensor of numbers with a known bound. */
function boundedBytes(v: Value, program: Program): number | undefined {
  if (v.type.kind !== "tensor" || v.type.dtype === "string" || v.type.shape === undefined) return undefined;
  const { dtype, shape } = v.type;
  const count = upperBound(numel({ ...v.type, shape }), (name) => program.bounds.get(name));
  return count === undefined ? undefined : count * bytesOf(dtype);
}

interface Layout {
  readonly offsets: ReadonlyMap<Block, number>;
  readonly bytes: number;
}

const meet = (a: Range, b: Range): boolean => a.first <= b.last && b.first <= a.last;

function place(order: readonly Block[]): Layout {
  const offsets = new Map<Block, number>();
  const placed: { block: Block; offset: number }[] = []; // sorted by offset
  let total = 0;
  for (const block of order) {
    let best = -1;
    let bestGap = Number.POSITIVE_INFINITY;
    let end = 0;
    for (const p of placed) {
      if (!meet(p.block, block)) continue;
      const gap = p.offset - end;
      if (gap >= block.bytes && gap < bestGap) {
        bestGap = gap;
        best = end;
      }
      end = Math.max(end, p.offset + p.block.bytes);
    }
    const offset = best >= 0 ? best : end;
    offsets.set(block, offset);
    total = Math.max(total, offset + block.bytes);
    const at = placed.findIndex((p) => p.offset > offset);
    placed.splice(at < 0 ? placed.length : at, 0, { block, offset });
  }
  return { offsets, bytes: total };
}

/** Orders tried beyond the first: enough to close small gaps, and bounded so that compile time is. */
const tries = 200;

export function layOut(blocks: readonly Block[]): Layout {
  const length = (b: Block): number => b.last - b.first;
  const bySize = [...blocks].sort((a, b) => b.bytes - a.bytes || length(b) - length(a) || a.first - b.first);
  let best = place(bySize);
  const bound = maxLive(blocks);
  let order = bySize;
  let seed = 1;
  const random = (n: number): number => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * n);
  };
  const rounds = blocks.length < 3 ? 0 : Math.min(tries, Math.ceil(4e6 / (blocks.length * blocks.length)));
  for (let i = 0; i < rounds && best.bytes > bound; i++) {
    const next = [...order];
    const [from, to] = [random(next.length), random(next.length)];
    next.splice(to, 0, ...next.splice(from, 1));
    const layout = place(next);
    if (layout.bytes > best.bytes) continue;
    order = next;
    best = layout;
  }
  return best;
}

/** Most bytes alive at once. */
export function maxLive(blocks: readonly Block[]): number {
  const changes = new Map<number, number>();
  for (const b of blocks) {
    changes.set(b.first, (changes.get(b.first) ?? 0) + b.bytes);
    changes.set(b.last + 1, (changes.get(b.last + 1) ?? 0) - b.bytes);
  }
  let now = 0;
  let most = 0;
  for (const at of [...changes.keys()].sort((a, b) => a - b)) {
    now += changes.get(at) as number;
    most = Math.max(most, now);
  }
  return most;
}

/** Two values alive at once that share memory are a bug of ours: found here, not by the user. */
function refuseOverlap(offsets: ReadonlyMap<Block, number>): void {
  const sorted = [...offsets].filter(([b]) => b.bytes > 0).sort((a, b) => a[1] - b[1]);
  sorted.forEach(([a, at], i) => {
    for (let j = i + 1; j < sorted.length; j++) {
      const [b, bt] = sorted[j] as [Block, number];
      if (bt >= at + a.bytes) break;
      if (meet(a, b))
        throw new Diagnosed(
          diagnostic("E0301", { pass: "plan-memory", what: `%${a.value.name} and %${b.value.name} overlap` }),
        );
    }
  });
}

/** Growable buffers, shared by values of the same type whose live ranges do not meet. */
function shareSlots(values: readonly [Value, Range][], places: Map<Value, Place>): Plan["heapSlots"] {
  const slots: { type: HeapType; values: Value[]; last: number; key: string }[] = [];
  for (const [value, range] of [...values].sort((a, b) => a[1].first - b[1].first)) {
    const key = storageKey(value.type);
    let slot = slots.find((s) => s.key === key && s.last < range.first);
    if (!slot) slots.push((slot = { type: value.type, values: [], last: 0, key }));
    slot.values.push(value);
    slot.last = range.last;
    places.set(value, { kind: "heap", slot: slots.indexOf(slot) });
  }
  return slots;
}

/** Tensors of known rank differ only in element type there. */
const storageKey = (t: HeapType): string => (t.kind === "tensor" && t.shape !== undefined ? t.dtype : typeText(t));
