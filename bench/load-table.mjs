import { fixed, whole } from './measure.mjs';

export const LOAD_HEADER = [
  'subject',
  'enqueue µs',
  'CPU µs/event',
  'events/s',
  'peak RSS MB',
  'stall max ms',
  'sockets',
  'requests',
  'received',
];

/** A result of {@link runLoad} as a row below {@link LOAD_HEADER}. */
export function loadRow(name, result) {
  const { enqueueUs, cpuUs, perSecond, rssMb, stallMs, sockets, requests, received, lost } = result;
  const share = lost > 0 ? `${fixed((100 * received) / (received + lost), 0)} %` : 'all';
  return [
    name,
    fixed(enqueueUs, 2),
    fixed(cpuUs, 2),
    whole(perSecond),
    fixed(rssMb, 0),
    fixed(stallMs),
    sockets,
    whole(requests),
    share,
  ];
}
