/** The name and version of this package: `defaultProperties.version` of every event, and the start of `User-Agent`. */
export const LIBRARY = 'ours-ingest/0.1.0';
