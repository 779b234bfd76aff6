import type { FieldDisplay } from "@grafana/data";
import { DataLinksContextMenu } from "@grafana/ui";
import type { ReactElement } from "react";

/** Makes a value a link, or a menu of several. */
export function WithLinks({
  value,
  children,
}: {
  readonly value: FieldDisplay;
  readonly children: ReactElement;
}) {
  const links = value.hasLinks ? (value.getLinks?.() ?? []) : [];
  if (links.length === 0) return children;
  return (
    <DataLinksContextMenu links={() => links}>
      {({ openMenu }) =>
        openMenu ? (
          // biome-ignore lint/a11y/useSemanticElements: it holds whole charts, which a button may not
          <div
            role="button"
            tabIndex={0}
            className="with-links"
            onClick={openMenu}
            onKeyDown={(event) => {
              if (event.key === "Enter") event.currentTarget.click();
            }}
          >
            {children}
          </div>
        ) : (
          children
        )
      }
    </DataLinksContextMenu>
  );
}
