/** The fields that the wire scanner reads itself: names, texts, dims, lists and entries of metadata. */
import { fail, quote } from "./onnx_error.ts";
import { count, expectWire, type Frame, type Run, recordOf, type State, tooMuch } from "./scan_state.ts";
import type { Wire } from "./wire.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Passes a name: within the limit and valid UTF-8. */
export function scanName(s: State, end: number): void {
  const length = s.reader.enter(end) - s.reader.pos;
  if (length > s.limits.nameBytes) tooMuch("nameBytes", s.limits, `a name has ${length} bytes`);
  count(s, "names", 1);
  scanUtf8(s, length);
}

/** Passes a string that is not a name, such as a value of metadata. */
export function scanText(s: State, end: number): void {
  const length = s.reader.enter(end) - s.reader.pos;
  count(s, "stringBytes", length);
  scanUtf8(s, length);
}

function scanUtf8(s: State, length: number): void {
  if (!s.reader.skipAscii(length)) decodeText(s, s.reader.take(length));
}

/** A name or text that is read rather than passed. */
export function takeText(s: State, end: number): string {
  const length = s.reader.enter(end) - s.reader.pos;
  count(s, "stringBytes", length);
  return decodeText(s, s.reader.take(length));
}

function decodeText(s: State, bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    return fail("E0108", `the text before byte ${s.reader.pos} of ${quote(s.reader.source.name, 400)} is not UTF-8`);
  }
}

/** Counts and checks the varints of a dims field, which stays in the skeleton. */
export function scanDims(s: State, frame: Frame): void {
  const r = s.reader;
  if (frame.wire === 0) {
    r.skip(0, frame.end);
    frame.dims++;
  } else {
    expectWire(s, frame, 2);
    const inner = r.enter(frame.end);
    for (; r.pos < inner; frame.dims++) r.skip(0, inner);
  }
  if (frame.dims > s.limits.rank) tooMuch("rank", s.limits, `a tensor has ${frame.dims} dimensions`);
}

/** Notes one occurrence of a list field; one that follows its predecessor directly lengthens its run. */
export function scanRun(s: State, frame: Frame, element: Wire): void {
  const runs = recordOf(s, frame).runs;
  if (frame.field === frame.rule.marker) runs.push(rawRun(s, frame));
  else if (frame.wire === 2 && element !== 2) runs.push(packedRun(s, frame, element));
  else scanElement(s, frame, element, runs);
}

function packedRun(s: State, frame: Frame, wire: Wire): Run {
  const r = s.reader;
  const inner = r.enter(frame.end);
  const offset = r.pos;
  const length = inner - offset;
  const run = { field: frame.field, wire, packed: true, offset, length, count: 0, bytes: undefined };
  if (wire === 0) return { ...run, count: r.countVarints(inner) };
  const width = wire === 5 ? 4 : 8;
  if (length % width !== 0) r.broken(`a list of ${width}-byte elements has ${length} bytes`);
  r.pos = inner;
  return { ...run, count: length / width };
}

/** What a string takes besides its bytes, roughly: a file may hold hundreds of millions of empty ones. */
const stringOverhead = 16;

/** An element with a tag of its own. */
function scanElement(s: State, frame: Frame, wire: Wire, runs: Run[]): void {
  const { field, fieldAt } = frame;
  expectWire(s, frame, wire);
  const valueAt = s.reader.pos;
  s.reader.skip(wire, frame.end);
  if (wire === 2) count(s, "stringBytes", stringOverhead + s.reader.pos - valueAt);
  const length = s.reader.pos - fieldAt;
  const last = runs.at(-1);
  if (last?.packed === false && last.field === field && last.offset + last.length === fieldAt) {
    last.length += length;
    last.count++;
  } else runs.push({ field, wire, packed: false, offset: fieldAt, length, count: 1, bytes: undefined });
}

/** Raw data of a tensor: bytes, not text, and possibly as large as the file. */
function rawRun(s: State, frame: Frame): Run {
  const r = s.reader;
  expectWire(s, frame, 2);
  const inner = r.enter(frame.end);
  const offset = r.pos;
  r.pos = inner;
  return { field: frame.field, wire: 2, packed: true, offset, length: inner - offset, count: 1, bytes: undefined };
}

/** A key and its value; of equal keys the last wins. */
export function scanEntry(s: State, end: number, into: Map<string, string>): void {
  const r = s.reader;
  let key = "";
  let value = "";
  while (r.pos < end) {
    const tag = r.varint();
    if (tag === 0x0a) key = takeText(s, end);
    else if (tag === 0x12) value = takeText(s, end);
    else r.broken("an entry has a field other than key and value");
  }
  into.set(key, value);
}
