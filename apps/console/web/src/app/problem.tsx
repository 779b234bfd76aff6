/** What went wrong, in the place of what should be there. */
export function Problem({ error, title }: { error: Error; title?: string }) {
  return (
    <div className="problem" role="alert">
      {title && <strong>{title}</strong>}
      <span>{error.message}</span>
    </div>
  );
}
