// An empty module. The resolve hook in metapackages.ts returns its URL, so it must be a file.
