import { useTitle } from "../../app/title.ts";

export default function View() {
  useTitle("Try it");
  return (
    <section className="page">
      <h1>Try it</h1>
    </section>
  );
}
