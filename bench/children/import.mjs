// Prints how long the first import of a module takes, in milliseconds. Imports nothing itself.
const startedAt = performance.now();
await import(process.argv[2]);
process.stdout.write(String(performance.now() - startedAt));
