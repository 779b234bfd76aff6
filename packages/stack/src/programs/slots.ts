/** Runs a limited number of tasks at once; the others wait in order. */
export type Slots = <Result>(work: () => Promise<Result>) => Promise<Result>;

/** A new set of slots. */
export function createSlots(count: number): Slots {
  const waiting: (() => void)[] = [];
  let free = count;
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };
}
