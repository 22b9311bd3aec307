// What an application writes with decorators; the tests are compiled without them.
import 'reflect-metadata';
import type { Type } from '@nestjs/common';

type Method = (target: object, key: string, descriptor: PropertyDescriptor) => unknown;
type Parameter = (target: object, key: string, index: number) => unknown;

/** Decorates a method, and its parameters in their order. */
export function decorate(
  type: Type,
  name: string,
  methods: readonly unknown[],
  parameters: readonly unknown[] = [],
): void {
  const { prototype } = type;
  for (const [index, parameter] of parameters.entries()) (parameter as Parameter)(prototype, name, index);
  const descriptor = Object.getOwnPropertyDescriptor(prototype, name)!;
  for (const method of methods) (method as Method)(prototype, name, descriptor);
}

/** Decorates the parameters of a constructor. */
export function decorateConstructor(type: Type, decorators: readonly unknown[]): void {
  for (const [index, decorator] of decorators.entries()) {
    (decorator as (target: Type, key: undefined, index: number) => unknown)(type, undefined, index);
  }
}
