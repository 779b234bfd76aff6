export { LabError, messageOf } from "@lgtm-lab/contracts";

const MAX_WIDTH = 240;

export interface Failure {
  /** One sentence: which component, what happened. */
  readonly what: string;
  /** The failed command, for a shell. */
  readonly command?: string | undefined;
  /** The file with the complete output. */
  readonly log?: string | undefined;
  /** Its last lines. */
  readonly tail?: readonly string[] | undefined;
  /** The fix. */
  readonly fix?: string | undefined;
}

/** Formats a failure: what happened, the command, the end of its output, the fix. */
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

/** Formats a command for a shell. */
export function commandLine(file: string, args: readonly string[]): string {
  return [file, ...args].map(quote).join(" ");
}

function quote(word: string): string {
  return /^[\w@%+=:,./${}-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
