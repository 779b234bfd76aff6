import { useEffect, useRef, useState } from "react";

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
