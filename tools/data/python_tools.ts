/** A Python with the packages that make the model panel, in a virtual environment of its own in the cache folder. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { cacheFolder } from "./cache_folder.ts";
import { python } from "./packages.ts";

/** Oldest Python for which the pinned packages exist. */
const OLDEST = [3, 11] as const;

const requirements = fileURLToPath(new URL("../../bench/panel/requirements.txt", import.meta.url));

/**
 * The path of the environment's Python; the environment is made the first time and whenever its requirements change.
 * Throws if `python3` (or `$PYTHON`) is missing or too old, or if pip fails.
 */
export async function pythonTools(): Promise<string> {
  const version = await pythonVersion();
  const key = createHash("sha256")
    .update(version)
    .update(await readFile(requirements))
    .digest("hex")
    .slice(0, 12);
  const folder = cacheFolder("python", key);
  const program = join(folder, "bin", "python");
  if (existsSync(program)) return program;
  process.stderr.write("installing numpy, onnx, onnxruntime and pillow into the cache folder (about 400 MB)\n");
  await mkdir(dirname(folder), { recursive: true });
  const part = await mkdtemp(join(dirname(folder), ".making-"));
  try {
    await execa(python(), ["-m", "venv", part]);
    const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"];
    await execa(join(part, "bin", "python"), [...pip, "--only-binary=:all:", "-r", requirements], { stdout: "ignore" });
    await rename(part, folder);
  } finally {
    await rm(part, { recursive: true, force: true });
  }
  return program;
}

async function pythonVersion(): Promise<string> {
  const { stdout } = await execa(python(), ["-c", "import sys; print('.'.join(map(str, sys.version_info[:3])))"]);
  const [major = 0, minor = 0] = stdout.split(".").map(Number);
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]))
    throw new Error(
      `Python ${OLDEST.join(".")} or newer is needed, ${python()} is ${stdout}; set PYTHON to another one`,
    );
  return stdout;
}
