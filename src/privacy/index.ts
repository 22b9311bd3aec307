export type { Guard, GuardRefusal } from '../client/options.js';
export { createGuard, type GuardOptions } from './guard.js';
export type { NameList } from './name-list.js';
