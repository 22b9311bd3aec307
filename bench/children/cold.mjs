// Prints the wall and the CPU time, in milliseconds, from here to the first answer. The clock has started before any module
// that belongs to the subject is loaded. Without an IPC channel, which would load modules too.
import subjects from './first-request.cjs';

const startedAt = process.hrtime.bigint();
const before = process.cpuUsage();
const { subject, ...config } = JSON.parse(process.argv[2]);
await subjects[subject]((name) => import(name), config);
const { user, system } = process.cpuUsage(before);
const wallMs = Number(process.hrtime.bigint() - startedAt) / 1e6;
console.log(JSON.stringify({ wallMs, cpuMs: (user + system) / 1000 }));
process.exit();
