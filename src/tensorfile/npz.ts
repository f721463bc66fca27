/**
 * `.npz`: several named arrays, a zip of `.npy` files; and how the values of a model's inputs and outputs are named in it.
 *
 * A value is called after its graph input or output, or by its position (`0`, `1` …) where a zip entry cannot hold the
 * name. The elements of a sequence are `NAME.0`, `NAME.1` …; a map is `NAME.keys` and `NAME.values`. An empty optional and
 * an empty sequence have no entry: the graph says what their absence means.
 */
import { isTensor, type RuntimeValue, type Tensor } from "../ir/tensor.ts";
import { TensorFileError } from "./error.ts";
import { readNpy, writeNpy } from "./npy.ts";
import { readZip, writeZip } from "./zip.ts";

const SUFFIX = ".npy";
/** Unpacked contents above this are refused before they are unpacked. */
const MAX_BYTES = 8 * 2 ** 30;

/** The arrays of the archive by name, in the order of its directory. Throws `TensorFileError` on anything malformed. */
export function readNpz(bytes: Uint8Array): Map<string, Tensor> {
  const members = readZip(bytes);
  const total = members.reduce((sum, m) => sum + m.size, 0);
  if (total > MAX_BYTES) throw new TensorFileError(`.npz: ${total} bytes unpacked are more than ${MAX_BYTES}`);
  const arrays = new Map<string, Tensor>();
  for (const member of members) {
    if (!member.name.endsWith(SUFFIX)) throw new TensorFileError(`.npz: member "${member.name}" is not an array`);
    arrays.set(member.name.slice(0, -SUFFIX.length), readMember(member.name, member.read()));
  }
  return arrays;
}

function readMember(name: string, bytes: Uint8Array): Tensor {
  try {
    return readNpy(bytes);
  } catch (e) {
    throw e instanceof TensorFileError ? new TensorFileError(`.npz: member "${name}": ${e.message}`) : e;
  }
}

/** The arrays as a `.npz` file of stored members. Equal input gives equal bytes. */
export function writeNpz(arrays: ReadonlyMap<string, Tensor>): Uint8Array {
  for (const name of arrays.keys())
    if (!isEntryName(name)) throw new TensorFileError(`.npz: ${JSON.stringify(name)} cannot name an entry`);
  return writeZip([...arrays].map(([name, t]) => [name + SUFFIX, writeNpy(t)] as const));
}

const MAX_NAME_BYTES = 1024;

/** True if every zip tool keeps `name`: not empty, not huge, no control character, no backslash, no lone surrogate. */
export const isEntryName = (name: string): boolean =>
  name !== "" && !/[\p{Control}\p{Surrogate}\\]/u.test(name) && Buffer.byteLength(name) <= MAX_NAME_BYTES;

/** Names that could be taken for a position: "0", "3.1", "0.keys". */
const isPositional = (name: string): boolean => /^\d+(\.(\d+|keys|values))*$/.test(name);

/** The entries of one value under `key`: one for a tensor, several for sequences and maps, none for an empty optional. */
export function entriesOf(key: string, value: RuntimeValue): [string, Tensor][] {
  if (value === null) return [];
  if (isTensor(value)) return [[key, value]];
  if (value.kind === "sequence") return value.elements.flatMap((e, i) => entriesOf(`${key}.${i}`, e));
  return [[`${key}.keys`, value.keys], ...entriesOf(`${key}.values`, value.values)];
}

/** The value under `key`, or undefined if there is no entry of it (also: an empty optional, an empty sequence). */
export function valueAt(arrays: ReadonlyMap<string, Tensor>, key: string): RuntimeValue | undefined {
  const single = arrays.get(key);
  if (single !== undefined) return single;
  const keys = arrays.get(`${key}.keys`);
  const values = valueOrAbsent(arrays, `${key}.values`);
  if (keys !== undefined && values !== undefined) return { kind: "map", keys, values };
  const elements: RuntimeValue[] = [];
  for (;;) {
    const element = valueOrAbsent(arrays, `${key}.${elements.length}`);
    if (element === undefined) return elements.length > 0 ? { kind: "sequence", elements } : undefined;
    elements.push(element);
  }
}

/** Looks for `key` only where some entry begins with it: the recursion of `valueAt` ends. */
function valueOrAbsent(arrays: ReadonlyMap<string, Tensor>, key: string): RuntimeValue | undefined {
  const exists = [...arrays.keys()].some((k) => k === key || k.startsWith(`${key}.`));
  return exists ? valueAt(arrays, key) : undefined;
}

/**
 * The inputs of a graph from an archive: by name where an entry can hold it, else (or if there is no such entry) by
 * position. Undefined where neither exists.
 */
export const inputsFrom = (
  arrays: ReadonlyMap<string, Tensor>,
  names: readonly string[],
): (RuntimeValue | undefined)[] =>
  names.map((name, i) => (isEntryName(name) ? valueAt(arrays, name) : undefined) ?? valueAt(arrays, String(i)));

/** What to save for the outputs of a graph: each by its position, and by name where that cannot be mistaken. */
export function outputEntries(names: readonly string[], values: readonly RuntimeValue[]): Map<string, Tensor> {
  const byPosition = values.flatMap((v, i) => entriesOf(String(i), v));
  const byName = values.flatMap((v, i) => {
    const name = names[i] as string;
    return isEntryName(name) && !isPositional(name) ? entriesOf(name, v) : [];
  });
  return new Map([...byName, ...byPosition]);
}

/** The outputs of a graph from an archive: by position where it has them (`outputEntries`), else by name. */
export function outputsFrom(
  arrays: ReadonlyMap<string, Tensor>,
  names: readonly string[],
): (RuntimeValue | undefined)[] {
  const positional =
    arrays.size > 0 && names.every((n, i) => isPositional(n) || !arrays.has(n) || arrays.has(String(i)));
  return names.map((name, i) => (positional ? valueAt(arrays, String(i)) : undefined) ?? valueAt(arrays, name));
}
