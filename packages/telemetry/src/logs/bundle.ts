const DELAY_MS = 20;
const LONGEST = 64 * 1024; // characters

/** Lines that wait a moment, to go on together. */
export interface Bundle {
  write(line: string): void;
  /** Passes on what waits, now. */
  flush(): void;
}

/**
 * Collects lines for at most 20 ms and hands them to `deliver` as one text: a write to a file descriptor or to another
 * thread costs ten times as much as the line, however long it is. Holds no process open: whoever ends it flushes.
 */
export function bundle(deliver: (text: string, lines: number) => void): Bundle {
  let waiting = "";
  let count = 0;
  let timer: NodeJS.Timeout | undefined;

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    if (waiting === "") return;
    const [text, lines] = [waiting, count];
    waiting = "";
    count = 0;
    deliver(text, lines);
  }

  return {
    write(line) {
      waiting += line;
      count += 1;
      if (waiting.length >= LONGEST) flush();
      else timer ??= setTimeout(flush, DELAY_MS).unref();
    },
    flush,
  };
}
