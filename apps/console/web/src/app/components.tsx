import { serviceStyle } from "./services.ts";

/** Shows an error in the place of the data. */
export function Problem({ error, title }: { error: Error; title?: string }) {
  return (
    <div className="problem" role="alert">
      {title && <strong>{title}</strong>}
      <span>{error.message}</span>
    </div>
  );
}

/** Shows the error of a query, if there is one. `what` names the data that is missing. */
export const QueryProblem = ({ error, what }: { error: Error | null; what: string }) =>
  error && <Problem error={error} title={`${what}: no data.`} />;

/** The name of a service in its colour. Nothing without a name. */
export function ServiceName({ name = "" }: { name: string | undefined }) {
  if (!name) return null;
  return (
    <span className="service" style={serviceStyle(name)}>
      {name}
    </span>
  );
}
