/** Matches the levels of errors: `{level=~"…"}`. */
export const ERROR_LEVELS = "error|critical";

/**
 * A line of our services (JSON) in a readable form: service, message, route, result, duration. A line that is not JSON
 * (of a service that sends by OTLP) stays as it is. All labels stay too, `trace_id` among them.
 */
export const READABLE = [
  '| json msg="msg", method="method", path="path", rpc_method="rpc_method", status="status", code="rpc_response_status_code", ms="duration_ms", error="err.message"',
  "| drop __error__, __error_details__",
  "| line_format `{{ if .msg }}{{ .service_name }}: {{ .msg }} {{ .method }}{{ .rpc_method }} {{ .path }} {{ .status }}{{ .code }}{{ if .ms }} {{ .ms }} ms{{ end }} {{ .error }}{{ else }}{{ __line__ }}{{ end }}`",
].join("\n");

/** The message of a line without values that differ between requests; the beginning of a line that is not JSON. */
export const MESSAGE = [
  '| json msg="msg", error="err.message"',
  "| drop __error__, __error_details__",
  "| label_format message=`{{ if .msg }}{{ .msg }}{{ if .error }}: {{ .error }}{{ end }}{{ else }}{{ __line__ | trunc 120 }}{{ end }}`",
].join("\n");
