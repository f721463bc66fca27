/** The untyped door to a model, for the command line and test programs: values that carry their type and shape. */
import { stringText } from "../ir/plan.ts";
import { type TensorType, typeText } from "../ir/types.ts";
import { formOf, type Interface, type Port } from "./interface.ts";
import { commentText, containerType, elementType } from "./rust.ts";

export function dynamicInterface(io: Interface, embed: boolean): string {
  const info = (p: Port): string =>
    `rt::Port { name: ${stringText(p.name)}, kind: ${stringText(commentText(typeText(p.type)))} }`;
  const list = (ports: readonly Port[]): string[] =>
    ports.length === 0 ? ["&[]"] : ["&[", ...ports.map((p) => `            ${info(p)},`), "        ]"];
  return [
    "impl rt::AnyModel for Model {",
    "    type Workspace = Workspace;",
    `    const EMBEDDED: bool = ${embed};`,
    "",
    "    fn load(weights: Option<&[u8]>) -> rt::Result<Self> {",
    "        match weights {",
    "            Some(bytes) => Self::with_weights(bytes),",
    embed
      ? "            None => Ok(Self::new()),"
      : '            None => Err(rt::Error::new("this model needs its weights file")),',
    "        }",
    "    }",
    "",
    "    fn workspace(threads: usize) -> Workspace {",
    "        Workspace::with_threads(threads)",
    "    }",
    "",
    "    fn sizes() -> rt::Sizes {",
    "        rt::Sizes { arena: ARENA_BYTES, weights: WEIGHT_BYTES }",
    "    }",
    "",
    "    #[rustfmt::skip]",
    "    fn inputs() -> &'static [rt::Port] {",
    `        ${list(io.inputs).join("\n")}`,
    "    }",
    "",
    "    #[rustfmt::skip]",
    "    fn outputs() -> &'static [rt::Port] {",
    `        ${list(io.outputs).join("\n")}`,
    "    }",
    "",
    "    #[rustfmt::skip]",
    "    #[allow(unused_variables)]",
    "    fn run_any(&self, workspace: &mut Workspace, values: &[rt::Any], keep: bool) -> rt::Result<Vec<rt::Any>> {",
    `        let inputs = Inputs {${io.inputs.map((p, i) => `\n            ${p.field}: ${fromAny(p, i)},`).join("")}${io.inputs.length > 0 ? "\n        " : ""}};`,
    "        let outputs = self.run(workspace, &inputs)?;",
    "        if !keep {",
    "            return Ok(Vec::new());",
    "        }",
    `        Ok(vec![${io.outputs.map((p) => `\n            ${toAny(p)},`).join("")}${io.outputs.length > 0 ? "\n        " : ""}])`,
    "    }",
    "}",
  ].join("\n");
}

function fromAny(p: Port, index: number): string {
  const name = stringText(p.name);
  switch (formOf(p.type)) {
    case "array":
      return `rt::any_array(values, ${index}, ${name}, &${JSON.stringify((p.type as TensorType).shape)})?`;
    case "view":
      return `rt::any_view(values, ${index}, ${name})?`;
    case "tensor":
      return `rt::any_owned(values, ${index}, ${name})?`;
    case "container":
      return `rt::any_owned::<${containerType(p.type)}>(values, ${index}, ${name})?`;
  }
}

function toAny(p: Port): string {
  const place = `outputs.${p.field}`;
  switch (formOf(p.type)) {
    case "array": {
      const { dtype, shape } = p.type as TensorType;
      return `rt::to_any::<${elementType(dtype)}>(&${JSON.stringify(shape)}, ${place})`;
    }
    case "view":
      return `rt::to_any(&${place}.shape, ${place}.data)`;
    case "tensor":
      return `rt::Any::new(${place}.clone())`;
    case "container":
      return p.type.kind === "sequence" ? `rt::Any::new(${place}.to_vec())` : `rt::Any::new(${place}.clone())`;
  }
}
