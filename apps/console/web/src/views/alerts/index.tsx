import { useTitle } from "../../app/title.ts";

export default function View() {
  useTitle("Alerts");
  return (
    <section className="page">
      <h1>Alerts</h1>
    </section>
  );
}
