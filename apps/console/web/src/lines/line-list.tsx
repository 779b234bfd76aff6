import "./lines.css";
import { type KeyboardEvent, useState } from "react";
import { LineRow } from "./line-row.tsx";
import type { Line } from "./read.ts";

interface Props {
  readonly lines: readonly Line[];
  readonly label: string;
  /** Of a trace one knows already: its lines lead nowhere else. */
  readonly traceLinks?: boolean;
}

/** Log lines, each of which opens to show all that is in it. Up and down walk through them. */
export function LineList({ lines, label, traceLinks = true }: Props) {
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set<string>());
  const toggle = (key: string) => {
    const next = new Set(open);
    if (!next.delete(key)) next.add(key);
    setOpen(next);
  };
  return (
    <ol
      className="lines"
      aria-label={label}
      data-testid="line-list"
      data-many={lines.length > 100}
      onKeyDown={walk}
    >
      {lines.map((line) => (
        <LineRow
          key={line.key}
          line={line}
          open={open.has(line.key)}
          onToggle={() => toggle(line.key)}
          traceLink={traceLinks}
        />
      ))}
    </ol>
  );
}

function walk(event: KeyboardEvent<HTMLOListElement>) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || !(event.target instanceof HTMLElement) || !event.target.matches(".line-head")) return;
  const heads = [...event.currentTarget.querySelectorAll<HTMLElement>(".line-head")];
  heads[heads.indexOf(event.target) + step]?.focus();
  event.preventDefault();
}
