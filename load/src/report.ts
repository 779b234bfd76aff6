export { htmlReport } from "./report/html.ts";
export { markdownReport } from "./report/markdown.ts";
