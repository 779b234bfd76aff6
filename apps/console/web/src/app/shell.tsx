import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { Link, NavLink, Outlet, ScrollRestoration, useLocation, useNavigation } from "react-router";
import type { UpstreamState } from "../../../shared/api.ts";
import { NAVIGATION } from "../../../shared/views.ts";
import { fetchUpstreams } from "../api/console.ts";
import { useTheme } from "./theme.ts";

/** Shows the layout of every view: header, banner and content. */
export function Shell() {
  const { state } = useNavigation();
  return (
    <>
      <a className="skip-link" href="#main">
        Skip to the content
      </a>
      <Header />
      <div className="progress" data-busy={state !== "idle"} aria-hidden="true" />
      <UpstreamBanner />
      <main id="main" tabIndex={-1} aria-busy={state !== "idle"}>
        <Outlet />
      </main>
      <ScrollRestoration />
    </>
  );
}

/** Shows the header with name, navigation and theme toggle. On a narrow screen a button opens the navigation. */
function Header() {
  const { pathname } = useLocation();
  const [open, setOpen] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: close the menu after navigation
  useEffect(() => setOpen(false), [pathname]);
  return (
    <header className="shell-header">
      <Link className="brand" to="/" aria-label="lgtm-lab, home">
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
        {NAVIGATION.map(({ path, name }) => (
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

/** Switches between the dark and the light theme. */
function ThemeToggle() {
  const [theme, choose] = useTheme();
  const other = theme === "dark" ? "light" : "dark";
  return (
    <button
      type="button"
      className="button quiet icon-button"
      aria-label={`Use the ${other} theme`}
      title={`Use the ${other} theme`}
      onClick={() => choose(other)}
    >
      <svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true" fill="currentColor">
        {theme === "dark" ? (
          <path
            d="M10 2v2m0 12v2M2 10h2m12 0h2M4.3 4.3l1.4 1.4m8.6 8.6 1.4 1.4m0-11.4-1.4 1.4M5.7 14.3l-1.4 1.4M10 6.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7Z"
            stroke="currentColor"
            strokeWidth="1.5"
            strokeLinecap="round"
            fill="none"
          />
        ) : (
          <path d="M17 11.8A7.5 7.5 0 0 1 8.2 3a7.5 7.5 0 1 0 8.8 8.8Z" />
        )}
      </svg>
    </button>
  );
}

const REFETCH_MS = 5000;

/** Lists the gateways and backends that are down, each with the problem and its fix. */
function UpstreamBanner() {
  const { data, error } = useQuery({
    queryKey: ["upstreams"],
    queryFn: ({ signal }) => fetchUpstreams(signal),
    refetchInterval: REFETCH_MS,
    refetchOnWindowFocus: true,
  });
  const down = (data ?? []).filter(({ up }) => !up);
  return (
    <div role="status" className="banners">
      {error && <p className="banner">{error.message}</p>}
      {!error && down.map((upstream) => <DownMessage key={upstream.name} {...upstream} />)}
    </div>
  );
}

function DownMessage({ name, problem, fix }: UpstreamState) {
  return (
    <p className="banner" data-upstream={name}>
      <strong>{name} is down.</strong> {problem} {fix && <WithCode text={fix} />}
    </p>
  );
}

/** Shows text between backticks as code. */
function WithCode({ text }: { readonly text: string }) {
  return text.split("`").map((part, index) => {
    const key = `${index} ${part}`;
    return index % 2 === 1 ? <code key={key}>{part}</code> : <span key={key}>{part}</span>;
  });
}
