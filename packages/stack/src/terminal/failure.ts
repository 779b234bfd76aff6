export { LabError, messageOf } from "@lgtm-lab/contracts";

const MAX_WIDTH = 240;

export interface Failure {
  /** One sentence: which component, what happened. */
  readonly what: string;
  /** The command that failed, as one could type it. */
  readonly command?: string | undefined;
  /** Where the whole output is. */
  readonly log?: string | undefined;
  /** Its last lines. */
  readonly tail?: readonly string[] | undefined;
  /** What mends it. */
  readonly fix?: string | undefined;
}

/** Composes every failure the lab reports: what happened, the command, the tail of its output, what to do. */
export function failureMessage({ what, command, log, tail, fix }: Failure): string {
  const lines = [what];
  if (command) lines.push(`  command: ${command}`);
  if (log) lines.push(`  log:     ${log}${tail?.length ? "" : " (empty)"}`);
  if (tail?.length) lines.push(...tail.map((line) => `  | ${shortened(line)}`));
  if (fix) lines.push(`  fix:     ${fix}`);
  return lines.join("\n");
}

/** Some components log whole documents in one line; the log file has them in full. */
function shortened(line: string): string {
  return line.length > MAX_WIDTH ? `${line.slice(0, MAX_WIDTH - 1)}…` : line;
}

/** A command as one could paste it into a shell. */
export function commandLine(file: string, args: readonly string[]): string {
  return [file, ...args].map(quote).join(" ");
}

function quote(word: string): string {
  return /^[\w@%+=:,./${}-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
