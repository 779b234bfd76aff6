import type { ReactNode } from "react";
import { duration, listOf } from "../../app/format.ts";
import type { Polled } from "./use-poll.ts";

interface Props {
  readonly title: string;
  /** Whose, where there are two of them. */
  readonly whose: string;
  readonly name: string;
  readonly backend: string;
  readonly what: string;
  readonly polled: Polled<unknown> & { readonly again: () => void };
  readonly teach: string;
  readonly links: ReactNode;
  readonly children: ReactNode;
}

/** One of the things that a request leaves behind: what it is, whether it is there, what is waited for, and itself. */
export function Evidence({ title, whose, name, backend, what, polled, teach, links, children }: Props) {
  return (
    <section
      className="card evidence"
      aria-label={`${title}, ${whose}`}
      data-testid={name}
      data-state={polled.state}
    >
      <header>
        <h2>{title}</h2>
        <Status backend={backend} what={what} polled={polled} />
        <nav aria-label={`${title}, ${whose}: more`}>{links}</nav>
      </header>
      <p className="muted teach">{teach}</p>
      {polled.state === "failed" && (
        <div className="problem" role="alert">
          <strong>{backend} cannot tell.</strong>
          <span>{polled.error?.message}</span>
        </div>
      )}
      {polled.state === "late" && (
        <p className="problem">
          Not complete after 10 s: still missing {listOf(polled.missing)}. It may be older than what {backend}{" "}
          keeps, or on its way.
        </p>
      )}
      {(polled.state === "failed" || polled.state === "late") && (
        <button type="button" className="button small again" onClick={polled.again}>
          Look again
        </button>
      )}
      {children}
    </section>
  );
}

function Status({ backend, what, polled }: Pick<Props, "backend" | "what" | "polled">) {
  const { state, missing, took } = polled;
  return (
    <span className="evidence-state" role="status">
      {state === "waiting" && (
        <>
          <span className="spinner" aria-hidden="true" />{" "}
          {missing.length > 0 ? `${backend}: waiting for ${listOf(missing)}` : `Asking ${backend} …`}
        </>
      )}
      {state === "found" && (
        <span className="badge ok number">
          {what} found after {duration(Math.round((took ?? 0) / 10) * 10)}
        </span>
      )}
      {state === "late" && <span className="badge warn">incomplete</span>}
      {state === "failed" && <span className="badge bad">no answer</span>}
    </span>
  );
}
