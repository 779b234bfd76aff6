/** A severity: a page wakes somebody, a ticket waits until morning. */
export function SeverityBadge({ severity = "" }: { severity: string | undefined }) {
  const kind = severity === "page" ? "bad" : severity === "ticket" ? "warn" : "";
  return severity ? <span className={`badge ${kind}`}>{severity}</span> : null;
}

const STATES: Readonly<Record<string, string>> = {
  firing: "bad",
  pending: "warn",
  resolved: "ok",
  inactive: "ok",
  waiting: "warn",
  gone: "info",
};

/** A state, with its colour. */
export const StateBadge = ({ state, children }: { state: string; children?: string }) => (
  <span className={`badge ${STATES[state] ?? ""}`} data-state={state}>
    {children ?? state}
  </span>
);
