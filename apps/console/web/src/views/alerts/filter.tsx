import { useEffect, useRef, useState } from "react";
import type { Labels } from "../../api/prometheus.ts";

/** What is looked for: a text in name, service, objective or summary, and a severity. */
export interface Filter {
  readonly text: string;
  readonly severity: Severity;
}

export const SEVERITIES = ["all", "page", "ticket"] as const;
export type Severity = (typeof SEVERITIES)[number];

/** Whether an alert is one of those looked for. Every word must be in it somewhere. */
export function matches({ text, severity }: Filter, labels: Labels, summary = ""): boolean {
  if (severity !== "all" && labels.severity !== severity) return false;
  const all = [labels.alertname, labels.service_name, labels.slo, labels.severity, summary]
    .join(" ")
    .toLowerCase();
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => all.includes(word));
}

interface Props {
  readonly label: string;
  readonly placeholder: string;
  /** As the URL has it. */
  readonly value: string;
  readonly onChange: (value: string) => void;
}

/** A text that lives in the URL. While one types, the field is ahead of it. */
export function SearchField({ label, placeholder, value, onChange }: Props) {
  const [typed, setTyped] = useState(value);
  // The URL follows some moments later: what comes back from there, in the order in which it was typed, is no news.
  const sent = useRef<string[]>([]);
  useEffect(() => {
    const echo = sent.current.indexOf(value);
    sent.current = sent.current.slice(echo + 1);
    if (echo === -1) setTyped(value);
  }, [value]);
  return (
    <label className="field">
      <span>{label}</span>
      <input
        className="input"
        type="search"
        value={typed}
        placeholder={placeholder}
        maxLength={200}
        onChange={({ target }) => {
          sent.current.push(target.value);
          setTyped(target.value);
          onChange(target.value);
        }}
      />
    </label>
  );
}
