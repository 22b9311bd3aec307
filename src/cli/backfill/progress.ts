import { count } from '../../core/counts.js';
import { durationInWords } from '../amounts.js';
import type { CommandContext } from '../command.js';

const LINE_EVERY_MS = 5_000;
const FRAME_EVERY_MS = 100;

export interface ProgressOptions {
  /** The activity: `sending`. */
  readonly doing: string;
  readonly unit: string;
  readonly total: number;
  /** The amount that is done. */
  readonly done: () => number;
}

/** Shows progress. Its timer also keeps the process alive, unlike the client's timers. */
export interface Progress {
  /** Writes a line above the progress. */
  say(line: string): void;
  stop(): void;
}

/** A bar on a terminal, a line every few seconds elsewhere. */
export async function startProgress(options: ProgressOptions, context: CommandContext): Promise<Progress> {
  const { terminal, warn } = context;
  const { doing, unit, total, done } = options;
  const startedAt = performance.now();
  const pace = (): string => {
    const perMs = done() / (performance.now() - startedAt);
    const left = perMs > 0 ? `, ${durationInWords((total - done()) / perMs)} left` : '';
    return `${count(Math.round(perMs * 1_000))} ${unit}/s${left}`;
  };

  if (terminal === undefined) {
    const say = (): void => warn(`${doing}: ${count(done())} of ${count(total)} ${unit}, ${pace()}`);
    const timer = setInterval(say, LINE_EVERY_MS);
    return { say: warn, stop: () => clearInterval(timer) };
  }

  const { default: cliProgress } = await import('cli-progress');
  const bar = new cliProgress.SingleBar({
    stream: terminal,
    format: `${doing} [{bar}] {percentage}% of ${count(total)} ${unit}, {pace}`,
    barsize: 24,
    clearOnComplete: true,
    // The command handles signals itself.
    gracefulExit: false,
    forceRedraw: true,
  });
  bar.start(total, done(), { pace: pace() });
  const timer = setInterval(() => bar.update(done(), { pace: pace() }), FRAME_EVERY_MS);
  return {
    say(line) {
      // Overwrites the bar, which is drawn again below.
      terminal.write('\r\u001B[K');
      warn(line);
    },
    stop() {
      clearInterval(timer);
      bar.stop();
    },
  };
}
