/** The world outside of the command line, as data: tests give their own, the program that of the process. */
export interface Host {
  /** Folder that relative paths start from. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Results. */
  readonly stdout: (text: string) => void;
  /** Messages. */
  readonly stderr: (text: string) => void;
  /** Whether messages go to a terminal, where a line may be rewritten and coloured. */
  readonly isTerminal: boolean;
  /** Columns of the terminal. */
  readonly columns: number;
  /** Calls `stop` when the user interrupts; the result takes that back. */
  readonly onInterrupt: (stop: () => void) => () => void;
}

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** The process: its folder, environment, streams and signals. */
export function processHost(): Host {
  // Whoever reads the results may stop early (`| head`): that is no error.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });
  return {
    cwd: process.cwd(),
    env: process.env,
    stdout: (text) => void process.stdout.write(text),
    stderr: (text) => void process.stderr.write(text),
    isTerminal: process.stderr.isTTY === true,
    columns: process.stderr.columns ?? 80,
    onInterrupt(stop) {
      let asked = false;
      const signalled = (): void => {
        // Twice means at once, whatever is being done.
        if (asked) process.exit(130);
        asked = true;
        stop();
      };
      for (const signal of signals) process.on(signal, signalled);
      return () => {
        for (const signal of signals) process.off(signal, signalled);
      };
    },
  };
}
