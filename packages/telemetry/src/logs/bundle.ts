const DELAY_MS = 100;
const MAX_CHARACTERS = 64 * 1024;

/** Lines that are collected for a moment and passed on together. */
export interface Bundle {
  write(line: string): void;
  /** Passes on all waiting lines now. */
  flush(): void;
}

/**
 * Collects lines for at most 100 ms and passes them to `deliver` as one text. A write to a file descriptor or to
 * another thread costs ten times as much as a line, regardless of its length. The timer does not keep the process
 * alive, so flush the bundle before the process ends.
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
      if (waiting.length >= MAX_CHARACTERS) flush();
      else timer ??= setTimeout(flush, DELAY_MS).unref();
    },
    flush,
  };
}
