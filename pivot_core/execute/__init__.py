"""Running stages: the coordinator's side (run, schedule, pool) and the workers' (worker and what it uses).

::

    Run ──> Schedule (who may start)          worker: UserModules (import, never outdated code)
     │  ──> decide   (need it run at all?)            Observer    (what is read undeclared)
     │  ──> Workers  (loky) ── Task ───────────────>  Capture     (what is printed)
     │  <── Started, Output, Done ──────────────────  Outputs     (save, hash, publish)
     └──> Recorder (lock file, then the state)
"""
