import { useEffect, useState } from "react";
import { Link, NavLink, useLocation } from "react-router";
import { ThemeToggle } from "./theme-toggle.tsx";

const VIEWS = [
  ["/", "Try it"],
  ["/dashboards", "Dashboards"],
  ["/traces", "Traces"],
  ["/logs", "Logs"],
  ["/alerts", "Alerts"],
  ["/faults", "Faults"],
  ["/incident", "Guided incident"],
] as const;

/** The name, the way to every view, and the theme. On a narrow screen the views are behind a button. */
export function Header() {
  const { pathname } = useLocation();
  const [open, setOpen] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the menu closes because one has arrived elsewhere
  useEffect(() => setOpen(false), [pathname]);
  return (
    <header className="shell-header">
      <Link className="brand" to="/" aria-label="lgtm-lab, to the start">
        <img src="/favicon.svg" alt="" width="26" height="26" />
        <span>lgtm-lab</span>
      </Link>
      <button
        type="button"
        className="button quiet menu-button"
        aria-expanded={open}
        aria-controls="views"
        onClick={() => setOpen(!open)}
        onKeyDown={({ key }) => key === "Escape" && setOpen(false)}
      >
        Menu
      </button>
      <nav id="views" className="views" aria-label="Views" data-open={open}>
        {VIEWS.map(([path, name]) => (
          <NavLink
            key={path}
            to={path}
            end={path === "/"}
            className={({ isActive }) =>
              isActive || (path === "/dashboards" && pathname.startsWith("/d/")) ? "active" : undefined
            }
          >
            {name}
          </NavLink>
        ))}
      </nav>
      <ThemeToggle />
    </header>
  );
}
