"""Ring all-reduce in NumPy: every worker ends with the sum of all vectors, and talks to its neighbours only.

Source: P. Patarasuk, X. Yuan, Bandwidth optimal all-reduce algorithms for clusters of workstations, 2009.
"""

import numpy as np


def all_reduce(vectors, watch=lambda parts, message: None):
    """The sum of the workers' vectors, at every worker.

    Args:
        vectors: float (n,) each, one a worker. watch: called before each round with a copy of what all hold, a list of lists of
            parts, and with what is sent in it: (sender, receiver, part) for each worker.

    Returns:
        A list of arrays (n,), one a worker, and how many numbers each worker has sent.
    """
    workers = len(vectors)
    parts = [np.array_split(np.array(one, float), workers) for one in vectors]
    sent = np.zeros(workers, int)
    for turn in range(2 * (workers - 1)):
        # in the first half a part goes round and gathers a sum; in the second the whole sums go round
        adding = turn < workers - 1
        ahead = -turn if adding else workers - turn
        message = [(me, (me + 1) % workers, (me + ahead) % workers) for me in range(workers)]
        watch([[part.copy() for part in one] for one in parts], message)
        given = [parts[sender][which].copy() for sender, _, which in message]
        for (sender, receiver, which), numbers in zip(message, given, strict=True):
            parts[receiver][which] = parts[receiver][which] + numbers if adding else numbers
            sent[sender] += len(numbers)
    return [np.concatenate(one) for one in parts], sent
