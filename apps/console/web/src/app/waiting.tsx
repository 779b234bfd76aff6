/** Before the first view is there. */
export const Waiting = () => (
  <p className="page muted" role="status">
    Loading…
  </p>
);
