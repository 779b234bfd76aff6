import { useTitle } from "../../app/title.ts";

export default function View() {
  useTitle("Faults");
  return (
    <section className="page">
      <h1>Faults</h1>
    </section>
  );
}
