import { useSyncExternalStore } from "react";

export type Theme = "dark" | "light";

const KEY = "theme";
const listeners = new Set<() => void>();
const system = matchMedia("(prefers-color-scheme: light)");

/** Follows the system for as long as nobody has chosen. */
system.addEventListener("change", ({ matches }) => {
  if (remembered() === null) show(matches ? "light" : "dark");
});

/** The theme that is shown (public/theme.js has set it before the first paint), and a way to choose the other. */
export function useTheme(): readonly [Theme, (theme: Theme) => void] {
  const theme = useSyncExternalStore(subscribe, current);
  return [theme, choose];
}

function choose(theme: Theme) {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // Storage is forbidden: the choice holds until the page is loaded again.
  }
  show(theme);
}

function show(theme: Theme) {
  document.documentElement.dataset.theme = theme;
  for (const listener of listeners) listener();
}

function remembered(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

const current = (): Theme => (document.documentElement.dataset.theme === "light" ? "light" : "dark");

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}
