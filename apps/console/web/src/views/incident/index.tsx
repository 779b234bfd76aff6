import { useTitle } from "../../app/title.ts";

export default function View() {
  useTitle("Guided incident");
  return (
    <section className="page">
      <h1>Guided incident</h1>
    </section>
  );
}
