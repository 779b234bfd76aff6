// Stands for a package that is not loaded: see require-without.ts.
