import { useTitle } from "../../app/title.ts";

export default function View() {
  useTitle("Logs");
  return (
    <section className="page">
      <h1>Logs</h1>
    </section>
  );
}
