import { serviceStyle } from "./services.ts";

/** Shows an error instead of data. */
export function Problem({ error, title }: { error: Error; title?: string }) {
  return (
    <div className="problem" role="alert">
      {title && <strong>{title}</strong>}
      <span>{error.message}</span>
    </div>
  );
}

/** Shows the error of a query, if any. `what` names the missing data. */
export const QueryProblem = ({ error, what }: { error: Error | null; what: string }) =>
  error && <Problem error={error} title={`${what}: no data.`} />;

/** Shows the name of a service in its colour, or nothing if the name is empty. */
export function ServiceName({ name = "" }: { name: string | undefined }) {
  if (!name) return null;
  return (
    <span className="service" style={serviceStyle(name)}>
      {name}
    </span>
  );
}
