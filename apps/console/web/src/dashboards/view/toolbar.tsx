import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { listDashboards } from "../../api/console.ts";
import type { DashboardTime } from "../hooks/use-time.ts";
import { linkUrl } from "../links/link-url.ts";
import { replacer } from "../links/replace.ts";
import type { Link as DashboardLink } from "../model/link.ts";
import type { Scope } from "../queries/context.ts";
import { Menu } from "./menu.tsx";
import { TimeControls } from "./time-controls.tsx";
import { VariableControl } from "./variable-control.tsx";

/** Shows the dashboard's title, variables and links, and the time controls. */
export function Toolbar({ scope, time }: { readonly scope: Scope; readonly time: DashboardTime }) {
  const { dashboard, variables } = scope;
  const replace = useMemo(() => replacer(scope), [scope]);
  const shown = variables.filter(({ variable }) => !variable.hidden && variable.type !== "other");
  return (
    <header className="dashboard-toolbar">
      <div className="dashboard-title">
        <h1>{dashboard.title}</h1>
        {dashboard.description && <p className="muted">{dashboard.description}</p>}
      </div>
      <div className="dashboard-controls">
        {shown.map((state) => (
          <VariableControl key={state.variable.name} state={state} />
        ))}
        <span className="spring" />
        {dashboard.links.map((link) =>
          link.type === "dashboards" ? (
            <OtherDashboards key={link.title} link={link} scope={scope} />
          ) : (
            <SingleLink key={`${link.title}-${link.url}`} link={link} url={linkUrl(link, replace, scope)} />
          ),
        )}
        <TimeControls time={time} timeZone={dashboard.timezone} />
      </div>
    </header>
  );
}

function SingleLink({ link, url }: { readonly link: DashboardLink; readonly url: string | undefined }) {
  if (!url) return null;
  return (
    <a
      className="button"
      href={url}
      title={link.tooltip || undefined}
      {...(link.targetBlank && { target: "_blank", rel: "noreferrer" })}
    >
      {link.title}
    </a>
  );
}

/** Shows a menu of the dashboards that have the link's tags. */
function OtherDashboards({ link, scope }: { readonly link: DashboardLink; readonly scope: Scope }) {
  const { data = [] } = useQuery({
    queryKey: ["dashboards"],
    queryFn: ({ signal }) => listDashboards(signal),
    staleTime: 30_000,
  });
  const others = data.filter(
    ({ tags, uid }) => uid !== scope.dashboard.uid && link.tags.every((tag) => tags.includes(tag)),
  );
  if (others.length === 0) return null;
  return (
    <Menu label={link.title}>
      {others.map(({ uid, title }) => (
        <a key={uid} href={linkUrl({ ...link, url: `/d/${encodeURIComponent(uid)}` }, (text) => text, scope)}>
          {title}
        </a>
      ))}
    </Menu>
  );
}
