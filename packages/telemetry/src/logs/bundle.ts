const DELAY_MS = 20;
const LONGEST = 64 * 1024; // characters

/** Lines that wait a moment, so that they can be passed on together. */
export interface Bundle {
  write(line: string): void;
  /** Passes on all waiting lines now. */
  flush(): void;
}

/**
 * Collects lines for at most 20 ms and passes them to `deliver` as one text: a write to a file descriptor or to another
 * thread costs ten times as much as a line, whatever its length. Its timer does not keep the process alive, so flush it
 * before the end.
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
