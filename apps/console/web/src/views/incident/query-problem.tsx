import { Problem } from "../../app/problem.tsx";

/** What could not be asked, in the place of what it would have been. */
export const QueryProblem = ({ error, what }: { error: Error | null; what: string }) =>
  error && <Problem error={error} title={`${what}: no data.`} />;
