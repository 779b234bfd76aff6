/** What a bench measures in one run, on this version and on the one of `--against`. */
export interface Subject {
  /** Added to the names of the lines: empty for this version, ` (<commit>)` for the other one. */
  readonly suffix: string;
  /** The clone whose programs are measured. */
  readonly root: string;
}

/** The options of a bench. */
export interface BenchOptions {
  readonly subjects: readonly Subject[];
  /** How often everything is measured; undefined: the default of the bench. */
  readonly rounds?: number;
  /** The options of one bench only, such as `--rate`. */
  readonly more: Readonly<Record<string, string | boolean | undefined>>;
}

/** One line of a table: a value, and its ratio to a baseline that was measured in the same run. */
export interface Line {
  /** What was measured. The budgets refer to it, so it must not change from run to run. */
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What the ratio compares the value with. */
  readonly of: string;
  /** The ratio in each round. */
  readonly ratios: readonly number[];
  /** More columns: their title and text. */
  readonly details?: Readonly<Record<string, string>>;
}

/** A part of `npm run bench`. */
export interface Bench {
  readonly title: string;
  measure(options: BenchOptions): Promise<Line[]>;
}

/** Returns the median of some numbers. */
export function median(numbers: readonly number[]): number {
  return quantile(numbers, 0.5);
}

/** Returns a quantile of some numbers, interpolated between its neighbours; NaN without numbers. */
export function quantile(numbers: readonly number[], q: number): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const [lower, upper] = [sorted[Math.floor(at)] ?? Number.NaN, sorted[Math.ceil(at)] ?? Number.NaN];
  return lower + (upper - lower) * (at - Math.floor(at));
}

/** Returns the smallest and the largest ratio of a line. */
export const spread = ({ ratios }: Line): [number, number] => [Math.min(...ratios), Math.max(...ratios)];
