/**
 * `.npy`: one array in a file, as numpy writes it.
 *
 * Reads versions 1 to 3, either byte order, C and Fortran order, numbers, booleans, complex numbers, `U` (UTF-32) and
 * `S` (bytes, taken as UTF-8) strings. Writes version 1 (3 if the header needs it), little-endian, C order.
 * Not here: object arrays (they hold Python pickles, which run code) and structured types. Narrow types of machine
 * learning: `element_types.ts`. Source: NEP 1 and the numpy 2.4 manual, `numpy.lib.format`.
 */
import { readPacked, writePacked } from "../ir/bits.ts";
import type { DType } from "../ir/dtype.ts";
import { allocate, sizeOf, type Tensor } from "../ir/tensor.ts";
import { dtypeOfNumpy, numpyName, unitsOf } from "./element_types.ts";
import { TensorFileError } from "./error.ts";

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
const MAX_HEADER = 1 << 20;
/** Data begin at a multiple of this, as numpy does it. */
const ALIGNMENT = 64;
const MAX_CODE_POINT = 0x10ffff;

interface Header {
  /** Byte order, kind and size: "<f4", "|b1", ">U12". */
  readonly descr: string;
  readonly fortran: boolean;
  readonly shape: readonly number[];
}

/** True if `bytes` begin like a `.npy` file. */
export const isNpy = (bytes: Uint8Array): boolean => MAGIC.every((b, i) => bytes[i] === b);

/**
 * The array in `bytes`. Throws `TensorFileError` on anything that is not exactly one well-formed array:
 * another format, an unsupported type, fewer or more bytes than the shape needs.
 */
export function readNpy(bytes: Uint8Array): Tensor {
  const { header, start } = readHeader(bytes);
  const [, order, name] = /^([<>|=]?)([a-zA-Z]\d*)$/.exec(header.descr) ?? [];
  if (name === undefined) throw new TensorFileError(`.npy: type "${header.descr}" is not supported`);
  if (name === "O") throw new TensorFileError(".npy: object arrays are not read, they hold Python pickles");
  const body = bytes.subarray(start);
  const t = /^[US]/.test(name)
    ? readStrings(body, header, name, order === ">")
    : readNumbers(body, header, name, order);
  return header.fortran ? fromFortran(t) : t;
}

