import { readFileSync } from "node:fs";
import { join } from "node:path";
import { REPOSITORY } from "@lgtm-lab/contracts/repository";
import { parse } from "yaml";

/** The variables that provisioning needs; every way to start Grafana sets all of them. */
export const PROVISIONING_VARIABLES = [
  "PROMETHEUS_URL",
  "LOKI_URL",
  "TEMPO_URL",
  "ALERTMANAGER_URL",
  "WEBHOOK_URL",
  "LAB_GRAFANA",
] as const;

/** A data source in its provisioning file, with the links that are used here. */
export interface DataSourceJson {
  readonly uid: string;
  readonly type: string;
  readonly name: string;
  readonly url: string;
  readonly jsonData: {
    readonly timeInterval?: string;
    readonly exemplarTraceIdDestinations?: readonly {
      readonly name: string;
      readonly datasourceUid: string;
    }[];
    readonly derivedFields?: readonly {
      readonly name: string;
      readonly matcherType: string;
      readonly matcherRegex: string;
      readonly url: string;
      readonly datasourceUid: string;
    }[];
    readonly tracesToLogsV2?: SpanLink & { readonly query: string };
    readonly tracesToMetrics?: SpanLink & {
      readonly queries: readonly { readonly name: string; readonly query: string }[];
    };
    readonly serviceMap?: { readonly datasourceUid: string };
    readonly [more: string]: unknown;
  };
}

/** The definition of a link from a span. */
interface SpanLink {
  readonly datasourceUid: string;
  readonly tags: readonly { readonly key: string; readonly value?: string }[];
}

/** A span, with the fields that links use. */
export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  /** Attributes of the span and of its resource. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** Replaces `${NAME}` and `$NAME` in every text of a value, as Grafana's provisioning does; `$$` becomes `$`. */
export function expandEnvironment<T>(value: T, variables: Readonly<Record<string, string>>): T {
  if (typeof value === "string") return expandText(value, variables) as T;
  if (Array.isArray(value)) return value.map((item) => expandEnvironment(item, variables)) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, expandEnvironment(item, variables)]),
  ) as T;
}

const expandText = (text: string, variables: Readonly<Record<string, string>>) =>
  text
    .split("$$")
    .map((part) => part.replace(/\$\{(\w+)\}|\$(\w+)/g, (_, braced, bare) => variables[braced ?? bare] ?? ""))
    .join("$");

/** Returns the provisioned data sources, by uid, with the environment's values. */
export function readDataSources(
  variables: Readonly<Record<string, string>>,
  folder: string = join(REPOSITORY, "grafana"),
): Map<string, DataSourceJson> {
  const file = join(folder, "provisioning/datasources/datasources.yaml");
  const { datasources } = parse(readFileSync(file, "utf8")) as { datasources: DataSourceJson[] };
  return new Map(expandEnvironment(datasources, variables).map((source) => [source.uid, source]));
}

/**
 * Returns the LogQL of "Logs for this span"; undefined if the span has none of the tags, because it then has no link.
 */
export function traceToLogsQuery(
  link: SpanLink & { readonly query: string },
  span: Span,
): string | undefined {
  const tags = tagMatchers(link, span);
  if (tags === "") return undefined;
  return link.query
    .replaceAll(`\${__tags}`, tags)
    .replaceAll(`\${__span.traceId}`, span.traceId)
    .replaceAll(`\${__span.spanId}`, span.spanId);
}

/** Returns the PromQL of each link from a span to metrics; it still contains variables such as `$__rate_interval`. */
export function traceToMetricsQueries(
  link: SpanLink & { readonly queries: readonly { name: string; query: string }[] },
  span: Span,
): { name: string; query: string }[] {
  const tags = tagMatchers(link, span);
  return link.queries.map(({ name, query }) => ({ name, query: query.replaceAll("$__tags", tags) }));
}

const tagMatchers = ({ tags }: SpanLink, { attributes }: Span) =>
  tags
    .flatMap(({ key, value }) =>
      attributes[key] === undefined ? [] : [`${value ?? key}="${attributes[key]}"`],
    )
    .join(", ");
