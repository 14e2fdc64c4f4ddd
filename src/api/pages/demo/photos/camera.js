import { createPhoto } from './photo.js';

const SHOTS = 3;
/** Quality of the JPEGs, 0..1. At this one, compression hardly changes a similarity. */
const QUALITY = 0.95;
const WANTED = {
  audio: false,
  video: { facingMode: 'user', width: { ideal: 1280 }, height: { ideal: 720 } },
};
/** The buttons of the dialog in each state; the first gets the focus. */
const BUTTONS = {
  waiting: ['close-camera'],
  live: ['shoot'],
  done: ['use-shots', 'start-again'],
  failed: ['start-again'],
};

/** @type {Readonly<Record<string, string>>} */
const REASONS = {
  InsecureContext: 'Browsers allow the camera only on pages that are served over HTTPS or from localhost.',
  NotAllowedError:
    'This page may not use the camera. Allow it in the browser’s settings for this site, then start again.',
  NotFoundError: 'This device has no camera.',
  NotReadableError:
    'The camera does not answer. If another program uses it, close that program, then start again.',
};

/** @type {File[]} */
let shots = [];
/** Counts the starts and ends of the camera, so that a stream that arrives too late is noticed. */
let turn = 0;

const byId = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const dialog = () => /** @type {HTMLDialogElement} */ (byId('camera'));
const video = () => /** @type {HTMLVideoElement} */ (byId('camera-picture'));

/**
 * Returns why the camera cannot be used.
 * @param {string} name - of the error of getUserMedia, or InsecureContext
 */
export function explainCamera(name) {
  return REASONS[name] ?? `The camera cannot be used (${name}).`;
}

/**
 * Takes three photos with the camera, which is on only while its picture is shown.
 * @param {(shots: File[]) => void} onShots
 */
export function watchCamera(onShots) {
  byId('open-camera').addEventListener('click', () => {
    dialog().showModal();
    void start();
  });
  byId('start-again').addEventListener('click', () => void start());
  byId('shoot').addEventListener('click', () => void shoot());
  byId('close-camera').addEventListener('click', () => dialog().close());
  byId('use-shots').addEventListener('click', () => {
    const taken = shots;
    dialog().close();
    onShots(taken);
  });
  dialog().addEventListener('close', () => {
    stop();
    forgetShots();
  });
}

async function start() {
  forgetShots();
  const mine = stop();
  show('waiting', 'Waiting for the camera. Your browser may ask you first.');
  try {
    if (!navigator.mediaDevices) return fail('InsecureContext');
    const stream = await navigator.mediaDevices.getUserMedia(WANTED);
    if (mine !== turn) return end(stream);
    video().srcObject = stream;
    stream.getTracks()[0]?.addEventListener('ended', () => fail('NotReadableError'));
    await video().play();
    show('live', 'Look at the camera, and move your head a little between the photos.');
  } catch (error) {
    if (mine === turn) fail(error instanceof DOMException ? error.name : 'Error');
  }
}

async function shoot() {
  const mine = turn;
  const count = shots.length;
  const shot = await capture(video(), `camera-${count + 1}.jpg`);
  // A second press may have come first, and the camera may have been closed.
  if (mine !== turn || count !== shots.length) return;
  shots.push(shot);
  byId('shots').append(createPhoto(URL.createObjectURL(shot), { alt: `Photo ${shots.length}` }));
  if (shots.length < SHOTS) return show('live');
  stop();
  show('done', 'Is your face sharp and well lit in all three?');
}

/** @param {string} reason */
function fail(reason) {
  stop();
  show('failed', explainCamera(reason));
}

/** Switches the camera off. Returns the number of the turn that begins. */
function stop() {
  const stream = video().srcObject;
  if (stream instanceof MediaStream) end(stream);
  video().srcObject = null;
  turn += 1;
  return turn;
}

/** @param {MediaStream} stream */
function end(stream) {
  for (const track of stream.getTracks()) track.stop();
}

function forgetShots() {
  for (const image of byId('shots').querySelectorAll('img')) URL.revokeObjectURL(image.src);
  byId('shots').replaceChildren();
  shots = [];
}

/**
 * @param {keyof typeof BUTTONS} state
 * @param {string} [text]
 */
function show(state, text) {
  video().hidden = state !== 'live';
  for (const id of ['shoot', 'use-shots', 'start-again']) byId(id).hidden = !BUTTONS[state].includes(id);
  byId('shoot').textContent = `Take photo ${shots.length + 1} of ${SHOTS}`;
  if (text !== undefined) byId('camera-note').textContent = text;
  byId(BUTTONS[state][0] ?? '').focus();
}

/**
 * @param {HTMLVideoElement} picture
 * @param {string} name
 * @returns {Promise<File>}
 */
async function capture(picture, name) {
  const canvas = document.createElement('canvas');
  canvas.width = picture.videoWidth;
  canvas.height = picture.videoHeight;
  canvas.getContext('2d')?.drawImage(picture, 0, 0);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, 'image/jpeg', QUALITY));
  return new File([blob], name, { type: 'image/jpeg' });
}
