// What a reader may begin with: the parts of links behind the lab's name.

export const PRESETS = {
  "Large, small, or both in turn": "show=large:Constant(0.4)&show=small:Constant(0.02)" +
    "&show=cosine:CosineDecay(0.4,780)",
  "The classical decays": "show=StepDecay(0.4,195,gamma=0.5)&show=ExponentialDecay(0.4,0.5,156)" +
    "&show=LinearDecay(0.4,780)&show=CosineDecay(0.4,780)&show=InverseTimeDecay(0.4,1,78)",
  "With and without a warmup": "show=CosineDecay(0.4,780)&show=Warmup(CosineDecay(0.4,702),78)",
  "How large is too large": "updates=200&show=1.9:Constant(1.9)&show=2.1:Constant(2.1)" +
    "&show=warm:Warmup(CosineDecay(2.1,180),20)",
  "Late or early": "condition=1000&show=linear:LinearDecay(0.8,780)&show=cosine:CosineDecay(0.8,780)" +
    "&show=WSD:WarmupStableDecay(0.8,780,0,156)",
  "Cycles": "momentum=0.9&noise=0.01&show=CosineRestarts(0.2,112,period_mult=2)" +
    "&show=Cyclical(0.01,0.2,98)&show=OneCycle(0.2,784)",
  "A formula of your own": "show=half:" + encodeURIComponent(
    'Formula("peak * 0.5 ** (t // T)", peak=0.4, T=195)') + "&show=CosineDecay(0.4,780)",
};
