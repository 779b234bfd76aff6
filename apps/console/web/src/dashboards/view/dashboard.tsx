import { type MouseEvent, useCallback, useMemo, useState } from "react";
import { useNavigate } from "react-router";
import { useBands } from "../hooks/use-bands.ts";
import { useDashboardTime } from "../hooks/use-time.ts";
import { useVariables } from "../hooks/use-variables.ts";
import { consoleUrl, isView } from "../links/url.ts";
import type { Dashboard, Section } from "../model/dashboard.ts";
import type { Scope } from "../queries/context.ts";
import { arranged, unrepeated } from "./arrange.ts";
import { GrafanaRoot } from "./grafana-root.tsx";
import { PanelFrame, type PanelFrameProps } from "./panel-frame.tsx";
import { Toolbar } from "./toolbar.tsx";

/** Draws a dashboard. */
export function DashboardView({ dashboard }: { readonly dashboard: Dashboard }) {
  const time = useDashboardTime(dashboard);
  const variables = useVariables(dashboard, time.range);
  const scope = useMemo<Scope>(
    () => ({ dashboard, variables, range: time.range }),
    [dashboard, variables, time.range],
  );
  const { bands, remarks } = useBands(scope);
  const onLink = useConsoleLinks();
  const { setRange } = time;
  const zoom = useCallback(
    (from: number, to: number) => setRange(String(Math.round(from)), String(Math.round(to))),
    [setRange],
  );
  let place = 0;
  return (
    <GrafanaRoot>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: only handles clicks on links inside it */}
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: Enter on a link is a click */}
      <div className="dashboard" onClick={onLink}>
        <Toolbar scope={scope} time={time} />
        {[...dashboard.remarks, ...remarks].map((remark) => (
          <p key={remark} className="problem">
            {remark}
          </p>
        ))}
        {dashboard.sections.length === 0 && <p className="empty">This dashboard has no panels.</p>}
        {dashboard.sections.map((section) => {
          const first = place;
          place += section.panels.length;
          return (
            <SectionView
              key={section.key}
              section={section}
              first={first}
              scope={scope}
              bands={bands}
              onZoom={zoom}
            />
          );
        })}
      </div>
    </GrafanaRoot>
  );
}

interface SectionProps extends Pick<PanelFrameProps, "scope" | "bands" | "onZoom"> {
  readonly section: Section;
  /** The number of panels above the section. */
  readonly first: number;
}

function SectionView({ section, first, scope, bands, onZoom }: SectionProps) {
  const [open, setOpen] = useState(!section.collapsed);
  const panels = useMemo(() => arranged(section.panels, scope.variables), [section, scope.variables]);
  const remarks = useMemo(() => unrepeated(section.panels, scope.variables), [section, scope.variables]);
  return (
    <section className="dashboard-section">
      {section.hasHeading && (
        <h2>
          <button type="button" aria-expanded={open} onClick={() => setOpen(!open)}>
            <span aria-hidden="true">{open ? "▾" : "▸"}</span> {section.title || "Row"}
          </button>
        </h2>
      )}
      {open &&
        remarks.map((remark) => (
          <p key={remark} className="problem">
            {remark}
          </p>
        ))}
      {open && (
        <div className="dashboard-grid">
          {panels.map((one, index) => (
            <PanelFrame
              key={one.key}
              at={one}
              place={first + index}
              scope={scope}
              bands={bands}
              onZoom={onZoom}
            />
          ))}
        </div>
      )}
    </section>
  );
}

/**
 * Returns a click handler for all links of a dashboard, including those in tooltips. Links to views of the console are
 * opened without a page load, and unsafe links are not followed.
 */
function useConsoleLinks() {
  const navigate = useNavigate();
  return useCallback(
    (event: MouseEvent) => {
      const anchor = (event.target as Element).closest?.("a[href]");
      if (!anchor || event.defaultPrevented || event.button !== 0) return;
      const href = consoleUrl(anchor.getAttribute("href") ?? "", location.origin);
      if (href === undefined) return event.preventDefault();
      if (event.metaKey || event.ctrlKey || event.shiftKey || anchor.getAttribute("target") === "_blank")
        return;
      if (!isView(href)) return;
      event.preventDefault();
      void navigate(href);
    },
    [navigate],
  );
}
