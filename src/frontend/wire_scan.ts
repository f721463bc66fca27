/**
 * One pass over a serialised model, before onnx-proto sees it. The pass
 *
 * - checks every tag, length, wire type, name and limit, so that decoding the rest cannot fail or grow without bound;
 * - leaves tensor contents where they are and notes their place (`Run`), so that files of any size can be opened;
 * - reads the fields that onnx-proto 8 does not know (overloads, defaults of function attributes, metadata of nodes).
 *
 * What remains is the *skeleton*: the same message without comments and list contents. A message with something noted
 * carries the index of its `SideRecord` in a field that the skeleton otherwise never has (`marker` in `wire_schema.ts`).
 */
import type { ByteSource } from "./byte_source.ts";
import type { Limits } from "./limits.ts";
import { fail } from "./onnx_error.ts";
import {
  type Counted,
  count,
  expectWire,
  type Frame,
  recordOf,
  type SideRecord,
  type State,
  tooMuch,
} from "./scan_state.ts";
import { scanDims, scanEntry, scanName, scanRun, scanText, takeText } from "./scan_values.ts";
import { compose, composedSize, type Edit, encodeVarint, nothing, strip } from "./skeleton.ts";
import { WireReader } from "./wire.ts";
import { type FieldRule, type MessageName, messages } from "./wire_schema.ts";

export interface Scan {
  readonly source: ByteSource;
  readonly skeleton: Uint8Array;
  readonly side: readonly SideRecord[];
  readonly warnings: readonly string[];
}

const counted: Partial<Record<MessageName, Counted>> = {
  Node: "nodes",
  Tensor: "tensors",
  Attribute: "attributes",
  ValueInfo: "values",
  Function: "functions",
};

/** Runs up to this many bytes are kept in memory. */
const keptBytes = 256;
/** Bounds the scanner's own memory (about 1 GiB); a million nodes with lists and comments need a third of it. */
const maxEdits = 8_000_000;

/** Scans the message `type` that fills `source`. Throws OnnxError only. */
export function scanWire(source: ByteSource, type: MessageName, limits: Limits): Scan {
  if (source.size > limits.fileBytes) tooMuch("fileBytes", limits, `the file has ${source.size} bytes`);
  const state: State = {
    reader: new WireReader(source),
    limits,
    side: [],
    warnings: new Set(),
    edits: [],
    counts: { nodes: 0, tensors: 0, attributes: 0, values: 0, messages: 0, names: 0, functions: 0, stringBytes: 0 },
    depth: 0,
    typeDepth: 0,
  };
  scanMessage(state, type, source.size);
  const skeleton = finishSkeleton(state, 0, source.size);
  return { source, skeleton, side: state.side, warnings: [...state.warnings] };
}

/** Scans fields up to `end`; returns by how many bytes the skeleton of the message differs from the source. */
function scanMessage(s: State, type: MessageName, end: number): number {
  count(s, "messages", 1);
  const kind = counted[type];
  if (kind !== undefined) count(s, kind, 1);
  if (type === "Graph" && ++s.depth > s.limits.depth)
    fail("E0105", `subgraphs are nested more than ${s.limits.depth} deep`);
  if (type === "Type" && ++s.typeDepth > s.limits.typeDepth)
    fail("E0105", `types are nested more than ${s.limits.typeDepth} deep`);
  const rule = messages[type];
  const frame: Frame = { rule, end, field: 0, wire: 0, fieldAt: 0, record: undefined, seen: 0, dims: 0 };
  let change = 0;
  while (s.reader.pos < end) change += scanField(s, frame);
  if (type === "Graph") s.depth--;
  if (type === "Type") s.typeDepth--;
  return change + tieRecord(s, frame);
}

/** Scans one field; returns by how many bytes it grows in the skeleton. */
function scanField(s: State, frame: Frame): number {
  const r = s.reader;
  frame.fieldAt = r.pos;
  const tag = r.varint();
  frame.field = Math.floor(tag / 8);
  const wire = tag % 8;
  if (frame.field === 0 || frame.field >= 2 ** 29) r.broken(`field number ${frame.field} cannot exist`);
  if (wire !== 0 && wire !== 1 && wire !== 2 && wire !== 5) return r.broken(`wire type ${wire} is not used by ONNX`);
  frame.wire = wire;
  const rule = frame.rule.fields[frame.field];
  if (rule?.does === "message") return scanNested(s, frame, rule);
  if (rule !== undefined && keepField(s, frame, rule)) return 0;
  if (rule === undefined) unknownField(s, frame);
  if (s.edits.length >= maxEdits) fail("E0104", "the model has too many comments and lists");
  strip(s.edits, frame.fieldAt, r.pos);
  return frame.fieldAt - r.pos;
}

