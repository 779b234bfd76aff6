import type { CSSProperties } from "react";
import { serviceColour } from "../../app/services.ts";

/** How grave: a page wakes somebody, a ticket waits until morning. */
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

/** A service, with its colour. */
export function Service({ name = "" }: { name: string | undefined }) {
  if (!name) return null;
  return (
    <span className="service" style={{ "--service": serviceColour(name) } as CSSProperties}>
      {name}
    </span>
  );
}
