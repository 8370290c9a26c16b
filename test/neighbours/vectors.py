# Usage: python3 test/neighbours/vectors.py
#
# Writes vectors.json beside it, one case a line: which neighbours a node asks, worked out from the contract's rule
# alone. It walks a sorted ring, where choose.ts sorts distances, so that the two share no mistake.

import bisect
import hashlib
import json
import pathlib


def place(node):
    """The first 8 bytes, big-endian, of the SHA-256 of the node's name."""
    return int.from_bytes(hashlib.sha256(node.encode()).digest()[:8], "big")


def followers(own, nodes, limit):
    """The nodes met first when walking on from our own place, as indices; 0 = all."""
    ring = sorted(range(len(nodes)), key=lambda index: place(nodes[index]))
    places = [place(nodes[index]) for index in ring]
    start = bisect.bisect_right(places, place(own))
    walk = [index for index in ring[start:] + ring[:start] if nodes[index] != own]
    return walk[: limit or None]


def first_and_last(nodes):
    """The nodes with the lowest and the highest place: for the last, the ring begins anew."""
    return min(nodes, key=place), max(nodes, key=place)


def cluster(nodes, sample, unlimited):
    """`sample`: whose neighbours are listed; `unlimited`: for how many of them without limit too."""
    chosen = list(dict.fromkeys([*first_and_last(nodes), *sample]))
    return {
        "nodes": nodes,
        "vectors": [
            {"own": own, "limit": limit, "neighbours": followers(own, nodes, limit)}
            for number, own in enumerate(chosen)
            for limit in ([1, 3, 10, 0] if number < unlimited else [1, 3, 10])
        ],
    }


def numbered(count):
    return [f"node-{number}" for number in range(count)]


def ec2(count):
    return [
        f"ip-10-0-{number // 250}-{number % 250 + 4}.eu-central-1.compute.internal"
        for number in range(count)
    ]


def text(clusters):
    """As JSON, with a line for the nodes of each cluster and one for each vector."""
    return "[\n%s\n]\n" % ",\n".join(
        '{"nodes": %s,\n"vectors": [\n%s\n]}'
        % (json.dumps(each["nodes"]), ",\n".join(map(json.dumps, each["vectors"])))
        for each in clusters
    )


def main():
    three, eleven, hundred, thousand = numbered(3), numbered(11), ec2(100), ec2(1000)
    clusters = [
        cluster(three, three, 3),
        cluster(eleven, eleven, 11),
        cluster(hundred, hundred[::12], 4),
        # The last two sample names: of a node that has no pod there yet, and of an empty name.
        cluster(thousand, [*thousand[::100], "node-17", ""], 2),
    ]
    path = pathlib.Path(__file__).with_name("vectors.json")
    path.write_text(text(clusters))


main()
