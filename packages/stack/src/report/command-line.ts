/** A command as one could paste it into a shell. */
export function commandLine(file: string, args: readonly string[]): string {
  return [file, ...args].map(quote).join(" ");
}

function quote(word: string): string {
  return /^[\w@%+=:,./${}-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
