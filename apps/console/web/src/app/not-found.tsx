import { Link, useLocation } from "react-router";
import { useTitle } from "./title.ts";

/** An address that leads nowhere. */
export function NotFound() {
  const { pathname } = useLocation();
  useTitle("Not found");
  return (
    <section className="page problem-page">
      <h1>There is nothing here</h1>
      <p>
        <code>{pathname}</code> is no page of the console.
      </p>
      <Link className="button primary" to="/">
        Try a request instead
      </Link>
    </section>
  );
}
