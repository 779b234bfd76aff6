import type { WriteStream } from "node:tty";

/** How often the status is printed if the output is not a terminal; milliseconds. */
const PLAIN_MS = 5000;

/** One line that shows the current status of a long command. */
interface StatusLine {
  /** Shows a new status. */
  readonly update: (text: string) => void;
  /** Prints a line that stays, above the status. */
  readonly print: (line: string) => void;
  /** Removes the status from a terminal. */
  readonly end: () => void;
}

/** Creates a status line: on a terminal it is overwritten, otherwise a line is printed every five seconds. */
export function createStatusLine(output: WriteStream | NodeJS.WritableStream = process.stdout): StatusLine {
  const terminal = "isTTY" in output && output.isTTY ? (output as WriteStream) : undefined;
  let printedAt = Number.NEGATIVE_INFINITY;

  function clear() {
    if (!terminal) return;
    const { clearLine, cursorTo } = process.getBuiltinModule("node:readline"); // only a terminal needs it
    cursorTo(terminal, 0);
    clearLine(terminal, 0);
  }

  return {
    update: (text) => {
      if (terminal) {
        clear();
        // A longer line would wrap and could not be cleared. Some terminals report 0 columns.
        terminal.write(text.slice(0, (terminal.columns || 80) - 1));
      } else if (performance.now() - printedAt >= PLAIN_MS) {
        printedAt = performance.now();
        output.write(`${text}\n`);
      }
    },
    print: (line) => {
      clear();
      output.write(`${line}\n`);
    },
    end: clear,
  };
}
