"""Everything that this library promises in figures, measured beside the floor and the peers, in one run.

``python -m benchmarks`` prints one table; ``--only NAME`` measures one subject, and ``--quick`` few rounds. Run it
once on each Python: a goal counts as met only where it is met on all of them. The extra ``bench`` installs the peers;
one that is missing is named. ``size.py`` and ``flows.py`` only count, and are commands of their own.

How it is measured. Contenders take turns, in a new order each round, so that whatever else the machine does hits all of
them (pyperf measures one thing to its end and then the next). A figure is the median, a ratio is median by median. A
row that has a floor holds it a second time: how far that is from 1.00x is what the machine's noise does to a ratio.

Where it is measured. Children run in a new virtual environment with nothing in it; peers come by ``PYTHONPATH``. No
setting of the caller reaches them: with ``PYTHONDONTWRITEBYTECODE`` an empty package would cost seven times what it
does. Byte code is written first.
"""
