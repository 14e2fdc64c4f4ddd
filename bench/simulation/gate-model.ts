/** A photo that waits for its turn in a vision process. */
export interface WaitingPhoto {
  /** False while only a process that would otherwise be idle analyses it. */
  isNeeded: boolean;
  readonly start: () => void;
}

/** src/worker/tenant-shares/compute-gate.ts for one tenant: which photos go to the vision pool, and when. */
export interface GateModel {
  join(photo: WaitingPhoto): void;
  /** Moves a spare photo that became needed to the place it would have had. */
  moveUp(photo: WaitingPhoto): void;
  /** Gives up a photo that has not started; returns false if it has. */
  leave(photo: WaitingPhoto): boolean;
  /** Reports that a started photo has ended. */
  end(): void;
}

/** Returns an empty gate in front of `processes` vision processes. */
export function createGateModel(processes: number): GateModel {
  /** In the order of arrival. */
  const waiting = new Set<WaitingPhoto>();
  let running = 0;

  const startFirst = (isNeeded: boolean): boolean => {
    for (const photo of waiting) {
      if (photo.isNeeded !== isNeeded) continue;
      waiting.delete(photo);
      running += 1;
      photo.start();
      return true;
    }
    return false;
  };
  const next = (): void => {
    while (running < processes && startFirst(true));
    while (running < processes && startFirst(false));
  };

  return {
    join: (photo) => {
      waiting.add(photo);
      next();
    },
    moveUp: (photo) => {
      photo.isNeeded = true;
      next();
    },
    leave: (photo) => waiting.delete(photo),
    end: () => {
      running -= 1;
      next();
    },
  };
}
