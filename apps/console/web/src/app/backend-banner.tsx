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
      <strong>{name} is down.</strong> {problem} {fix && <WithCode text={fix} />}
    </p>
  );
}

/** A sentence in which what stands between backticks is a command. */
function WithCode({ text }: { readonly text: string }) {
  return text.split("`").map((part, index) => {
    const key = `${index} ${part}`;
    return index % 2 === 1 ? <code key={key}>{part}</code> : <span key={key}>{part}</span>;
  });
}
