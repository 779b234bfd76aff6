// An empty module. The resolve hook in packages.ts returns its URL, so it must be a file.
