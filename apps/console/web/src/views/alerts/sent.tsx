import type { IncompleteGroup } from "../../api/alerts.ts";
import { ServiceName } from "../../app/components.tsx";
import { clock, elapsed } from "../../app/format.ts";
import { SafeLink } from "../../app/safe-link.tsx";
import { SeverityBadge, StateBadge } from "./badges.tsx";
import type { SentAlert } from "./sent-alerts.ts";

const MAX_ROWS = 15;
const STATE_WORDS: Readonly<Record<SentAlert["state"], string>> = {
  firing: "firing",
  resolved: "resolved",
  waiting: "not sent yet",
  suppressed: "suppressed",
  gone: "end unknown",
};

interface Props {
  readonly alerts: readonly SentAlert[];
  readonly incompleteGroups: readonly IncompleteGroup[];
  readonly all: boolean;
  readonly onAll: (all: boolean) => void;
  readonly now: number;
}

/** Lists the alerts that were sent to the console's inbox, newest first. */
export function Sent({ alerts, incompleteGroups, all, onAll, now }: Props) {
  const shown = all ? alerts : alerts.slice(0, MAX_ROWS);
  return (
    <>
      {incompleteGroups.map(({ groupLabels, missing, receivedAt }) => (
        <p key={JSON.stringify(groupLabels)} className="muted" data-testid="incomplete-group">
          {missing.toLocaleString("en")} more {missing === 1 ? "alert" : "alerts"} of the group{" "}
          {Object.entries(groupLabels)
            .map(([name, value]) => `${name}="${value}"`)
            .join(", ")}{" "}
          {missing === 1 ? "is" : "are"} not stored, because a message or the inbox had a limit (received{" "}
          {clock(receivedAt, now)}).
        </p>
      ))}
      <div className="table-scroll card sent">
        <table className="table" data-testid="sent">
          <thead>
            <tr>
              <th>State</th>
              <th>Alert</th>
              <th>Service</th>
              <th>Severity</th>
              <th>Fired</th>
              <th>Sent after</th>
              <th>Duration</th>
              <th>
                <span className="visually-hidden">Links</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map((alert) => (
              <Row key={alert.id} alert={alert} now={now} />
            ))}
          </tbody>
        </table>
        {alerts.length === 0 && (
          <p className="empty">No alert has been sent yet. Alerts appear here when they fire.</p>
        )}
      </div>
      {alerts.length > MAX_ROWS && (
        <button type="button" className="button" onClick={() => onAll(!all)}>
          {all ? "Show the newest only" : `Show all (the newest ${MAX_ROWS} are shown)`}
        </button>
      )}
    </>
  );
}

function Row({ alert, now }: { alert: SentAlert; now: number }) {
  const { labels, annotations, state, startsAt, firedAt, endsAt, resolvedAt, source } = alert;
  const end = endsAt ?? resolvedAt ?? (state === "gone" ? undefined : now);
  return (
    <tr data-state={state}>
      <td data-label="State">
        <StateBadge state={state}>{STATE_WORDS[state]}</StateBadge>
      </td>
      <td data-label="Alert" className="sent-alert">
        <strong>{labels.alertname}</strong>
        {source === "grafana" && <span className="badge">Grafana</span>}
        <span className="muted">
          {annotations.summary}
          {labels.window && ` (${labels.window})`}
        </span>
      </td>
      <td data-label="Service">
        <ServiceName name={labels.service_name} />
      </td>
      <td data-label="Severity">
        <SeverityBadge severity={labels.severity} />
      </td>
      <td data-label="Fired" className="nowrap number-left">
        <time dateTime={new Date(startsAt).toISOString()}>{clock(startsAt, now)}</time>
      </td>
      <td data-label="Sent after" className="nowrap number-left">
        {firedAt === undefined ? "–" : elapsed(firedAt - startsAt)}
      </td>
      <td data-label="Duration" className="nowrap number-left">
        {end === undefined ? "–" : elapsed(end - startsAt)}
        {state === "firing" && " so far"}
      </td>
      <td className="alert-links">
        <SafeLink href={annotations.runbook_url}>Runbook</SafeLink>
        <SafeLink href={alert.generatorURL || undefined}>Expression</SafeLink>
      </td>
    </tr>
  );
}
