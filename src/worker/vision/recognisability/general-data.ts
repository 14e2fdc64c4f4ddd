import { readNumbers } from './float-text.js';
import type { RecognisabilityData } from './rate-face.js';

/**
 * What holds for faces of every pack: only what the photo shows, neither the embedding nor the detector's score. Made from
 * the same faces as the block of `lite`; a block of the pack's own stops more blurred and compressed faces.
 */
export const GENERAL_DATA: RecognisabilityData = {
  score: {
    bias: -5.669,
    features: {
      misfit: { mean: 0.9746, weight: -0.3044 },
      size: { mean: 0.01656, weight: 0.2448 },
      detail_1: { mean: 5.212, weight: -0.7215 },
      detail_2: { mean: 6.545, weight: -0.1816 },
      detail_4: { mean: 7.573, weight: 0.8594 },
      flat: { mean: 0.3813, weight: -8.602 },
      brightness: { mean: 0.5233, weight: -2.981 },
      contrast: { mean: 3.667, weight: -0.4963 },
      black: { mean: 0.02704, weight: 2.234 },
      white: { mean: 0.04942, weight: 0.5425 },
      colour: { mean: 0.1785, weight: -4.476 },
      eyes: { mean: 3.586, weight: -0.8041 },
      mouth: { mean: 3.396, weight: -0.1723 },
      yaw: { mean: 0.05818, weight: 3.435 },
      pitch: { mean: 0.1108, weight: 1.768 },
      tones: { mean: 3.027, weight: 1.207 },
      streaks: { mean: 0.4158, weight: -0.7219 },
      detail_least: { mean: 12.22, weight: 0.05457 },
    },
    appearance: readNumbers(
      'kv61vXGhNj1HeGW+g8qBvHaZJDyIgFS+6RvaPfI8BD60fiE9ZALiPDiRhj3f6Ry9KK2ivSy89r3g/DM+ciVnPogS8jyp9yQ7fNzr' +
        'PGTRFr5fgDS9AWqJPTLnzbxtiR27rIfMPUTcsDqwi0c9eZnQvdc76D2EvUO9k3nevc89yz05paG9KZfhvSCjgrxKMEg9/+OhPfzU' +
        'Dz4A1fE9kRuJvvylrzylhD4+BSjQPsLmKD70Y929HAxYvIfjKD6vSYA8WkYIvgGcIr2CGrk9xSI8vXn4sb6wsZU+hOEKvdHQzL6N' +
        '8p49lM1zPQ8e8r3uioq9g6PnvJdtpDwAERa9X1h9vj7oy72JXVC9vjK7PGVmA75BSCO+N7KzvGPtLz3vdre9wN4uPnPujT208sQ9' +
        'u7WPukrg873fhS8+f0mjPcAH0jw301Y+E0bvvcqbh7xFHQk+H42IvQ6z6b1Izxm+iqCLPs5T277JcBc+reEvPk75KD7pEwc+JpB3' +
        'vhwxKL1Dvba9lSMtvknIij1m1cY+/yZ5vgTQl76YcJS9Fc4SPmPO0736SQa+9yXdPgetsDvLJKu9oYXEPEY/eT2Jlbu8RIjoPqW+' +
        'Ez6A7cm9jcQqvniD7b36LGg+FbUZvpLgv73hgkg9p6y0PUtmA716CyC+yPkhPSwGVr2ICZA9UvCiO5rqCT7sSz6+Dk5rPLTOBLwJ' +
        'FJu9dJ65vRwD+zzzgkg96N6mPVhxk74OI2A9+8gxPiWiS72chxC8sMeBPUpSZzzquD09LwMYu6aLI71+GEW8WeaQvbqn0ryFdBU7' +
        'MHydvbusbjyXhFg8zl8rusNYBr1ikYk9qVCSPXI6KT3qzgy9ORQePTxBCL0MNqW74VnjPAhDqzyrF9Y8rdEevap2Ob1fkLC9qA+J' +
        'vAvkkL1ZMwu9lAIdvZnhBT3Emyu9GCKpPTbF17v6Sei9lZuIvQS9E71h9Xg9QB20vWUWZz1pH/W8D0RJPvoTJb6dZ7a9FwC5vZdG' +
        'ur11L4g9Y7LrPZvY3D1RRja8wLHQPT15yz2G2Ys9SngQvUYLSr6iWBW99MftvfTdKL79rBE9XyMdvAe+Bz4XwVq8rrC8vDQTEL2c' +
        'ls89suG+PT/y9jxqfM486b6SPO/aCL3Z5iI+NcsTPs86a71XEvw8WHmYvMIMEj1Hzwm9QKKCvW2N+byox/Q9CNIhPtPIzL2OXAC+' +
        'JNQFvKeoaD186429/blHvE6LqjvCB0y9UMiBvRjWPD4f/SO+m8nKvSkgDj52IDK9h4cuvVMfOr398iG8AqhsPXAqSL3L+NC810Av' +
        'vX2aSj7nEG69ZiTiPZ0iAT5zeFk8QBOavV1dB74bHCY9XdsKveO5iL3NOGI9dZB8vd4/k7zVag8+FwHRPU/7Fr46Uys8IX+NPQS6' +
        'kL18+fY8mesRPDqcuzxn7fu8RfqQPcbKs7w+w6Q9oIXuPBegRj3Jl7g9WVENPUkogzyYAu28UzCdPemz1LvI4DC8rQKFvLRAFr7A' +
        'fec6Q6vZPV4ZRT1mIt68aVmivVeEHbsZTO28',
    ),
  },
  // One clean photo in 250 of persons that the data was not made from scores below the first, one in 50 below the second.
  limits: { standard: 0.3, strict: 0.6, clear: 0.9 },
};
