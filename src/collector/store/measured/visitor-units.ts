import { expose } from '../../measuring/exposures.js';
import type { ImpressionEntry } from '../../measuring/measured-log.js';
import { createSessions } from '../../measuring/sessions.js';
import type { Definition } from './definitions.js';

/** An impression of a visitor. */
export interface SeenImpression {
  readonly number: number;
  readonly time: number;
  readonly received_at: number;
  readonly experiment: string;
  /** The id of the variant. */
  readonly variant: string;
  /** Its own session or the one that it joined; `null` for none. */
  readonly sid: string | null;
}

/** One exposure of a session, as it is stored. */
export interface StoredExposure {
  readonly experiment: string;
  /** Empty for an impression that joined no session. */
  readonly sid: string;
  readonly since: number;
  /** The start of the session's next exposure. */
  readonly until: number;
  /** The place of the run it happened in. */
  readonly run: number;
  /** The id of the session's variant. */
  readonly variant: string;
  /** The number of the impression that began it. */
  readonly impression: number;
}

/** A counted session: its exposures in order of time. */
export type StoredUnit = readonly [StoredExposure, ...StoredExposure[]];

/** The end of what has no end. SQLite has no infinite integers. */
export const NEVER: number = Number.MAX_SAFE_INTEGER;

const NO_SESSIONS = createSessions();
const NO_WARNING = (): void => {};
const VISITOR = 0;

/** The counted sessions of one visitor in one experiment, by the measuring rules. */
export function unitsOf(impressions: readonly SeenImpression[], definition: Definition): StoredUnit[] {
  const names = new Map(definition.variants.map(({ id, name }) => [id, name]));
  const ids = new Map(definition.variants.map(({ id, name }) => [name, id]));
  const known = impressions.filter(({ variant }) => names.has(variant));
  const log = known.map((impression) => toEntry(impression, names.get(impression.variant)!));
  const experiment = { ...definition, key: '', primary: '', secondary: [], variants: [...names.values()] };
  const { units } = expose(log, experiment, VISITOR, [...log.keys()], NO_SESSIONS, NO_WARNING);
  return units.map(({ variant, exposures }) => {
    const stored = exposures.map(({ since, impression }, place): StoredExposure => {
      return {
        experiment: definition.id,
        sid: known[impression]!.sid ?? '',
        since,
        until: exposures[place + 1]?.since ?? NEVER,
        run: definition.runs.findIndex(([from, to]) => since >= from && since < to),
        variant: ids.get(variant)!,
        impression: known[impression]!.number,
      };
    });
    return stored as [StoredExposure, ...StoredExposure[]];
  });
}

function toEntry({ time, received_at: receivedAt, sid }: SeenImpression, variant: string): ImpressionEntry {
  return { kind: 'impression', time, receivedAt, visitors: [''], sid: sid ?? undefined, experiment: '', variant };
}

/** Groups stored exposures, in order of time, by experiment and session. */
export function groupUnits(exposures: readonly StoredExposure[]): Map<string, StoredUnit> {
  const units = new Map<string, [StoredExposure, ...StoredExposure[]]>();
  for (const exposure of exposures) {
    const key = keyOf(exposure);
    const unit = units.get(key);
    if (unit === undefined) units.set(key, [exposure]);
    else unit.push(exposure);
  }
  return units;
}

/** Tells the units of a visitor apart. An impression without a session is a unit of its own. */
export function keyOf({ experiment, sid, impression }: StoredExposure): string {
  return sid === '' ? `${experiment}\n\n${impression}` : `${experiment}\n${sid}`;
}

export function areEqual(one: StoredUnit, other: StoredUnit): boolean {
  return (
    one.length === other.length &&
    one.every((exposure, place) => {
      const { since, until, run, variant, impression } = other[place]!;
      return (
        exposure.since === since &&
        exposure.until === until &&
        exposure.run === run &&
        exposure.variant === variant &&
        exposure.impression === impression
      );
    })
  );
}
