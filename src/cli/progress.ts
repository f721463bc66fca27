/**
 * What is going on, on stderr: nothing for a phase under a second; then a line that is rewritten on a terminal, or one plain
 * line per phase when it ends.
 */
import type { Host } from "./host.ts";

/** Phases shorter than this stay silent, in milliseconds. */
const patience = 1000;

export class Progress {
  private readonly host: Host;
  private readonly enabled: boolean;
  private shown = false;
  private phase: { readonly name: string; readonly start: number } | undefined;
  private text = "";
  private timer: NodeJS.Timeout | undefined;

  constructor(host: Host, enabled: boolean) {
    this.host = host;
    this.enabled = enabled;
  }

  /** Begins a phase and ends the one before. */
  begin(name: string): void {
    this.end();
    this.phase = { name, start: performance.now() };
    this.text = name;
    if (!this.enabled || !this.host.isTerminal) return;
    this.timer = setInterval(() => this.draw(), 200);
    this.timer.unref();
  }

  /** Says how far the phase is: `1 240/2 310 nodes`. */
  step(detail: string): void {
    if (!this.phase) return;
    this.text = `${this.phase.name}: ${detail}`;
    if (this.enabled && this.host.isTerminal) this.draw();
  }

  /** Ends the phase; its time in seconds. */
  end(): number {
    if (!this.phase) return 0;
    const elapsed = performance.now() - this.phase.start;
    clearInterval(this.timer);
    this.clear();
    if (this.enabled && !this.host.isTerminal && elapsed >= patience)
      this.host.stderr(`${this.text} (${seconds(elapsed)})\n`);
    this.phase = undefined;
    return elapsed / 1000;
  }

  /** Removes the line, so that something else can be printed. */
  clear(): void {
    if (this.shown) this.host.stderr("\r\u001b[K");
    this.shown = false;
  }

  private draw(): void {
    if (!this.phase) return;
    const elapsed = performance.now() - this.phase.start;
    if (elapsed < patience) return;
    const line = `${this.text} (${seconds(elapsed)})`.slice(0, this.host.columns - 1);
    this.host.stderr(`\r${line}\u001b[K`);
    this.shown = true;
  }
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
