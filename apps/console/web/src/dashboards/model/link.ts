import { readFlag, readText, readTexts, records } from "../../app/json.ts";

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
    title: readText(json.title, "Link"),
    type: json.type === "dashboards" ? "dashboards" : "link",
    url: readText(json.url),
    tags: readTexts(json.tags),
    asDropdown: readFlag(json.asDropdown),
    includeVars: readFlag(json.includeVars),
    keepTime: readFlag(json.keepTime),
    targetBlank: readFlag(json.targetBlank),
    tooltip: readText(json.tooltip),
  }));
