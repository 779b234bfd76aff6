import { useTitle } from "../../app/title.ts";

export default function View() {
  useTitle("Traces");
  return (
    <section className="page">
      <h1>Traces</h1>
    </section>
  );
}
