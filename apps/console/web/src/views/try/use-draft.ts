import { useState } from "react";

/** What is being typed: ahead of the URL, and as the URL has it whenever that changes. */
export function useDraft<T>(value: T) {
  const [from, setFrom] = useState(value);
  const [draft, setDraft] = useState(value);
  if (from !== value) {
    setFrom(value);
    setDraft(value);
  }
  return [draft, setDraft] as const;
}
