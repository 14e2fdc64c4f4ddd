import { z } from 'zod';
import { ERROR_CODES } from '../errors.js';
import { NAMED_REASONS } from '../reasons.js';

/** A code of the error table. */
export const errorCodeSchema = z.enum(ERROR_CODES).meta({ id: 'ErrorCode' });

/** Why a code applies: a reason of the closed list. */
export const reasonSchema = z
  .union([z.enum(NAMED_REASONS), z.templateLiteral(['http_', z.int()])])
  .meta({ id: 'Reason', description: 'Why the code applies: one of the list, or http_ and a status.' });
