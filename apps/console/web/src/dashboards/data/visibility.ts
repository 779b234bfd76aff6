/** What a click on a name in the legend leaves switched off: by itself it shows that one only, or all of them again. */
export function toggled(
  hidden: ReadonlySet<string>,
  clicked: string,
  all: readonly string[],
  { alone }: { readonly alone: boolean },
): ReadonlySet<string> {
  const others = all.filter((name) => name !== clicked);
  if (alone) {
    const isAlone = !hidden.has(clicked) && others.every((name) => hidden.has(name));
    return new Set(isAlone ? [] : others);
  }
  const next = new Set(hidden);
  if (!next.delete(clicked)) next.add(clicked);
  return next.size >= all.length ? new Set() : next;
}
