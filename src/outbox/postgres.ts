export type { SecretKey as SealingKey } from '../secret-key.js';
export type { SqlClient, TransactionalOutbox } from './outbox.js';
export {
  type DrizzleLike,
  fromDrizzle,
  fromKnex,
  fromKysely,
  fromPrisma,
  type KnexLike,
  type KyselyLike,
  type PrismaLike,
} from './postgres/adapters.js';
export { createPostgresOutbox, type PostgresOutbox, type PostgresOutboxOptions } from './postgres/outbox.js';
export { type PostgresSchemaOptions, postgresSchema } from './postgres/schema.js';