function readHeader(bytes: Uint8Array): { header: Header; start: number } {
  if (!isNpy(bytes) || bytes.length < 10) throw new TensorFileError(".npy: the file does not begin as one");
  const version = bytes[6] as number;
  if (version < 1 || version > 3) throw new TensorFileError(`.npy: version ${version} is unknown (1 to 3 are known)`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (version > 1 && bytes.length < 12) throw new TensorFileError(".npy: the header is cut off");
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const at = version === 1 ? 10 : 12;
  if (length > MAX_HEADER || at + length > bytes.length) throw new TensorFileError(".npy: the header is cut off");
  const text = new TextDecoder(version === 3 ? "utf-8" : "latin1").decode(bytes.subarray(at, at + length));
  return { header: parseHeader(text), start: at + length };
}

/** The header is a Python dict literal with three known keys in any order. */
function parseHeader(text: string): Header {
  const bad = (what: string): never => {
    throw new TensorFileError(`.npy: ${what} in the header ${JSON.stringify(text.trim().slice(0, 120))}`);
  };
  if (/['"]descr['"]\s*:\s*\[/.test(text)) bad("a structured type is not supported");
  const descr = /['"]descr['"]\s*:\s*['"]([^'"]*)['"]/.exec(text)?.[1];
  const fortran = /['"]fortran_order['"]\s*:\s*(True|False)/.exec(text)?.[1];
  const shape = /['"]shape['"]\s*:\s*\(([\d\s,L]*)\)/.exec(text)?.[1];
  if (descr === undefined || fortran === undefined || shape === undefined)
    return bad("descr, fortran_order or shape is missing");
  const extents = shape.split(",").map((s) => s.trim().replace(/L$/, ""));
  if (extents.at(-1) === "") extents.pop();
  if (!extents.every((s) => /^\d+$/.test(s))) bad("the shape is malformed");
  const dims = extents.map(Number);
  // Checked without the zeros too, so that (0, 2⁵³) cannot slip through and overflow later.
  if (!Number.isSafeInteger(sizeOf(dims.filter((d) => d > 0)))) bad("the shape is too large");
  return { descr, fortran: fortran === "True", shape: dims };
}

function expectBytes(body: Uint8Array, header: Header, unit: number): number {
  const count = sizeOf(header.shape);
  if (body.length !== count * unit)
    throw new TensorFileError(
      `.npy: shape (${header.shape.join(", ")}) of "${header.descr}" needs ${count * unit} bytes, found ${body.length}`,
    );
  return count;
}

function readNumbers(body: Uint8Array, header: Header, name: string, order: string | undefined): Tensor {
  const dtype = dtypeOfNumpy(name);
  if (dtype === undefined) throw new TensorFileError(`.npy: type "${header.descr}" is not supported`);
  const bytes = Number(name.slice(1));
  expectBytes(body, header, bytes);
  const own = new Uint8Array(body); // a copy, and a plain array where a Buffer came in
  const unit = dtype === "c64" || dtype === "c128" ? bytes / 2 : bytes;
  if (order === ">" && unit > 1) swapBytes(own, unit);
  if (dtype === "bool" && own.some((b) => b > 1)) throw new TensorFileError(".npy: a boolean is neither 0 nor 1");
  return readPacked(dtype, header.shape, own);
}

function swapBytes(bytes: Uint8Array, unit: number): void {
  for (let at = 0; at < bytes.length; at += unit) bytes.subarray(at, at + unit).reverse();
}

/** Fixed-width strings, padded with NUL (which numpy strips, and so do we). */
function readStrings(body: Uint8Array, header: Header, name: string, bigEndian: boolean): Tensor {
  const width = Number(name.slice(1) || 0);
  const unit = name.startsWith("U") ? 4 * width : width;
  const count = expectBytes(body, header, unit);
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const data = new Array<string>(count);
  for (let i = 0; i < count; i++) {
    const points: number[] = [];
    if (name.startsWith("U")) for (let k = 0; k < width; k++) points.push(view.getUint32(i * unit + 4 * k, !bigEndian));
    while (points.at(-1) === 0) points.pop();
    if (points.some((p) => p > MAX_CODE_POINT))
      throw new TensorFileError(".npy: a string holds an impossible character");
    data[i] = name.startsWith("U")
      ? points.map((p) => String.fromCodePoint(p)).join("")
      : new TextDecoder().decode(body.subarray(i * unit, (i + 1) * unit)).replace(/\0+$/, "");
  }
  return { dtype: "string", shape: header.shape, data };
}

/** `t` holds its elements with the first index fastest; the result has the last index fastest. */
function fromFortran(t: Tensor): Tensor {
  const per = t.dtype === "c64" || t.dtype === "c128" ? 2 : 1;
  const count = sizeOf(t.shape);
  const from = t.data as unknown[];
  const data = allocate(t.dtype, count);
  const index = t.shape.map(() => 0);
  const steps = t.shape.map((_, axis) => sizeOf(t.shape.slice(0, axis)));
  for (let to = 0, at = 0; to < count; to++) {
    for (let k = 0; k < per; k++) (data as unknown[])[to * per + k] = from[at * per + k];
    for (let axis = t.shape.length - 1; axis >= 0; axis--) {
      index[axis] = (index[axis] as number) + 1;
      at += steps[axis] as number;
      if ((index[axis] as number) < (t.shape[axis] as number)) break;
      at -= (steps[axis] as number) * (t.shape[axis] as number);
      index[axis] = 0;
    }
  }
  return { dtype: t.dtype, shape: t.shape, data };
}

/**
 * `t` as a `.npy` file. Throws `TensorFileError` where a string ends in NUL, which the format cannot keep.
 * Types that numpy has no name for are written as their bits (`element_types.ts`).
 */
export function writeNpy(t: Tensor): Uint8Array {
  const { descr, body } = t.dtype === "string" ? stringBody(t.data as string[]) : numberBody(t, t.dtype);
  const shape = t.shape.length === 1 ? `(${t.shape[0]},)` : `(${t.shape.join(", ")})`;
  const dict = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }`;
  const fits = 10 + dict.length + ALIGNMENT < 0xffff;
  const prefix = fits ? 10 : 12;
  const padded = Math.ceil((prefix + dict.length + 1) / ALIGNMENT) * ALIGNMENT;
  const out = new Uint8Array(padded + body.length);
  out.set(MAGIC);
  out[6] = fits ? 1 : 2;
  new DataView(out.buffer)[fits ? "setUint16" : "setUint32"](8, padded - prefix, true);
  out.set(new TextEncoder().encode(dict.padEnd(padded - prefix - 1) + "\n"), prefix);
  out.set(body, padded);
  return out;
}

function numberBody(t: Tensor, dtype: Exclude<DType, "string">): { descr: string; body: Uint8Array } {
  const name = numpyName(dtype);
  return { descr: name.endsWith("1") ? `|${name}` : `<${name}`, body: writePacked(unitsOf(t)) };
}

function stringBody(data: readonly string[]): { descr: string; body: Uint8Array } {
  const points = data.map((s) => Array.from(s, (c) => c.codePointAt(0) as number));
  if (points.some((p) => p.at(-1) === 0)) throw new TensorFileError(".npy: a string that ends in NUL cannot be kept");
  const width = points.reduce((w, p) => Math.max(w, p.length), 1);
  const body = new Uint32Array(data.length * width);
  points.forEach((p, i) => {
    body.set(p, i * width);
  });
  return { descr: `<U${width}`, body: writePacked({ dtype: "u32", shape: [body.length], data: body }) };
}
