import type { DashboardRow } from './dashboard-panel.js';
import { FAILURE_ROW } from './rows/failure-row.js';
import { HEALTH_ROW } from './rows/health-row.js';
import { SHADOW_ROW } from './rows/shadow-row.js';
import { SLOWNESS_ROW } from './rows/slowness-row.js';
import { TENANT_ROW } from './rows/tenant-row.js';
import { WAIT_ROW } from './rows/wait-row.js';
import { WEBHOOK_ROW } from './rows/webhook-row.js';
import { WORKER_ROW } from './rows/worker-row.js';

/** From top to bottom: each row is a question of the operator. */
export const DASHBOARD_ROWS: readonly DashboardRow[] = [
  HEALTH_ROW,
  WAIT_ROW,
  SLOWNESS_ROW,
  TENANT_ROW,
  FAILURE_ROW,
  WEBHOOK_ROW,
  WORKER_ROW,
  SHADOW_ROW,
];
