import { useEffect, useRef, useState } from "react";
import type { Labels } from "../../api/prometheus.ts";

/** A filter by severity and by words in name, service, objective or summary. */
export interface Filter {
  readonly text: string;
  readonly severity: Severity;
}

export const SEVERITIES = ["all", "page", "ticket"] as const;
export type Severity = (typeof SEVERITIES)[number];

/** Returns whether an alert matches the severity and contains every word. */
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
  /** The value in the URL. */
  readonly value: string;
  readonly onChange: (value: string) => void;
}

/** Shows a search field whose value is stored in the URL. The URL is updated with a delay while the user types. */
export function SearchField({ label, placeholder, value, onChange }: Props) {
  const [typed, setTyped] = useState(value);
  // The URL is updated later. Values that return in the order in which they were typed are not external changes.
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
