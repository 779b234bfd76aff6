import { useSyncExternalStore } from "react";

export type Theme = "dark" | "light";

const KEY = "theme";
const listeners = new Set<() => void>();
const system = matchMedia("(prefers-color-scheme: light)");

/** Without a choice, the theme follows the system. */
system.addEventListener("change", ({ matches }) => {
  if (remembered() === null) show(matches ? "light" : "dark");
});

/** The current theme, which public/theme.js sets before the first paint, and a function to change it. */
export function useTheme(): readonly [Theme, (theme: Theme) => void] {
  const theme = useSyncExternalStore(subscribe, current);
  return [theme, choose];
}

function choose(theme: Theme) {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // Without storage the choice is lost when the page is reloaded.
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
