import { loadSqlite } from '../../src/sqlite/load-sqlite.js';

// Writes to a database with a write-ahead log, and dies with it open.
const [file = '', sql = ''] = process.argv.slice(2);
const database = new (loadSqlite())(file);
database.exec(`PRAGMA journal_mode = WAL; ${sql}`);
process.kill(process.pid, 'SIGKILL');
