import { type ReactNode, useEffect, useId, useRef, useState } from "react";

interface MenuProps {
  readonly label: ReactNode;
  readonly children: ReactNode | ((close: () => void) => ReactNode);
  readonly title?: string;
  readonly align?: "left" | "right";
}

/** Shows a button that opens a menu. Escape, a click outside the menu and a click on a link in it close the menu. */
export function Menu({ label, children, title, align = "right" }: MenuProps) {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();
  useEffect(() => {
    if (!open) return;
    const away = (event: Event) => {
      const target = event.target as Node;
      // A click beside a field of the menu moves the focus to an element around the menu; this must not close it.
      if (!root.current?.contains(target) && !target.contains(root.current)) setOpen(false);
    };
    const clickedAway = ({ target }: Event) => {
      if (!root.current?.contains(target as Node)) setOpen(false);
    };
    const onEscape = ({ key }: KeyboardEvent) => {
      if (key !== "Escape") return;
      setOpen(false);
      button.current?.focus();
    };
    document.addEventListener("pointerdown", clickedAway);
    document.addEventListener("focusin", away);
    document.addEventListener("keydown", onEscape);
    return () => {
      document.removeEventListener("pointerdown", clickedAway);
      document.removeEventListener("focusin", away);
      document.removeEventListener("keydown", onEscape);
    };
  }, [open]);
  return (
    <div className="menu" ref={root}>
      <button
        ref={button}
        type="button"
        className="button"
        aria-expanded={open}
        aria-controls={id}
        title={title}
        onClick={() => setOpen(!open)}
      >
        {label} <span aria-hidden="true" className="caret" />
      </button>
      {open && (
        // biome-ignore lint/a11y/noStaticElementInteractions: only closes the menu after a click on a link
        // biome-ignore lint/a11y/useKeyWithClickEvents: Enter on a link is a click
        <div
          id={id}
          className="menu-body"
          data-align={align}
          onClick={({ target }) => (target as Element).closest("a") && setOpen(false)}
        >
          {typeof children === "function" ? children(() => setOpen(false)) : children}
        </div>
      )}
    </div>
  );
}
