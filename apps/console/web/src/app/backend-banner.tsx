import { useQuery } from "@tanstack/react-query";
import { type Backend, readBackends } from "../api/console.ts";

const EVERY_MS = 5000;

/** Says which backend is down, what that means and how it comes back. Nothing when all is well. */
export function BackendBanner() {
  const { data, error } = useQuery({
    queryKey: ["backends"],
    queryFn: ({ signal }) => readBackends(signal),
    refetchInterval: EVERY_MS,
    refetchOnWindowFocus: true,
  });
  const down = (data ?? []).filter(({ up }) => !up);
  return (
    <div role="status" className="banners">
      {error && <p className="banner">{error.message}</p>}
      {!error && down.map((backend) => <Down key={backend.name} {...backend} />)}
    </div>
  );
}

function Down({ name, problem, fix }: Backend) {
  return (
    <p className="banner" data-backend={name}>
      <strong>{name} is down.</strong> {problem} {fix && <code>{fix}</code>}
    </p>
  );
}
