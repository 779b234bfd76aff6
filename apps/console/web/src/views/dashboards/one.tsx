import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "react-router";
import { fetchDashboard } from "../../api/console.ts";
import { Problem } from "../../app/components.tsx";
import { useTitle } from "../../app/hooks.ts";
import { readDashboard } from "../../dashboards/model/dashboard.ts";
import { DashboardView } from "../../dashboards/view/dashboard.tsx";
import "../../dashboards/view/dashboard.css";

/** `/d/<uid>`: shows one dashboard. */
export default function DashboardPage() {
  const { uid = "" } = useParams();
  const { data, error } = useQuery({
    queryKey: ["dashboard", uid],
    queryFn: async ({ signal }) => readDashboard(await fetchDashboard(uid, signal)),
    staleTime: 30_000,
  });
  useTitle(data?.title ?? "Dashboard");
  if (data) return <DashboardView key={uid} dashboard={data} />;
  return (
    <section className="page">
      {error ? (
        <>
          <h1>This dashboard cannot be shown</h1>
          <Problem error={error} />
          <p>
            <Link to="/dashboards">All dashboards</Link>
          </p>
        </>
      ) : (
        <p className="muted">Loading…</p>
      )}
    </section>
  );
}
