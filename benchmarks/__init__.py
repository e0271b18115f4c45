"""Everything that this library promises in figures, measured beside the floor and the peers, in one run.

``python -m benchmarks`` prints one table; ``--only NAME`` measures one subject, ``--quick`` few rounds, and ``--json``
is for programs. Run it once on each Python: a goal counts as met only where it is met on all of them. The extra
``bench`` installs the peers; one that is missing is named. ``size.py``, ``sentences.py`` and ``flows.py`` only count,
and are commands of their own.

How it is measured. Contenders take turns, in a new order each round, so that whatever else the machine does hits all of
them; a figure is the median, the spread is the half of the values in the middle, a ratio is median by median (and, *at
best*, smallest by smallest, which other work on the machine disturbs less; a goal is about the medians). Every row
that has a floor holds the floor a second time: how far that is from 1.00x is what the machine's noise does to a ratio.

Where it is measured. Children run in a new virtual environment with nothing in it, no hook-style editable install above
all, which would import modules before the first line; peers come by ``PYTHONPATH``. No setting of the caller reaches
them: with ``PYTHONDONTWRITEBYTECODE`` an empty package would cost seven times what it does. Byte code is written first.

Why not pyperf: it measures one thing to its end and then the next. On a machine that does other work too, minutes lie
between the two halves of a ratio, and 1.05x drowns. Nor does it time a statement in a fresh process.
"""
