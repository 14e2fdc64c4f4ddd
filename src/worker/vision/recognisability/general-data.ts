import { readNumbers } from './float-text.js';
import type { RecognisabilityData } from './rate-face.js';

/**
 * What holds for the faces of every recogniser: only what the photo shows, not the embedding. Made with
 * `npm run evaluate -- --recognisability` from the same faces as the block of `lite`; a block of the recogniser's own
 * refuses more faces that cannot be recognised.
 */
export const GENERAL_DATA: RecognisabilityData = {
  score: {
    bias: -4.8127,
    features: {
      misfit: { mean: 0.99215, weight: -0.34946 },
      size: { mean: 0.01238, weight: 0.37103 },
      detail_1: { mean: 5.2965, weight: -0.77382 },
      detail_2: { mean: 6.6129, weight: 0.17455 },
      detail_4: { mean: 7.6163, weight: 0.65133 },
      flat: { mean: 0.37257, weight: -7.4016 },
      brightness: { mean: 0.52274, weight: -2.6127 },
      contrast: { mean: 3.6854, weight: -0.79404 },
      black: { mean: 0.025954, weight: 2.2765 },
      white: { mean: 0.046379, weight: 0.46375 },
      colour: { mean: 0.1793, weight: -4.4053 },
      eyes: { mean: 3.6027, weight: -0.51143 },
      mouth: { mean: 3.4167, weight: -0.085803 },
      yaw: { mean: 0.060925, weight: 3.2878 },
      pitch: { mean: 0.11324, weight: 1.8348 },
      tones: { mean: 3.0563, weight: 1.3368 },
      streaks: { mean: 0.41395, weight: -0.52911 },
      detail_least: { mean: 12.357, weight: 0.071257 },
    },
    appearance: readNumbers(
      'Bb3EvYi8hrszokm+zTpHPD9jjr0NmEq+iI8EPhG7hj2aSb09h8w1vUK6jT29K8G99UNHvVz8v72NAxQ+pf0WPu82iD0iuUK8HaVT' +
        'PYIVob0bwhO8ipozPV4Wh70Ub1Q9Kq7fPTSYBTzcqTw9xxahvN0gwT3SocO9d7byvcDOUD7K8d+9Gy7+vZnqMbzbI+k8dl6GPSCg' +
        'oj07Kic+nmxcvmjJHj339jY+JXy/Pow1GT55shK+7VEqvQoWMD4QqF89DbT5vSTai7uuL949buM/vWA0vr778mQ+42w6uw7z176D' +
        'Dc09EWuGPfRa1r2Z1nO9VquFvXm5yLxbmr48pWI9vkinZ7yr5DU9WNdbvRLOBr5qhsC9J2CAvHqfljubQC69cS5aPj6c5T1IIKs9' +
        'ppj3O9fuCL4yljo+aJMoPeiKAT0APx4+HIgevlT+ljxsd+k9G4+DvYXhA74lVh6+B1ORPoyxxb5r8ts9e0/SPdn0LD5RoVo9KlwS' +
        'vq5HO72NuJu9WucXvmvnZz1Hg6I+Ug+GvpE4Vb726yO99BrfPUIm/73jwpG9QwT2Pg74mz0JKqu9EAadPKO6mrzHWWe9xum0PqDE' +
        'BT7pf/q9IMVbvraNEr1Q0hU+8hyzvVYSwr2eKTs7RL76O6VSKr29UR6+hMpmPbwDmL3uIXc8pRfvOyNwGz7K+w2+fpdPPYXDCj3w' +
        '1NO8Qh0CvUsohD21aBU+cWsePUdavL6tC/k9+rr8PV5VXjstvVm9+KTOvNf5VzrRWJc8wZziuspeAbzXSLK8q+5QvV7MyryH4YE8' +
        '2biivb1Hibp4/gg9H6WTO70kzrxeBss93PZ/PaJLoDzNPvW8lsb1PH8IKby6xyi8moMQPRiQfzwCmUY83SfIvJ+oErxeAqS90hkM' +
        'vD1/fb1sGWC8oas6vQHopTz+mO+8F7S8Pdh037tOisu9zDldvUCJjLwB54I9+Y+dvXJciT1nXTW9Y11FPrf/B76v4W29y8yuvWoF' +
        'g73aMB89DnDBPUT/Nj1c9Ay8QHHQPUikjz0k9CM9O/KyvBURXL54PiW9WRzVvWs4B77z7WI8e3s7vbHe/T0fbyW9kIBnuwkVLb3u' +
        'Q+Y9zXzGPTTsdz0SOxE9AJZUuG2MdLy6JBg+k3FBPe8+Z736Uwy8xBMQvRX/vzw7UWO95A2ovX3/iDy31d09AK8QPpiQsr2jArq9' +
        'uFyjvKPaSj1CUSG9bOWou6MH+bp7UCO9+BqLvRt6DD5mFgO+HPvJvbhZ5z1OcxK90TiMvWylfL2Ffzi8+QHWPFNoTL379zK9T0YX' +
        'vBTMVj5A+ZS9G8fsPcA6eT0f8iW7QA+BvZp16r0ISpU910dAOypuwr0HoRU9NRUnvZc8Y719ehY+iWgcPaXKrL16X6k7XDSlPVYs' +
        'Vr1Hiwo93PnnvG8HGT1jYf+7SreVPQtRe7zcE689prHFPD4WUjzk0p89eK1TPBMEuLwGz/e8zIKvPa77kLosdh+8G07+vCmFPr1/' +
        'XGw8sNBSPcfxQD1sVzm6gU4hvW8Tvzyq/pi7',
    ),
  },
  flawed: {
    bias: 18.465,
    features: {
      misfit: { mean: 0.99215, weight: 0.019962, square: -0.12388, reach: 1.3148 },
      size: { mean: 0.01238, weight: 5.1495, square: -12.145, reach: 1.0208 },
      detail_1: { mean: 5.2965, weight: -0.22404, square: 0.43156, reach: 6.2539 },
      detail_2: { mean: 6.6129, weight: 0.11661, square: -0.5267, reach: 5.0709 },
      detail_4: { mean: 7.6163, weight: 1.1085, square: 0.34164, reach: 3.7089 },
      flat: { mean: 0.37257, weight: 17.542, square: -40.993, reach: 0.63673 },
      brightness: { mean: 0.52274, weight: 7.2853, square: -0.63097, reach: 0.47762 },
      contrast: { mean: 3.6854, weight: -2.4402, square: -1.3467, reach: 1.3177 },
      black: { mean: 0.025954, weight: -6.595, square: 29.462, reach: 0.26412 },
      white: { mean: 0.046379, weight: 12.289, square: -33.97, reach: 0.47196 },
      colour: { mean: 0.1793, weight: 6.777, square: -2.1934, reach: 0.28548 },
      eyes: { mean: 3.6027, weight: 0.33561, square: 0.15366, reach: 1.4558 },
      mouth: { mean: 3.4167, weight: 2.5487, square: 2.4072, reach: 1.7795 },
      yaw: { mean: 0.060925, weight: -2.4733, square: -17.613, reach: 0.25724 },
      pitch: { mean: 0.11324, weight: -2.1524, square: 0.89283, reach: 0.25128 },
      tones: { mean: 3.0563, weight: -3.9229, square: 0.43672, reach: 2.071 },
      streaks: { mean: 0.41395, weight: 2.1126, square: 6.8869, reach: 1.1011 },
      detail_least: { mean: 12.357, weight: 0.25557, square: 0.0048104, reach: 11.362 },
    },
    appearance: readNumbers(
      '3aSCPHO4nT0ep/s9/sAlPuRmKT6Uffa9/rhsvqlXKz0W3kg+oUajPczSRL5/FrM97WCgvULXET7dhmq+cLwJvkTRsr24hWa+pc/z' +
        'vTXsFD75nrA8JHK3vSRl/rwlgY+95hnBPcltQr4mxTO+fUH3vWXHPL0xS729CEzZPTS13j0GX+69P/bvvUI6Br5flze9lrstvaof' +
        'ML6z8AM+FctQPhUv+T0r6NO+0fKBvg/tNz6G8KE9mzmsvV2fqT3J6Q8+g2rVPdkryD2dEWA+qznYvT72DD4vuNS+hriQvv1wATyK' +
        '4EK9a++IPvlZ2D2Ef9a8zQyXvVHwbL4wuUM+ezHPPqNUjT7mdQ89rhXIvWyZPj5SpRs+4Ls5PnI/pzw0Jui9OUwqvTRZ3TuPpGS+' +
        'PDggPgerpT5ut0S9U//bvbcrID3lOM49UB/cPGnKDL7dDf29ep9VPgBj3z07ZJC9ktA1PlGmib0Hequ+2g+JvmOZir7EIO69y47l' +
        'PfedZj1zkW4+rJTnPZps+D01hme+LDJlvEV8Lj7iDTI+SDA3vYybij1BRbW8FTZVvryG5D04o5k8iryOvlYoBz5dsRg+pQeevZrg' +
        '0b2Gz5U+9cG9PiQCAb4SvkQ+VXcUPgStTT1eI2S7PZAzvp6iKL1l9IU9mEAdvoGEQr6MmFO+wScEvmQKdr7oaGS7kSfbvSjjM746' +
        'Lq+9gplvPv5EvT3Valy8xaJmvCrioD7GHia9sTSgvknOqj4KOIM+t/DNvb6jib3uGwE+Dag8vqlvSD2uxr094qQWPizDGr705Dk9' +
        'gj8KPmGVd77jA6S9KHNYPZjb7LwPAgW+3CaOPfNu9L0xaP09K+ncPZEAXD3YAc+9S5Z3vVhBt737+zA+CqyLvBnTlb0VoOQ8Ycz2' +
        'PB/thT4fvaO82G4PPYipCT3ViJs9lS2Yva4T4z3LTn4+n5KZvcO1ij53E3i9mRm0Pc98mr3hkh89sgXAvdu6xD7wJXK+vrgYPj2g' +
        'cLxKMpA+EzJKvpDfKb0GEEW9qFk2vgf4Cr05EMM9ow+kvtqgCz07sCY98eBcPkwrwr1wb3091dpuPkQQ/jxJ73+86keVPRvIi7uL' +
        'vBa/S5aXvnSP5b4IxQM+vje9PsUbZ773OaS+iI/JvuFTWr6O87g8CRL3vGsY8j0cGEm8eCyXPuSMGT6V6bC9K5Iovt0Zkjw7VPg8' +
        '8vu7PYD5Lj1sIza9iB5AvSf1br3WHIg94x2nPQH7Mr6QCqE+qtBDPkA4Eb2RcCM8i5+kvYU9ZjvJalY8/7cbPQxjNr0rTS0+msZ1' +
        'PrAwV707g+u70O3fvaPZZr4MbvM9t2uDPiNwMD7Z0pY9DbEpvetY9D31qVS+hyUwPjq9+T3MboY9bCTNvXSzsz7+fra92TDXvVti' +
        'Bz4rmVm93SgSvQGSSD6iqui9KRiBvUeqGb6AzSM+i8bXPYxHrb7CV2i9rsy4O/TWsTymZRw+byN9PDYEQTwbcFi+6BnXPYZOsL0k' +
        'uDe+0ospvYAwrL7ne3+9v9MCPr6DaD0A5nq8',
    ),
  },
  // One clean photo in 250 scores below the first, three in a hundred below the second, and three in twenty are doubtful.
  limits: { standard: 0.366, strict: 0.688, flawed: 0.249, margin: 0.15 },
};
