export { type EmptyWhenWell, filledBy, LOAD_TEST } from "./empty-when-well.ts";
export { generateGrafana } from "./generate-grafana.ts";
export { DASHBOARDS, DATA_SOURCES, type DashboardName } from "./uids.ts";
export { type Backends, countResult, exemplarsOf, tracesOf } from "./walk/backends.ts";
export { builtIns, SCRAPE_INTERVAL, stepOf, type TimeRange } from "./walk/intervals.ts";
export {
  type DashboardJson,
  type PanelJson,
  panelsOf,
  readDashboards,
  type TargetJson,
} from "./walk/model.ts";
export { APPEARS_WITH_FIRST_EVENT, type Names, readNames, wrongNames } from "./walk/names.ts";
export {
  type DataSourceJson,
  PROVISIONING_VARIABLES,
  readDataSources,
  type Span,
  spanLogs,
  spanMetrics,
} from "./walk/provisioned.ts";
export { annotationQueries, computedQueries, panelQueries, type RunnableQuery } from "./walk/queries.ts";
export { PANEL_TYPES, wrongStructure } from "./walk/structure.ts";
export { substitute, type Value, type Values } from "./walk/substitute.ts";
export { type Choice, choices, defaultValue, defaultValues, offeredValues } from "./walk/variable-values.ts";
export { lastSeconds, type Outcome, panelsWithoutExemplars, problemOf, queryDashboard } from "./walk/walk.ts";
