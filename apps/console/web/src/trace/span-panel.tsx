import type { CSSProperties } from "react";
import { Link } from "react-router";
import { duration } from "../app/format.ts";
import { serviceColour } from "../app/services.ts";
import { logsOf } from "./links.ts";
import { type Attributes, type Kind, valueText } from "./otlp.ts";
import { gapsOf, selfTime, total } from "./times.ts";
import { durationOf, type Node, startOf, type Trace } from "./tree.ts";

const KINDS: Readonly<Record<Kind, string>> = {
  server: "server: handles a request",
  client: "client: calls another service and waits for the response",
  internal: "internal: work inside the service",
  producer: "producer: sends a message",
  consumer: "consumer: processes a message",
};

interface Props {
  readonly node: Node;
  readonly trace: Trace;
  readonly traceId: string;
  readonly onClose: () => void;
}

/** Shows all data of a span. */
export function SpanPanel({ node, trace, traceId, onClose }: Props) {
  const { span, shift } = node;
  const gaps = gapsOf(node, trace.to - trace.from);
  return (
    <section
      className="span-panel"
      aria-label={`Span ${span.name}`}
      data-testid="span-panel"
      style={{ "--service": serviceColour(span.service) } as CSSProperties}
    >
      <header>
        <h2>{span.name}</h2>
        <button type="button" className="button quiet small" onClick={onClose}>
          Close
        </button>
      </header>
      <dl className="facts">
        <Fact name="Service">
          <span className="service">{span.service}</span>
        </Fact>
        <Fact name="Kind">{KINDS[span.kind]}</Fact>
        <Fact name="Started">{duration(startOf(node) - trace.from)} after the trace began</Fact>
        <Fact name="Duration">
          {duration(durationOf(node))}
          {node.children.length > 0 &&
            `, ${duration(total(selfTime(node)))} of it without an active child span`}
        </Fact>
        {gaps.length > 0 && (
          <Fact name="Gaps">{gaps.map(({ from, to }) => duration(to - from)).join(", ")}</Fact>
        )}
        {span.error && (
          <Fact name="Failed">
            <span className="badge bad">error</span> {span.message}
          </Fact>
        )}
        {shift !== 0 && (
          <Fact name="Clock">
            of {span.service} is wrong: drawn {duration(Math.abs(shift))} {shift > 0 ? "later" : "earlier"}{" "}
            than recorded
          </Fact>
        )}
      </dl>
      <Link className="button small" to={logsOf(traceId, trace, span.service)}>
        Log lines
      </Link>
      <AttributeTable name="Attributes" attributes={span.attributes} />
      {span.events.length > 0 && <h3>Events</h3>}
      {span.events.map((event, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: events have no unique name
        <div key={index} className="event">
          <strong>{event.name || "(no name)"}</strong>{" "}
          <span className="muted number">at {duration(event.at + shift - trace.from)}</span>
          <AttributeTable attributes={event.attributes} name="" />
        </div>
      ))}
      {span.links.map(({ traceId: other, spanId }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: links have no name
        <p key={index}>
          Linked:{" "}
          {other ? (
            <Link to={`/traces/${other}${spanId && `?span=${spanId}`}`}>trace {other.slice(0, 8)}…</Link>
          ) : (
            "a trace without a valid id"
          )}
        </p>
      ))}
      <details>
        <summary>Resource ({span.resource.length})</summary>
        <AttributeTable
          attributes={[...span.resource, ["span id", span.id], ["scope", span.scope]]}
          name=""
        />
      </details>
    </section>
  );
}

const Fact = ({ name, children }: { name: string; children: React.ReactNode }) => (
  <div>
    <dt>{name}</dt>
    <dd>{children}</dd>
  </div>
);

function AttributeTable({ name, attributes }: { name: string; attributes: Attributes }) {
  if (attributes.length === 0) return null;
  return (
    <table className="attributes" aria-label={name || undefined}>
      {name && <caption>{name}</caption>}
      <tbody>
        {attributes.map(([key, value]) => (
          <tr key={key}>
            <th scope="row">{key}</th>
            <td>{valueText(value)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
