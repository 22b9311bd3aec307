/** The part of an `ioredis` client, of one server or a cluster, that the outbox uses. */
export interface IoredisLike {
  call(command: string, args: string[]): Promise<unknown>;
}

/** The part of a `redis` (node-redis) client, cluster or pool that the outbox uses. */
export interface NodeRedisLike {
  evalSha(sha1: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
}

/** A client of either package. The outbox neither connects nor closes it. */
export type RedisLike = IoredisLike | NodeRedisLike;
