import { type ReactNode, useEffect, useId, useRef, useState } from "react";

interface MenuProps {
  readonly label: ReactNode;
  readonly children: ReactNode | ((close: () => void) => ReactNode);
  readonly title?: string;
  readonly align?: "left" | "right";
}

/** A button and what it opens. Escape and a click elsewhere close it; so does a click on a link in it. */
export function Menu({ label, children, title, align = "right" }: MenuProps) {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();
  useEffect(() => {
    if (!open) return;
    const away = (event: Event) => {
      const target = event.target as Node;
      // What has the menu in it has the focus after a click beside a field in the menu.
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
        // biome-ignore lint/a11y/noStaticElementInteractions: it closes after a link in it is followed
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
