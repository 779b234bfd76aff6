import { linkUrl } from "../links/link-url.ts";
import type { Link } from "../model/link.ts";
import type { Scope } from "../queries/context.ts";

interface PanelLinksProps {
  readonly links: readonly Link[];
  readonly replace: (text: string) => string;
  readonly scope: Scope;
}

/** Shows the links of a panel. */
export function PanelLinks({ links, replace, scope }: PanelLinksProps) {
  return (
    <span className="panel-links">
      {links.map((link) => {
        const url = linkUrl(link, replace, scope);
        return (
          url && (
            <a
              key={`${link.title}-${url}`}
              href={url}
              {...(link.targetBlank && { target: "_blank", rel: "noreferrer" })}
            >
              {replace(link.title)}
            </a>
          )
        );
      })}
    </span>
  );
}
