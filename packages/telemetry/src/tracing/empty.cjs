// Replaces a package that is not loaded (require-without.ts).
