import { useEffect, useRef } from "react";
import { useBlocker } from "react-router";
import { countdown } from "../../app/format.ts";
import { FAULT } from "./steps.tsx";
import type { Incident } from "./use-incident.ts";

/** Asks whether to end the fault if the user leaves the guided incident while the fault is active. */
export function LeaveDialog({
  incident: { active, begun, fix, switching, episodeState },
}: {
  incident: Incident;
}) {
  const blocker = useBlocker(
    ({ currentLocation, nextLocation }) =>
      active && begun && nextLocation.pathname !== currentLocation.pathname,
  );
  const dialog = useRef<HTMLDialogElement>(null);
  const isBlocked = blocker.state === "blocked";
  useEffect(() => {
    if (isBlocked) dialog.current?.showModal();
    else dialog.current?.close();
  }, [isBlocked]);
  const left = (episodeState.episode?.due ?? episodeState.now) - episodeState.now;
  return (
    <dialog
      ref={dialog}
      className="leave-dialog card"
      aria-labelledby="leave-title"
      data-testid="leave-dialog"
      onCancel={(event) => {
        event.preventDefault();
        blocker.reset?.();
      }}
    >
      <h2 id="leave-title">{FAULT} is still active</h2>
      <p>
        The fault ends automatically in <span className="number">{countdown(left)}</span>. Until then service
        B is slow, and its alert fires.
      </p>
      <div className="incident-buttons">
        <button type="button" className="button quiet" onClick={() => blocker.reset?.()}>
          Stay
        </button>
        <button type="button" className="button" onClick={() => blocker.proceed?.()}>
          Leave it broken
        </button>
        <button
          type="button"
          className="button primary"
          disabled={switching}
          onClick={() => fix(() => blocker.proceed?.())}
        >
          Fix it and leave
        </button>
      </div>
    </dialog>
  );
}
