import { describe, expect, it } from 'vitest';
import { compareEmbeddings } from '../../../../../src/worker/vision/face/compare-embeddings.js';
import { countAllPairs } from '../../../../../tools/evaluate/measure/count-all-pairs.js';
import { createState } from '../../../../../tools/evaluate/measure/evaluation-state.js';
import { type MeasureOptions, measure } from '../../../../../tools/evaluate/measure/measure.js';
import { createPairCounter } from '../../../../../tools/evaluate/measure/pair-counter.js';
import type { EvaluationPlan, PhotoPair } from '../../../../../tools/evaluate/plan/evaluation-plan.js';
import { createRandom } from '../../../../../tools/evaluate/plan/random.js';
import { faceOf, planOf } from '../support.js';

const WIDTH = 33;
const signal = new AbortController().signal;

/** Embeddings of photos of which every third is missing, three photos a person, the photos of a person alike. */
function createSet(photos: number) {
  const random = createRandom(5);
  const personOf = Uint32Array.from({ length: photos }, (_, photo) => Math.floor(photo / 3));
  const directions = new Map<number, Float64Array>();
  const embeddings = new Map<number, Float32Array>();
  for (const [photo, person] of personOf.entries()) {
    const direction = directions.get(person) ?? Float64Array.from({ length: WIDTH }, () => random() - 0.5);
    directions.set(person, direction);
    if (photo % 7 === 3) continue;
    embeddings.set(
      photo,
      Float32Array.from(direction, (value) => value + (random() - 0.5) / 2),
    );
  }
  return { personOf, embeddings };
}

describe('countAllPairs', () => {
  it('gives each pair once, with the similarity of the service to the last bit', async () => {
    const { personOf, embeddings } = createSet(150);
    const seen = new Map<string, number>();

    await countAllPairs(personOf, {
      ...{ embeddings, signal },
      counter: {
        add: ({ probe, reference, mated }, similarity) => {
          expect(mated).toBe(personOf[probe] === personOf[reference]);
          expect(seen.has(`${probe} ${reference}`)).toBe(false);
          seen.set(`${probe} ${reference}`, similarity);
        },
      },
    });

    const photos = [...embeddings.keys()];
    expect(seen.size).toBe((photos.length * (photos.length - 1)) / 2);
    for (const probe of photos)
      for (const reference of photos.filter((photo) => photo > probe)) {
        const expected = compareEmbeddings(embeddings.get(probe)!, embeddings.get(reference)!);
        expect(seen.get(`${probe} ${reference}`)).toBe(expected);
      }
  });

  it('leads to the report that listing the same pairs gives', async () => {
    const { personOf, embeddings } = createSet(120);
    const base = { ...planOf('', []), photos: Array.from(personOf, (_, photo) => `${photo}.jpg`) };
    const pairs = [...listPairs(personOf)];
    const mated = pairs.filter((pair) => pair.mated).length;
    const options: MeasureOptions = {
      ...{ datasetName: 'test', model: undefined, threshold: 0.33333 },
      source: 'folders',
      now: new Date('2026-11-28T12:00:00Z'),
    };
    const listed: EvaluationPlan = { ...base, pairs };
    const counted: EvaluationPlan = {
      ...base,
      allPairs: { mated, nonMated: pairs.length - mated },
    };
    const records = base.photos.map((name, photo) => ({
      ...{ bytes: 1, modifiedMs: 1, usable: true as const },
      // Two photos are the same file.
      face: faceOf(photo === 1 ? '0.jpg' : name),
    }));
    const similarities = Float64Array.from(pairs, ({ probe, reference }) => {
      const [one, other] = [embeddings.get(probe), embeddings.get(reference)];
      return one && other ? compareEmbeddings(one, other) : Number.NaN;
    });

    const state = { ...createState(counted), records };
    const counter = createPairCounter(counted, state, {
      threshold: options.threshold,
      groups: options.groups,
    });
    await countAllPairs(personOf, { embeddings, counter, signal });
    const all = measure(counted, state, { ...options, counts: counter.counts() });
    const each = measure(listed, { ...createState(listed), records, similarities }, options);

    expect(all.report).toEqual(each.report);
    expect(all.report.pairs).toMatchObject({ mated: 120, nonMated: 7_020, identical: 1 });
    expect(all.report.atThreshold.fmr.errors).toBe(
      pairs.filter((pair, index) => !pair.mated && similarities[index]! >= options.threshold).length,
    );
  });

  it('stops between two blocks', async () => {
    const { personOf, embeddings } = createSet(150);
    const stop = new AbortController();
    const counter = { add: () => stop.abort(new Error('stopped')) };

    const counting = countAllPairs(personOf, { embeddings, counter, signal: stop.signal });

    await expect(counting).rejects.toThrow('stopped');
  });
});

function* listPairs(personOf: Uint32Array): Generator<PhotoPair> {
  for (const probe of personOf.keys())
    for (let reference = probe + 1; reference < personOf.length; reference++)
      yield { probe, reference, mated: personOf[probe] === personOf[reference] };
}
