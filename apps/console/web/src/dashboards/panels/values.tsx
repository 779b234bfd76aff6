import { type FieldDisplay, fieldReducers, type ReduceDataOptions } from "@grafana/data";
import { DataLinksContextMenu } from "@grafana/ui";
import type { ReactElement } from "react";
import { flag, number, record, text, texts } from "../../app/json.ts";

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

/** How a series is reduced to one value. The default is the newest value. */
export function reduceOptions(value: unknown): ReduceDataOptions {
  const { calcs, fields, values, limit } = record(value);
  const known = texts(calcs).filter((calc) => fieldReducers.getIfExists(calc));
  const most = number(limit);
  return {
    calcs: known.length > 0 ? known : ["lastNotNull"],
    fields: text(fields),
    values: flag(values),
    ...(most !== undefined && { limit: most }),
  };
}
