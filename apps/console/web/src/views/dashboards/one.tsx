import { useTitle } from "../../app/title.ts";

export default function DashboardView() {
  useTitle("Dashboard");
  return (
    <section className="page">
      <h1>Dashboard</h1>
    </section>
  );
}
