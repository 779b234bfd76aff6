/** Matches the levels of errors: `{level=~"…"}`. */
export const ERROR_LEVELS = "error|critical";

/**
 * A line of our services (JSON) in a readable form: service, message, route, result, duration. A line that is not JSON
 * (of a service that sends by OTLP) stays as it is. Labels and structured metadata stay, including `trace_id`.
 */
export const READABLE_LINE = [
  '| json msg="msg", method="method", path="path", rpc_method="rpc_method", status="status", code="rpc_response_status_code", ms="duration_ms", error="err.message"',
  "| drop __error__, __error_details__",
  "| line_format `{{ if .msg }}{{ .service_name }}: {{ .msg }} {{ .method }}{{ .rpc_method }} {{ .path }} {{ .status }}{{ .code }}{{ if .ms }} {{ .ms }} ms{{ end }} {{ .error }}{{ else }}{{ __line__ }}{{ end }}`",
].join("\n");

/**
 * Adds the label `message`: the message of a line without values that differ between requests; for a line that is not
 * JSON, its beginning.
 */
export const MESSAGE_LABEL = [
  '| json msg="msg", error="err.message"',
  "| drop __error__, __error_details__",
  "| label_format message=`{{ if .msg }}{{ .msg }}{{ if .error }}: {{ .error }}{{ end }}{{ else }}{{ __line__ | trunc 120 }}{{ end }}`",
].join("\n");
