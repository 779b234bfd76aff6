import "./traces.css";
import { Link, useLocation, useParams } from "react-router";
import { useTitle } from "../../app/hooks.ts";
import { useUrlState } from "../../url/state.ts";
import { OneTrace } from "./one-trace.tsx";
import { Search, TAB } from "./search.tsx";
import { ServiceMap } from "./service-map.tsx";

/** `/traces`: search and service map; `/traces/<id>`: one trace. */
export default function Traces() {
  const { id } = useParams();
  return id === undefined ? <Overview /> : <OneTrace key={id} given={id} />;
}

function Overview() {
  useTitle("Traces");
  const [tab] = useUrlState("tab", TAB);
  return (
    <section className="page traces">
      <div className="traces-head">
        <h1>Traces</h1>
        <nav className="segments" aria-label="Traces">
          <Tab name="search" shown={tab}>
            Search
          </Tab>
          <Tab name="map" shown={tab}>
            Service map
          </Tab>
        </nav>
      </div>
      {tab === "search" ? <Search /> : <ServiceMap />}
    </section>
  );
}

function Tab({ name, shown, children }: { name: "search" | "map"; shown: string; children: string }) {
  const { search } = useLocation();
  const params = new URLSearchParams(search);
  params.delete("tab");
  for (const value of TAB.write(name)) params.set("tab", value);
  return (
    <Link
      className="button"
      to={{ search: params.toString() }}
      aria-current={name === shown ? "page" : undefined}
      data-testid={`tab-${name}`}
    >
      {children}
    </Link>
  );
}
