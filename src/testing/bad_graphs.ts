/** Models that can be read and make no sense, or that nobody can compile. */
import { bytesField, intField, message, textField } from "../frontend/wire_write.ts";
import { type BadModel, file, text } from "./bad_model.ts";
import { graph, info, input, model, node, output, tensorType } from "./proto_parts.ts";

/** `depth` Ifs inside of each other; the other branches are small, and so is the file. */
function deep(depth: number): Uint8Array {
  const attribute = (name: string, g: Uint8Array): Uint8Array =>
    bytesField(5, message(textField(1, name), bytesField(6, g), intField(20, 5)));
  const leaf = message(textField(2, "leaf"), node("Identity", ["x"], ["y"]), output("y"));
  let inner = leaf;
  for (let i = 0; i < depth; i++)
    inner = message(
      textField(2, "b"),
      node("If", ["c"], ["y"], attribute("then_branch", inner), attribute("else_branch", leaf)),
      output("y"),
    );
  return inner;
}

export const badGraphs: readonly BadModel[] = [
  // Names and structure.
  text("a cycle", "E0154", 3, `g (float[2] x) => (float[2] y) { [a] p = Add (x, q) [b] q = Relu (p) y = Relu (q) }`, {
    node: "a",
  }),
  text("a missing initialiser", "E0153", 3, `g (float[2] x) => (float[2] y) { [a] y = Add (x, w) }`, {
    node: "a",
    says: '"w"',
  }),
  text("an output that nothing computes", "E0153", 3, `g (float[2] x) => (float[2] z) { y = Relu (x) }`, {
    says: '"z"',
  }),
  text("a value defined twice", "E0155", 3, `g (float[2] x) => (float[2] y) { [a] y = Relu (x) [b] y = Abs (x) }`, {
    node: "b",
  }),
  text("an output with the name of an input", "E0155", 3, `g (float[2] x) => (float[2] x) { [a] x = Relu (x) }`),
  file(
    "an input without a type",
    "E0161",
    3,
    model(graph(node("Relu", ["x"], ["y"]), info(11, "x", undefined), output("y"))),
    { says: '"x"' },
  ),
  file(
    "an input without a rank",
    "E0161",
    3,
    model(graph(node("Relu", ["x"], ["y"]), info(11, "x", tensorType(1, undefined)), output("y"))),
    { says: '"x"' },
  ),
  file(
    "an attribute given twice",
    "E0121",
    3,
    model(
      graph(
        node(
          "Elu",
          ["x"],
          ["y"],
          ...[1, 2].map(() =>
            bytesField(5, message(textField(1, "alpha"), intField(20, 1), new Uint8Array([0x15, 0, 0, 0x80, 0x3f]))),
          ),
        ),
        input("x", [2]),
        output("y"),
      ),
    ),
    { node: "the Elu" },
  ),
  file(
    "an attribute of two kinds",
    "E0121",
    3,
    model(
      graph(
        node("Elu", ["x"], ["y"], bytesField(5, message(textField(1, "alpha"), intField(20, 2), textField(4, "1")))),
        input("x", [2]),
        output("y"),
      ),
    ),
    { node: "the Elu" },
  ),
  file(
    "graphs in graphs in graphs",
    "E0105",
    4,
    model(
      graph(
        node(
          "If",
          ["c"],
          ["z"],
          bytesField(5, message(textField(1, "then_branch"), bytesField(6, deep(100)), intField(20, 5))),
        ),
        input("x", [2]),
        input("c", [], 9),
        output("z"),
      ),
    ),
  ),
  text(
    "functions that call themselves",
    "E0162",
    3,
    `<ir_version: 10, opset_import: ["" : 21, "my" : 1]>
g (float[2] x) => (float[2] y) { [a] y = my.f (x) }
<domain: "my", opset_import: ["" : 21, "my" : 1]> f (x) => (y) { y = my.h (x) }
<domain: "my", opset_import: ["" : 21, "my" : 1]> h (x) => (y) { y = my.f (x) }`,
  ),
  file(
    "a type that cannot be compiled",
    "E0125",
    4,
    model(graph(node("Relu", ["x"], ["y"]), info(11, "x", bytesField(7, message(textField(1, "d")))), output("y"))),
  ),
];
