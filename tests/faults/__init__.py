"""The delivery contract while things break: real processes, real engines, a checker that counts what was lost.

The numbers in the names are those of the 40 checks in ``docs/explanation/faults.md``.
"""
