import { createSocket } from 'node:dgram';
import { isIPv6, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { createHostResolver } from '../../../src/worker/net/dns/host-resolver.js';

interface ScriptedAddresses {
  readonly addresses: readonly string[];
  readonly cname?: string;
  /** Default 0: not to be reused. */
  readonly ttlSeconds?: number;
  /** The type of question that gets no answer. */
  readonly silentFor?: 'A' | 'AAAA';
}

/** The answer to one question. `addresses` can mix families; each question gets those of its type. */
type DnsAnswer = ScriptedAddresses | 'nxdomain' | 'servfail' | 'silence';

export interface DnsServer {
  /** Its address, such as "127.0.0.1:40053". */
  readonly address: string;
  /** The worker's look-up, using only this server. */
  readonly lookup: LookupFunction;
  /** Questions so far, such as "A cdn.acme.com". */
  readonly questions: readonly string[];
  /** Sets the answers for one name, in order; the last is repeated. Other names do not exist. */
  answer(name: string, ...answers: readonly [DnsAnswer, ...DnsAnswer[]]): void;
  stop(): Promise<void>;
}

const TYPES = new Map([
  [1, 'A'],
  [28, 'AAAA'],
]);
const RCODES = { nxdomain: 3, servfail: 2 } as const;

/** Starts a name server on a free UDP port of 127.0.0.1. */
export async function startDnsServer(): Promise<DnsServer> {
  const answers = new Map<string, readonly DnsAnswer[]>();
  const questions: string[] = [];
  const socket = createSocket('udp4');
  socket.on('message', (query, peer) => {
    const { name, type, end } = readQuestion(query);
    const question = `${TYPES.get(type) ?? type} ${name}`;
    const nth = questions.filter((seen) => seen === question).length;
    questions.push(question);
    const scripted = answers.get(name) ?? ['nxdomain'];
    const answer = scripted[Math.min(nth, scripted.length - 1)] ?? 'nxdomain';
    if (answer === 'silence') return;
    if (typeof answer === 'string' || answer.silentFor !== TYPES.get(type))
      socket.send(writeAnswer(query.subarray(0, end), type, answer), peer.port, peer.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const address = `127.0.0.1:${socket.address().port}`;
  return {
    address,
    lookup: createHostResolver({ servers: [address], hostsFile: '/dev/null', resolverFile: '/dev/null' }),
    questions,
    answer: (name, ...scripted) => void answers.set(name, scripted),
    stop: () => new Promise((resolve) => socket.close(resolve)),
  };
}

function readQuestion(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let offset = 12;
  for (let length = query.readUInt8(offset); length > 0; length = query.readUInt8(offset)) {
    labels.push(query.toString('latin1', offset + 1, offset + 1 + length).toLowerCase());
    offset += length + 1;
  }
  return { name: labels.join('.'), type: query.readUInt16BE(offset + 1), end: offset + 5 };
}

function writeAnswer(question: Buffer, type: number, answer: Exclude<DnsAnswer, 'silence'>): Buffer {
  const records = typeof answer === 'string' ? [] : toRecords(type, answer);
  const reply = Buffer.concat([question, ...records]);
  reply.writeUInt16BE(0x8180 | (typeof answer === 'string' ? RCODES[answer] : 0), 2);
  reply.writeUInt16BE(records.length, 6);
  reply.fill(0, 8, 12);
  return reply;
}

function toRecords(type: number, answer: ScriptedAddresses): Buffer[] {
  const asked = Buffer.from([0xc0, 0x0c]);
  const alias = answer.cname === undefined ? [] : [toRecord(asked, 5, encodeName(answer.cname))];
  const owner = answer.cname === undefined ? asked : encodeName(answer.cname);
  const addresses = answer.addresses
    .filter((address) => isIPv6(address) === (type === 28))
    .map((address) =>
      toRecord(owner, type, Buffer.from(ipaddr.parse(address).toByteArray()), answer.ttlSeconds),
    );
  return [...alias, ...addresses];
}

function toRecord(owner: Buffer, type: number, data: Buffer, ttlSeconds = 0): Buffer {
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(type, 0);
  fixed.writeUInt16BE(1, 2);
  fixed.writeUInt32BE(ttlSeconds, 4);
  fixed.writeUInt16BE(data.length, 8);
  return Buffer.concat([owner, fixed, data]);
}

function encodeName(name: string): Buffer {
  return Buffer.concat([
    ...name.split('.').map((label) => Buffer.from(`${String.fromCharCode(label.length)}${label}`, 'latin1')),
    Buffer.from([0]),
  ]);
}
