import type { Request } from 'express';
import { z } from 'zod';
import type { VisitorInput } from './packages.js';

const sessionCookie = z.object({ sid: z.string() });

/** Who a request comes from: the browser SDK left the visitor in one cookie and the session in another. */
export function browserVisitor(request: Request): VisitorInput {
  const cookies = request.headers.cookie ?? '';
  return {
    userId: readCookie(cookies, 'ours_device_id'),
    sessionId: readSession(readCookie(cookies, '_cord_sdk_data')),
    ip: request.ip,
    userAgent: request.get('user-agent'),
    url: `${request.protocol}://${request.host}${request.originalUrl}`,
  };
}

/** `{"sid":"sid_1732398000000", …}` */
function readSession(json: string | undefined): string | undefined {
  try {
    return sessionCookie.safeParse(JSON.parse(json ?? '')).data?.sid;
  } catch {
    return undefined;
  }
}

function readCookie(header: string, name: string): string | undefined {
  for (const pair of header.split('; ')) {
    if (pair.startsWith(`${name}=`)) return decode(pair.slice(name.length + 1)) || undefined;
  }
  return undefined;
}

/** Anybody can send any cookie: one that does not decode is none. */
function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
