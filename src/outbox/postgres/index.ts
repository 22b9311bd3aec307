export type { SecretKey as SealingKey } from '../../core/secret-key.js';
export type { SqlClient, TransactionalOutbox } from '../outbox.js';
export {
  type DrizzleLike,
  fromDrizzle,
  fromKnex,
  fromKysely,
  fromPrisma,
  type KnexLike,
  type KyselyLike,
  type PrismaLike,
} from './adapters.js';
export { createPostgresOutbox, type PostgresOutbox, type PostgresOutboxOptions } from './outbox.js';
export { type PostgresSchemaOptions, postgresSchema } from './schema.js';
