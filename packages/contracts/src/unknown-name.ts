/** `Unknown fault "slow-x". Available: slow-a, slow-b. Did you mean slow-b?` */
export function unknownName(kind: string, name: string, available: readonly string[]): string {
  const near = closest(name, available);
  return `Unknown ${kind} "${name}". Available: ${available.join(", ")}.${near ? ` Did you mean ${near}?` : ""}`;
}

/** Returns the name that the user most likely meant, if one is similar: compares the pairs of adjacent letters. */
export function closest(typed: string, names: readonly string[]): string | undefined {
  const scored = names.map((name) => ({
    name,
    score: similarity(typed.toLowerCase(), name.toLowerCase()),
  }));
  const [best] = scored.toSorted((a, b) => b.score - a.score);
  return best && best.score >= 0.3 ? best.name : undefined;
}

/** Dice's coefficient, 0 to 1. */
function similarity(a: string, b: string): number {
  const pairs = (word: string) =>
    new Set(Array.from(` ${word}`, (letter, index) => letter + (word[index] ?? " ")));
  const [left, right] = [pairs(a), pairs(b)];
  return (2 * left.intersection(right).size) / (left.size + right.size);
}
