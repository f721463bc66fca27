/**
 * An image out of an encoded file (BMP, JPEG, JPEG 2000, PNG, portable maps, TIFF, WebP): rows, columns, and red, green and
 * blue, or the reverse, or brightness, of each pixel. Transparency is dropped. A file that is damaged or of another kind
 * gives an image without rows and columns.
 *
 * There is no reference semantics in the compiler: the decoders are the runtime's, checked against other libraries' pixels.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__ImageDecoder.html
 */
import { attr } from "../ir/attr.ts";
import { defineOp } from "../ir/op_def.ts";
import { grow, read, struct } from "../ir/plan.ts";
import { tensorType } from "../ir/types.ts";
import { dtypeIn, ranked } from "./shape_rules.ts";

/** The variants of the runtime's enum. */
const variants = { RGB: "Rgb", BGR: "Bgr", Grayscale: "Grayscale" } as const;

export const imageDecoder = defineOp({
  name: "image_decoder",
  summary: "An image out of an encoded file.",
  onnx: { type: "ImageDecoder", since: [20] },
  inputs: { encoded_stream: "required" },
  outputs: { image: "required" },
  attrs: { pixel_format: attr.oneOf(["RGB", "BGR", "Grayscale"], "RGB") },
  error: "the same bytes as libjpeg-turbo, libwebp, OpenJPEG (irreversible: ±1), libpng and libtiff",

  infer({ encoded_stream }, { pixel_format }, ctx) {
    dtypeIn(encoded_stream, ["u8"], "encoded_stream", ctx);
    ranked(encoded_stream, 1, "encoded_stream", ctx);
    return [tensorType("u8", [ctx.fresh(), ctx.fresh(), pixel_format === "Grayscale" ? 1 : 3])];
  },

  lower({ encoded_stream }, { pixel_format }, l) {
    const format = struct(`ops::PixelFormat::${variants[pixel_format]}`);
    l.call("ops::decode_image", [read(encoded_stream), format, grow(l.output(0))], { binds: true });
  },
});
