import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import type { DashboardEntry } from "../../../../shared/api.ts";
import { listDashboards } from "../../api/console.ts";
import { Problem } from "../../app/components.tsx";
import { useTitle } from "../../app/hooks.ts";

/** The order of the lab's dashboards. Others follow by title. */
const ORDER = ["overview", "service", "streaming", "slo", "logs", "traces", "pipeline", "load", "host"].map(
  (name) => `lab-${name}`,
);

function inOrder(dashboards: readonly DashboardEntry[]): DashboardEntry[] {
  const place = ({ uid }: DashboardEntry) => {
    const known = ORDER.indexOf(uid);
    return known < 0 ? ORDER.length : known;
  };
  return dashboards.toSorted((a, b) => place(a) - place(b) || a.title.localeCompare(b.title));
}

/** `/dashboards`: lists all dashboards, each with the question that it answers. */
export default function DashboardList() {
  useTitle("Dashboards");
  const { data, error, isPending } = useQuery({
    queryKey: ["dashboards"],
    queryFn: ({ signal }) => listDashboards(signal),
  });
  return (
    <section className="page">
      <h1>Dashboards</h1>
      <p className="lead">
        The same files that Grafana shows, from <code>grafana/dashboards</code>. Each answers one question.
      </p>
      {error && <Problem error={error} />}
      {isPending && <p className="muted">Loading…</p>}
      {data?.length === 0 && <p className="muted">There is no dashboard in that folder.</p>}
      <ul className="card-grid">
        {data &&
          inOrder(data).map(({ uid, title, description, tags, problem }) => {
            const [, question, rest = description] = /^([^.?]+\?)\s*(.*)$/s.exec(description) ?? [];
            return (
              <li key={uid} className="card link-card">
                <h2>
                  <Link to={`/d/${encodeURIComponent(uid)}`}>{title}</Link>
                </h2>
                {question && <p className="question">{question}</p>}
                {problem && <p className="problem">{problem}</p>}
                {rest && <p className="muted">{rest}</p>}
                <p className="badges">
                  {tags.map((tag) => (
                    <span key={tag} className="badge">
                      {tag}
                    </span>
                  ))}
                </p>
              </li>
            );
          })}
      </ul>
    </section>
  );
}
