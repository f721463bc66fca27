/** The fields that the wire scanner reads itself: names, texts, dims, lists and entries of metadata. */
import { fail, quote } from "./onnx_error.ts";
import { count, expectWire, type Frame, type Run, recordOf, type State, tooMuch } from "./scan_state.ts";
import type { Wire } from "./wire.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The bytes of a name: within the limit and valid UTF-8. */
export function takeName(s: State, end: number): Uint8Array {
  const length = s.reader.enter(end) - s.reader.pos;
  if (length > s.limits.nameBytes) tooMuch("nameBytes", s.limits, `a name has ${length} bytes`);
  return checkUtf8(s, s.reader.take(length));
}

/** The bytes of a string that is not a name, such as a value of metadata. */
export function takeText(s: State, end: number): Uint8Array {
  const length = s.reader.enter(end) - s.reader.pos;
  count(s, "stringBytes", length);
  return checkUtf8(s, s.reader.take(length));
}

function checkUtf8(s: State, bytes: Uint8Array): Uint8Array {
  for (let i = 0; i < bytes.length; i++) {
    if ((bytes[i] as number) < 0x80) continue;
    decodeText(s, bytes);
    break;
  }
  return bytes;
}

export function decodeText(s: State, bytes: Uint8Array): string {
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
  const { field } = frame;
  const packed = frame.wire === 2 && element !== 2;
  if (!packed) expectWire(s, frame, element);
  const run = packed ? packedRun(s, frame, element) : singleRun(s, frame, element);
  const runs = recordOf(s, frame).runs;
  const last = runs.at(-1);
  if (!packed && last?.packed === false && last.field === field && last.offset + last.length === run.offset)
    runs[runs.length - 1] = { ...last, length: last.length + run.length, count: last.count + 1 };
  else runs.push(run);
}

function packedRun(s: State, frame: Frame, wire: Wire): Run {
  const r = s.reader;
  const inner = r.enter(frame.end);
  const place = { field: frame.field, wire, packed: true, offset: r.pos, length: inner - r.pos, bytes: undefined };
  if (wire === 0) return { ...place, count: r.countVarints(inner) };
  const width = wire === 5 ? 4 : 8;
  if (place.length % width !== 0) r.broken(`a list of ${width}-byte elements has ${place.length} bytes`);
  r.pos = inner;
  return { ...place, count: place.length / width };
}

function singleRun(s: State, frame: Frame, wire: Wire): Run {
  const r = s.reader;
  const { field, fieldAt } = frame;
  if (field === frame.rule.marker) return rawRun(s, frame);
  const valueAt = r.pos;
  r.skip(wire, frame.end);
  if (wire === 2) count(s, "stringBytes", r.pos - valueAt);
  return { field, wire, packed: false, offset: fieldAt, length: r.pos - fieldAt, count: 1, bytes: undefined };
}

/** Raw data of a tensor: bytes, not text, and possibly as large as the file. */
function rawRun(s: State, frame: Frame): Run {
  const r = s.reader;
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
    if (tag === 0x0a) key = decodeText(s, takeText(s, end));
    else if (tag === 0x12) value = decodeText(s, takeText(s, end));
    else r.broken("an entry has a field other than key and value");
  }
  into.set(key, value);
}
