/** Shows a severity: `page` (immediate action) or `ticket` (working hours). */
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

/** Shows a state in its colour. */
export const StateBadge = ({ state, children }: { state: string; children?: string }) => (
  <span className={`badge ${STATES[state] ?? ""}`} data-state={state}>
    {children ?? state}
  </span>
);
