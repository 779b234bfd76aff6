import { renderTextPanelMarkdown, textUtil } from "@grafana/data";
import { useMemo } from "react";
import { readText } from "../../app/json.ts";
import type { PanelProps } from "./types.ts";

/** The maximum number of rendered characters. */
const MAX_CHARACTERS = 100_000;

/** Shows Markdown, HTML or code from the dashboard. HTML is sanitized, because dashboard files are untrusted. */
export function TextPanel({
  panel,
  replaceVariables,
  height,
}: Pick<PanelProps, "panel" | "replaceVariables" | "height">) {
  const { mode, content } = panel.options;
  const html = useMemo(() => {
    const fullText = readText(content);
    const more = fullText.length - MAX_CHARACTERS;
    const note = more > 0 ? `\n\n… (${more.toLocaleString("en")} more characters are not shown)` : "";
    const source = replaceVariables(fullText.slice(0, MAX_CHARACTERS)) + note;
    return textUtil.sanitize(mode === "html" ? source : renderTextPanelMarkdown(source));
  }, [mode, content, replaceVariables]);
  if (mode === "code") return <pre className="text-panel">{replaceVariables(readText(content))}</pre>;
  return (
    // biome-ignore lint/security/noDangerouslySetInnerHtml: sanitized by Grafana's own rules, and the policy runs no inline script
    <div className="text-panel" style={{ maxHeight: height }} dangerouslySetInnerHTML={{ __html: html }} />
  );
}
