import "./try.css";
import { useEffect, useRef } from "react";
import { useTitle } from "../../app/hooks.ts";
import { useUrlState } from "../../url/state.ts";
import { Compare } from "./compare.tsx";
import { Follow } from "./follow.tsx";
import { Forms } from "./forms.tsx";
import { CODECS, gatewayOf, protocolsOf, TRACES } from "./inputs.ts";
import { Path, ResponseCard } from "./response.tsx";
import { type Run, servicesReached, useTry } from "./use-try.ts";
import { Welcome } from "./welcome.tsx";

/** `/`: sends a request and shows its response, trace, log lines, and duration compared with all requests. */
export default function Try() {
  useTitle("Try it");
  const [to] = useUrlState("to", CODECS.to);
  const [protocol] = useUrlState("via", CODECS.protocol);
  const [name] = useUrlState("name", CODECS.name);
  const [count] = useUrlState("count", CODECS.count);
  const [delayMs] = useUrlState("delay_ms", CODECS.delayMs);
  const [traces] = useUrlState("trace", TRACES);
  const inputs = { to, protocol, name, count, delayMs };
  const { sent, busy, start, cancel } = useTry();

  // Show results only at the URL of their request. At another URL (a link, Back) use only the URL.
  const ids = sent?.runs.flatMap(({ traceId }) => traceId ?? []) ?? [];
  const here = sent && (busy || traces.length === 0 || traces.join() === ids.join()) ? sent : undefined;
  const runs = here?.runs ?? [];
  const protocols = protocolsOf(here?.inputs.protocol ?? protocol);
  const sentInputs = here?.inputs ?? inputs;
  const results = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (busy) results.current?.scrollIntoView({ block: "nearest", behavior: "smooth" });
  }, [busy]);

  const followed = protocols.map((protocol, index) => {
    const run = runs.find((one) => one.protocol === protocol);
    const id = here ? (run?.state === "running" ? undefined : run?.traceId) : traces[index];
    const expected = run ? servicesReached(run, sentInputs.to) : [gatewayOf(protocol)];
    return { protocol, run, id, expected };
  });
  const nothing = !here && traces.length === 0;
  return (
    <section className="page try">
      <div className="try-intro">
        <h1>Send a request and see all its telemetry.</h1>
        <p className="lead">
          It goes through a gateway to one of two small services. A moment later the page shows its trace, its
          log lines, and its duration compared with all requests.
        </p>
      </div>
      <Forms inputs={inputs} busy={busy} onSend={(next) => void start(next)} onCancel={cancel} />
      <div ref={results} className="try-results" data-columns={protocols.length}>
        {nothing && <Welcome />}
        {protocols.length > 1 && runs.some(({ timing }) => timing) && <Compare runs={runs} />}
        {!nothing && (
          <div className="try-columns">
            {followed.map(({ protocol, run, id, expected }) => (
              <div key={protocol} className="try-column">
                {run ? (
                  <ResponseCard run={run} to={sentInputs.to} wanted={sentInputs.count} />
                ) : (
                  id && <Shared protocol={protocol} id={id} to={to} />
                )}
                {id && (
                  <Follow key={id} traceId={id} protocol={protocol} to={sentInputs.to} expected={expected} />
                )}
                {run && run.state !== "running" && !id && <NoTrace run={run} />}
              </div>
            ))}
          </div>
        )}
      </div>
    </section>
  );
}

const Shared = ({ protocol, id, to }: { protocol: Run["protocol"]; id: string; to: "a" | "b" }) => (
  <section
    className="card response"
    aria-label={`A request that was sent earlier, over ${protocol}`}
    data-testid={`shared-${protocol}`}
  >
    <Path protocol={protocol} to={to} />
    <p className="response-state">
      The request with the trace id <code>{id}</code> was sent earlier. Send it again to see its response.
    </p>
  </section>
);

const NoTrace = ({ run }: { run: Run }) => (
  <p className="card muted">
    {run.state === "cancelled"
      ? "The request was cancelled before the gateway returned its trace id."
      : "The gateway was not reached, so the request has no trace."}
  </p>
);
