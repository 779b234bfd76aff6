// Before the first paint, and by itself because the content security policy allows no script in the page: the theme
// that was chosen, or the one that the system prefers. src/app/theme.ts changes it later.
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem("theme");
  } catch {
    // Storage is forbidden here: the system's preference it is.
  }
  const light = chosen ? chosen === "light" : matchMedia("(prefers-color-scheme: light)").matches;
  document.documentElement.dataset.theme = light ? "light" : "dark";
})();
