import "./alerts.css";
import { useQuery } from "@tanstack/react-query";
import { listAlertmanagerAlerts, listInbox, listRules } from "../../api/alerts.ts";
import { listSlos } from "../../api/slo.ts";
import { Problem } from "../../app/components.tsx";
import { useNow, useTitle } from "../../app/hooks.ts";
import { flag, oneOf, text, useUrlState } from "../../url/state.ts";
import { type ActiveGroup, activeAlerts } from "./active.ts";
import { Budgets } from "./budgets.tsx";
import { matches, SEVERITIES, SearchField } from "./filter.tsx";
import { Firing } from "./firing.tsx";
import { Rules } from "./rules.tsx";
import { Sent } from "./sent.tsx";
import { sentAlertsOf } from "./sent-alerts.ts";
import { BudgetTile, FiringTile, HeartbeatTile } from "./tiles.tsx";

const REFETCH_MS = 2000;
const TEXT = text();
const SEVERITY = oneOf(SEVERITIES, "all");
const ALL = flag();

/** The maximum that the console's server returns. */
const MAX_MESSAGES = 1000;

/** `/alerts`: active alerts, error budgets, sent alerts, and rules. */
export default function Alerts() {
  useTitle("Alerts");
  const [search, setSearch] = useUrlState("q", TEXT);
  const [severity, setSeverity] = useUrlState("severity", SEVERITY);
  const [all, setAll] = useUrlState("all", ALL);
  const polling = { refetchInterval: REFETCH_MS };
  const rules = useQuery({ queryKey: ["rules"], queryFn: ({ signal }) => listRules(signal), ...polling });
  const alertmanagerAlerts = useQuery({
    queryKey: ["alertmanager-alerts"],
    queryFn: ({ signal }) => listAlertmanagerAlerts(signal),
    ...polling,
  });
  const slos = useQuery({ queryKey: ["slos"], queryFn: ({ signal }) => listSlos(signal), ...polling });
  const messages = all ? MAX_MESSAGES : 200;
  const inbox = useQuery({
    queryKey: ["inbox", messages],
    queryFn: ({ signal }) => listInbox(messages, signal),
    ...polling,
  });
  const now = useNow(1000);

  const filter = { text: search, severity };
  const filtered = search.trim() !== "" || severity !== "all";
  const active = activeAlerts(rules.data ?? [], alertmanagerAlerts.data);
  const shown = active.filter(({ labels, annotations }) => matches(filter, labels, annotations.summary));
  const sentAlerts = sentAlertsOf(inbox.data?.alerts ?? [], alertmanagerAlerts.data).filter(
    ({ labels, annotations }) => matches(filter, labels, annotations.summary),
  );
  const groups = (rules.data ?? [])
    .map((group) => ({
      ...group,
      rules: group.rules.filter(({ name, labels, annotations }) =>
        matches(filter, { ...labels, alertname: name }, annotations.summary),
      ),
    }))
    .filter((group) => group.rules.length > 0);

  return (
    <section className="page alerts">
      <h1>Alerts</h1>
      <div className="tiles">
        <FiringTile active={active} known={rules.data !== undefined} />
        <BudgetTile slos={slos.data} />
        <HeartbeatTile at={inbox.data?.heartbeatAt} now={now} />
      </div>
      <search className="alert-filter">
        <SearchField
          label="Filter"
          placeholder="name, service or objective"
          value={search}
          onChange={(value) => setSearch(value, { replace: true })}
        />
        <fieldset className="field severity-field">
          <legend className="label">Severity</legend>
          <div className="segments">
            {SEVERITIES.map((each) => (
              <button
                key={each}
                type="button"
                className="button"
                aria-pressed={each === severity}
                onClick={() => setSeverity(each)}
              >
                {each}
              </button>
            ))}
          </div>
        </fieldset>
      </search>

      <section aria-labelledby="firing-title" className="alert-section">
        <h2 id="firing-title">Active</h2>
        {rules.error && <Problem error={rules.error} title="The firing alerts are not available." />}
        {rules.isPending && <p className="muted">Loading…</p>}
        {rules.data && <Firing alerts={shown} filtered={filtered && active.length > 0} now={now} />}
        <p className="visually-hidden" role="status">
          {rules.data && announcement(active)}
        </p>
      </section>

      <section aria-labelledby="budgets-title" className="alert-section">
        <h2 id="budgets-title">Error budgets</h2>
        {slos.error && <Problem error={slos.error} title="The error budgets are not available." />}
        {slos.data && (
          <Budgets
            slos={slos.data.filter(({ name, service }) =>
              matches({ ...filter, severity: "all" }, { slo: name, service_name: service }),
            )}
          />
        )}
      </section>

      <section aria-labelledby="sent-title" className="alert-section">
        <h2 id="sent-title">Sent</h2>
        {inbox.error && <Problem error={inbox.error} title="The inbox cannot be read." />}
        {alertmanagerAlerts.error && (
          <Problem error={alertmanagerAlerts.error} title="Alertmanager's alerts are not available." />
        )}
        {all && (inbox.data?.alerts.length ?? 0) >= MAX_MESSAGES && (
          <p className="muted">
            The newest {MAX_MESSAGES.toLocaleString("en")} stored alerts are shown; older ones are in the
            inbox: <code>npx lab alerts -n 10000</code>.
          </p>
        )}
        {inbox.data && (
          <Sent
            alerts={sentAlerts}
            incompleteGroups={inbox.data.incompleteGroups}
            all={all}
            onAll={setAll}
            now={now}
          />
        )}
      </section>

      <section aria-labelledby="rules-title" className="alert-section">
        <h2 id="rules-title">Rules</h2>
        {rules.data && <Rules groups={groups} open={filtered && groups.length <= 3} now={now} />}
        {rules.data && groups.length === 0 && <p className="muted">No rule matches the filter.</p>}
      </section>
    </section>
  );
}

function announcement(active: readonly ActiveGroup[]): string {
  const firing = active.filter(({ state }) => state === "firing");
  return firing.length === 0
    ? "No alert is firing."
    : `Firing: ${firing.map(({ annotations, name }) => annotations.summary ?? name).join("; ")}.`;
}
