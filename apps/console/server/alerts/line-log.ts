import {
  appendFileSync,
  closeSync,
  existsSync,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
} from "node:fs";

export interface LineLog {
  /** Adds lines, all in one write; they are in the file when it returns. Throws what the file system throws. */
  readonly append: (lines: readonly string[]) => void;
  /** Everything that is still there, oldest first. */
  readonly read: () => string;
}

/**
 * A file of lines that is renamed to `<file>.1` (and so replaces what was there) before it would grow beyond `maxBytes`.
 * A line that a crash or a full disk left half written is ended before the next one begins, so that it spoils no other.
 */
export function openLineLog(file: string, maxBytes: number): LineLog {
  const former = `${file}.1`;
  return {
    append(lines) {
      const { size, torn } = endOf(file);
      const text = `${torn ? "\n" : ""}${lines.join("\n")}\n`;
      if (size > 0 && size + Buffer.byteLength(text) > maxBytes) renameSync(file, former);
      appendFileSync(file, text, { mode: 0o600 });
    },
    read: () => [former, file].map((each) => (existsSync(each) ? readFileSync(each, "utf8") : "")).join("\n"),
  };
}

function endOf(file: string): { size: number; torn: boolean } {
  if (!existsSync(file)) return { size: 0, torn: false };
  const descriptor = openSync(file, "r");
  try {
    const { size } = fstatSync(descriptor);
    const last = Buffer.alloc(1);
    const torn = size > 0 && readSync(descriptor, last, 0, 1, size - 1) === 1 && last.toString() !== "\n";
    return { size, torn };
  } finally {
    closeSync(descriptor);
  }
}
