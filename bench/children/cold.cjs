// As cold.mjs, for CommonJS.
const subjects = require('./first-request.cjs');

const startedAt = process.hrtime.bigint();
const before = process.cpuUsage();
const { subject, ...config } = JSON.parse(process.argv[2]);
subjects[subject](require, config).then(() => {
  const { user, system } = process.cpuUsage(before);
  const wallMs = Number(process.hrtime.bigint() - startedAt) / 1e6;
  console.log(JSON.stringify({ wallMs, cpuMs: (user + system) / 1000 }));
  process.exit();
});
