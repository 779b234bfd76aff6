// Sets the chosen theme, or the system's, before the first paint. A separate file, because the content security policy
// forbids inline scripts. src/app/theme.ts changes the theme later.
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem("theme");
  } catch {
    // Storage is not available: use the system's theme.
  }
  const light = chosen ? chosen === "light" : matchMedia("(prefers-color-scheme: light)").matches;
  document.documentElement.dataset.theme = light ? "light" : "dark";
})();
