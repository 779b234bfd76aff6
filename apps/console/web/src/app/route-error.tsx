import { isRouteErrorResponse, useRouteError } from "react-router";
import { NotFound } from "./not-found.tsx";

/** A view that broke: says so in its place, and the rest of the console stays. */
export function RouteError() {
  const error = useRouteError();
  if (isRouteErrorResponse(error) && error.status === 404) return <NotFound />;
  const stale = error instanceof TypeError && /import|module/i.test(error.message);
  return (
    <section className="page problem-page" role="alert">
      <h1>{stale ? "This view could not be loaded" : "This view has broken"}</h1>
      <p>{error instanceof Error ? error.message : String(error)}</p>
      <p className="muted">
        {stale
          ? "The console was built anew or does not run: load the page again."
          : "The other views still work."}
      </p>
      <button type="button" className="button primary" onClick={() => location.reload()}>
        Load the page again
      </button>
    </section>
  );
}
