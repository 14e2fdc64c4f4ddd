interface ReasonKind {
  /** `photo` for a face that cannot be compared, `fetch` for a failed download. */
  readonly stage: 'photo' | 'fetch';
  /** The sentence that a client reads. */
  readonly text: string;
  readonly advice: string;
}

/** Why a code applies, one row per reason. `docs/errors.md` and the page `/docs/errors` are derived from it. */
export const REASON_KINDS = {
  blurred: {
    stage: 'photo',
    text: 'The face is too blurred to compare.',
    advice: 'Ask for a sharp photo: hold the camera still and clean the lens.',
  },
  too_dark: {
    stage: 'photo',
    text: 'The face is too dark to compare.',
    advice: 'Ask for a photo with light on the face.',
  },
  overexposed: {
    stage: 'photo',
    text: 'The face is too bright to compare.',
    advice: 'Ask for a photo without direct light on the face or the sun behind it.',
  },
  too_small: {
    stage: 'photo',
    text: 'The face is too small to compare.',
    advice: 'Ask for a closer photo, or for the original in full resolution.',
  },
  covered: {
    stage: 'photo',
    text: 'Too much of the face is covered.',
    advice: 'Ask for a photo without a mask, sunglasses or hands in front of the face.',
  },
  distorted: {
    stage: 'photo',
    text: 'The picture of the face is too distorted to compare.',
    advice: 'Ask for the original photo: no filter, no negative, no strong compression, no photocopy.',
  },
  both_unclear: {
    stage: 'photo',
    text: 'Neither this face nor the one in the reference is clear enough to compare the two.',
    advice: 'Ask for a clearer photo, or replace the reference. One clear photo of the two is enough.',
  },
  one_unclear: {
    stage: 'photo',
    text: 'This face or the one in the reference is not clear enough to decide about the two.',
    advice: 'Ask for a clearer photo, or replace the reference if it has the flaw.',
  },
  not_a_face: {
    stage: 'photo',
    text: 'The photo does not clearly show a face.',
    advice: 'Ask for a photo of the person.',
  },
  turned: {
    stage: 'photo',
    text: 'The face is turned too far from the camera.',
    advice: 'Ask for a photo taken from the front, with the head upright.',
  },
  dns: {
    stage: 'fetch',
    text: 'The host name of the image URL could not be resolved.',
    advice: 'Check the host name in the URL.',
  },
  refused: {
    stage: 'fetch',
    text: 'The image host refused the connection.',
    advice: 'Check that the image host is running and reachable.',
  },
  unreachable: {
    stage: 'fetch',
    text: 'The image host could not be reached.',
    advice: 'Check that the image host is running and reachable.',
  },
  interrupted: {
    stage: 'fetch',
    text: 'The image host broke off the connection before the image was complete.',
    advice: 'Send the request again. Check the image host if this persists.',
  },
  timeout: {
    stage: 'fetch',
    text: 'The image host did not respond in time.',
    advice: 'Check the image host.',
  },
  too_slow: {
    stage: 'fetch',
    text: 'The image host sent the image too slowly.',
    advice: 'Send a smaller image, or check the image host.',
  },
  tls: {
    stage: 'fetch',
    text: 'No secure connection to the image host could be established.',
    advice:
      'Check the certificate of the image host. Operators: `NODE_EXTRA_CA_CERTS` adds a certificate authority.',
  },
  protocol: {
    stage: 'fetch',
    text: 'The image host sent an invalid HTTP response.',
    advice: 'Check the image host.',
  },
  redirects: {
    stage: 'fetch',
    text: 'The image URL redirects too many times.',
    advice: 'Send the final URL of the image.',
  },
} as const satisfies Record<string, ReasonKind>;

export type NamedReason = keyof typeof REASON_KINDS;
/** The closed list of reasons. `http_404` and the like carry the status with which an image host responded. */
export type Reason = NamedReason | `http_${number}`;

export const NAMED_REASONS = Object.keys(REASON_KINDS) as [NamedReason, ...NamedReason[]];

/** Returns the stage, text and advice of a reason. */
export function reasonKindOf(reason: Reason): ReasonKind {
  if (isNamed(reason)) return REASON_KINDS[reason];
  return {
    stage: 'fetch',
    text: `The image host responded with status ${reason.slice('http_'.length)}.`,
    advice:
      'Check that the URL has not expired and serves the image without a login. Operators: `IMAGE_HOST_HEADERS` adds headers.',
  };
}

/** Returns the sentence that a client reads for a reason. */
export function textOfReason(reason: Reason): string {
  return reasonKindOf(reason).text;
}

function isNamed(reason: Reason): reason is NamedReason {
  return reason in REASON_KINDS;
}
