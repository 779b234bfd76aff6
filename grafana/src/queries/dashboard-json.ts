import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { REPOSITORY } from "@lgtm-lab/contracts/repository";

/** A dashboard in its JSON file, as Grafana and the console read it, with the fields that are used here. */
export interface DashboardJson {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly panels: readonly PanelJson[];
  readonly templating: { readonly list?: readonly VariableJson[] };
  readonly annotations: { readonly list?: readonly AnnotationJson[] };
  readonly [more: string]: unknown;
}

export interface PanelJson {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource?: DataSourceRef;
  readonly targets?: readonly TargetJson[];
  readonly maxDataPoints?: number;
  readonly timeFrom?: string;
  readonly fieldConfig?: {
    readonly defaults: {
      readonly unit?: string;
      readonly noValue?: string;
      readonly mappings?: readonly unknown[];
      readonly custom?: {
        readonly fillOpacity?: number;
        readonly stacking?: { readonly mode: string };
        readonly drawStyle?: string;
      };
    };
    readonly overrides?: readonly {
      readonly matcher: { readonly id: string; readonly options: unknown };
      readonly properties: readonly { readonly id: string; readonly value?: unknown }[];
    }[];
  };
  readonly [more: string]: unknown;
}

export interface DataSourceRef {
  readonly type: string;
  readonly uid: string;
}

/** A query of a panel. Which fields it has depends on the data source. */
export interface TargetJson {
  readonly refId: string;
  readonly datasource: DataSourceRef;
  /** PromQL or LogQL. */
  readonly expr?: string;
  readonly legendFormat?: string;
  readonly instant?: boolean;
  readonly exemplar?: boolean;
  readonly format?: string;
  /** For Loki `range` or `instant`, for Tempo `traceql` or `serviceMap`. */
  readonly queryType?: string;
  /** TraceQL. */
  readonly query?: string;
  readonly limit?: number;
  readonly maxLines?: number;
}

export interface VariableJson {
  readonly name: string;
  readonly type: string;
  readonly datasource?: DataSourceRef;
  readonly query?: unknown;
  readonly multi?: boolean;
  readonly includeAll?: boolean;
  readonly allValue?: string;
  readonly regex?: string;
  readonly current?: { readonly value?: unknown };
}

/**
 * The query of a hidden variable: PromQL computes a number for use in LogQL or TraceQL (`computed` in ../variables.ts
 * creates it).
 */
const QUERY_RESULT = /^query_result\((.+)\)$/;

/** Returns the PromQL that computes a variable; undefined if users choose its value. */
export const variableExpression = ({ type, query }: VariableJson): string | undefined =>
  type === "query"
    ? QUERY_RESULT.exec((query as { query?: string } | undefined)?.query ?? "")?.[1]
    : undefined;

export interface AnnotationJson {
  readonly name: string;
  readonly datasource: DataSourceRef;
  readonly expr: string;
}

/**
 * Reads the dashboards of a folder (`grafana/dashboards` of the clone), ordered by file name. Their `panels` include
 * rows.
 */
export function readDashboards(folder: string = join(REPOSITORY, "grafana/dashboards")): DashboardJson[] {
  return globSync("*.json", { cwd: folder })
    .sort()
    .map((file) => {
      const parsed = JSON.parse(readFileSync(join(folder, file), "utf8")) as DashboardJson;
      if (!parsed.uid) throw new Error(`${basename(file)} has no uid`);
      return parsed;
    });
}

/** Returns the panels of a dashboard without its rows, which are only headings. */
export const panelsOf = (dashboard: DashboardJson): readonly PanelJson[] =>
  dashboard.panels.filter(({ type }) => type !== "row");
