"""Benchmarks: how fast the whole engine is, beside a bare loop in the same run. See `scripts/bench --help`.

    __main__ ── throughput · latency · idle · memory · micro · ablation · orders · exchange   what is measured
                   │ processes      starts a feeder and, beside it, a worker in which the engine runs
                   ├── feeder       the venue's stand-in: sends ready-made frames and knows their sums
                   └── worker       engine: the engine itself;  bare: receive, cut, decode, count

Feeder and engine are processes of their own, so that neither is slowed by the other's bookkeeping. What
the strategy saw is held against what the feeder sent, number by number: a run that lost or changed
anything is an error, not a figure.
"""
