const PATIENCE_MS = 500;

/** Whether Grafana answers at this address, within half a second. */
export async function grafanaRuns(address: string): Promise<boolean> {
  try {
    const answer = await fetch(`${address}/api/health`, {
      signal: AbortSignal.timeout(PATIENCE_MS),
      redirect: "error",
    });
    await answer.body?.cancel();
    return answer.ok;
  } catch {
    return false; // most clones have no Grafana; that is no error
  }
}