/** A field with a simple value. True if it stays in the skeleton. */
function keepField(s: State, frame: Frame, rule: FieldRule): boolean {
  if (rule.does === "dims") {
    scanDims(s, frame);
    return true;
  }
  if (rule.does === "run") {
    scanRun(s, frame, rule.wire);
    return false;
  }
  expectWire(s, frame, rule.does === "keep" || rule.does === "drop" ? rule.wire : 2);
  switch (rule.does) {
    case "keep":
      s.reader.skip(rule.wire, frame.end);
      return true;
    case "name":
      scanName(s, frame.end);
      return true;
    case "text":
      scanText(s, frame.end);
      return true;
    case "bytes": {
      const inner = s.reader.enter(frame.end);
      count(s, "stringBytes", inner - s.reader.pos);
      s.reader.pos = inner;
      return true;
    }
    default:
      sideField(s, frame, rule);
      return false;
  }
}

/** A length-delimited field that is left out of the skeleton. */
function sideField(s: State, frame: Frame, rule: FieldRule): void {
  const { end } = frame;
  switch (rule.does) {
    case "refuse":
      fail(rule.code ?? "E0107", `${rule.what} are not supported`);
      return;
    case "overload":
      recordOf(s, frame).overload = takeText(s, end);
      return;
    case "metadata":
      recordOf(s, frame).metadata ??= new Map();
      scanEntry(s, s.reader.enter(end), recordOf(s, frame).metadata as Map<string, string>);
      return;
    case "detached":
      recordOf(s, frame)[rule.into] ??= [];
      recordOf(s, frame)[rule.into]?.push(scanDetached(s, rule.type, s.reader.enter(end)));
      return;
    case "warn":
      s.warnings.add(`${rule.what} are not used`);
      s.reader.skip(frame.wire, end);
      return;
    default:
      s.reader.skip(frame.wire, end);
  }
}

function unknownField(s: State, frame: Frame): void {
  const what = `field ${frame.field} of a ${frame.rule.label}`;
  if (frame.rule.unknown === "refuse") fail("E0107", `${what} is unknown to this version`);
  s.warnings.add(`${what} is unknown and not used`);
  s.reader.skip(frame.wire, frame.end);
}

function scanNested(s: State, frame: Frame, rule: FieldRule & { does: "message" }): number {
  expectWire(s, frame, 2);
  const bit = 1 << frame.field;
  if (rule.once && frame.seen & bit) fail("E0126", `field ${frame.field} of a ${frame.rule.label} occurs twice`);
  frame.seen |= bit;
  if (rule.type === "Dimension" && ++frame.dims > s.limits.rank)
    tooMuch("rank", s.limits, `a type has ${frame.dims} dimensions`);
  const lengthAt = s.reader.pos;
  const inner = s.reader.enter(frame.end);
  const contentAt = s.reader.pos;
  const slot = s.edits.length;
  const edit: Edit = { at: lengthAt, remove: contentAt - lengthAt, insert: nothing, strip: false };
  s.edits.push(edit);
  const change = scanMessage(s, rule.type, inner);
  if (s.edits.length === slot + 1) {
    s.edits.pop();
    return 0;
  }
  edit.insert = encodeVarint(inner - contentAt + change);
  return change + edit.insert.length - edit.remove;
}

/** The skeleton of a message that onnx-proto would skip, apart from that of its parent. */
function scanDetached(s: State, type: MessageName, end: number): Uint8Array {
  const outer = s.edits;
  s.edits = [];
  const start = s.reader.pos;
  scanMessage(s, type, end);
  const skeleton = finishSkeleton(s, start, end);
  s.edits = outer;
  return skeleton;
}

/** Writes the index of the side record, if the message has one, into the marker field. */
function tieRecord(s: State, frame: Frame): number {
  const { record, rule } = frame;
  if (record === undefined || rule.marker === undefined) return 0;
  // Buffer.from copies into a pool: much cheaper than a typed array of its own.
  for (const run of record.runs)
    if (run.length <= keptBytes) run.bytes = Buffer.from(s.reader.view(run.offset, run.length));
  const index = String(record.index);
  const insert = Buffer.from(`${String.fromCharCode(rule.marker * 8 + 2, index.length)}${index}`, "latin1");
  s.edits.push({ at: frame.end, remove: 0, insert, strip: false });
  return insert.length;
}

function finishSkeleton(s: State, from: number, to: number): Uint8Array {
  const size = composedSize(s.edits, from, to);
  if (size > s.limits.structureBytes) tooMuch("structureBytes", s.limits, `the model's structure has ${size} bytes`);
  return compose(s.reader, s.edits, from, to);
}
