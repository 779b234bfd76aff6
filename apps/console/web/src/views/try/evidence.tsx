import type { ReactNode } from "react";
import { duration, listOf } from "../../app/format.ts";
import type { Evidence } from "./use-evidence.ts";

interface Props {
  readonly title: string;
  /** The name of the gateway, to distinguish the cards of two responses. */
  readonly gateway: string;
  readonly name: string;
  readonly backend: string;
  readonly what: string;
  readonly evidence: Evidence<unknown>;
  readonly explanation: string;
  readonly links: ReactNode;
  readonly children: ReactNode;
}

/** Shows one kind of telemetry of a request, with its state and the missing parts. */
export function EvidenceCard({
  title,
  gateway,
  name,
  backend,
  what,
  evidence,
  explanation,
  links,
  children,
}: Props) {
  return (
    <section
      className="card evidence"
      aria-label={`${title}, ${gateway}`}
      data-testid={name}
      data-state={evidence.state}
    >
      <header>
        <h2>{title}</h2>
        <Status backend={backend} what={what} evidence={evidence} />
        <nav aria-label={`${title}, ${gateway}: more`}>{links}</nav>
      </header>
      <p className="muted teach">{explanation}</p>
      {evidence.state === "failed" && (
        <div className="problem" role="alert">
          <strong>The query to {backend} failed.</strong>
          <span>{evidence.error?.message}</span>
        </div>
      )}
      {evidence.state === "late" && (
        <p className="problem">
          Incomplete after 10 s. Missing: {listOf(evidence.missing)}. The data may be delayed, or older than
          the retention of {backend}.
        </p>
      )}
      {(evidence.state === "failed" || evidence.state === "late") && (
        <button type="button" className="button small again" onClick={evidence.again}>
          Try again
        </button>
      )}
      {children}
    </section>
  );
}

function Status({ backend, what, evidence }: Pick<Props, "backend" | "what" | "evidence">) {
  const { state, missing, took } = evidence;
  return (
    <span className="evidence-state" role="status">
      {state === "waiting" && (
        <>
          <span className="spinner" aria-hidden="true" />{" "}
          {missing.length > 0 ? `${backend}: waiting for ${listOf(missing)}` : `Querying ${backend} …`}
        </>
      )}
      {state === "found" && (
        <span className="badge ok number">
          {what} found after {duration(Math.round((took ?? 0) / 10) * 10)}
        </span>
      )}
      {state === "late" && <span className="badge warn">incomplete</span>}
      {state === "failed" && <span className="badge bad">failed</span>}
    </span>
  );
}
