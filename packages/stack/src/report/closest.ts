/** The name that a mistyped one was most likely meant to be, if any comes near: by pairs of letters in common. */
export function closest(typed: string, names: readonly string[]): string | undefined {
  const scored = names.map((name) => ({ name, score: likeness(typed.toLowerCase(), name.toLowerCase()) }));
  const [best] = scored.toSorted((a, b) => b.score - a.score);
  return best && best.score >= 0.3 ? best.name : undefined;
}

/** Dice's coefficient, 0 to 1. */
function likeness(a: string, b: string): number {
  const pairs = (word: string) =>
    new Set(Array.from(` ${word}`, (letter, index) => letter + (word[index] ?? " ")));
  const [left, right] = [pairs(a), pairs(b)];
  return (2 * left.intersection(right).size) / (left.size + right.size);
}
