/** What the wire scanner carries along, and what it notes. */
import type { Limits } from "./limits.ts";
import { fail, quote } from "./onnx_error.ts";
import type { Edit } from "./skeleton.ts";
import type { Wire, WireReader } from "./wire.ts";
import type { MessageRule } from "./wire_schema.ts";

/** Contents of a list field. Consecutive occurrences of the field form one run. */
export interface Run {
  /** Number of the field in its message. */
  readonly field: number;
  /** Wire type of an element. */
  readonly wire: Wire;
  /** True: elements only. False: each element with its tag (and length, for wire type 2). */
  readonly packed: boolean;
  readonly offset: number;
  length: number;
  count: number;
  /** The bytes themselves where they are few. */
  bytes: Uint8Array | undefined;
}

/** What a message has beyond its part of the skeleton. */
export interface SideRecord {
  /** Its place in the list of all records. */
  readonly index: number;
  readonly runs: Run[];
  overload: string;
  metadata: Map<string, string> | undefined;
  /** Skeletons of a function's `attribute_proto` and `value_info`. */
  attributes: Uint8Array[] | undefined;
  values: Uint8Array[] | undefined;
}

export type Counted =
  | "nodes"
  | "tensors"
  | "attributes"
  | "values"
  | "messages"
  | "names"
  | "functions"
  | "stringBytes";

export interface State {
  readonly reader: WireReader;
  readonly limits: Limits;
  readonly side: SideRecord[];
  readonly warnings: Set<string>;
  readonly counts: Record<Counted, number>;
  edits: Edit[];
  depth: number;
  typeDepth: number;
}

/** The message being scanned and its current field. */
export interface Frame {
  readonly rule: MessageRule;
  readonly end: number;
  field: number;
  wire: Wire;
  /** Where the field's tag begins. */
  fieldAt: number;
  record: SideRecord | undefined;
  /** Bit n: the field n, which may occur once, has occurred. */
  seen: number;
  dims: number;
}

/** The record of the message, made when first needed. */
export function recordOf(s: State, frame: Frame): SideRecord {
  if (frame.record !== undefined) return frame.record;
  const record: SideRecord = {
    index: s.side.length,
    runs: [],
    overload: "",
    metadata: undefined,
    attributes: undefined,
    values: undefined,
  };
  frame.record = record;
  s.side.push(record);
  return record;
}

export function tooMuch(limit: keyof Limits, limits: Limits, found: string): never {
  return fail("E0104", `${found}, more than the limit of ${limits[limit]} (${limit})`);
}

export function count(s: State, what: Counted, by: number): void {
  s.counts[what] += by;
  if (s.counts[what] <= s.limits[what]) return;
  const noun = what === "stringBytes" ? "bytes of strings" : what;
  tooMuch(what, s.limits, `the file has ${s.counts[what]} or more ${noun}`);
}

/** Throws E0106 unless the current field has wire type `expected`. */
export function expectWire(s: State, frame: Frame, expected: Wire): void {
  if (frame.wire === expected) return;
  const at = `at byte ${frame.fieldAt} of ${quote(s.reader.source.name, 400)}`;
  fail(
    "E0106",
    `field ${frame.field} of a ${frame.rule.label}: expected wire type ${expected}, found ${frame.wire}, ${at}`,
  );
}
