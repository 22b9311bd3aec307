import { count } from '../../core/counts.js';
import type { Experiment } from '../experiments/experiment.js';
import { ENOUGH } from '../measuring/bayes.js';
import type { ExperimentReport, VariantReport } from '../queries/report.js';
import { bestOf } from '../queries/report.js';
import { points, probability, setting } from './figures.js';
import { type Html, html } from './html.js';

/** The results in words, with warnings. */
export function resultNotices(experiment: Experiment, report: ExperimentReport): Html {
  return html`${report.hasEnoughData ? leader(report) : missingData(experiment, report)}
${report.sampleRatio.isMismatch && mismatch(experiment, report)}`;
}

// [A] The service's threshold is unpublished. This is the usual one.
const LIKELY = 0.95;

function leader({ variants }: ExperimentReport): Html {
  const { name, probabilityToBeBest: chance, expectedLoss } = bestOf(variants);
  const isLikely = chance >= LIKELY;
  return html`<p class="notice${isLikely && ' good'}">${!isLikely && 'No variant is clearly ahead yet.'}
<b class="name">${name}</b> is the best variant with a probability of <b>${probability(chance)}</b>. The expected loss
of choosing it is ${points(expectedLoss)}.</p>`;
}

/** The variants that do not have enough data. */
export function missingData({ status, variants: configured }: Experiment, { variants }: ExperimentReport): Html {
  const items = variants.map((variant, i) => {
    if (configured[i]!.share === 0) return undefined;
    const lacks = lacksOf(variant);
    return lacks.length > 0 && html`<li><b class="name">${variant.name}</b> has ${lacks.join(', ')}</li>`;
  });
  return html`<div class="notice">
<p><b>Not enough data${status !== 'completed' && ' yet'}.</b> The figures are mostly chance.</p>
<ul>${items}</ul></div>`;
}

function lacksOf({ impressions, conversions }: VariantReport): string[] {
  return [
    lack(impressions, ENOUGH.impressions, 'impressions'),
    lack(conversions, ENOUGH.conversions, 'conversions'),
    lack(impressions - conversions, ENOUGH.misses, 'impressions without a conversion'),
  ].flat();
}

function lack(has: number, needs: number, noun: string): string[] {
  return has < needs ? [`${count(has)} of ${count(needs)} ${noun}`] : [];
}

function mismatch({ variants: configured }: Experiment, { variants, sampleRatio }: ExperimentReport): Html {
  const total = variants.reduce((sum, { impressions }) => sum + impressions, 0);
  const items = variants.map(({ name, impressions }, i) => {
    const { share } = configured[i]!;
    return html`<li><b class="name">${name}</b> should have ${setting(share)},
which is ${count(Math.round(share * total))}, and has ${count(impressions)}</li>`;
  });
  return html`<div class="notice bad">
<p><b>The split differs from the configured one</b> (sample ratio mismatch, p ${chance(sampleRatio.p)}). Some visitors of a
variant are not counted: do not trust the rates until you know why.</p>
<ul>${items}</ul></div>`;
}

function chance(p: number): string {
  return p < 1e-6 ? '< 0.000001' : `= ${p.toPrecision(1)}`;
}
