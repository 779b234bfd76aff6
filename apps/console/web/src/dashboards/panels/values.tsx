import {
  type FieldDisplay,
  fieldReducers,
  type GetFieldDisplayValuesOptions,
  getFieldDisplayValues,
  type ReduceDataOptions,
} from "@grafana/data";
import { DataLinksContextMenu } from "@grafana/ui";
import type { ReactElement } from "react";
import { number, readFlag, readText, readTexts, record } from "../../app/json.ts";
import { type PrepareOptions, withDefaults } from "../data/prepare.ts";
import type { PanelProps } from "./types.ts";

/** Renders a value as a link, or as a menu of several links. */
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
          // biome-ignore lint/a11y/useSemanticElements: it contains charts, which a button must not contain
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

/** Reduces each series of a panel to one value with its unit, colour and links. */
export const displayValues = (
  { panel, frames, theme, timeZone, replaceVariables }: PanelProps,
  defaults: PrepareOptions["defaults"],
  options: Pick<GetFieldDisplayValuesOptions, "sparkline"> = {},
): FieldDisplay[] =>
  getFieldDisplayValues({
    data: [...frames],
    fieldConfig: withDefaults(panel.fieldConfig, defaults) as never,
    reduceOptions: reduceOptions(panel.options.reduceOptions),
    replaceVariables,
    theme,
    timeZone,
    ...options,
  });

/** Reads the options for reducing a series to one value. The default is the last value. */
function reduceOptions(value: unknown): ReduceDataOptions {
  const { calcs, fields, values, limit } = record(value);
  const known = readTexts(calcs).filter((calc) => fieldReducers.getIfExists(calc));
  const maxRows = number(limit);
  return {
    calcs: known.length > 0 ? known : ["lastNotNull"],
    fields: readText(fields),
    values: readFlag(values),
    ...(maxRows !== undefined && { limit: maxRows }),
  };
}
