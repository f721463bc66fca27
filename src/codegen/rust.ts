/** Rust as text: identifiers, types, comments; the layout of lines is in `layout.ts`. Decides nothing about programs. */
import type { DType } from "../ir/dtype.ts";
import type { Type } from "../ir/types.ts";

export { array, call, type Doc, flat, isTooWide, layOut } from "./layout.ts";

const keywords = new Set(
  "as async await box break const continue crate do dyn else enum extern false final fn for gen if impl in let loop macro match mod move mut override priv pub ref return self Self static struct super trait true try type typeof union unsafe unsized use virtual where while yield abstract become".split(
    " ",
  ),
);

/** Distinct Rust identifiers out of arbitrary names. */
export class Identifiers {
  private readonly taken: Set<string>;
  constructor(reserved: readonly string[] = []) {
    this.taken = new Set(reserved);
  }
  snake(name: string): string {
    return this.unique(snakeCase(name));
  }
  upper(name: string): string {
    return this.unique(snakeCase(name).toUpperCase());
  }
  private unique(base: string): string {
    let name = base;
    for (let n = 2; this.taken.has(name); n++) name = `${base}_${n}`;
    this.taken.add(name);
    return name;
  }
}

/** `[a-z_][a-z0-9_]*`, at most 48 characters, no keyword. */
export function snakeCase(name: string): string {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "")
    .slice(0, 48)
    .replace(/_+$/, "");
  const base = words === "" ? "v" : /^[0-9]/.test(words) ? `v${words}` : words;
  return keywords.has(base) ? `${base}_` : base;
}

const elementNames: Readonly<Record<DType, string>> = {
  f32: "f32",
  f64: "f64",
  i8: "i8",
  u8: "u8",
  i16: "i16",
  u16: "u16",
  i32: "i32",
  u32: "u32",
  i64: "i64",
  u64: "u64",
  bool: "rt::Bool",
  f16: "rt::F16",
  bf16: "rt::Bf16",
  f8e4m3fn: "rt::F8E4M3Fn",
  f8e4m3fnuz: "rt::F8E4M3Fnuz",
  f8e5m2: "rt::F8E5M2",
  f8e5m2fnuz: "rt::F8E5M2Fnuz",
  f8e8m0: "rt::F8E8M0",
  f4e2m1: "rt::F4E2M1",
  i4: "rt::I4",
  u4: "rt::U4",
  i2: "rt::I2",
  u2: "rt::U2",
  string: "String",
  c64: "rt::C64",
  c128: "rt::C128",
};

export const elementType = (d: DType): string => elementNames[d];

/** The type of an owned value: a tensor of known rank is its elements, all others are the runtime's types. */
export function ownedType(t: Type): string {
  return t.kind === "tensor" && t.shape !== undefined ? `Vec<${elementType(t.dtype)}>` : containerType(t);
}

/** As an element of a sequence or optional, where a tensor brings its shape along. */
export function containerType(t: Type): string {
  switch (t.kind) {
    case "tensor":
      return `rt::Tensor<${elementType(t.dtype)}>`;
    case "sequence":
      return `Vec<${containerType(t.element)}>`;
    case "optional":
      return `Option<${containerType(t.element)}>`;
    case "map":
      return `rt::Map<${elementType(t.key)}, ${containerType(t.value)}>`;
  }
}

/** Model text for a comment: one line, nothing that ends or changes a comment or Markdown. */
export const commentText = (text: string): string =>
  text
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069`|\\<>]+/g, " ")
    .slice(0, 120);

/** 12 345 678 */
export const grouped = (n: number): string => String(n).replace(/\B(?=(\d{3})+$)/g, " ");
/** A Rust integer literal with underscores from five digits on, as clippy likes it. */
export const integerLiteral = (n: number): string =>
  Math.abs(n) < 10000 ? String(n) : String(n).replace(/\B(?=(\d{3})+$)/g, "_");

/** Bytes with a unit that a person reads: 1.56 MB. */
export function byteText(n: number): string {
  if (n < 1000) return `${n} B`;
  const [unit, size] = n < 1e6 ? ["kB", 1e3] : n < 1e9 ? ["MB", 1e6] : ["GB", 1e9];
  return `${(n / size).toPrecision(3)} ${unit}`;
}
