/**
 * One command as it runs: what it was told about its output, and everything that it prints.
 *
 * Results go to stdout, messages to stderr. With `--json` stdout holds JSON documents only.
 */
import { isAbsolute, join } from "node:path";
import type { Command } from "commander";
import picocolors from "picocolors";
import { type Diagnostic, printable, render } from "../diagnostics/report.ts";
import type { Host } from "./host.ts";
import { Progress } from "./progress.ts";

/** Options that every command takes. */
export interface GlobalOptions {
  readonly json?: boolean;
  readonly threads?: number;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly progress?: boolean;
  readonly color?: "auto" | "always" | "never";
}

/** A command's work: its exit code. */
export type Work = (session: Session) => Promise<number>;
/** Runs the work of `command` with the options that every command has. */
export type Start = (command: Command, work: Work) => Promise<void>;

/** Thrown where work stops because the user asked for it. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}

export class Session {
  readonly host: Host;
  readonly options: GlobalOptions;
  readonly progress: Progress;
  /** Aborted when the user interrupts: child processes stop and waiting ends. */
  readonly signal: AbortSignal;
  private readonly aborter = new AbortController();
  private readonly undo = new Set<() => void>();
  private readonly release: () => void;

  constructor(host: Host, options: GlobalOptions) {
    this.host = host;
    this.options = options;
    this.signal = this.aborter.signal;
    this.progress = new Progress(host, options.progress !== false && !options.quiet);
    this.release = host.onInterrupt(() => this.aborter.abort());
  }

  get json(): boolean {
    return this.options.json === true;
  }

  /** `path` as the file system wants it. */
  path(path: string): string {
    return isAbsolute(path) ? path : join(this.host.cwd, path);
  }

  /** A result for people; nothing with `--json`. */
  print(text: string): void {
    if (!this.json) this.host.stdout(`${printableLines(text)}\n`);
  }

  /** A result for machines: one document on a line. */
  document(value: object): void {
    if (this.json) this.host.stdout(`${JSON.stringify(value)}\n`);
  }

  /** A message that is no result. */
  note(text: string): void {
    if (this.options.quiet) return;
    this.progress.clear();
    this.host.stderr(`${printableLines(text)}\n`);
  }

  /** A message for those who want to know more. */
  detail(text: string): void {
    if (this.options.verbose) this.note(text);
  }

  /** Diagnostics for people, on stderr; quiet sessions keep the warnings to themselves. */
  report(diagnostics: readonly Diagnostic[]): void {
    for (const d of diagnostics) {
      if (d.severity === "warning" && this.options.quiet) continue;
      this.progress.clear();
      this.host.stderr(`${paint(render(d), colors(this.host, this.options), d.severity)}\n`);
    }
  }

  /** Undoes something half done (a temporary folder) if the command fails or is interrupted; call the result when it is done. */
  onFailure(action: () => void): () => void {
    this.undo.add(action);
    return () => this.undo.delete(action);
  }

  /** Lets signals in between two pieces of synchronous work; throws `Interrupted` if one came. */
  async pause(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.check();
  }

  /** Throws `Interrupted` if the user asked to stop. */
  check(): void {
    if (this.signal.aborted) throw new Interrupted();
  }

  /** Ends the session; what is half done is undone, last first. */
  close(): void {
    this.progress.clear();
    this.release();
    for (const action of [...this.undo].reverse()) action();
    this.undo.clear();
  }
}

/** Names of files and values come from outside: what could steer a terminal is shown instead. */
const printableLines = (text: string): string => text.split("\n").map(printable).join("\n");

type Colors = ReturnType<typeof picocolors.createColors>;

/** Colours if messages go to a terminal and nobody objects (`NO_COLOR`, `TERM=dumb`), or if they were asked for. */
export function colors(host: Host, options: Pick<GlobalOptions, "color">): Colors {
  const { NO_COLOR, FORCE_COLOR, TERM } = host.env;
  const wanted =
    host.isTerminal && TERM !== "dumb" ? !NO_COLOR : FORCE_COLOR !== undefined && FORCE_COLOR !== "0" && !NO_COLOR;
  const mode = options.color ?? "auto";
  return picocolors.createColors(mode === "auto" ? wanted : mode === "always");
}

/** Colours the first word of a rendered diagnostic and dims its arrow and help. */
function paint(text: string, c: Colors, severity: Diagnostic["severity"]): string {
  const [first = "", ...rest] = text.split("\n");
  const head = /^(\w+\[\w+\])(.*)$/.exec(first);
  const tint = severity === "error" ? c.red : c.yellow;
  const line = head ? `${c.bold(tint(head[1] as string))}${c.bold(head[2] as string)}` : first;
  return [line, ...rest.map((l) => l.replace(/^ {2}(-->|=)/, (m) => c.cyan(m)))].join("\n");
}
