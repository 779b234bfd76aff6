import { renderTextPanelMarkdown, textUtil } from "@grafana/data";
import { useMemo } from "react";
import { text } from "../model/read.ts";
import type { PanelProps } from "./types.ts";

/** A text of the dashboard's author. Whatever could run is taken out. */
export function TextPanel({
  panel,
  replaceVariables,
  height,
}: Pick<PanelProps, "panel" | "replaceVariables" | "height">) {
  const { mode, content } = panel.options;
  const html = useMemo(() => {
    const source = replaceVariables(text(content).slice(0, 100_000));
    return textUtil.sanitize(mode === "html" ? source : renderTextPanelMarkdown(source));
  }, [mode, content, replaceVariables]);
  if (mode === "code") return <pre className="text-panel">{replaceVariables(text(content))}</pre>;
  return (
    // biome-ignore lint/security/noDangerouslySetInnerHtml: sanitized by Grafana's own rules, and the policy runs no inline script
    <div className="text-panel" style={{ maxHeight: height }} dangerouslySetInnerHTML={{ __html: html }} />
  );
}
