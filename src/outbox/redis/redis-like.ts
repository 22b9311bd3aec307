/** An `ioredis` client of one server or of a cluster, as far as the outbox uses it. */
export interface IoredisLike {
  call(command: string, args: string[]): Promise<unknown>;
}

/** A `redis` (node-redis) client, cluster or pool, as far as the outbox uses it. */
export interface NodeRedisLike {
  evalSha(sha1: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
}

/** A client of either package. It stays yours: the outbox neither connects nor closes it. */
export type RedisLike = IoredisLike | NodeRedisLike;
