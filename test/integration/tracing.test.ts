import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../src/cli/start/ports.js';
import { type PhotoSet, servePhotos } from '../support/photos/photo-set.js';
import { type Service, startService } from '../support/programs/service.js';
import { type ImageServer, startImageServer } from '../support/servers/image-server.js';
import {
  type CollectedSpan,
  startTraceCollector,
  type TraceCollector,
} from '../support/servers/trace-collector.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const CALLER_SPAN = '00f067aa0ba902b7';

let images: ImageServer;
let photos: PhotoSet;
beforeAll(async () => {
  images = await startImageServer();
  photos = await servePhotos(images);
});
afterAll(() => images.stop());

describe('a service with a trace collector', () => {
  let collector: TraceCollector;
  let service: Service;
  beforeAll(async () => {
    collector = await startTraceCollector();
    // Every photo is to leave its spans.
    const everyPhoto = { EARLY_DECISION: 'false' };
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.origin,
      OTEL_BSP_SCHEDULE_DELAY: '50',
      ...everyPhoto,
    };
    service = await startService({ env });
  });
  afterAll(async () => {
    await service?.stop();
    await collector?.stop();
  });

  it('shows one trace from the caller through the request to each step of the worker, without personal data', async () => {
    const traceparent = `00-${TRACE}-${CALLER_SPAN}-01`;

    const answer = await service.post(
      '/compare-faces',
      { user_id: 'person-77', ...photos.same },
      { traceparent },
    );

    expect(answer.body).toEqual({ user_id: 'person-77', matched: true });
    const line = await service.api.line(({ route }) => route === '/compare-faces');
    expect(line.trace_id).toBe(TRACE);
    await collector.waitFor('POST /compare-faces');
    const spans = await collector.waitFor('comparison');
    expect([...new Set(spans.map(({ traceId }) => traceId))]).toEqual([TRACE]);
    const only = (name: string): CollectedSpan => {
      const [found, ...others] = spans.filter((span) => span.name === name);
      if (!found || others.length > 0) throw new Error(`${others.length + 1} spans ${name}`);
      return found;
    };
    const request = only('POST /compare-faces');
    const comparison = only('comparison');
    expect(request.parentSpanId).toBe(CALLER_SPAN);
    expect(comparison.parentSpanId).toBe(request.spanId);
    const steps = spans.filter((span) => span.parentSpanId === comparison.spanId).map(({ name }) => name);
    expect(steps.sort()).toEqual([
      ...['analyse probe', 'analyse probe', 'analyse probe', 'analyse reference'],
      ...['fetch image', 'fetch image', 'fetch image', 'fetch image'],
    ]);
    for (const secret of ['person-77', images.origin, 'probe1.jpg', 'reference.jpg'])
      expect(collector.text()).not.toContain(secret);
  });

  it('names the job and the code of an undecided comparison, and the answer carries both', async () => {
    const asked = { user_id: 'u', ...photos.same, back_image: photos.faceless };
    const answer = await service.post('/compare-faces', asked);

    const isOfJob = ({ attributes }: CollectedSpan): boolean =>
      attributes.some(({ key, value }) => key === 'face.job_id' && value.stringValue === answer.body.job_id);
    await expect
      .poll(async () => (await collector.waitFor('comparison')).filter(isOfJob).length, { timeout: 10_000 })
      .toBe(2);
    const codes = (await collector.waitFor('comparison'))
      .filter(isOfJob)
      .map(({ attributes }) => attributes.find(({ key }) => key === 'face.code')?.value.stringValue);
    expect(codes).toEqual(['face_not_found', 'face_not_found']);
  });
});

it('answers and stops cleanly while its trace collector is unavailable', async () => {
  const endpoint = `http://127.0.0.1:${await freePort()}`;
  const service = await startService({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint } });

  const answer = await service.post('/compare-faces', { user_id: 'u', ...photos.same });
  const programs = [service.api, ...service.workers];
  const codes = await Promise.all(programs.map((program) => program.stop()));
  await service.stop();

  expect(answer.body).toEqual({ user_id: 'u', matched: true });
  expect(codes).toEqual([0, 0]);
});
