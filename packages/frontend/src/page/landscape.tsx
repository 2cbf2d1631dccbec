/** The poster behind the title: mountains, a viaduct, a train. Its colours are tokens, so night falls with the theme. */
export const Landscape = () => (
  <svg class="landscape" viewBox="0 0 1440 360" preserveAspectRatio="xMaxYMax slice" aria-hidden="true">
    <g class="stars">
      {stars.map(([cx, cy, r]) => (
        <circle key={cx} cx={cx} cy={cy} r={r} />
      ))}
    </g>
    <circle class="sun" cx="1010" cy="142" r="78" />
    <path
      class="far"
      d="M560 360L700 236L770 268L905 128L985 214L1040 176L1150 82L1265 206L1330 160L1440 250V360z"
    />
    <path
      class="far-shade"
      d="M905 128L985 214L940 250L960 300L905 360L880 250zM1150 82L1265 206L1210 240L1230 320L1150 360L1120 220zM1330 160L1440 250V360H1370L1310 270z"
    />
    <path
      class="snow"
      d="M905 126L943 167L921 178L905 164L884 180L868 165zM1150 80L1195 129L1170 142L1150 124L1128 144L1104 122z"
    />
    <path class="near" d="M0 330C200 300 330 322 470 304S720 262 880 276S1180 222 1440 262V360H0z" />
    <path class="viaduct" fill-rule="evenodd" d={`M0 300H1440V360H0z${arches}`} />
    <path class="ground" d="M0 292C140 286 250 292 340 306C420 318 480 340 520 360H0z" />
    <g class="train">
      <path d="M1010 276h62a22 22 0 0 1 22 22h-84z" />
      {[700, 804, 908].map((x) => (
        <rect key={x} x={x} y="276" width="97" height="22" rx="4" />
      ))}
    </g>
    <path class="windows" d={windows} />
  </svg>
)

const stars = [
  [610, 60, 2],
  [668, 130, 1.5],
  [742, 84, 1.5],
  [802, 38, 2.5],
  [866, 92, 1.5],
  [930, 40, 1.5],
  [1120, 34, 2],
  [1214, 76, 1.5],
  [1268, 128, 2],
  [1342, 92, 2.5],
  [1396, 116, 1.5],
  [1424, 70, 1.5],
] as const

const arches = Array.from(
  { length: 20 },
  (_, index) => `M${index * 72 + 8} 360V338a28 28 0 0 1 56 0V360z`,
).join('')

const windows = [700, 804, 908]
  .flatMap((carriage) => [10, 31, 52, 73].map((offset) => `M${carriage + offset} 281h14v8h-14z`))
  .concat('M1024 281h20v8h-20zM1058 281h14a14 14 0 0 1 10 8h-24z')
  .join('')
