import { useEffect } from "react";

/** What the browser's tab says: `Traces · lgtm-lab`. */
export function useTitle(title: string) {
  useEffect(() => {
    document.title = `${title} · lgtm-lab`;
  }, [title]);
}
