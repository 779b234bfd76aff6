/** Replaces @grafana/ui's code editor, which the console does not use (see vite.stubs.ts). */
const nothing = () => null;

export default nothing;
export const loader = { config: nothing, init: nothing };
export const useMonaco = nothing;
export const languages = {};
export const editor = {};
