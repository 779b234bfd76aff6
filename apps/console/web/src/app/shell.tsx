import { Outlet, ScrollRestoration, useNavigation } from "react-router";
import { BackendBanner } from "./backend-banner.tsx";
import { Header } from "./header.tsx";

/** What every view has around it. */
export function Shell() {
  const { state } = useNavigation();
  return (
    <>
      <a className="skip-link" href="#main">
        Skip to the content
      </a>
      <Header />
      <div className="progress" data-busy={state !== "idle"} aria-hidden="true" />
      <BackendBanner />
      <main id="main" tabIndex={-1} aria-busy={state !== "idle"}>
        <Outlet />
      </main>
      <ScrollRestoration />
    </>
  );
}
