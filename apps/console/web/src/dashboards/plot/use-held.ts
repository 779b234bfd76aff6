import { useCallback, useEffect, useRef, useState } from "react";

/**
 * Holds a value for as long as somebody has pinned a tooltip: a refresh would close it. Give `onPinned` to the tooltip,
 * which tells when it is pinned and when it goes.
 */
export function useHeld<T>(value: T): readonly [T, (pinned: boolean) => void] {
  const [isPinned, setPinned] = useState(false);
  const held = useRef(value);
  if (!isPinned) held.current = value;
  return [held.current, useCallback((pinned: boolean) => setPinned(pinned), [])];
}

/** Tells that a tooltip is pinned, for as long as it is there. */
export function usePinned(isPinned: boolean, onPinned: (pinned: boolean) => void) {
  useEffect(() => {
    if (!isPinned) return;
    onPinned(true);
    return () => onPinned(false);
  }, [isPinned, onPinned]);
}
