import { flag, records, text, texts } from "../../app/json.ts";

/** A link of a dashboard or a panel. */
export interface Link {
  readonly title: string;
  /** `dashboards` links to all dashboards with `tags`. */
  readonly type: "link" | "dashboards";
  readonly url: string;
  readonly tags: readonly string[];
  readonly asDropdown: boolean;
  readonly includeVars: boolean;
  readonly keepTime: boolean;
  readonly targetBlank: boolean;
  readonly tooltip: string;
}

/** Reads the links of a dashboard or a panel. */
export const readLinks = (value: unknown): readonly Link[] =>
  records(value).map((json) => ({
    title: text(json.title, "Link"),
    type: json.type === "dashboards" ? "dashboards" : "link",
    url: text(json.url),
    tags: texts(json.tags),
    asDropdown: flag(json.asDropdown),
    includeVars: flag(json.includeVars),
    keepTime: flag(json.keepTime),
    targetBlank: flag(json.targetBlank),
    tooltip: text(json.tooltip),
  }));
